"""rc scripts of devd(8) and cron(8)."""

from __future__ import annotations

from converge.core.host import Answer
from converge.lab.machine import devd, processes
from converge.lab.machine.rc import RcScript
from converge.lab.ufs import remove, write_file
from converge.lab.world import File, Result, World, done

CRON = "/usr/sbin/cron -s"
CRON_PIDFILE = "/var/run/cron.pid"
TAKES_S = 0.4


def _pid(world: World, node: str) -> int | None:
    process = devd.running(world.machine(node))
    return process.pid if process else None


def _start(world: World, node: str) -> Result:
    try:
        world = devd.start(world, node)
    except devd.BadRules as wrong:
        why = f"devd: {devd.CONF}:{wrong}\n/etc/rc.d/devd: WARNING: failed to start devd\n"
        return Result(world, Answer(1, "Starting devd.\n", why), TAKES_S)
    return done(world, "Starting devd.\n", TAKES_S)


def _stop(world: World, node: str, pid: int) -> Result:
    said = f"Stopping devd.\nWaiting for PIDS: {pid}.\n"
    return done(devd.stop(world, node), said, TAKES_S)


def _cron_pid(world: World, node: str) -> int | None:
    found = world.machine(node).processes.values()
    return next((p.pid for p in found if p.command == CRON), None)


def _cron_start(world: World, node: str) -> Result:
    world, pid = processes.spawn(world, node, CRON)
    world = write_file(world, node, CRON_PIDFILE, File(f"{pid}", mode="600")).world
    return done(world, "Starting cron.\n", TAKES_S)


def _cron_stop(world: World, node: str, pid: int) -> Result:
    world = remove(processes.ended(world, node, pid), node, CRON_PIDFILE).world
    return done(world, f"Stopping cron.\nWaiting for PIDS: {pid}.\n", TAKES_S)


RC: dict[str, RcScript] = {
    "devd": RcScript("devd", "devd_enable", _pid, _start, _stop),
    "cron": RcScript("cron", "cron_enable", _cron_pid, _cron_start, _cron_stop),
}
