"""Power, boot and shutdown of a machine, in rc's order. What the scripts do is in programs/."""

from __future__ import annotations

import re
from dataclasses import replace

from converge.lab.hast import storage
from converge.lab.machine import networking, rc
from converge.lab.machine.modules import preload
from converge.lab.machine.rcconf import is_yes, parse_assignments, variables
from converge.lab.machine.sysctls import KEPT_OVER_BOOT
from converge.lab.machine.syslog import log
from converge.lab.net.groups import MESSAGES
from converge.lab.net.links import major
from converge.lab.ufs import list_dir, mounting, read_file
from converge.lab.world import Handler, Machine, Table, World

AUTOBOOT_S = 10
"""autoboot_delay of loader.conf(5) when it is not set."""

FIRMWARE_S = 2.0
NETWORK_S = 5.0
"""From the kernel's start until the interfaces are configured."""
READY_S = 8.0
"""From the kernel's start until somebody can log in: 20 s in all with the loader's delay."""
HALT_S = 5.5
"""What a clean shutdown takes beside its rc scripts (console-reboot-master.txt)."""

SHUTDOWN_S = 0.5
"""From the command until rc.shutdown begins."""

RC_SHUTDOWN_S = 90.0
"""The watchdog of rc.shutdown (rcshutdown_timeout)."""

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


def reboot(world: World, node: str, *, clean: bool) -> World:
    """`shutdown -r now` (clean) or a reset."""
    if clean:
        return shut_down(world, node, "again")
    return power_on(power_off(world, node), node)


def shut_down(world: World, node: str, then: str) -> World:
    """rc.shutdown stops mysql, then hastd under whatever is mounted; CARP goes on (fact 35).

    `then` is 'again' for a reboot, 'off' for good.
    """
    machine = world.machine(node)
    if not machine.powered or machine.booting or machine.halting:
        return world
    world = log(world, node, MESSAGES, "shutdown[1106]: reboot by root: ")
    theirs = tuple(path for path in _unknown_scripts(world, node, "stop"))
    scripts = (*sorted(_local_scripts(world, node), reverse=True), *theirs, "hastd")
    world = world.change(node, halting=True)
    world = world.later(SHUTDOWN_S + RC_SHUTDOWN_S, node, "boot.watchdog", then)
    return world.later(SHUTDOWN_S, node, "boot.stop", then, *scripts)


def _watchdog(world: World, node: str, args: tuple[str, ...]) -> World:
    """rc.shutdown has taken its time: whatever it is at, it is over (rcshutdown_timeout)."""
    world = world.without(node, "boot.stop").change(node, leaving=False)
    return world.later(HALT_S, node, "boot.halt", *args)


def _stop(world: World, node: str, args: tuple[str, ...]) -> World:
    """The next script of rc.shutdown, or the end of it."""
    then, *scripts = args
    world = world.change(node, leaving=False)
    if not scripts:
        world = world.without(node, "boot.watchdog")
        return world.later(HALT_S, node, "boot.halt", then)
    if scripts[0].startswith("/"):
        world = _called(world, node, scripts[0], "faststop").change(node, leaving=True)
        return world.later(rc.TOOK_S, node, "boot.stop", then, *scripts[1:])
    result = rc.call(world, node, scripts[0], "stop")
    return result.world.later(result.took_s, node, "boot.stop", then, *scripts[1:])


def _called(world: World, node: str, path: str, word: str) -> World:
    """Somebody else's script is run; who it is of does what it says."""
    calls = (*world.machine(node).calls, (world.now, (path, word)))
    return world.change(node, calls=calls)


def _unknown_scripts(world: World, node: str, verb: str) -> list[str]:
    """Executable scripts of packages that the lab does not know and rc would call: those that are
    switched on, and at a shutdown those that say so (KEYWORD: shutdown)."""
    folder = rc.FOLDERS[1]
    found = []
    for name in list_dir(world, node, folder):
        file = read_file(world, node, f"{folder}/{name}")
        known = (
            name in rc.scripts() or file is None or file.is_dir or int(file.mode, 8) & 0o111 == 0
        )
        if known or file is None:
            continue
        rcvar = re.search(r'(?m)^rcvar="?(\w+)', file.text)
        wanted = verb == "start" or re.search(r"(?m)^# KEYWORD:.*\bshutdown\b", file.text)
        on = rcvar and is_yes(variables(world, node, name).get(rcvar[1], "NO"))
        if wanted and on:
            found.append(f"{folder}/{name}")
    return found


def _local_scripts(world: World, node: str) -> list[str]:
    """Scripts of packages that the lab knows and that lie there executable."""
    paths = {name: rc.script_path(world, node, name) for name in sorted(rc.scripts())}
    return [name for name, path in paths.items() if path and path.startswith("/usr/local/")]


def _halt(world: World, node: str, args: tuple[str, ...]) -> World:
    """The kernel unmounts what is left and lets go of the machine."""
    for mount in reversed(world.machine(node).mounts):
        world = mounting.detach(world, node, mount).world
    world = power_off(world, node).change(node, root_clean=True)
    return power_on(world, node) if args == ("again",) else world


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
    for name in ("hastd", *_local_scripts(world, node)):
        world = rc.call(world, node, name, "start").world
    for path in _unknown_scripts(world, node, "start"):
        world = _called(world, node, path, "faststart")
    return world


def hold_stop(world: World, node: str, span_s: float) -> World:
    """The script that rc.shutdown runs is so long at work yet; the watchdog does not wait."""
    timers = (
        replace(t, at=world.now + span_s) if (t.node, t.what) == (node, "boot.stop") else t
        for t in world.timers
    )
    return replace(world, timers=tuple(sorted(timers)))


def hold_up(world: World, node: str, span_s: float) -> World:
    """rc comes so much later to what follows devd, hastd above all.

    devd works off what waited for it before it goes to the background, and rc waits (fact 34).
    """
    timers = (
        replace(t, at=t.at + span_s) if (t.node, t.what) == (node, "boot.ready") else t
        for t in world.timers
    )
    return replace(world, timers=tuple(sorted(timers)))


TIMERS: dict[str, Handler] = {
    "boot.halt": _halt,
    "boot.kernel": _kernel,
    "boot.network": _network,
    "boot.ready": _ready,
    "boot.stop": _stop,
    "boot.watchdog": _watchdog,
}
