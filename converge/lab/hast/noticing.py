"""What the ends of a HAST connection notice by themselves, and when: levels turned into timers.

A stable pair has no timers here. What would repeat for ever (a refused primary calls every 10 s)
is done `SPEAKS` times and then only when the answer would be another one.
"""

from __future__ import annotations

from dataclasses import replace
from math import floor

from converge.lab.hast import connecting, connection, syncing, workers
from converge.lab.hast import pair as hastpair
from converge.lab.hast.pair import Place
from converge.lab.world import HastResource, Process, World

KEEPALIVE_S = 10.0
"""An idle primary says so often that it is there; nobody answers that."""

SILENCE_S = 20.0
"""A secondary that hears nothing for so long leaves."""

RESENT_S = 1.0
"""After the network is back, TCP needs so long to learn that the other end is gone."""

SPEAKS = 3
"""So often the same refusal is noted; then the lab is silent about it, FreeBSD is not."""


def watch(world: World, place: Place) -> World:
    """See to one resource after anything has happened anywhere."""
    resource = hastpair.get(world, place)
    if resource.role == "secondary" and resource.worker:
        return _secondary(world, place, resource)
    if resource.role != "primary" or not resource.worker:
        return world
    if not resource.device:
        return _starting(world, place, resource)
    if not resource.connected:
        return _alone(world, place, resource)
    return _primary(world, place, resource)


def _last_word(resource: HastResource, now: float) -> float:
    """When the primary last sent anything at or before `now`."""
    if now <= resource.spoke:
        return now
    return resource.spoke + _rounds(now - resource.spoke, KEEPALIVE_S) * KEEPALIVE_S


def _rounds(span: float, period: float) -> int:
    """Whole periods in a span; one that is full but for a rounding error counts."""
    return floor(span / period + 1e-6)


def _secondary(world: World, place: Place, resource: HastResource) -> World:
    if hastpair.linked(world, place):
        world = hastpair.cancel(world, place, "hast-silent")
        return _heard(world, place, resource)
    if resource.lost is None and hastpair.carries(world, place):
        return connection.parted(world, place)
    lost = world.now if resource.lost is None else resource.lost
    if resource.lost is None:
        world = hastpair.change(world, place, lost=lost)
    return hastpair.only_once(world, place, "hast-silent", _last_word(resource, lost) + SILENCE_S)


def _heard(world: World, place: Place, resource: HastResource) -> World:
    return world if resource.lost is None else hastpair.change(world, place, lost=None)


def _primary(world: World, place: Place, resource: HastResource) -> World:
    if hastpair.linked(world, place):
        world = syncing.resume(hastpair.cancel(world, place, "hast-noticed"), place)
        world = _heard(world, place, resource)
        return world if resource.stalled is None else _delivered(world, place)
    if not hastpair.carries(world, place):
        world = hastpair.cancel(world, place, "hast-noticed")
        return world if resource.lost is not None else _unheard(world, place, resource)
    if resource.stalled is not None or resource.sync is not None:
        return connection.broken(world, place)
    return hastpair.only_once(world, place, "hast-noticed", _found_out(world, resource))


def _unheard(world: World, place: Place, resource: HastResource) -> World:
    """The wire has fallen silent. A synchronisation waits for an answer as a write does."""
    world = hastpair.change(world, place, lost=world.now)
    if resource.sync is None:
        return world
    world = hastpair.cancel(world, place, "hast-synced")
    until = world.now + resource.timeout if resource.stalled is None else resource.stalled
    return hastpair.at(hastpair.change(world, place, stalled=until), place, "hast-stalled", until)


def _found_out(world: World, resource: HastResource) -> float:
    """When a keepalive fails: the first one that is sent after TCP has heard of the end."""
    following = _last_word(resource, world.now) + KEEPALIVE_S
    if resource.lost is not None and _last_word(resource, world.now) > resource.lost:
        return following if following - world.now >= RESENT_S else following + KEEPALIVE_S
    return following + KEEPALIVE_S


def _delivered(world: World, place: Place) -> World:
    """The network is back in time: what waited gets through."""
    there = hastpair.partner(world, place)
    mine = hastpair.disk(world, place)
    theirs = None if there is None else hastpair.disk(world, there)
    if there is None or mine is None or theirs is None:
        return world
    resource = hastpair.get(world, place)
    if resource.flight:
        skipped = resource.skipped - resource.waiting
        made = syncing.without(mine.ufs, skipped, theirs.ufs)
        torn = resource.sync is not None
        world = hastpair.change_disk(world, there, ufs=made and replace(made, torn=torn))
        world = connection.spoken(hastpair.change(world, place, skipped=skipped), place)
    world = hastpair.cancel(world, place, "hast-stalled")
    return hastpair.change(world, place, stalled=None, flight=frozenset(), waiting=frozenset())


def _alone(world: World, place: Place, resource: HastResource) -> World:
    result = connecting.outcome(world, place)
    known = result == resource.refusal and resource.tries >= SPEAKS
    if result in ("none", "unreachable") or known:
        return hastpair.cancel(world, place, "hast-retry")
    past = _rounds(world.now - resource.since, workers.AGAIN_S)
    due = resource.since + (past + 1) * workers.AGAIN_S
    return hastpair.only_once(world, place, "hast-retry", due)


def _starting(world: World, place: Place, resource: HastResource) -> World:
    """A primary that waits for a silent peer hears of it when the network comes back."""
    if resource.refusal != "unreachable" or not hastpair.carries(world, place):
        return world
    return hastpair.only_once(world, place, "hast-started", world.now + RESENT_S)


def fleeting(world: World, node: str) -> tuple[Process, ...]:
    """Workers of secondaries that come, see that they cannot stay, and leave.

    While a split-brain lasts one comes every 10 s. After the first few the world keeps no trace
    of them; they are told from the time alone.
    """
    main = world.machine(node).hastd
    if main is None:
        return ()
    seen = [t.args[:2] for t in world.timers if (t.node, t.what) == (node, "hast-flash")]
    for place in hastpair.places(world):
        resource, there = hastpair.get(world, place), hastpair.partner(world, place)
        if there is None or there.node != node or resource.tries < SPEAKS:
            continue
        phase = (world.now - resource.since) % workers.AGAIN_S
        if resource.refusal in connecting.FLASHES and phase < connecting.FLASH_S and not seen:
            seen.append((there.name, str(world.machine(node).next_pid)))
    return tuple(
        Process(int(pid), f"hastd: {name} (secondary)", ppid=main.pid, started=world.now)
        for name, pid in seen
    )
