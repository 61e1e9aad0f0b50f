"""A primary calls its peer, and what comes of it. When it calls is in noticing."""

from __future__ import annotations

from dataclasses import replace

from converge.lab.hast import connection, handshake
from converge.lab.hast import log as hastlog
from converge.lab.hast import pair as hastpair
from converge.lab.hast.pair import Place
from converge.lab.world import Hastd, Metadata, World

FLASHES = {"metadata": 66, "split-brain": 78, "resuid": 78, "datasize": 75, "extentsize": 75}
"""Refusals that cost the secondary a worker, and what it leaves with."""

FLASH_S = 0.5
"""So long such a worker lives (timeline-hast-splitbrain.txt)."""


def outcome(world: World, place: Place) -> str:
    """How an attempt would end now: '' connected, else why not.

    'none' and 'unreachable' leave no trace; 'refused', 'unknown', 'missing', 'init' and 'primary'
    come from the peer's main process, those of FLASHES from a worker.
    """
    resource = hastpair.get(world, place)
    if resource.remote == "none":
        return "none"
    node = hastpair.far(world, place)
    if node is None or not hastpair.carries(world, place):
        return "unreachable"
    hastd = world.machine(node).hastd
    if hastd is None or not _listens(hastd, resource.remote):
        return "refused"
    if all(hastpair.far(world, Place(node, n)) != place.node for n in hastd.resources):
        return "unknown"
    there = Place(node, place.name)
    theirs = hastd.resources.get(place.name)
    if theirs is None or hastpair.far(world, there) != place.node:
        return "missing"
    if theirs.role != "secondary":
        return theirs.role
    return _met(resource.meta or Metadata(), _metadata(world, there)).refusal


def _met(mine: Metadata, theirs: Metadata | None) -> handshake.Verdict:
    if theirs is None:
        return handshake.Verdict("metadata")
    untouched = mine.resuid == 0
    return handshake.judge(
        replace(mine, resuid=-1) if untouched else mine, theirs, untouched=untouched
    )


def _listens(hastd: Hastd, remote: str) -> bool:
    anywhere = ("0.0.0.0", "::", hastpair.host(remote))
    port = hastpair.port(remote)
    return any(hastpair.host(a) in anywhere and hastpair.port(a) == port for a in hastd.listen)


def _metadata(world: World, place: Place) -> Metadata | None:
    disk = hastpair.disk(world, place)
    return None if disk is None or disk.fails == "read" else disk.metadata


def attempt(world: World, place: Place) -> World:
    """Call the peer once."""
    result, resource = outcome(world, place), hastpair.get(world, place)
    tries = resource.tries + 1 if result == resource.refusal else 1
    world = hastpair.change(world, place, refusal=result, tries=tries)
    if result in ("none", "unreachable"):
        return world
    if result == "refused":
        why = f"Unable to connect to {resource.remote}: Connection refused."
        return hastlog.warn(world, place.node, f"{hastlog.prefix(world, place)} {why}")
    there = Place(hastpair.far(world, place) or place.node, place.name)
    world, client = _called(world, place, there)
    if result not in (*FLASHES, ""):
        return hastlog.warn(world, there.node, _turned_away(world, there, result, client))
    world = _called(connection.freed(world, there), place, there)[0]
    untouched = resource.meta is not None and resource.meta.resuid == 0
    world = _introduced(world, place)
    if result:
        return _flash(world, place, there, result)
    return connection.made(world, place, there, untouched=untouched)


def _called(world: World, place: Place, there: Place) -> tuple[World, str]:
    """The peer's main process accepts a connection; the client's address."""
    resource = hastpair.get(world, place)
    world, client = hastlog.came_from(world, hastpair.own_address(world, place))
    server = f"tcp://{hastpair.host(resource.remote)}:{hastpair.port(resource.remote)}"
    return hastlog.info(world, there.node, f"Connection from {client} to {server}."), client


def _turned_away(world: World, there: Place, result: str, client: str) -> str:
    if result == "unknown":
        return f"Client {client} isn't known."
    if result == "missing":
        return f"No resource '{there.name}' as requested by {client}."
    why = f"We act as {result} for the resource and not as secondary as requested by {client}."
    return f"{hastlog.prefix(world, there)} {why}"


def _introduced(world: World, place: Place) -> World:
    """The resuid is drawn just before the first contact."""
    meta = hastpair.get(world, place).meta
    if meta is None or meta.resuid:
        return world
    world, number = hastlog.drawn(world, "resuid", *place)
    return hastpair.write_header(world, place, replace(meta, resuid=number))


def _flash(world: World, place: Place, there: Place, result: str) -> World:
    """The secondary's worker comes, sees and leaves."""
    world, pid = hastpair.new_pid(world, there.node)
    if result == "metadata":
        path = hastpair.get(world, there).localpath
        why = f"Unable to read metadata from {path}: No such file or directory."
        world = hastlog.warn(world, there.node, f"{hastlog.prefix(world, there)} {why}", pid)
    if result == "split-brain":
        world = hastlog.hook(hastlog.hook(world, there, result), place, result)
    return world.later(FLASH_S, there.node, "hast-flash", there.name, str(pid), result)


def flashed(world: World, node: str, args: tuple[str, ...]) -> World:
    """Timer: the main process sees that such a worker has left."""
    there, pid = Place(node, args[0]), int(args[1])
    if hastpair.find(world, there) is None:
        return world
    return hastlog.exited(world, there, pid, FLASHES[args[2]])
