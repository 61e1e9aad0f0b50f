"""The links of the pair: who reaches whom, and CARP through its react and timers."""

from __future__ import annotations

from converge.lab.world import Handler, Interface, World


def owner(world: World, address: str) -> str | None:
    """The node that answers for `address` now: its own one, or the CARP MASTER."""
    for name, machine in sorted(world.machines.items()):
        if not machine.powered or machine.booting:
            continue
        for interface in machine.interfaces.values():
            for a in interface.addresses:
                if a.address == address and (not a.vhid or _is_master(interface, a.vhid)):
                    return name
    return None


def _is_master(interface: Interface, vhid: int) -> bool:
    return any(v.vhid == vhid and v.state == "MASTER" for v in interface.vhids)


def reaches(world: World, node: str, address: str) -> bool:
    """Packets from `node` arrive at `address`. Nothing is said of the way back."""
    to = owner(world, address)
    me = world.machine(node)
    if to is None or not me.powered or me.booting:
        return False
    if to == node:
        return True
    for there in world.machine(to).interfaces.values():
        if not any(a.address == address for a in there.addresses):
            continue
        for here in me.interfaces.values():
            same = here.segment and here.segment == there.segment
            if same and all(i.up and i.carrier for i in (here, there)):
                return (here.segment, node, to) not in world.cuts
    return False


def talks(world: World, node: str, address: str) -> bool:
    """Both directions work, as TCP needs it."""
    to = owner(world, address)
    if to is None or not reaches(world, node, address):
        return False
    mine = [a.address for i in world.machine(node).interfaces.values() for a in i.addresses]
    return to == node or any(reaches(world, to, a) for a in mine if owner(world, a) == node)


def react(world: World) -> World:
    """CARP states that follow from links, settings and the peer."""
    return world


TIMERS: dict[str, Handler] = {}
