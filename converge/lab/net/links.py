"""Cables and addresses: which interface is live, who owns an address, who reaches whom."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

from converge.lab.world import Address, Interface, Machine, World


def major(machine: Machine) -> int:
    """The release's first number: 9 is the last with carpN interfaces."""
    return int(machine.release.partition(".")[0])


def wire(machine: Machine, interface: Interface) -> Interface | None:
    """The interface with the cable: itself, or for carpN the one whose subnet fits its address."""
    if not interface.name.startswith("carp"):
        return interface
    for a in interface.addresses:
        for other in machine.interfaces.values():
            if not other.name.startswith("carp") and any(
                _contains(own, a.address) for own in other.addresses
            ):
                return other
    return None


def _contains(own: Address, address: str) -> bool:
    return ip_address(address) in ip_network(f"{own.address}/{own.prefix}", strict=False)


def live(interface: Interface) -> bool:
    """It is up and sees a carrier."""
    return interface.up and interface.carrier


def joined(world: World, sender: str, out: Interface, receiver: str, into: Interface) -> bool:
    """Packets that `sender` puts on the cable of `out` arrive at `into`."""
    return (
        out.segment == into.segment
        and bool(out.segment)
        and live(out)
        and live(into)
        and (out.segment, sender, receiver) not in world.cuts
    )


def answers(machine: Machine) -> bool:
    """Somebody is at home: powered and past its boot. A machine that shuts down still answers."""
    return machine.powered and not machine.booting


def holder(machine: Machine, address: str) -> Interface | None:
    """The interface on which a machine answers for `address` now: not a vhid that is BACKUP."""
    for interface in machine.interfaces.values():
        masters = {v.vhid for v in interface.vhids if v.state == "MASTER"}
        for a in interface.addresses:
            if a.address == address and (not a.vhid or a.vhid in masters):
                cable = wire(machine, interface)
                return cable if cable is not None and cable.up else None
    return None


def owner(world: World, address: str, asker: str = "") -> str | None:
    """The node that answers for `address` now. Two MASTERs: the asker itself, else by name."""
    for name in sorted(world.machines, key=lambda name: (name != asker, name)):
        machine = world.machine(name)
        if answers(machine) and holder(machine, address):
            return name
    return None


def reaches(world: World, node: str, address: str) -> bool:
    """Packets from `node` arrive at `address`. Nothing is said of the way back."""
    me = world.machine(node)
    if not answers(me):
        return False
    if holder(me, address):
        return True
    if address in world.others:
        host = Interface(address, segment=world.others[address])
        return _crosses(world, me, address, host)
    to = owner(world, address)
    there = holder(world.machine(to), address) if to else None
    return to is not None and there is not None and _crosses(world, me, to, there)


def _crosses(world: World, me: Machine, to: str, there: Interface) -> bool:
    return any(joined(world, me.name, here, to, there) for here in me.interfaces.values())


def talks(world: World, node: str, address: str) -> bool:
    """Both directions work, as TCP and ping need it."""
    if not reaches(world, node, address):
        return False
    me = world.machine(node)
    if holder(me, address):
        return True
    to = address if address in world.others else owner(world, address)
    for out in me.interfaces.values():
        back = (out.segment, to or "", node)
        if out.segment and live(out) and back not in world.cuts and _on(world, out, address):
            return True
    return False


def _on(world: World, out: Interface, address: str) -> bool:
    """The address is on the segment of `out`."""
    if address in world.others:
        return world.others[address] == out.segment
    to = owner(world, address)
    there = holder(world.machine(to), address) if to else None
    return there is not None and there.segment == out.segment
