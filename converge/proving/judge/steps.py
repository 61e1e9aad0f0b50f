"""What one step from a world to the next one did wrong, whoever took it."""

from __future__ import annotations

from collections.abc import Iterator

from converge.core.host import Command
from converge.core.secret import reveal
from converge.lab.hast.pair import Place
from converge.lab.ufs.checking import dirty
from converge.lab.world import Disk, HastResource, Machine, Mount, Table, World
from converge.proving.judge import data, sights
from converge.proving.judge.history import Broken, Deed, History, Pairs


def found(history: History, before: World, after: World, deed: Deed) -> Iterator[Broken]:
    """S2, S3, S4, S5, S7 and S10, as far as the step shows them."""
    for node, machine in sorted(after.machines.items()):
        was = before.machine(node)
        if deed.by == "actor":
            yield from _bootstrapped(was, machine)
            yield from _unmounted_below(was, machine)
            yield from data.started_on(history, was, machine)
            yield from data.marked_anew(was, machine)
            if node == deed.node:
                yield from _asked_for(was, deed)
        yield from _taken_away(was, machine, deed)
        # A fault may be many things at once, and what a person mounts by hand is his own affair.
        for mount in _appeared(was, machine) if deed.by != "fault" else ():
            yield from _unfit(history, before, after, node, mount)
            yield from _unready(was, mount.device, "was mounted")
    if deed.by == "actor":
        yield from _two_runs(history, after, deed)


def _appeared(was: Machine, machine: Machine) -> tuple[Mount, ...]:
    """Replicated volumes that were not mounted before the step."""
    old = {(m.device, m.path, m.since) for m in was.mounts}
    new = sights.hast_mounts(machine)
    return tuple(m for m in new if (m.device, m.path, m.since) not in old)


def _taken_away(was: Machine, machine: Machine, deed: Deed) -> Iterator[Broken]:
    """S2: by an actor whatever its way, by others as far as a role was changed to secondary.

    A hastd or a worker that was killed leaves its device or its name behind: that is a fault's
    doing. One that reloads or ends on a signal, seconds after it came, leaves neither.
    """
    held = {(m.device, m.since) for m in was.mounts if not m.gone}
    for mount in sights.hast_mounts(machine):
        if not mount.gone or (mount.device, mount.since) not in held:
            continue
        resource = sights.behind(machine, mount.device)
        demoted = resource is not None and resource.role == "secondary"
        released = resource is None and deed.by == "time" and sights.up(machine)
        if demoted or released or deed.by == "actor":
            said = f"{mount.device} was taken away under {mount.path}"
            yield Broken("S2", machine.name, said)


def _unmounted_below(was: Machine, machine: Machine) -> Iterator[Broken]:
    """S5: unmounted by force under a database that goes on."""
    for server in sights.servers(machine):
        mount = sights.mount_of(was, server)
        if mount is not None and not mount.gone and sights.mount_of(machine, server) is None:
            said = f"{mount.path} was unmounted under a running database"
            yield Broken("S5", machine.name, said)


def _unfit(
    history: History, before: World, after: World, node: str, mount: Mount
) -> Iterator[Broken]:
    """S3: what is mounted for writing is the newest copy, whole and without lost writes."""
    machine = after.machine(node)
    resource = sights.behind(machine, mount.device)
    if resource is None or mount not in sights.writable(machine):
        return
    own = before.machine(node).disks.get(resource.localpath)
    peer = after.peer(node)
    other = sights.copy_of(after, Place(peer.name, resource.name)) if peer else None
    if own is None:
        return
    if own.ufs is not None and own.ufs.torn:
        said = f"the copy that was mounted at {mount.path} is half-synchronised"
        yield Broken("S3", node, said)
    if peer is not None and _older(own, other):
        said = f"the copy that was mounted at {mount.path} is older than {peer.name}'s"
        yield Broken("S3", node, said)
    if (node, resource.localpath) in history.rotten:
        said = f"the disk {resource.localpath} below {mount.path} has lost writes"
        yield Broken("S3", node, said)


def _older(own: Disk, other: Disk | None) -> bool:
    """The other one was written alone, and this one has not seen it (domain notes, 1.7)."""
    if own.metadata is None or other is None or other.metadata is None:
        return False
    return other.metadata.localcnt > own.metadata.remotecnt


