"""What happens to a volume by bad luck or by a person's hand."""

from __future__ import annotations

from dataclasses import replace

from converge.lab import machine
from converge.lab.machine import react
from converge.lab.world import Table, Ufs, World

ELSEWHERE = "/mnt"


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
    """A person takes a replicated volume off its place and mounts it on /mnt, to look at it."""
    for mount in [m for m in world.machine(node).mounts if _hast(m.device) and not m.gone]:
        for argv in (
            ("umount", "-f", mount.path),
            ("mkdir", "-p", ELSEWHERE),
            ("mount", mount.device, ELSEWHERE),
        ):
            world = machine.run(world, node, argv).world
    return react(world)


def _hast(device: str) -> bool:
    return device.startswith("/dev/hast/")


def _broken(ufs: Ufs | None) -> Ufs | None:
    return None if ufs is None else replace(ufs, broken=True)
