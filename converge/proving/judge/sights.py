"""What can be seen of a world from above: who is up, leads, holds a mount, runs a database.

Read off the lab itself, never off what converge believes of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from converge.lab import rows
from converge.lab.hast.pair import Place
from converge.lab.machine import mysqld
from converge.lab.net import links
from converge.lab.world import (
    Disk,
    File,
    HastResource,
    Interface,
    Machine,
    Mount,
    Process,
    Ufs,
    World,
)

HAST = "/dev/hast/"


def up(machine: Machine) -> bool:
    """Programs run on it: not off, not booting, not shutting down."""
    return machine.powered and not machine.booting and not machine.halting


def awake(machine: Machine) -> bool:
    """devd runs on it: that starts early in a boot, and a shutdown ends it first; or what rc runs
    before the end."""
    return machine.powered and (machine.leaving or not machine.halting)


def hears(machine: Machine, trigger: str) -> bool:
    """Somebody is there to be woken by it; when it goes down, only by that."""
    return awake(machine) and (not machine.leaving or trigger == "shutdown")


def went_down(was: Machine, machine: Machine) -> bool:
    """Its processes died between the two: off, shutting down, or in another boot."""
    over = was.leaving and not machine.leaving
    return over or (up(was) and (not up(machine) or was.booted != machine.booted))


def volumes(machine: Machine) -> Iterator[HastResource]:
    """The resources that its hastd knows, by name; none without a hastd."""
    if machine.hastd is not None:
        for name in sorted(machine.hastd.resources):
            yield machine.hastd.resources[name]


def behind(machine: Machine, device: str) -> HastResource | None:
    """The resource whose device this is: /dev/hast/test."""
    return next((r for r in volumes(machine) if HAST + r.provname == device), None)


def hast_mounts(machine: Machine) -> tuple[Mount, ...]:
    """File systems on replicated disks that are mounted, also those whose device has gone."""
    return tuple(m for m in machine.mounts if m.device.startswith(HAST))


def writable(machine: Machine) -> tuple[Mount, ...]:
    """Those of them that can be written: mounted so, and the device still there."""
    mounts = hast_mounts(machine) if machine.powered else ()
    return tuple(m for m in mounts if not m.gone and "ro" not in m.options.split(","))


def servers(machine: Machine) -> tuple[Process, ...]:
    """Database servers, ready or not."""
    return mysqld.running(machine) if machine.powered else ()


def mount_of(machine: Machine, server: Process) -> Mount | None:
    """The mount that a server has its files on; None for the root or one that is gone."""
    for mount in machine.mounts:
        if server.data["volume"] == f"{mount.device}@{mount.since:.3f}":
            return mount
    return None


def copy_of(world: World, place: Place) -> Disk | None:
    """The disk below a resource of a node, also while no hastd runs there: by its metadata."""
    machine = world.machine(place.node)
    for path in sorted(machine.disks):
        disk = machine.disks[path]
        if disk.metadata is not None and disk.metadata.resource in ("", place.name):
            return disk
    return None


def data_of(machine: Machine, server: Process) -> Mapping[str, File]:
    """The files below a server's directory on its volume; none on the root or one that is gone."""
    mount = mount_of(machine, server)
    if mount is None or mount.ufs is None:
        return {}
    below = str(server.data["datadir"]).removeprefix(mount.path).strip("/") + "/"
    files = mount.ufs.files
    return {path.removeprefix(below): files[path] for path in files if path.startswith(below)}


def written_rows(ufs: Ufs | None) -> frozenset[str]:
    """Every row of every database on a file system."""
    files = {} if ufs is None else ufs.files
    tables = (f.text for path, f in files.items() if path.rpartition("/")[2] == "ibdata1")
    return frozenset(row for text in tables for row in text.splitlines())


def serving(world: World, vip: str = "") -> str:
    """The node on which a client finds a database that answers, '' for none.

    Without a shared address: the first node whose database answers.
    """
    for node, machine in sorted(world.machines.items()):
        if not up(machine) or rows.server(machine) is None:
            continue
        if not vip or _found_by_clients(world, machine, vip):
            return node
    return ""


def _found_by_clients(world: World, machine: Machine, vip: str) -> bool:
    card = links.holder(machine, vip)
    return card is not None and links.live(card) and _heard(world, machine, card)


def _heard(world: World, machine: Machine, card: Interface) -> bool:
    """Clients are where the hosts beside the pair are; without any, on the cable."""
    near = [a for a, segment in sorted(world.others.items()) if segment == card.segment]
    ways = [
        {(card.segment, machine.name, a), (card.segment, a, machine.name)} & world.cuts
        for a in near
    ]
    return not ways or not all(ways)
