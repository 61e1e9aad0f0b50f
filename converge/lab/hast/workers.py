"""The workers of hastd: roles, starts, deaths, and the life of /dev/hast/NAME."""

from __future__ import annotations

from dataclasses import replace

from converge.lab.hast import connecting, connection, queues, writing
from converge.lab.hast import log as hastlog
from converge.lab.hast import pair as hastpair
from converge.lab.hast.pair import Place
from converge.lab.world import HastResource, World

STARTS_S = 0.12
"""From the fork to the device, with a peer that answers (timing-role-primary-device)."""

RETRY_S = 1.05
"""Between two attempts of a starting primary whose peer is primary (log-hastd-dual-primary-a)."""

AGAIN_S = 10.0
"""Between two attempts of a running primary (recordings, fact 29)."""

RESTART_S = 1.0
"""hastd sleeps so long before it starts a killed worker again, and answers nobody meanwhile."""

NO_INPUT = 66
NO_GATE = 72


def set_role(world: World, place: Place, role: str) -> tuple[World, float]:
    """`hastctl role`: the seconds that the main process waits for the old worker."""
    old = hastpair.get(world, place)
    if old.role == role:
        return world, 0.0
    waits_s = _stuck(world, place)
    text = f"{hastlog.prefix(world, place)} Role changed to {role}."
    world = hastlog.info(world, place.node, text)
    world = stopped(world, place)
    world = hastpair.change(world, place, role=role)
    if role == "primary":
        world = _start(world, place)
    world = hastlog.hook(world, place, "role", old.role, role)
    return world, waits_s


def _stuck(world: World, place: Place) -> float:
    """How long a primary's guard thread is still busy calling a peer that does not answer.

    It tries every 10 s and each attempt lasts `timeout`; until it ends nobody hears a SIGTERM.
    """
    resource = hastpair.get(world, place)
    if resource.role != "primary" or not resource.device or resource.connected:
        return 0.0
    if connecting.outcome(world, place) != "unreachable":
        return 0.0
    phase = (world.now - resource.since - AGAIN_S) % (AGAIN_S + resource.timeout)
    return max(0.0, resource.timeout - phase)


def stopped(world: World, place: Place) -> World:
    """The worker is told to go: a primary takes its device with it, a secondary its queue."""
    old = hastpair.get(world, place)
    if old.role == "secondary" and old.worker:
        world = queues.lost(world, place.node, old.localpath)
    world = hastpair.forget_timers(world, place)
    return hastpair.put(world, place, _idle(old))


def _idle(old: HastResource) -> HastResource:
    """The resource as its configuration alone makes it, without a worker."""
    return HastResource(name=old.name, role=old.role, **old.settings)


def _start(world: World, place: Place) -> World:
    """Fork a primary's worker. Without metadata the role silently falls back to init."""
    world, pid = hastpair.new_pid(world, place.node)
    why, code = _unable(world, place)
    if why:
        world = hastlog.warn(world, place.node, f"{hastlog.prefix(world, place)} {why}", pid)
        world = hastlog.exited(world, place, pid, code)
        return _back_to_init(world, place)
    disk = hastpair.disk(world, place)
    meta = None if disk is None else disk.metadata
    resource = hastpair.get(world, place)
    machine = world.machine(place.node)
    taken = resource.silent or resource.provname in machine.orphans
    done = "recovered" if taken else "created"
    text = f"{hastlog.prefix(world, place)} Device hast/{resource.provname} {done}."
    world = hastlog.info(world, place.node, text, pid)
    world = world.change(place.node, orphans=machine.orphans.drop(resource.provname))
    world = hastpair.change(world, place, worker=pid, since=world.now, meta=meta, silent=taken)
    if meta is not None:
        world = hastpair.change(world, place, extents=frozenset(meta.marked))
        world = hastpair.write_header(world, place, meta) if meta.resuid == 0 else world
    return hastpair.at(world, place, "hast-started", world.now + STARTS_S)


def _back_to_init(world: World, place: Place) -> World:
    """A primary's worker left by itself. No hook runs; a device that it did not take stays."""
    resource = hastpair.get(world, place)
    text = f"{hastlog.prefix(world, place)} Changing resource role back to init."
    world = hastpair.change(
        hastlog.info(world, place.node, text), place, role="init", silent=False
    )
    return leave_orphan(world, place, resource) if resource.silent else world


def leave_orphan(world: World, place: Place, resource: HastResource) -> World:
    """The device stays although nobody serves it."""
    machine, disk = world.machine(place.node), hastpair.disk(world, place)
    size = 0 if disk is None else disk.size if disk.metadata is None else disk.metadata.datasize
    return world.change(place.node, orphans=machine.orphans.put(resource.provname, size))


