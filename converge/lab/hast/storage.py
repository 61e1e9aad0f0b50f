"""Disks and HAST devices as programs see them: what is there, what a write does and costs.

How hastd behaves is in daemon, workers, noticing, connecting, connection, syncing and writing;
file systems are in ufs.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import inf

from converge.lab.hast import connecting, daemon, noticing, queues, syncing, workers, writing
from converge.lab.hast import pair as hastpair
from converge.lab.hast.log import MESSAGES
from converge.lab.hast.pair import Place
from converge.lab.machine import syslog
from converge.lab.ufs import softupdates
from converge.lab.world import Disk, Handler, HastResource, Table, Ufs, World

fleeting = noticing.fleeting

UNMOUNTED_S = 5.0
"""At the next flush the kernel gives up a mount whose device is gone (recordings, fact 8)."""


@dataclass(frozen=True, slots=True)
class Device:
    """A device node. `answers_in_s`: 0 answers now, inf never by itself.

    `busy_by` names who has a local disk open for writing ('hastd'), '' for nobody.
    `fails`: '' healthy, 'read' or 'write': such requests end in an I/O error.
    """

    path: str
    size: int
    ufs: Ufs | None
    answers_in_s: float = 0.0
    busy_by: str = ""
    fails: str = ""


def device(world: World, node: str, path: str) -> Device | None:
    """The device node at `path`, or None when there is none."""
    machine = world.machine(node)
    disk = machine.disks.get(path)
    if disk is not None:
        held = any(r.localpath == path and r.worker for r in _resources(world, node))
        ufs = None if disk.metadata else disk.ufs
        return Device(path, disk.size, ufs, busy_by="hastd" if held else "", fails=disk.fails)
    name = path.removeprefix("/dev/hast/")
    if name in machine.orphans:
        return Device(path, machine.orphans[name], None, inf)
    place = _place(world, node, path)
    return None if place is None else _hast_device(world, place, path)


def _resources(world: World, node: str) -> list[HastResource]:
    hastd = world.machine(node).hastd
    return [] if hastd is None else [hastd.resources[name] for name in sorted(hastd.resources)]


def _place(world: World, node: str, path: str) -> Place | None:
    """The resource whose device that is, if it has one now."""
    for resource in _resources(world, node):
        there = resource.device or resource.silent
        if there and path == f"/dev/hast/{resource.provname}":
            return Place(node, resource.name)
    return None


def _hast_device(world: World, place: Place, path: str) -> Device:
    resource, disk = hastpair.get(world, place), hastpair.disk(world, place)
    metadata = resource.meta or (None if disk is None else disk.metadata)
    size = 0 if metadata is None else metadata.datasize
    ufs = writing.content(world, place)
    fails = "" if disk is None else disk.fails
    linked = hastpair.linked(world, place)
    if resource.behind:
        fails = "" if linked else "read"
    return Device(path, size, ufs, _answers_in_s(world, place), fails="" if linked else fails)


def _answers_in_s(world: World, place: Place) -> float:
    """0 at once, inf never. A worker that finds no peer waits for it before it takes any I/O."""
    resource = hastpair.get(world, place)
    if resource.device:
        return 0.0
    alone = connecting.outcome(world, place) == "unreachable"
    waits = {
        "hast-restart": resource.timeout if alone else workers.STARTS_S,
        "hast-started": resource.timeout - workers.STARTS_S if alone else 0.0,
        "hast-ready": 0.0,
    }
    due = [
        timer.at - world.now + extra
        for what, extra in waits.items()
        if (timer := hastpair.pending(world, place, what)) is not None
    ]
    return max(due, default=inf)


def device_nodes(world: World, node: str) -> tuple[str, ...]:
    """Paths of all disk device nodes of a machine, sorted."""
    machine = world.machine(node)
    served = {r.provname for r in _resources(world, node) if r.device or r.silent}
    hast = {f"/dev/hast/{name}" for name in {*served, *machine.orphans}}
    return tuple(sorted({*machine.disks, *hast}))


def write(world: World, node: str, path: str, ufs: Ufs) -> tuple[World, float]:
    """Put a new content on a device; the seconds that the write stalls (inf: for ever).

    A write to a local disk below HAST takes the disk over: its metadata are gone.
    """
    disk = world.machine(node).disks.get(path)
    if disk is not None:
        return _write_local(world, node, path, disk, ufs), 0.0
    place = _place(world, node, path)
    if place is None:
        gone = path.removeprefix("/dev/hast/") not in world.machine(node).orphans
        return world, 0.0 if gone else inf
    waits_s = _answers_in_s(world, place)
    if waits_s:
        return writing.queue(world, place, ufs), waits_s
    return writing.write(world, place, ufs)


def _write_local(world: World, node: str, path: str, disk: Disk, ufs: Ufs) -> World:
    if disk.fails == "write" or (disk.metadata is None and disk.ufs == ufs):
        return world
    new = replace(disk, ufs=ufs, metadata=None, queued=None)
    return world.change(node, disks=world.machine(node).disks.put(path, new))


def power_lost(world: World, node: str) -> World:
    """What a power cut takes: queued writes, devices, everything that hastd was about to do.

    Call it before hastd is taken off the machine.
    """
    for path in sorted(world.machine(node).disks):
        world = queues.lost(world, node, path)
    for place in hastpair.places(world):
        resource = hastpair.get(world, place)
        if place.node != node and resource.replication == "async":
            world = queues.lost(world, place.node, resource.localpath)
    world = softupdates.lose_memory(world, node)
    timers = tuple(t for t in world.timers if not (t.node == node and t.what.startswith("hast-")))
    return replace(world, timers=timers).change(node, orphans=Table())


def worker_killed(world: World, node: str, pid: int, signal: int = 9) -> World:
    """A worker of hastd gets a deadly signal; SIGTERM and SIGINT let a primary clean up."""
    if signal in (2, 15):
        return workers.ended_cleanly(world, node, pid)
    return workers.died(world, node, pid, signal)


def hastd_signalled(world: World, node: str, signal: int) -> World:
    """hastd's main process gets SIGHUP, SIGTERM, SIGINT, or one that kills it at once."""
    hastd = world.machine(node).hastd
    if hastd is None:
        return world
    if signal == 1:
        return daemon.hang_up(world, node)
    if signal in (2, 15):
        return daemon.terminate(world, node)
    world = world.change(node, processes=world.machine(node).processes.drop(hastd.pid))
    return daemon.gone(world, node)


