"""rc.subr(8) in short: what every rc script does with its first word.

What a script itself does (mysql, hastd) is in programs/, registered there as `RC`; rc.conf is
read in rcconf.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache

from converge.core.host import Answer
from converge.lab import programs
from converge.lab.machine import run
from converge.lab.machine.rcconf import is_yes, variables
from converge.lab.ufs import list_dir, read_file
from converge.lab.world import Result, World, done, failed

Verb = Callable[[World, str], Result]

FOLDERS = ("/etc/rc.d", "/usr/local/etc/rc.d")
"""Where scripts are looked for, in this order."""

WORDS = (
    *("start", "stop", "restart", "rcvar", "enable", "disable", "delete", "enabled"),
    *("describe", "extracommands"),
)
PREFIXES = ("fast", "force", "one", "quiet")
TOOK_S = 0.25
"""A script that only looks (svc-*: 0.25 to 0.4 s, ssh included)."""


@dataclass(frozen=True, slots=True)
class RcScript:
    """A script in /etc/rc.d or /usr/local/etc/rc.d, as far as rc.subr asks it.

    `pid` answers what check_pidfile would: the pid of the running daemon or None.
    `start` and `stop` say everything themselves, "Starting NAME." included; rc.subr's own
    questions (enabled, already running, not running) are asked before them.
    `extra` holds further verbs by name (reload). `described` is the script's `desc`.
    The key in `RC` is the file's name, which may differ from `name` (mysql-server, mysql).
    """

    name: str
    rcvar: str
    pid: Callable[[World, str], int | None]
    start: Verb
    stop: Callable[[World, str, int], Result]
    extra: Mapping[str, Verb] = field(default_factory=dict)
    described: str = ""
    pidfile: Callable[[World, str], str] | None = None
    """Its pid file, for the complaint of `stop`; None for /var/run/NAME.pid."""


@cache
def scripts() -> dict[str, RcScript]:
    """Every script that the lab simulates, by the file's name."""
    found: dict[str, RcScript] = {}
    for module in pkgutil.iter_modules(programs.__path__, programs.__name__ + "."):
        found.update(getattr(importlib.import_module(module.name), "RC", {}))
    return found


def script_path(world: World, node: str, name: str) -> str | None:
    """The executable script of that name, or None; mode 000 is none (mysql-mode000-start)."""
    for folder in FOLDERS:
        file = read_file(world, node, f"{folder}/{name}")
        if file is not None and not file.is_dir and int(file.mode, 8) & 0o111:
            return f"{folder}/{name}"
    return None


def call(world: World, node: str, name: str, verb: str) -> Result:
    """Run the script of that file name as rc, `service` and rc.shutdown do."""
    path = script_path(world, node, name)
    script = scripts().get(name)
    if path is None or script is None:
        return failed(world, 1)
    return command(world, node, script, path, verb)


def command(world: World, node: str, script: RcScript, path: str, word: str) -> Result:
    """run_rc_command: the same questions for every script, then its own verb."""
    prefix = next((p for p in PREFIXES if word.startswith(p)), "")
    verb = word[len(prefix) :]
    known = (*WORDS, *sorted(script.extra), "status", "poll")
    if verb not in known:
        return _unknown(world, path, word, known)
    value = variables(world, node, script.name).get(script.rcvar, "NO")
    pid = script.pid(world, node)
    if verb in ("rcvar", "enabled", "describe", "extracommands", "enable", "disable", "delete"):
        return _about(world, node, script, verb, value)
    if not is_yes(value) and prefix not in ("one", "force") and not (verb == "stop" and pid):
        line = f"Cannot '{verb}' {script.name}. Set {script.rcvar} to YES in /etc/rc.conf "
        return done(world, line + f"or use 'one{verb}' instead of '{verb}'.\n", TOOK_S)
    return _verb(world, node, script, verb, pid)


