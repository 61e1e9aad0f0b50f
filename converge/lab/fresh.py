"""New pairs from a plain description; the pair of the recordings is in recorded."""

from __future__ import annotations

from dataclasses import dataclass, replace
from zlib import crc32

from converge.lab import machine
from converge.lab.machine import boot
from converge.lab.machine.installed import (
    FIRST_START,
    MYSQL_SCRIPT,
    MYSQL_VERSION,
    system_files,
)
from converge.lab.machine.mysqld import SERVER
from converge.lab.recorded import recorded_pair
from converge.lab.world import Disk, File, Interface, Machine, Metadata, Table, Ufs, World

__all__ = ["BlueDatabase", "BlueNode", "BlueVolume", "Blueprint", "fresh", "recorded_pair"]

LONG_AGO = -30 * 86400.0
"""When the directories of fresh volumes were made: long enough to be on the disk."""

BOOT_S = boot.FIRMWARE_S + boot.AUTOBOOT_S + boot.READY_S + 10.0
"""Until a fresh pair is handed over: everything that rc starts is up."""

SSHD = '\nsshd_enable="YES"\n'


@dataclass(frozen=True, slots=True)
class BlueNode:
    """A machine to be made. With a storage address it has a second cable, to the peer only."""

    name: str
    hostname: str
    address: str
    release: str = "13.2-RELEASE"
    interface: str = "em0"
    storage_interface: str = "em1"
    storage_address: str = ""
    prefix: int = 24


@dataclass(frozen=True, slots=True)
class BlueVolume:
    """A HAST resource with a UFS on it. `devices`: the local disk's path by node."""

    name: str
    mount: str
    devices: Table[str, str]
    size: int = 268435456


@dataclass(frozen=True, slots=True)
class BlueDatabase:
    """A database whose directory lies on a volume. `datadir` is an absolute path."""

    service: str
    datadir: str
    volume: str


@dataclass(frozen=True, slots=True)
class Blueprint:
    """A plain description of a pair. `vip`: nobody has it yet; `others` answer a ping."""

    nodes: tuple[BlueNode, ...]
    volumes: tuple[BlueVolume, ...] = ()
    databases: tuple[BlueDatabase, ...] = ()
    vip: str = ""
    others: tuple[str, ...] = ()


def fresh(blueprint: Blueprint) -> World:
    """Two machines with nothing but a system, just booted after the room lost its power.

    No CARP, no hast.conf. The disks have been a pair once and are in sync; the file systems on
    them hold the databases and were mounted when the power went.
    """
    machines = {n.name: _bare(blueprint, n, i) for i, n in enumerate(blueprint.nodes)}
    others = Table({address: "lan" for address in blueprint.others})
    world = World(Table(machines), now=FIRST_START, others=others)
    for node in world.machines:
        world = boot.power_on(world, node)
    return machine.advance(world, FIRST_START + BOOT_S)


def _bare(blueprint: Blueprint, node: BlueNode, index: int) -> Machine:
    lines = [f'hostname="{node.hostname}"']
    cards = [(node.interface, node.address, "lan")]
    if node.storage_address:
        cards.append((node.storage_interface, node.storage_address, "storage"))
    lines += [f'ifconfig_{name}="inet {a}/{node.prefix}"' for name, a, _ in cards]
    files = {**system_files(node.release), "/etc/rc.conf": File("\n".join(lines) + SSHD)}
    for path in (v.mount for v in blueprint.volumes):
        parts = path.strip("/").split("/")
        above = ("/" + "/".join(parts[: n + 1]) for n in range(len(parts)))
        files |= {p: File(mode="755", is_dir=True, mtime=LONG_AGO, born=LONG_AGO) for p in above}
    for database in blueprint.databases:
        script = File(MYSQL_SCRIPT, mode="555")
        files[f"/usr/local/etc/rc.d/{database.service}"] = script
        files[SERVER] = File(MYSQL_VERSION, mode="555")
    interfaces = [
        Interface(name, f"02:00:00:00:{n:02x}:{index + 51:02x}", segment, up=False)
        for n, (name, _, segment) in enumerate(cards)
    ]
    interfaces.append(Interface("lo0", segment="", up=False))
    return Machine(
        node.name,
        node.hostname,
        release=node.release,
        powered=False,
        files=Table(files),
        interfaces=Table({i.name: i for i in interfaces}),
        disks=Table(dict(_disk(blueprint, v, node, index) for v in blueprint.volumes)),
        root_clean=False,
    )


def _disk(
    blueprint: Blueprint, volume: BlueVolume, node: BlueNode, index: int
) -> tuple[str, Disk]:
    """Half of a volume. The first node was its primary when the power went."""
    words = f"{volume.name} {volume.mount}".encode()
    metadata = Metadata(
        resuid=crc32(words) << 32 | crc32(words[::-1]),
        prevrole="secondary" if index else "primary",
        resource=volume.name,
        datasize=volume.size - 4608,
    )
    files: dict[str, File] = {}
    for database in blueprint.databases:
        if database.volume == volume.name:
            files |= _database(database.datadir.removeprefix(volume.mount).strip("/"))
    ufs = Ufs(Table(files), clean=False, last_mounted=volume.mount)
    return volume.devices[node.name], Disk(volume.size, metadata, ufs)


def _database(datadir: str) -> dict[str, File]:
    """A data directory that was in use; '' is the root of its file system."""
    at = f"{datadir}/" if datadir else ""
    old = File(owner="mysql:mysql", mtime=LONG_AGO, born=LONG_AGO)
    folder = replace(old, mode="755", is_dir=True)
    parts = datadir.split("/") if datadir else []
    found = {"/".join(parts[: n + 1]): folder for n in range(len(parts))}
    return found | {
        f"{at}mysql": folder,
        f"{at}ibdata1": replace(old, text="row 1\nrow 2\nrow 3\n", mode="640"),
        f"{at}heartbeat": replace(old, text="running\n", mode="640"),
    }