def react(world: World) -> World:
    """What follows at once for HAST and its devices from what is so."""
    for node, machine in sorted(world.machines.items()):
        if machine.hastd is not None and machine.hastd.pid not in machine.processes:
            world = daemon.gone(world, node)
    for _ in range(2):  # what one end notices, the other end notices in the second round
        for place in hastpair.places(world):
            world = noticing.watch(world, place)
    for node in sorted(world.machines):
        world = _orphaned_mounts(queues.drain(world), node)
    return world


def _orphaned_mounts(world: World, node: str) -> World:
    """Mounts whose device has gone: reads go on from memory, in a while the kernel gives up."""
    for mount in world.machine(node).mounts:
        lives = mount.gone or not mount.device.startswith("/dev/hast/")
        if lives or device(world, node, mount.device) is not None:
            continue
        world = softupdates.lose_memory(world, node, mount.device)
        mounts = world.machine(node).mounts
        changed = tuple(replace(m, gone=True) if m is mount else m for m in mounts)
        world = world.change(node, mounts=changed)
        world = world.later(UNMOUNTED_S, node, "hast-unmount", mount.device, mount.path)
    return world


def _unmount(world: World, node: str, args: tuple[str, ...]) -> World:
    """Timer: the kernel takes the dead file system out of the tree."""
    mounts = world.machine(node).mounts
    dead = [m for m in mounts if m.gone and (m.device, m.path) == args]
    for mount in dead:
        text = f"kernel: UFS: forcibly unmounting {mount.device} from {mount.path}"
        world = syslog.log(world, node, MESSAGES, text)
    return world.change(node, mounts=tuple(m for m in mounts if m not in dead))


TIMERS: dict[str, Handler] = {
    "hast-started": workers.started,
    "hast-ready": workers.ready,
    "hast-restart": workers.restart,
    "hast-retry": workers.retry,
    "hast-silent": workers.lose_silence,
    "hast-noticed": workers.notice,
    "hast-stalled": workers.notice,
    "hast-synced": syncing.finished,
    "hast-flash": connecting.flashed,
    "hast-reload": daemon.reload,
    "hast-unmount": _unmount,
}
"""Timer handlers of HAST, by name."""
