"""Rows of the databases: which are served, which lie on a disk."""

from __future__ import annotations

from converge.lab.machine import mysqld
from converge.lab.ufs import mounting, read_file
from converge.lab.world import Machine, Process, World


def serving(world: World) -> tuple[str, ...]:
    """Nodes on which a database answers its clients, from a volume that is there."""
    return tuple(n for n, m in sorted(world.machines.items()) if server(m) is not None)


def server(machine: Machine) -> Process | None:
    """The database that answers here; none while it recovers, hangs or has lost its disk."""
    found = mysqld.ready(machine) if machine.powered and not machine.booting else None
    if found is None or not mounting.alive(machine, found.data["volume"]):
        return None
    return found


def rows_served(world: World, node: str) -> tuple[str, ...] | None:
    """All rows of the database that answers on this node; None when none does."""
    found = server(world.machine(node))
    if found is None:
        return None
    file = read_file(world, node, f"{found.data['datadir']}/ibdata1")
    return tuple(file.text.splitlines()) if file else ()


def rows_on_disk(world: World, node: str, device: str, datadir: str) -> tuple[str, ...]:
    """All rows on a local disk, below HAST; `datadir` is relative to its file system."""
    disk = world.machine(node).disks[device]
    return () if disk.ufs is None else mysqld.rows(disk.ufs, datadir)
