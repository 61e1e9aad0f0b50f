"""ifconfig(8): its words, and what they do to addresses and CARP groups."""

from __future__ import annotations

from dataclasses import replace

from converge.lab.machine.modules import carp_file, has_carp, load
from converge.lab.machine.syslog import log
from converge.lab.net.groups import MESSAGES, Place, bow_out, group, put, set_state, totals
from converge.lab.net.links import major, wire
from converge.lab.programs.ifconfig_text import block
from converge.lab.programs.ifconfig_words import STATES, Refused, Words, sort_words
from converge.lab.world import (
    Address,
    Interface,
    Machine,
    Program,
    Result,
    Vhid,
    World,
    done,
    failed,
)

NO_ADDRESS = "ioctl (SIOCDIFADDR): Can't assign requested address"
NO_PARENT = "ioctl (SIOCAIFADDR): Can't assign requested address"


def ifconfig(world: World, node: str, argv: tuple[str, ...], stdin: str) -> Result:
    words = list(argv[1:])
    options = ""
    while words and words[0].startswith("-") and words[0] != "-alias":
        options += words.pop(0)[1:]
    machine = world.machine(node)
    if "l" in options:
        return done(world, " ".join(machine.interfaces) + "\n")
    if not words:
        blocks = [block(machine, i, keys="k" in options) for i in machine.interfaces.values()]
        return done(world, "".join(blocks))
    try:
        return _one(world, node, words[0], words[1:], keys="k" in options)
    except Refused as refusal:
        return failed(world, 1, f"ifconfig: {refusal}\n")


def _one(world: World, node: str, name: str, rest: list[str], *, keys: bool) -> Result:
    if name.startswith("carp") and major(world.machine(node)) < 10:
        world, _ = load(world, node, carp_file(world.machine(node)))
    machine = world.machine(node)
    interface = machine.interfaces.get(name)
    words = sort_words(rest)
    if "create" in words.flags:
        world = _create(world, machine, name)
    elif interface is None:
        raise Refused(f"interface {name} does not exist")
    elif not [w for w in rest if w != "inet"]:
        return done(world, block(machine, interface, keys=keys))
    if "destroy" in words.flags:
        return done(_destroy(world, node, name))
    world = _addresses(_groups(world, node, name, words), node, name, words)
    for flag in words.flags:
        if flag in ("up", "down"):
            world = set_up(world, node, name, up=flag == "up")
        elif flag in ("promisc", "-promisc"):
            world = _set_promisc(world, node, name, on=flag == "promisc")
    return done(world)


def _set_promisc(world: World, node: str, name: str, *, on: bool) -> World:
    interfaces = world.machine(node).interfaces
    changed = replace(interfaces[name], promisc=on)
    return world.change(node, interfaces=interfaces.put(name, changed))


def _create(world: World, machine: Machine, name: str) -> World:
    old = name.startswith("carp") and major(machine) < 10 and has_carp(machine)
    if name in machine.interfaces:
        raise Refused(f"SIOCIFCREATE2 ({name}): File exists")
    if not old:
        raise Refused(f"SIOCIFCREATE2 ({name}): Invalid argument")
    new = Interface(name, segment="", up=False)
    return world.change(machine.name, interfaces=machine.interfaces.put(name, new))


def _destroy(world: World, node: str, name: str) -> World:
    if not name.startswith("carp"):
        raise Refused("SIOCIFDESTROY: Invalid argument")
    return world.change(node, interfaces=world.machine(node).interfaces.drop(name))


def _groups(world: World, node: str, name: str, words: Words) -> World:
    """vhid, pass, advskew, advbase, state: SIOCGVH, change, SIOCSVH."""
    if not words.groups:
        return world
    machine = world.machine(node)
    old = name.startswith("carp")
    if not has_carp(machine):
        raise Refused("SIOCGVH: Protocol not supported")
    if old != (major(machine) < 10):
        raise Refused("SIOCGVH: Invalid argument")
    existing = machine.interfaces[name].vhids
    if "vhid" not in words.groups and not (old and existing):
        raise Refused("passwd/advbase/advskew/state: expected vhid")
    vhid = int(words.groups.get("vhid") or existing[0].vhid)
    world = _make(world, node, name, vhid)
    place = Place(node, name, vhid)
    v = _changed(group(world, place), words)
    world = put(world, place, v)
    state = STATES.get(words.groups.get("state", "").lower(), v.state)
    if v.state == "INIT" or state in ("INIT", v.state):
        return world
    return set_state(world, place, state, "user requested via ifconfig")


