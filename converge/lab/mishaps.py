"""What happens to a volume by bad luck or by a person's hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from converge.lab import machine
from converge.lab.machine import mysqld, react
from converge.lab.ufs import write_file
from converge.lab.world import File, Machine, Mount, Table, Ufs, World

ELSEWHERE = "/mnt"
OF_OTHERS = "other/mysqld.main\n"
"""What another pair's data say of themselves (its `converge.id`)."""


def damaged(world: World, node: str) -> World:
    """Rubbish is written into the replicated file systems; HAST copies rubbish faithfully (F58).

    `fsck -p` gives up on them from then on. It shows when they are checked the next time.
    """
    for one in world.machines.values():
        disks = {
            path: replace(disk, ufs=_broken(disk.ufs)) if disk.metadata else disk
            for path, disk in one.disks.items()
        }
        mounts = tuple(
            replace(m, ufs=_broken(m.ufs)) if _hast(m.device) else m for m in one.mounts
        )
        world = world.with_machine(replace(one, disks=Table(disks), mounts=mounts))
    return react(world)


def mounted_elsewhere(world: World, node: str) -> World:
    """A person takes the replicated volumes off their places and mounts each on /mnt, to look."""
    for mount in _volumes(world.machine(node)):
        world = _typed(world, node, f"umount -f {mount.path}", *_on_mnt(mount.device))
    return react(world)


def mounted_meanwhile(world: World, node: str) -> World:
    """A person mounts each replicated volume that is there and not mounted on /mnt, to look."""
    found = world.machine(node)
    taken = {mount.device for mount in _volumes(found)}
    for resource in found.hastd.resources.values() if found.hastd else ():
        device = f"/dev/hast/{resource.provname}"
        if resource.device and device not in taken:
            world = _typed(world, node, *_on_mnt(device))
    return react(world)


def _on_mnt(device: str) -> tuple[str, str]:
    return f"mkdir -p {ELSEWHERE}", f"mount {device} {ELSEWHERE}"


def taken_away(world: World, node: str) -> World:
    """A person unmounts the replicated volumes that nobody uses, and opens their directories."""
    for path in [mount.path for mount in _volumes(world.machine(node))]:
        world = _typed(world, node, f"umount {path}")
        if all(mount.path != path for mount in _volumes(world.machine(node))):
            world = _typed(world, node, f"chflags noschg {path}", f"chmod 755 {path}")
    return react(world)


def address_moved(world: World, node: str) -> World:
    """A person sends the shared addresses to the other node."""
    return _groups_told(world, node, "state backup")


def password_changed(world: World, node: str) -> World:
    """A person types another CARP password here: neither node hears the other any more (F11)."""
    return _groups_told(world, node, "pass other")


def data_gone(world: World, node: str) -> World:
    """A person stops the databases and takes their system tables off the replicated volumes."""
    world, paths = _stopped(world, node)
    return react(_typed(world, node, *(f"rm -r {path}/mysql" for path in paths)))


def data_of_others(world: World, node: str) -> World:
    """A person stops the databases and puts another pair's data in their places."""
    world, paths = _stopped(world, node)
    for path in paths:
        world = write_file(world, node, f"{path}/converge.id", File(OF_OTHERS)).world
    return react(world)


def _groups_told(world: World, node: str, words: str) -> World:
    for interface in world.machine(node).interfaces.values():
        for group in interface.vhids:
            world = _typed(world, node, f"ifconfig {interface.name} vhid {group.vhid} {words}")
    return react(world)


def _stopped(world: World, node: str) -> tuple[World, list[str]]:
    """No database runs any more; their directories on replicated volumes."""
    for server in mysqld.running(world.machine(node)):
        world, _ = mysqld.stop(world, node, server.pid)
    found: list[str] = []
    for mount in _volumes(world.machine(node)):
        files = mount.ufs.files if mount.ufs else ()
        inside = (path.rpartition("/") for path in files)
        found += [f"{mount.path}/{folder}" for folder, _, name in inside if name == "ibdata1"]
    return world, found


def _typed(world: World, node: str, *lines: str) -> World:
    for line in lines:
        world = machine.run(world, node, tuple(line.split())).world
    return world


def _volumes(found: Machine) -> list[Mount]:
    return [m for m in found.mounts if _hast(m.device) and not m.gone]


def _hast(device: str) -> bool:
    return device.startswith("/dev/hast/")


def _broken(ufs: Ufs | None) -> Ufs | None:
    return None if ufs is None else replace(ufs, broken=True)


ALL: tuple[tuple[str, str, Callable[[World, str], World]], ...] = (
    ("damage", "the replicated file systems are damaged", damaged),
    ("mount-elsewhere", "somebody mounts the volume on /mnt", mounted_elsewhere),
    ("mount-meanwhile", "somebody mounts a volume that is not mounted", mounted_meanwhile),
    ("volume-away", "somebody unmounts the volume and opens its directory", taken_away),
    ("address-moved", "somebody sends the shared address to the other node", address_moved),
    ("password-changed", "somebody types another CARP password", password_changed),
    ("data-gone", "somebody takes the database off the volume", data_gone),
    ("data-of-others", "somebody puts another pair's data in its place", data_of_others),
)
"""Name, what it does, and how."""
