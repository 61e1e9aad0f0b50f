"""What a machine writes down by itself: log files and devd's events."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from converge.lab.world import EPOCH, File, World

KEPT_EVENTS = 200
"""Older events are forgotten: whoever listens to devd reads them as they come."""


def clock(seconds: float) -> datetime:
    """The right time at a world time, in UTC."""
    return datetime.fromtimestamp(EPOCH, UTC) + timedelta(seconds=seconds)


def wall(world: World, node: str) -> datetime:
    """What the clock of this machine shows now."""
    return clock(world.now + world.machine(node).ahead)


def log(world: World, node: str, file: str, line: str) -> World:
    """Append `line` to a log file as syslogd(8) does: date and host name in front."""
    machine = world.machine(node)
    host = machine.hostname.partition(".")[0]
    stamped = f"{wall(world, node):%b %e %H:%M:%S} {host} {line}\n"
    old = machine.files.get(file, File(mode="644"))
    new = replace(old, text=old.text + stamped, mtime=world.now)
    return world.change(node, files=machine.files.put(file, new))


def event(world: World, node: str, line: str) -> World:
    """Note a devctl event as /var/run/devd.pipe shows it (devd-pipe-a)."""
    kept = (*world.machine(node).events, (world.now, line))[-KEPT_EVENTS:]
    return world.change(node, events=kept)
