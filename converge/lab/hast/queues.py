"""Writes that a secondary has received but not yet put on its disk: memsync's few milliseconds."""

from __future__ import annotations

from dataclasses import replace

from converge.lab.hast import extents
from converge.lab.hast import pair as hastpair
from converge.lab.world import Disk, World

DRAINED_S = 0.005
"""So long a write waits in the queue of the secondary's disk thread."""


def lost(world: World, node: str, path: str) -> World:
    """The worker, its machine or the sender dies: what is still queued never reaches the disk.

    The primary was told that it had arrived, so it is on no map of its worker (blind spot B2).
    """
    disk = world.machine(node).disks.get(path)
    if disk is None or disk.queued is None:
        return world
    if world.now - disk.queued.at >= DRAINED_S:
        return _put(world, node, path, replace(disk, queued=None))
    missed = extents.changed_paths(disk.queued.before, disk.ufs)
    for there in [p for p in hastpair.places(world) if p.node == node]:
        place = hastpair.partner(world, there)
        if place is None or hastpair.get(world, there).localpath != path:
            continue
        primary = hastpair.get(world, place)
        if primary.role == "primary":
            world = hastpair.change(world, place, skipped=primary.skipped | missed)
    return _put(world, node, path, replace(disk, ufs=disk.queued.before, queued=None))


def drain(world: World) -> World:
    """What has been queued long enough is on the disk."""
    for node, machine in sorted(world.machines.items()):
        for path, disk in sorted(machine.disks.items()):
            if disk.queued is not None and world.now - disk.queued.at >= DRAINED_S:
                world = _put(world, node, path, replace(disk, queued=None))
    return world


def _put(world: World, node: str, path: str, disk: Disk) -> World:
    return world.change(node, disks=world.machine(node).disks.put(path, disk))