def _asked_for(was: Machine, deed: Deed) -> Iterator[Broken]:
    """S4 and S7, as far as the words say it."""
    for effect in deed.sent:
        argv = tuple(map(reveal, effect.argv)) if isinstance(effect, Command) else ("",)
        program, words = argv[0].rpartition("/")[2], argv[1:]
        devices = [w for w in words if w.startswith("/dev/")]
        if program == "newfs" or (program == "hastctl" and "create" in words):
            yield Broken("S7", was.name, f"{program} would have destroyed a copy: {effect}")
        elif program.startswith("fsck") and not {"-n", "-F"} & set(words):
            for device in devices:
                yield from _unready(was, device, "was checked")
        elif program == "mount":
            for device in devices:
                yield from _unready(was, device, "was mounted")


def _unready(was: Machine, device: str, what: str) -> Iterator[Broken]:
    """S4: checked or mounted although in use, silent, or without a primary role."""
    resource = sights.behind(was, device)
    if not device.startswith(sights.HAST):
        return
    if any(m.device == device and not m.gone for m in was.mounts):
        yield Broken("S4", was.name, f"{device} {what} while it was mounted")
    elif resource is None or resource.role != "primary":
        role = resource.role if resource else "no role"
        yield Broken("S4", was.name, f"{device} {what} while its role was {role}")
    elif not resource.device:
        yield Broken("S4", was.name, f"{device} {what} while it gave no answer")


def _bootstrapped(was: Machine, machine: Machine) -> Iterator[Broken]:
    """S7: metadata or a file system were made anew."""
    for path, disk in sorted(machine.disks.items()):
        old = was.disks.get(path)
        if old is None or disk is old:
            continue
        if disk.metadata and (not old.metadata or (_blank(disk) and not _blank(old))):
            yield Broken("S7", machine.name, f"hastctl create destroyed what was on {path}")
        elif _emptied(old, disk):
            yield Broken("S7", machine.name, f"newfs destroyed what was on {path}")


def _emptied(old: Disk, disk: Disk) -> bool:
    """There were files, and now there is what newfs leaves."""
    if old.ufs is None or disk.ufs is None:
        return False
    return set(disk.ufs.files) <= {".snap"} and not set(old.ufs.files) <= {".snap"}


def _blank(disk: Disk) -> bool:
    return disk.metadata is not None and disk.metadata.resuid == 0


def _two_runs(history: History, after: World, deed: Deed) -> Iterator[Broken]:
    """S10: a command of another run of this node still goes on."""
    run, ends = history.acting.get(deed.node, (deed.run, 0.0))
    if deed.sent and run != deed.run and ends > after.now:
        yield Broken("S10", deed.node, f"runs {run} and {deed.run} act at once")


def acting(
    known: Table[str, tuple[str, float]], after: World, deed: Deed
) -> Table[str, tuple[str, float]]:
    """Whose command goes on, and until when."""
    over = [node for node, (_, ends) in known.items() if ends <= after.now]
    known = known.drop(*over) if over else known
    if deed.by == "actor" and deed.sent and deed.ends > after.now:
        return known.put(deed.node, (deed.run, deed.ends))
    return known


def wrote(before: World, after: World) -> Pairs:
    """(node, device) of every primary that wrote in the step."""
    return frozenset(
        (node, sights.HAST + now.provname)
        for node, was, now in _lasting(before, after)
        if now.role == "primary" and now.writes > was.writes
    )


def lost(before: World, after: World) -> Pairs:
    """(node, local disk) that lost a write in the step."""
    return frozenset(
        (node, now.localpath)
        for node, was, now in _lasting(before, after)
        if now.write_errors > was.write_errors
    )


def _lasting(before: World, after: World) -> Iterator[tuple[str, HastResource, HastResource]]:
    """Resources that were there before and after the step."""
    for node, machine in sorted(after.machines.items()):
        if machine is before.machine(node):
            continue
        old = {r.name: r for r in sights.volumes(before.machine(node))}
        for resource in sights.volumes(machine):
            if resource.name in old:
                yield node, old[resource.name], resource


def checked(before: World, after: World) -> Iterator[tuple[str, str]]:
    """(node, device) whose file system was made clean while nobody had it mounted."""
    for node, was, now in _lasting(before, after):
        old = before.machine(node).disks.get(was.localpath)
        new = after.machine(node).disks.get(now.localpath)
        device = sights.HAST + now.provname
        mounts = (*before.machine(node).mounts, *after.machine(node).mounts)
        if now.role != "primary" or any(m.device == device for m in mounts):
            continue
        if old and new and old.ufs and new.ufs and dirty(old.ufs) and not dirty(new.ufs):
            yield node, device
