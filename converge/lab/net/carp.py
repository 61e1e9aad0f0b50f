"""CARP's election (carp(4)) without a timer per second: announcements are a beat and a period.

Both dialects: groups on real interfaces (FreeBSD >= 10) and carpN interfaces (<= 9).
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from converge.lab.net.groups import (
    TICK,
    Place,
    beats,
    demote,
    group,
    interval,
    kernel_says,
    next_beat,
    places,
    put,
    set_state,
    setting,
    totals,
)
from converge.lab.net.links import joined, live, major, wire
from converge.lab.world import Handler, Hearing, Interface, Machine, Timer, Vhid, World

FACTOR = "ifdown_demotion_factor"

ROUNDS = 50
"""More changes than this at one instant would be a mistake in here."""


class Due(NamedTuple):
    """What will happen to a group, when, and the kernel's reason."""

    at: float
    state: str
    reason: str


def react(world: World) -> World:
    """Every group as its link, its settings and what it hears demand now; timers for the rest."""
    for _ in range(ROUNDS):
        before = world
        for place in places(world):
            world = _happen(_pace(_listen(_follow_link(world, place), place), place), place)
        if world is before:
            break
    return _wake(world)


def _follow_link(world: World, place: Place) -> World:
    """INIT while the link is down or the group has no address; else out of INIT."""
    machine, v = world.machine(place.node), group(world, place)
    interface = machine.interfaces[place.interface]
    if _link_down(machine, interface):
        world = set_state(world, place, "INIT", "hardware interface down")
        if not v.demoted:
            world = put(world, place, replace(group(world, place), demoted=True))
            if major(machine) >= 10:
                world = demote(world, place.node, setting(machine, FACTOR, 240), "interface down")
        return world
    addressed = any(a.vhid == place.vhid for a in interface.addresses)
    if v.state == "INIT" and addressed:
        world = set_state(world, place, "BACKUP", "initialization complete")
    if v.state != "INIT" and not addressed:
        world = set_state(world, place, "INIT", "hardware interface up")
    if v.demoted:
        world = put(world, place, replace(group(world, place), demoted=False))
        if major(machine) >= 10:
            world = demote(world, place.node, -setting(machine, FACTOR, 240), "interface up")
    return world


def _link_down(machine: Machine, interface: Interface) -> bool:
    cable = wire(machine, interface)
    if cable is None or not live(cable) or not interface.up:
        return True
    return major(machine) >= 10 and not setting(machine, "allow", 1)


def _listen(world: World, place: Place) -> World:
    """Note from when on which announcements arrive."""
    v = group(world, place)
    found = _source(world, place)
    known = v.hears and (v.hears.beat, v.hears.period, v.hears.good)
    if found == known:
        return world
    heard, received, refused = totals(v, world.now)
    hears = None if found is None else Hearing(found[0], found[1], world.now, found[2])
    return put(
        world, place, replace(v, hears=hears, heard=heard, received=received, refused=refused)
    )


def _source(world: World, place: Place) -> tuple[float, float, bool] | None:
    """Beat and period of another MASTER of the same group whose announcements arrive here."""
    me, mine = world.machine(place.node), group(world, place)
    interface = me.interfaces[place.interface]
    here = wire(me, interface)
    if mine.state == "INIT" or here is None or not setting(me, "allow", 1):
        return None
    for other in places(world):
        theirs = group(world, other)
        if other.node == place.node or theirs.vhid != mine.vhid or not theirs.period:
            continue
        peer = world.machine(other.node)
        there = wire(peer, peer.interfaces[other.interface])
        if there and joined(world, other.node, there, place.node, here):
            listed = _listed(peer.interfaces[other.interface], mine.vhid)
            good = theirs.password == mine.password and listed == _listed(interface, mine.vhid)
            return theirs.beat, theirs.period, good
    return None


def _listed(interface: Interface, vhid: int) -> frozenset[str]:
    return frozenset(a.address for a in interface.addresses if a.vhid == vhid)


def _pace(world: World, place: Place) -> World:
    """A changed skew counts from the next announcement on."""
    v = group(world, place)
    period = interval(world.machine(place.node), v)
    if v.state != "MASTER" or v.period == period:
        return world
    if not v.period:
        return put(world, place, replace(v, beat=v.since, period=period))
    beat = next_beat(v.beat, v.period, world.now)
    sent = v.sent + beats(v.beat, v.period, v.beat, beat) - 1
    return put(world, place, replace(v, beat=beat, period=period, sent=sent))


def due(machine: Machine, v: Vhid, now: float) -> Due | None:
    """What will happen to this group if nothing else changes. None for nothing at all."""
    h = v.hears
    if h is not None and not h.good and not h.noted and setting(machine, "log", 1) > 1:
        return Due(next_beat(h.beat, h.period, now), v.state, "incorrect hash")
    own = interval(machine, v)
    if v.state == "MASTER" and h is not None and h.good and h.period <= own:
        at = next_beat(h.beat, h.period, now)
        return Due(at, "BACKUP", "more frequent advertisement received")
    if v.state != "BACKUP":
        return None
    silent_until = totals(v, now)[0] + 3 * v.advbase + v.advskew / 256
    if h is None or not h.good or next_beat(h.beat, h.period, now) > silent_until:
        return Due(silent_until, "MASTER", "master timed out")
    at = next_beat(h.beat, h.period, now)
    if setting(machine, "preempt", 0) and h.period > own:
        return Due(at, "MASTER", "preempting a slower master")
    if h.period > 3 * v.advbase:
        return Due(at, "MASTER", "master will time out")
    return None


def _happen(world: World, place: Place) -> World:
    v = group(world, place)
    coming = due(world.machine(place.node), v, world.now)
    if coming is None or coming.at > world.now + TICK:
        return world
    if coming.reason == "incorrect hash" and v.hears is not None:
        line = f"carp_input_c: incorrect hash for VHID {place.vhid}@{place.interface}"
        world = kernel_says(world, place.node, line)
        return put(world, place, replace(v, hears=replace(v.hears, noted=True)))
    return set_state(world, place, coming.state, coming.reason)


def _wake(world: World) -> World:
    """Exactly one timer for each group that something will happen to."""
    wanted = set()
    for place in places(world):
        coming = due(world.machine(place.node), group(world, place), world.now)
        if coming is not None:
            wanted.add((coming.at, place.node, (place.interface, str(place.vhid))))
    kept = [t for t in world.timers if t.what != "carp" or (t.at, t.node, t.args) in wanted]
    missing = sorted(wanted - {(t.at, t.node, t.args) for t in kept})
    if not missing and len(kept) == len(world.timers):
        return world
    new = [
        Timer(at, world.serial + i, node, "carp", args)
        for i, (at, node, args) in enumerate(missing)
    ]
    serial = world.serial + len(new)
    return replace(world, timers=tuple(sorted((*kept, *new))), serial=serial)


def _again(world: World, node: str, args: tuple[str, ...]) -> World:
    """The instant has come: react sees by itself what is due."""
    return world


TIMERS: dict[str, Handler] = {"carp": _again}
