"""A CARP group: its announcements, its settings, and how its state changes and who is told.

An announcement is never a timer: a MASTER has a beat and a period. The election is in carp.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from converge.lab.machine.syslog import event, log
from converge.lab.net.links import major
from converge.lab.world import Machine, Vhid, World

MESSAGES = "/var/log/messages"

TICK = 1e-6
"""Two instants closer than this are one: sums of floats."""


class Place(NamedTuple):
    """Where a group lives."""

    node: str
    interface: str
    vhid: int


def places(world: World) -> Iterator[Place]:
    """Every group of every machine that has power, in a chosen order."""
    for node in sorted(world.machines):
        machine = world.machine(node)
        if machine.powered:
            for interface in machine.interfaces.values():
                for v in interface.vhids:
                    yield Place(node, interface.name, v.vhid)


def setting(machine: Machine, name: str, default: int) -> int:
    """A net.inet.carp setting of a machine."""
    return int(machine.sysctls.get(f"net.inet.carp.{name}", default))


def interval(machine: Machine, v: Vhid) -> float:
    """Seconds between the announcements of this group, demotion included."""
    if major(machine) >= 10:
        skew = min(240, max(0, v.advskew + setting(machine, "demotion", 0)))
    else:
        skew = 240 if setting(machine, "preempt", 0) and suppressed(machine) else v.advskew
    return v.advbase + skew / 256


def suppressed(machine: Machine) -> int:
    """net.inet.carp.suppress_preempt of FreeBSD <= 9: groups whose link is down."""
    return sum(v.demoted for i in machine.interfaces.values() for v in i.vhids)


def group(world: World, place: Place) -> Vhid:
    """The group at a place."""
    vhids = world.machine(place.node).interfaces[place.interface].vhids
    return next(v for v in vhids if v.vhid == place.vhid)


def put(world: World, place: Place, group: Vhid) -> World:
    """The same world with this group in the place of its former self."""
    interfaces = world.machine(place.node).interfaces
    old = interfaces[place.interface]
    vhids = tuple(group if v.vhid == place.vhid else v for v in old.vhids)
    table = interfaces.put(place.interface, replace(old, vhids=vhids))
    return world.change(place.node, interfaces=table)


def set_state(world: World, place: Place, state: str, reason: str) -> World:
    """Change a group's state, with the kernel's log line and devd's event."""
    machine, v = world.machine(place.node), group(world, place)
    if v.state == state:
        return world
    sent = v.sent + (beats(v.beat, v.period, v.beat, world.now) if v.state == "MASTER" else 0)
    period = interval(machine, v) if state == "MASTER" else 0.0
    beat = world.now if state == "MASTER" else 0.0
    heard = world.now if state == "BACKUP" else v.heard
    new = replace(v, state=state, since=world.now, sent=sent, beat=beat, period=period)
    world = put(world, place, replace(new, heard=heard))
    if major(machine) < 10:
        return _tell_old(world, place, v.state, state, reason)
    label = f"{place.vhid}@{place.interface}"
    world = kernel_says(world, place.node, f"carp: {label}: {v.state} -> {state} ({reason})")
    return event(world, place.node, f"!system=CARP subsystem={label} type={state}")


def _tell_old(world: World, place: Place, was: str, state: str, reason: str) -> World:
    """FreeBSD <= 9: a silent time-out, and link events of carpN instead of states."""
    told = {"more frequent advertisement received", "preempting a slower master"}
    told |= {"master will time out"}
    if reason in told or (was, state) == ("INIT", "BACKUP"):
        shown = "master timed out" if reason == "master will time out" else reason
        tail = "" if state == "BACKUP" and was == "INIT" else f" ({shown})"
        world = kernel_says(world, place.node, f"{place.interface}: {was} -> {state}{tail}")
    link = "UP" if state == "MASTER" else "DOWN"
    line = f"kernel: {place.interface}: link state changed to {link}"
    world = log(world, place.node, MESSAGES, line)
    what = f"!system=IFNET subsystem={place.interface} type=LINK_{link}"
    return event(world, place.node, what)


def kernel_says(world: World, node: str, line: str) -> World:
    """A kernel message of CARP; net.inet.carp.log=0 silences it."""
    if setting(world.machine(node), "log", 1) < 1:
        return world
    return log(world, node, MESSAGES, f"kernel: {line}")


def demote(world: World, node: str, by: int, reason: str) -> World:
    """Add to net.inet.carp.demotion (FreeBSD >= 10); masters announce the new skew at once."""
    machine = world.machine(node)
    total = setting(machine, "demotion", 0) + by
    world = world.change(node, sysctls=machine.sysctls.put("net.inet.carp.demotion", str(total)))
    world = kernel_says(world, node, f"carp: demoted by {by} to {total} ({reason})")
    machine = world.machine(node)
    for place in places(world):
        v = group(world, place)
        if place.node == node and v.state == "MASTER":
            sent = v.sent + beats(v.beat, v.period, v.beat, world.now)
            period = interval(machine, v)
            world = put(world, place, replace(v, sent=sent, beat=world.now, period=period))
    return world


def bow_out(world: World, place: Place) -> World:
    """`ifconfig carpN down` on a MASTER of FreeBSD <= 9: its last word lets the peer take over."""
    if group(world, place).state != "MASTER":
        return world
    for other in places(world):
        v = group(world, other)
        listens = v.state == "BACKUP" and v.hears is not None and v.hears.good
        if listens and other.node != place.node and other.vhid == place.vhid:
            world = set_state(world, other, "MASTER", "master will time out")
    return world


def beats(beat: float, period: float, since: float, until: float) -> int:
    """How many announcements fall into [since, until]."""
    if until < beat - TICK:
        return 0
    first = max(0, math.ceil((since - beat) / period - TICK))
    return max(0, math.floor((until - beat) / period + TICK) - first + 1)


def next_beat(beat: float, period: float, now: float) -> float:
    """The first announcement at or after `now`."""
    return beat + max(0, math.ceil((now - beat) / period - TICK)) * period


def totals(v: Vhid, now: float) -> tuple[float, int, int]:
    """When a group last heard its master; how many announcements came, how many were refused."""
    if v.hears is None:
        return v.heard, v.received, v.refused
    h = v.hears
    count = beats(h.beat, h.period, h.since, now)
    last = next_beat(h.beat, h.period, now)
    last = last if last <= now + TICK else last - h.period
    heard = max(v.heard, last) if h.good and count else v.heard
    return heard, v.received + count, v.refused + (0 if h.good else count)
