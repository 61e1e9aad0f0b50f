"""What rc does at boot up to NETWORKING: the kernel's word on its cards, sysctl, netif, devd."""

from __future__ import annotations

from converge.lab.machine.modules import load
from converge.lab.machine.rcconf import variables
from converge.lab.machine.sysctls import write
from converge.lab.machine.syslog import event, log
from converge.lab.net.groups import MESSAGES
from converge.lab.programs.ifconfig import ifconfig
from converge.lab.ufs import read_file, write_file
from converge.lab.world import File, World

NIC = "kernel: {0}: <VirtIO Networking Adapter> on virtio_pci{1}"
NOT_CLEAN = "kernel: WARNING: / was not properly dismounted"


def configure(world: World, node: str) -> World:
    """rc up to NETWORKING: kld, sysctl, hostname, netif with CARP; devd notes the events."""
    conf = variables(world, node)
    world = _devd(_probed(world, node), node)
    for file in conf["kld_list"].split():
        world, _ = load(world, node, file)
    world = _sysctl_conf(world, node)
    world = world.change(node, hostname=conf["hostname"] or world.machine(node).hostname)
    for name in conf["cloned_interfaces"].split():
        world = _ifconfig(world, node, name, "create")
    for name in tuple(world.machine(node).interfaces):
        world = _configured(world, node, name, conf)
    return world


def _probed(world: World, node: str) -> World:
    """What the kernel says of its network cards."""
    machine = world.machine(node)
    world = log(world, node, MESSAGES, "kernel: ---<<BOOT>>---")
    cards = [i for i in machine.interfaces.values() if i.ether]
    for card in cards:
        if card.name.startswith("vtnet"):
            at = 3 + int(card.name.removeprefix("vtnet") or 0)
            world = log(world, node, MESSAGES, NIC.format(card.name, at))
        line = f"kernel: {card.name}: Ethernet address: {card.ether}"
        world = log(world, node, MESSAGES, line)
    if not machine.root_clean:
        world = log(world, node, MESSAGES, NOT_CLEAN)
    for card in cards:
        if card.carrier:
            line = f"kernel: {card.name}: link state changed to UP"
            world = log(world, node, MESSAGES, line)
            what = f"!system=IFNET subsystem={card.name} type=LINK_UP"
            world = event(world, node, what)
    return world


def _devd(world: World, node: str) -> World:
    """devd runs before the network is configured (devd-sockets)."""
    files = {"pid": File("424", "600"), "pipe": File(mode="140666")}
    files["seqpacket.pipe"] = files["pipe"]
    for name, file in files.items():
        world = write_file(world, node, f"/var/run/devd.{name}", file).world
    return world


def _sysctl_conf(world: World, node: str) -> World:
    """rc.d/sysctl: what the kernel does not know (no module yet) is passed over."""
    for path in ("/etc/sysctl.conf", "/etc/sysctl.conf.local"):
        file = read_file(world, node, path)
        for line in file.text.splitlines() if file else ():
            name, sign, value = line.partition("#")[0].partition("=")
            if sign:
                world, _ = write(world, node, name.strip(), value.strip().strip('"'))
    return world


def _configured(world: World, node: str, name: str, conf: dict[str, str]) -> World:
    """rc.d/netif for one interface: its own line, then its aliases up to the first gap."""
    if name == "lo0":
        return _ifconfig(world, node, "lo0", "inet", "127.0.0.1/8")
    line = conf.get(f"ifconfig_{name}")
    if line is None:
        return world
    world = _ifconfig(world, node, name, *line.split())
    world = _ifconfig(world, node, name, "up")
    for number in range(256):
        alias = conf.get(f"ifconfig_{name}_alias{number}")
        if alias is None:
            break
        if alias.startswith("inet ") and "--" not in alias:
            world = _ifconfig(world, node, name, *alias.split(), "alias")
    return world


def _ifconfig(world: World, node: str, *words: str) -> World:
    return ifconfig(world, node, ("ifconfig", *words), "").world
