"""Power and boot of a machine, in rc's order. What the scripts do is in programs/."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from converge.lab.hast import storage
from converge.lab.machine import networking, rc
from converge.lab.machine.modules import preload
from converge.lab.machine.rcconf import parse_assignments
from converge.lab.machine.sysctls import KEPT_OVER_BOOT
from converge.lab.net.links import major
from converge.lab.ufs import read_file
from converge.lab.world import Handler, Machine, Table, World

AUTOBOOT_S = 10
"""autoboot_delay of loader.conf(5) when it is not set."""

FIRMWARE_S = 2.0
NETWORK_S = 5.0
"""From the kernel's start until the interfaces are configured."""
READY_S = 8.0
"""From the kernel's start until somebody can log in: 20 s in all with the loader's delay."""
FIRST_PID = 593


def power_off(world: World, node: str) -> World:
    """The plug is pulled: memory is gone, and on the disks what had not reached them."""
    if not world.machine(node).powered:
        return world
    world = storage.power_lost(world.change(node, root_clean=False), node)
    kept = tuple(t for t in world.timers if t.node != node)
    return replace(world.with_machine(_cold(world.machine(node))), timers=kept)


def _cold(machine: Machine) -> Machine:
    interfaces = {
        name: replace(i, up=False, addresses=(), vhids=())
        for name, i in machine.interfaces.items()
        if not name.startswith("carp")
    }
    facts = {k: v for k, v in machine.sysctls.items() if k in KEPT_OVER_BOOT}
    files = {k: f for k, f in machine.files.items() if f.is_dir or not k.startswith("/var/run/")}
    return replace(
        machine,
        powered=False,
        booting=False,
        halting=False,
        leaving=False,
        hastd=None,
        mounts=(),
        processes=Table(),
        next_pid=FIRST_PID,
        modules=(),
        klds=Table(),
        interfaces=Table(interfaces),
        sysctls=Table(facts),
        files=Table(files),
        carp_before=(0, 0, 0),
        orphans=Table(),
    )


def power_on(world: World, node: str) -> World:
    """The button is pressed. Firmware, the loader's delay, then the kernel starts."""
    if world.machine(node).powered:
        return world
    world = world.change(node, powered=True, booting=True)
    return world.later(FIRMWARE_S + _loader_delay(world, node), node, "boot.kernel")


def _loader(world: World, node: str) -> str:
    files = [read_file(world, node, f"/boot/loader.conf{end}") for end in ("", ".local")]
    return "\n".join(f.text for f in files if f is not None)


def _loader_delay(world: World, node: str) -> float:
    value = dict(parse_assignments(_loader(world, node))).get("autoboot_delay", "")
    return max(0, int(value)) if re.fullmatch(r"-?\d+", value) else AUTOBOOT_S


def _kernel(world: World, node: str, args: tuple[str, ...]) -> World:
    """The loader has put the modules into memory and the kernel starts."""
    machine = world.machine(node)
    text = _loader(world, node)
    wanted = [k.removesuffix("_load") for k, v in parse_assignments(text) if _is_load(k, v)]
    files = tuple(dict.fromkeys(f for f in wanted if f"/boot/kernel/{f}.ko" in machine.files))
    files = tuple(f for f in files if f not in machine.compiled_in)
    sysctls = machine.sysctls
    allow = re.findall(r'^net\.inet\.carp\.allow="?([01])"?', text, re.MULTILINE)
    if allow and major(machine) >= 13:
        sysctls = sysctls.put("net.inet.carp.allow", allow[-1])
    klds = Table(preload(files))
    world = world.change(node, modules=files, klds=klds, booted=world.now, sysctls=sysctls)
    return world.later(NETWORK_S, node, "boot.network")


def _is_load(key: str, value: str) -> bool:
    return key.endswith("_load") and value.upper() == "YES"


def _network(world: World, node: str, args: tuple[str, ...]) -> World:
    """rc comes to NETWORKING: CARP runs before anybody can log in, and before hastd (fact 34)."""
    world = networking.configure(_daemons(world, node), node)
    return world.later(READY_S - NETWORK_S, node, "boot.ready")


def _daemons(world: World, node: str) -> World:
    """devd is there before the network is; cron, which comes later, is waited for by nobody."""
    world = world.change(node, next_pid=FIRST_PID - 6)
    for name in ("devd", "cron"):
        world = rc.call(world, node, name, "start").world
    return world.change(node, next_pid=FIRST_PID)


def _ready(world: World, node: str, args: tuple[str, ...]) -> World:
    """The rest of rc: hastd, then the scripts of packages. Every HAST role is init."""
    world = world.change(node, booting=False, ready=world.now)
    for name in ("hastd", *rc.local_scripts(world, node)):
        world = rc.call(world, node, name, "start").world
    for path in rc.unknown_scripts(world, node, "start"):
        world = rc.called(world, node, path, "faststart")
    return world


def hold_up(world: World, node: str, span_s: float) -> World:
    """rc comes so much later to what follows devd, hastd above all.

    devd works off what waited for it before it goes to the background, and rc waits (fact 34).
    """
    return moved(world, node, "boot.ready", lambda at: at + span_s)


def moved(world: World, node: str, what: str, when: Callable[[float], float]) -> World:
    """A timer of a node comes at another time."""
    timers = (
        replace(t, at=when(t.at)) if (t.node, t.what) == (node, what) else t for t in world.timers
    )
    return replace(world, timers=tuple(sorted(timers)))


TIMERS: dict[str, Handler] = {
    "boot.kernel": _kernel,
    "boot.network": _network,
    "boot.ready": _ready,
}
