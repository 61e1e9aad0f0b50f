"""Putting file systems into the tree and taking them out, as the kernel does it."""

from __future__ import annotations

from dataclasses import replace

from converge.lab.hast import storage
from converge.lab.machine import syslog
from converge.lab.ufs import NO_SUCH, NOT_PERMITTED, Written, checking, place, read_file
from converge.lab.world import Machine, Mount, Process, Ufs, World

ROOT = Mount("/dev/vtbd0p2", "/")
SYSTEM = (ROOT, Mount("devfs", "/dev", "devfs"))
"""What every machine has mounted; its content is the machine's own files."""

INVALID = "Invalid fstype: Invalid argument"
"""What mount says of a device that is not there or holds no UFS (mount-secondary)."""


def mounted(machine: Machine) -> tuple[Mount, ...]:
    """All mounts in the order in which they were made."""
    return SYSTEM + machine.mounts


def find_mount(machine: Machine, word: str) -> Mount | None:
    """The latest mount on a directory, or of a device."""
    both = [m for m in mounted(machine) if word in (m.path, m.device)]
    return both[-1] if both else None


def volume(mount: Mount | None) -> str:
    """A name for one mounting of one device; '' is the root file system."""
    return "" if mount is None or mount.path == "/" else f"{mount.device}@{mount.since:.3f}"


def volume_of(machine: Machine, path: str) -> str:
    """The volume that an absolute path lies on."""
    return volume(place(machine, path).mount)


def alive(machine: Machine, name: str) -> bool:
    """Whether files opened on that volume can still be read from and written to the disk."""
    return not name or any(volume(m) == name and not m.gone for m in machine.mounts)


def holders(machine: Machine, name: str) -> tuple[Process, ...]:
    """Processes that have files of that volume open, by pid."""
    held = [p for p in machine.processes.values() if p.data.get("volume") == name]
    return tuple(sorted(held, key=lambda p: p.pid))


def writable_mount(machine: Machine, device: str) -> bool:
    """Whether the device is mounted for reading and writing here."""
    mounts = [m for m in machine.mounts if m.device == device and not m.gone]
    return any("ro" not in m.options.split(",") for m in mounts)


def attach(world: World, node: str, device: str, path: str, options: str) -> Written:
    """Mount. A UFS that was not unmounted is mounted all the same (dirty-mount-without-fsck)."""
    machine = world.machine(node)
    below = read_file(world, node, path)
    if below is None or not below.is_dir:
        return Written(world, f"{path}: {'Not a directory' if below else NO_SUCH}")
    found = storage.device(world, node, device)
    if found is None:
        return Written(world, f"{device}: {INVALID}")
    if any(m.device == device and not m.gone for m in machine.mounts):
        return Written(world, f"{device}: Device busy")
    if found.busy_by:
        return Written(world, f"{device}: {NOT_PERMITTED}")
    if found.fails == "read":
        return Written(world, f"{device}: Input/output error")
    if found.ufs is None:
        return Written(world, f"{device}: {INVALID}", found.answers_in_s)
    mount = Mount(device, path, options=options, since=world.now, size=found.size)
    done = _attached(world, node, mount, found.ufs)
    return replace(done, took_s=max(done.took_s, found.answers_in_s))


def _attached(world: World, node: str, mount: Mount, ufs: Ufs) -> Written:
    unclean = checking.dirty(ufs)
    if unclean:
        text = f"kernel: WARNING: {mount.path} was not properly dismounted"
        world = syslog.log(world, node, "/var/log/messages", text)
    stall_s = 0.0
    if "ro" not in mount.options.split(","):
        ufs = replace(ufs, clean=False, last_mounted=mount.path)
        world, stall_s = storage.write(world, node, mount.device, ufs)
    mounts = (*world.machine(node).mounts, replace(mount, ufs=ufs, unclean=unclean))
    return Written(world.change(node, mounts=mounts), took_s=stall_s)


def detach(world: World, node: str, mount: Mount) -> Written:
    """Unmount: what was in memory is on the disk then, and the mark says clean if it may."""
    world = forget(world, node, mount)
    read_only = "ro" in mount.options.split(",")
    if mount.ufs is None or mount.gone or read_only:
        return Written(world)
    ufs = replace(mount.ufs, clean=not mount.unclean)
    world, stall_s = storage.write(world, node, mount.device, ufs)
    return Written(world, took_s=stall_s)


def forget(world: World, node: str, mount: Mount) -> World:
    """Take the mount away and write nothing, as when its device is gone."""
    kept = tuple(m for m in world.machine(node).mounts if m is not mount)
    return world.change(node, mounts=kept)