def _changed(v: Vhid, words: Words) -> Vhid:
    """The group with the given parameters; the kernel refuses what is out of range."""
    try:
        advskew = int(words.groups.get("advskew", v.advskew))
        advbase = int(words.groups.get("advbase", v.advbase))
    except ValueError:
        raise Refused("SIOCSVH: Invalid argument") from None
    if not 0 <= advskew <= 254 or not 1 <= advbase <= 255:
        raise Refused("SIOCSVH: Invalid argument")
    password = words.groups.get("pass", v.password)[:19]
    return replace(v, advskew=advskew, advbase=advbase, password=password)


def _make(world: World, node: str, name: str, vhid: int) -> World:
    interface = world.machine(node).interfaces[name]
    if any(v.vhid == vhid for v in interface.vhids):
        return world
    if name.startswith("carp"):
        was = interface.vhids[0] if interface.vhids else Vhid(vhid)
        owned = tuple(replace(a, vhid=vhid) for a in interface.addresses)
        new = replace(was, vhid=vhid, state="INIT")
        return _put(world, node, replace(interface, vhids=(new,), addresses=owned))
    if not interface.vhids:
        line = f"kernel: {name}: promiscuous mode enabled"
        world = log(world, node, MESSAGES, line)
    return _put(world, node, replace(interface, vhids=(*interface.vhids, Vhid(vhid))))


def _put(world: World, node: str, interface: Interface) -> World:
    table = world.machine(node).interfaces.put(interface.name, interface)
    return world.change(node, interfaces=table)


def _addresses(world: World, node: str, name: str, words: Words) -> World:
    """Add or remove an address; a group whose address list is touched starts again from INIT."""
    interface = world.machine(node).interfaces[name]
    if not words.address and words.remove and interface.addresses:
        words.address = interface.addresses[0].address
    if not words.address:
        return world
    if words.remove:
        if all(a.address != words.address for a in interface.addresses):
            raise Refused(NO_ADDRESS)
        return drop_address(world, node, name, words.address)
    if not words.alias and interface.addresses:
        world = drop_address(world, node, name, interface.addresses[0].address, keep=True)
    return _add(world, node, name, words)


def _add(world: World, node: str, name: str, words: Words) -> World:
    vhids = world.machine(node).interfaces[name].vhids
    own = vhids[0].vhid if name.startswith("carp") and vhids else 0
    vhid = int(words.groups.get("vhid", own))
    world = drop_address(world, node, name, words.address, keep=True)
    if vhid:
        world = set_state(world, Place(node, name, vhid), "INIT", "hardware interface up")
    interface = world.machine(node).interfaces[name]
    prefix = words.prefix or 24
    address = Address(words.address, prefix, vhid)
    interface = replace(interface, addresses=(*interface.addresses, address), up=True)
    if wire(world.machine(node), interface) is None:
        raise Refused(NO_PARENT)
    return _put(world, node, interface)


def drop_address(world: World, node: str, name: str, address: str, *, keep: bool = False) -> World:
    """Take an address off; its group goes with its last one unless it is kept for a new one."""
    interface = world.machine(node).interfaces[name]
    old = next((a for a in interface.addresses if a.address == address), None)
    if old is None:
        return world
    if old.vhid:
        world = set_state(world, Place(node, name, old.vhid), "INIT", "hardware interface up")
    interface = world.machine(node).interfaces[name]
    left = tuple(a for a in interface.addresses if a.address != address)
    world = _put(world, node, replace(interface, addresses=left))
    if old.vhid and not keep and not any(a.vhid == old.vhid for a in left):
        world = _forget(world, node, name, old.vhid)
    return world


def _forget(world: World, node: str, name: str, vhid: int) -> World:
    """A group without an address is gone (on carpN it stays), and with it the last promiscuity."""
    if name.startswith("carp"):
        return world
    machine = world.machine(node)
    v = group(world, Place(node, name, vhid))
    before = machine.carp_before
    _, received, refused = totals(v, world.now)
    gone = (before[0] + v.sent, before[1] + received, before[2] + refused)
    interface = machine.interfaces[name]
    left = tuple(v for v in interface.vhids if v.vhid != vhid)
    world = _put(world.change(node, carp_before=gone), node, replace(interface, vhids=left))
    if not left:
        world = log(world, node, MESSAGES, f"kernel: {name}: promiscuous mode disabled")
    return world


def set_up(world: World, node: str, name: str, *, up: bool) -> World:
    """`ifconfig IF up` or `down`."""
    interface = world.machine(node).interfaces[name]
    if name.startswith("carp") and not up:
        for v in interface.vhids:
            world = bow_out(world, Place(node, name, v.vhid))
    return _put(world, node, replace(interface, up=up))


PROGRAMS: dict[str, Program] = {"ifconfig": ifconfig}