def _verb(world: World, node: str, script: RcScript, verb: str, pid: int | None) -> Result:
    name = script.name
    if verb in script.extra:
        return script.extra[verb](world, node)
    if verb == "status" and pid:
        return done(world, f"{name} is running as pid {pid}.\n", TOOK_S)
    if verb == "status":
        return _slow(failed(world, 1, stdout=f"{name} is not running.\n"))
    if verb == "poll":
        return done(world, took_s=TOOK_S)
    if verb == "start":
        if pid:
            return _slow(failed(world, 1, f"{name} already running?  (pid={pid}).\n"))
        return script.start(world, node)
    if verb == "stop":
        return _stopped(world, node, script, pid)
    first = _stopped(world, node, script, pid)
    if script.pid(first.world, node):
        again = f"{name} already running?  (pid={script.pid(first.world, node)}).\n"
        return _joined(first, failed(first.world, 1, again))
    return _joined(first, script.start(first.world, node))


def _stopped(world: World, node: str, script: RcScript, pid: int | None) -> Result:
    if pid:
        return script.stop(world, node, pid)
    path = script.pidfile(world, node) if script.pidfile else f"/var/run/{script.name}.pid"
    return _slow(failed(world, 1, f"{script.name} not running? (check {path}).\n"))


def _joined(first: Result, second: Result) -> Result:
    """Two commands of one script, one after the other; the second's code counts."""
    a, b = first.answer, second.answer
    answer = Answer(b.code, a.stdout + b.stdout, a.stderr + b.stderr, a.lost or b.lost)
    return Result(second.world, answer, first.took_s + second.took_s)


def _slow(result: Result) -> Result:
    return replace(result, took_s=TOOK_S)


def _unknown(world: World, path: str, word: str, known: tuple[str, ...]) -> Result:
    usage = f"Usage: {path} [{'|'.join(PREFIXES)}]({'|'.join(known)})\n"
    return _slow(failed(world, 1, f"{path}: unknown directive '{word}'.\n{usage}"))


def _about(world: World, node: str, script: RcScript, verb: str, value: str) -> Result:
    """Verbs that only speak of the script's switch; enable and disable go through sysrc."""
    if verb == "enabled":
        return Result(world, Answer(0 if is_yes(value) else 1), TOOK_S)
    if verb == "describe":
        return done(world, f"{script.described}\n" if script.described else "", TOOK_S)
    if verb == "extracommands":
        return done(world, " ".join(sorted(script.extra)) + "\n", TOOK_S)
    if verb == "rcvar":
        title = f"{script.name} : {script.described}" if script.described else script.name
        text = f'# {title}\n#\n{script.rcvar}="{value}"\n#   (default: "")\n\n'
        return done(world, text, TOOK_S)
    return _switched(world, node, script, verb)


def _switched(world: World, node: str, script: RcScript, verb: str) -> Result:
    value = f"{script.rcvar}={'YES' if verb == 'enable' else 'NO'}"
    edit = ["-x", script.rcvar] if verb == "delete" else [value]
    result = run(world, node, ("sysrc", *edit))
    told = f"{script.name} {verb}d in /etc/rc.conf\n" if verb != "delete" else ""
    return replace(result, answer=replace(result.answer, stdout=told))


def called(world: World, node: str, path: str, word: str) -> World:
    """Somebody else's script is run; who it is of does what it says."""
    calls = (*world.machine(node).calls, (world.now, (path, word)))
    return world.change(node, calls=calls)


def unknown_scripts(world: World, node: str, verb: str) -> list[str]:
    """Executable scripts of packages that the lab does not know and rc would call: those that are
    switched on, and at a shutdown those that say so (KEYWORD: shutdown)."""
    folder = FOLDERS[1]
    found = []
    for name in list_dir(world, node, folder):
        file = read_file(world, node, f"{folder}/{name}")
        known = name in scripts() or file is None or file.is_dir or int(file.mode, 8) & 0o111 == 0
        if known or file is None:
            continue
        rcvar = re.search(r'(?m)^rcvar="?(\w+)', file.text)
        wanted = verb == "start" or re.search(r"(?m)^# KEYWORD:.*\bshutdown\b", file.text)
        on = rcvar and is_yes(variables(world, node, name).get(rcvar[1], "NO"))
        if wanted and on:
            found.append(f"{folder}/{name}")
    return found


def local_scripts(world: World, node: str) -> list[str]:
    """Scripts of packages that the lab knows and that lie there executable."""
    paths = {name: script_path(world, node, name) for name in sorted(scripts())}
    return [name for name, path in paths.items() if path and path.startswith("/usr/local/")]
