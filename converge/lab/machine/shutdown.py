"""A clean shutdown of a machine, in rc's order, with its watchdog."""

from __future__ import annotations

from converge.lab.machine import boot, rc
from converge.lab.machine.syslog import log
from converge.lab.net.groups import MESSAGES
from converge.lab.ufs import mounting
from converge.lab.world import Handler, World

HALT_S = 5.5
"""What a clean shutdown takes beside its rc scripts (console-reboot-master.txt)."""

SHUTDOWN_S = 0.5
"""From the command until rc.shutdown begins."""

RC_SHUTDOWN_S = 90.0
"""The watchdog of rc.shutdown (rcshutdown_timeout)."""


def shut_down(world: World, node: str, then: str) -> World:
    """rc.shutdown stops mysql, then hastd under whatever is mounted; CARP goes on (fact 35).

    `then` is 'again' for a reboot, 'off' for good.
    """
    machine = world.machine(node)
    if not machine.powered or machine.booting or machine.halting:
        return world
    world = log(world, node, MESSAGES, "shutdown[1106]: reboot by root: ")
    theirs = rc.unknown_scripts(world, node, "stop")
    scripts = (*sorted(rc.local_scripts(world, node), reverse=True), *theirs, "hastd")
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
        world = rc.called(world, node, scripts[0], "faststop").change(node, leaving=True)
        return world.later(rc.TOOK_S, node, "boot.stop", then, *scripts[1:])
    result = rc.call(world, node, scripts[0], "stop")
    return result.world.later(result.took_s, node, "boot.stop", then, *scripts[1:])


def _halt(world: World, node: str, args: tuple[str, ...]) -> World:
    """The kernel unmounts what is left and lets go of the machine."""
    for mount in reversed(world.machine(node).mounts):
        world = mounting.detach(world, node, mount).world
    world = boot.power_off(world, node).change(node, root_clean=True)
    return boot.power_on(world, node) if args == ("again",) else world


def hold_stop(world: World, node: str, span_s: float) -> World:
    """The script that rc.shutdown runs is so long at work yet; the watchdog does not wait."""
    return boot.moved(world, node, "boot.stop", lambda _: world.now + span_s)


TIMERS: dict[str, Handler] = {
    "boot.halt": _halt,
    "boot.stop": _stop,
    "boot.watchdog": _watchdog,
}
