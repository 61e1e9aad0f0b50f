"""Power, boot and shutdown of a machine, in rc's order."""

from __future__ import annotations

from converge.lab.world import Handler, Table, World


def power_off(world: World, node: str) -> World:
    """The plug is pulled."""
    return world.change(
        node, powered=False, booting=False, hastd=None, mounts=(), processes=Table()
    )


def power_on(world: World, node: str) -> World:
    """The button is pressed: the machine begins to boot."""
    return world.change(node, powered=True)


def reboot(world: World, node: str, *, clean: bool) -> World:
    """`shutdown -r now` (clean) or a reset."""
    return power_on(power_off(world, node), node)


TIMERS: dict[str, Handler] = {}