def _unable(world: World, place: Place) -> tuple[str, int]:
    """Why a worker cannot use its disk, and what it leaves with."""
    machine, disk = world.machine(place.node), hastpair.disk(world, place)
    path = hastpair.get(world, place).localpath
    if disk is None:
        return f"Unable to open {path}: No such file or directory.", NO_INPUT
    if disk.fails == "read":
        return "Unable to read metadata: Input/output error.", NO_INPUT
    if disk.metadata is None:
        return f"Unable to read metadata from {path}: No such file or directory.", NO_INPUT
    if disk.metadata.resource not in ("", place.name):
        return f"Provider {path} is not part of resource {place.name}.", NO_INPUT
    if "geom_gate" not in machine.modules and "geom_gate" not in machine.compiled_in:
        return "Unable to open /dev/ggctl: No such file or directory.", NO_GATE
    return "", 0


def started(world: World, node: str, args: tuple[str, ...]) -> World:
    """Timer: the new primary calls its peer before it takes any I/O."""
    place = Place(node, args[0])
    resource = hastpair.find(world, place)
    if resource is None or not resource.worker or resource.device:
        return world
    world = connecting.attempt(world, place)
    result = hastpair.get(world, place).refusal
    until = resource.since + resource.timeout
    if result == "unreachable":
        return hastpair.only_once(world, place, "hast-ready", until)
    if result == "primary" and world.now <= until + 1.0:
        return hastpair.at(world, place, "hast-started", world.now + RETRY_S)
    return _ready(world, place)


def ready(world: World, node: str, args: tuple[str, ...]) -> World:
    """Timer: the peer has been silent for long enough, the device comes without it."""
    place = Place(node, args[0])
    resource = hastpair.find(world, place)
    return world if resource is None or not resource.worker else _ready(world, place)


def _ready(world: World, place: Place) -> World:
    for what in ("hast-started", "hast-ready"):
        world = hastpair.cancel(world, place, what)
    world = hastpair.change(world, place, device=True, silent=False, reads=1)
    return writing.taken_up(world, place)


def died(world: World, node: str, pid: int, signal: int) -> World:
    """A worker is killed: a secondary stays without one, a primary gets a new one after 1 s."""
    for place in [p for p in hastpair.places(world) if p.node == node]:
        old = hastpair.get(world, place)
        if old.worker != pid:
            continue
        world = stopped(hastlog.killed(world, place, pid, signal), place)
        if old.role == "primary":
            silent = old.device or old.silent
            world = hastpair.change(world, place, silent=silent, unserved=old.unserved)
            world = busy(world, node, world.now + RESTART_S)
            world = hastpair.at(world, place, "hast-restart", world.now + RESTART_S)
    return world


def ended_cleanly(world: World, node: str, pid: int) -> World:
    """A worker is asked to go by somebody else than hastd: a primary falls back to init."""
    for place in [p for p in hastpair.places(world) if p.node == node]:
        old = hastpair.get(world, place)
        if old.worker != pid:
            continue
        if old.role == "secondary":
            return died(world, node, pid, 15)
        world = _back_to_init(stopped(world, place), place)
    return world


def restart(world: World, node: str, args: tuple[str, ...]) -> World:
    """Timer: hastd has slept and starts the killed worker of a primary again."""
    place = Place(node, args[0])
    resource = hastpair.find(world, place)
    if resource is None or resource.role != "primary" or resource.worker:
        return world
    text = f"{hastlog.prefix(world, place)} Restarting worker process."
    return _start(hastlog.info(world, node, text), place)


def busy(world: World, node: str, until: float) -> World:
    """The main process waits for a worker and answers nobody before `until`."""
    hastd = world.machine(node).hastd
    if hastd is None or until <= max(world.now, hastd.busy_until):
        return world
    return world.change(node, hastd=replace(hastd, busy_until=until))


def lose_silence(world: World, node: str, args: tuple[str, ...]) -> World:
    """Timer: a secondary has heard nothing for two keepalives."""
    place = Place(node, args[0])
    resource = hastpair.find(world, place)
    if resource is None or resource.role != "secondary" or not resource.worker:
        return world
    return world if hastpair.linked(world, place) else connection.parted(world, place)


def notice(world: World, node: str, args: tuple[str, ...]) -> World:
    """Timer: a primary's keepalive or write finds nobody any more."""
    place = Place(node, args[0])
    resource = hastpair.find(world, place)
    if resource is None or not resource.connected or hastpair.linked(world, place):
        return world
    return connection.broken(world, place)


def retry(world: World, node: str, args: tuple[str, ...]) -> World:
    """Timer: a running primary without a connection calls its peer."""
    place = Place(node, args[0])
    resource = hastpair.find(world, place)
    if resource is None or not resource.device or resource.connected:
        return world
    return connecting.attempt(world, place)
