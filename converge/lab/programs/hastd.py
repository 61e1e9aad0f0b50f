"""hastd(8) and its rc script: required file and module, roles to init before a stop."""

from __future__ import annotations

from math import inf

from converge.core.host import Answer
from converge.lab.hast import daemon
from converge.lab.machine.rc import RcScript
from converge.lab.programs.hastctl import hastctl
from converge.lab.shell.getopt import getopt
from converge.lab.world import Program, Result, World, done, failed

SCRIPT = "/etc/rc.d/hastd"
PIDFILE = "/var/run/hastd.pid"
STARTS_S = 0.35
STOPS_S = 5.3
"""hastd looks at its signals only every 5 s (svc-hastd-stop-secondary)."""


def hastd(world: World, node: str, argv: tuple[str, ...], stdin: str) -> Result:
    """`hastd [-dFh] [-c config] [-P pidfile]`; in the foreground it does not return."""
    words = getopt(argv, "c:dFhP:")
    if words.bad or words.has("h"):
        return failed(world, 64, "usage: hastd [-dFh] [-c config] [-P pidfile]\n")
    result = daemon.start(world, node, words.given.get("c", daemon.CONFIG))
    if words.has("F") and result.answer.code == 0:
        return Result(result.world, Answer(lost="hastd runs in the foreground"), inf)
    return result


def _pid(world: World, node: str) -> int | None:
    """What the pid file says, if that process is a hastd."""
    machine = world.machine(node)
    file = machine.files.get(PIDFILE)
    text = "" if file is None else file.text.strip()
    process = machine.processes.get(int(text)) if text.isdigit() else None
    return process.pid if process and process.command == "/sbin/hastd" else None


def _start(world: World, node: str) -> Result:
    if daemon.CONFIG not in world.machine(node).files:
        why = f"{SCRIPT}: WARNING: {daemon.CONFIG} is not readable.\n"
        why += f"{SCRIPT}: WARNING: failed precmd routine for hastd\n"
        return Result(world, Answer(1, "", why), STARTS_S)
    result = daemon.start(world, node)
    answer = result.answer
    said = f"Starting hastd.\n{answer.stdout}"
    if not answer.code:
        return done(result.world, said, STARTS_S)
    why = f"{answer.stderr}{SCRIPT}: WARNING: failed to start hastd\n"
    return Result(result.world, Answer(1, said, why), STARTS_S)


def _stop(world: World, node: str, pid: int) -> Result:
    """First `hastctl role init all`; if it fails nothing is stopped (svc-hastd-stop-bad-conf)."""
    first = hastctl(world, node, ("hastctl", "role", "init", "all"), "")
    if first.answer.code:
        return Result(first.world, Answer(1, first.answer.stdout, first.answer.stderr), STARTS_S)
    said = f"{first.answer.stdout}Stopping hastd.\nWaiting for PIDS: {pid}.\n"
    waits_s = first.took_s + STOPS_S
    return done(daemon.terminate(first.world, node), said, waits_s)


def _reload(world: World, node: str) -> Result:
    """SIGHUP, and 0 whatever the file is like; hastd looks at it seconds later."""
    if _pid(world, node) is None:
        return failed(world, 1, f"hastd not running? (check {PIDFILE}).\n")
    return done(daemon.hang_up(world, node), "", 0.2)


PROGRAMS: dict[str, Program] = {"hastd": hastd}

RC: dict[str, RcScript] = {
    "hastd": RcScript(
        "hastd",
        "hastd_enable",
        _pid,
        _start,
        _stop,
        {"reload": _reload},
        "Highly Available Storage daemon",
    )
}
