"""Devices of a machine as programs see them: local disks, HAST devices, writing to them.

How hastd behaves is in the neighbours (workers, replication); file systems are in ufs.
"""

from __future__ import annotations

from dataclasses import dataclass

from converge.lab.world import Handler, Ufs, World

TIMERS: dict[str, Handler] = {}
"""Timer handlers of HAST, by name."""


@dataclass(frozen=True, slots=True)
class Device:
    """A device node. `answers_in_s`: 0 answers now, inf never by itself.

    `busy_by` names who has a local disk open for writing ('hastd'), '' for nobody.
    """

    path: str
    size: int
    ufs: Ufs | None
    answers_in_s: float = 0.0
    busy_by: str = ""


def react(world: World) -> World:
    """What follows at once for HAST from what is so."""
    return world


def device(world: World, node: str, path: str) -> Device | None:
    """The device node at `path`, or None when there is none."""
    disk = world.machine(node).disks.get(path)
    return None if disk is None else Device(path, disk.size, disk.ufs)


def device_nodes(world: World, node: str) -> tuple[str, ...]:
    """Paths of all disk device nodes of a machine, sorted."""
    return tuple(sorted(world.machine(node).disks))


def write(world: World, node: str, path: str, ufs: Ufs) -> tuple[World, float]:
    """Put a new content on a device; the seconds that the write stalls."""
    return world, 0.0


def power_lost(world: World, node: str) -> World:
    """What a power cut takes from the disks of this machine."""
    return world


def start_hastd(world: World, node: str) -> World:
    """Start hastd as its rc script does; every role is init."""
    return world


def stop_hastd(world: World, node: str) -> World:
    """Stop hastd as its rc script does: all roles to init first."""
    return world
