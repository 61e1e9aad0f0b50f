"""What soft updates leave on a disk when a mounted file system loses its machine or device."""

from __future__ import annotations

from dataclasses import replace

from converge.lab.world import File, Table, Ufs, World

SETTLED_S = 60.0
"""A directory younger than this is not on the disk yet, fsync or not (ufs-fsync-newdir-*)."""


def lose_memory(world: World, node: str, device: str = "") -> World:
    """The mounted file systems of a machine lose what they had only in memory.

    Call it when the machine's power is cut, and when `device` is taken away under its mount.
    Nothing of that kind has reached any disk, so the peer's copies lack it too.
    """
    for mount in world.machine(node).mounts:
        if device and mount.device != device:
            continue
        if mount.ufs is not None and not mount.gone and "ro" not in mount.options.split(","):
            world = _lost_everywhere(world, mount.ufs)
    return world


def _lost_everywhere(world: World, ufs: Ufs) -> World:
    lost = {key: ufs.files[key] for key in _unwritten(ufs.files, world.now)}
    for node in sorted(world.machines) if lost else ():
        disks = world.machine(node).disks
        for path, disk in sorted(disks.items()):
            files = disk.ufs.files if disk.ufs else Table[str, File]()
            same = [key for key in lost if key in files and files[key].born == lost[key].born]
            if disk.ufs is not None and same:
                ufs = replace(disk.ufs, files=files.drop(*same))
                disks = disks.put(path, replace(disk, ufs=ufs))
        world = world.change(node, disks=disks)
    return world


def _unwritten(files: Table[str, File], now: float) -> list[str]:
    young = [k for k, f in files.items() if f.is_dir and k and now - f.born < SETTLED_S]
    return [k for k in files if any(k == y or k.startswith(y + "/") for y in young)]
