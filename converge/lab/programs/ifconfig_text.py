"""What ifconfig(8) prints about an interface. Other releases than 13 after their source."""

from __future__ import annotations

from ipaddress import ip_interface

from converge.lab.net.links import live, major, wire
from converge.lab.world import Address, Interface, Machine, Vhid

FLAGS = {
    0x1: "UP",
    0x2: "BROADCAST",
    0x8: "LOOPBACK",
    0x40: "RUNNING",
    0x100: "PROMISC",
    0x800: "SIMPLEX",
    0x8000: "MULTICAST",
    0x20000: "PPROMISC",
    0x1000000: "LOWER_UP",
}
KNOWS_EPOCH = 0x20
"""Set by FreeBSD 13's drivers; it has no word."""

NIC_OPTIONS = {"vtnet": "80028<VLAN_MTU,JUMBO_MTU,LINKSTATE>"}
NIC_MEDIA = {"vtnet": "10Gbase-T"}


def block(machine: Machine, interface: Interface, *, keys: bool = False) -> str:
    """The whole paragraph of one interface; `keys` shows passwords (-k)."""
    if interface.name.startswith("lo"):
        return _loopback(machine, interface)
    if interface.name.startswith("carp"):
        return _carp_interface(machine, interface, keys=keys)
    driver = interface.name.rstrip("0123456789")
    lines = [_first(interface.name, _flags(machine, interface), 1500)]
    lines.append(f"options={NIC_OPTIONS.get(driver, '8<VLAN_MTU>')}")
    lines.append(f"ether {interface.ether}")
    lines += [_inet(a, machine) for a in interface.addresses]
    for v in interface.vhids:
        lines.append(_group(v, keys=keys))
        if major(machine) >= 14:
            lines.append("      peer 224.0.0.18 peer6 ff02::12")
    media = NIC_MEDIA.get(driver, "1000baseT") + " <full-duplex>"
    media = f"media: Ethernet autoselect ({media if interface.carrier else 'none'})"
    status = f"status: {'active' if interface.carrier else 'no carrier'}"
    nd6 = "nd6 options=29<PERFORMNUD,IFDISABLED,AUTO_LINKLOCAL>"
    lines += [nd6, media, status] if major(machine) < 10 else [media, status, nd6]
    return "\n\t".join(lines) + "\n"


def _flags(machine: Machine, interface: Interface) -> int:
    flags = 0x8802 | (0x41 if interface.up else 0)
    flags |= 0x100 if interface.vhids or interface.promisc else 0
    flags |= 0x20000 if interface.promisc else 0
    if major(machine) >= 14:
        return flags | (0x1000000 if interface.carrier else 0)
    return flags | (KNOWS_EPOCH if major(machine) == 13 else 0)


def _first(name: str, flags: int, mtu: int) -> str:
    words = ",".join(word for bit, word in FLAGS.items() if flags & bit)
    return f"{name}: flags={flags:x}<{words}> metric 0 mtu {mtu}"


def _inet(a: Address, machine: Machine, *, broadcast: bool = True) -> str:
    network = ip_interface(f"{a.address}/{a.prefix}").network
    line = f"inet {a.address} netmask {int(network.netmask):#010x}"
    if major(machine) < 10:
        line += " "
    if broadcast:
        line = f"{line.rstrip()} broadcast {network.broadcast_address}"
    return line + (f" vhid {a.vhid}" if a.vhid and major(machine) >= 10 else "")


def _group(v: Vhid, *, keys: bool) -> str:
    line = f"carp: {v.state} vhid {v.vhid} advbase {v.advbase} advskew {v.advskew}"
    return line + (f' key "{v.password}"' if keys and v.password else "")


def _carp_interface(machine: Machine, interface: Interface, *, keys: bool) -> str:
    cable = wire(machine, interface)
    running = interface.up and cable is not None and live(cable)
    lines = [_first(interface.name, 0x49 if running else 0x8, 1500)]
    lines += [_inet(a, machine, broadcast=False) for a in interface.addresses]
    lines.append("nd6 options=29<PERFORMNUD,IFDISABLED,AUTO_LINKLOCAL>")
    lines += [_group(v, keys=keys) for v in interface.vhids]
    return "\n\t".join(lines) + "\n"


def _loopback(machine: Machine, interface: Interface) -> str:
    scope = list(machine.interfaces).index(interface.name) + 1
    options = "680003<RXCSUM,TXCSUM,LINKSTATE,RXCSUM_IPV6,TXCSUM_IPV6>"
    if major(machine) < 10:
        options = "600003<RXCSUM,TXCSUM,RXCSUM_IPV6,TXCSUM_IPV6>"
    lines = [_first(interface.name, 0x8049 if interface.up else 0x8008, 16384)]
    lines += [f"options={options}", "inet6 ::1 prefixlen 128"]
    lines.append(f"inet6 fe80::1%{interface.name} prefixlen 64 scopeid {scope:#x}")
    lines += [_inet(a, machine, broadcast=False) for a in interface.addresses]
    lines += ["groups: lo"] if major(machine) >= 10 else []
    lines.append("nd6 options=21<PERFORMNUD,AUTO_LINKLOCAL>")
    return "\n\t".join(lines) + "\n"
