"""hastctl(8): create, role, list, status, dump, with its texts and exit codes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import inf

from converge.core.host import Answer
from converge.lab import machine
from converge.lab.hast import daemon, workers
from converge.lab.hast.conf import HastConf
from converge.lab.hast.disk import create, dump, number
from converge.lab.hast.pair import Place
from converge.lab.hast.text import HEADING, record, row
from converge.lab.shell.getopt import getopt
from converge.lab.world import HastResource, Program, Result, World

USAGE = """usage: hastctl create [-d] [-c config] [-e extentsize] [-k keepdirty]
		[-m mediasize] name ...
       hastctl role [-d] [-c config] <init | primary | secondary> all | name ...
       hastctl list [-d] [-c config] [all | name ...]
       hastctl status [-d] [-c config] [all | name ...]
       hastctl dump [-d] [-c config] [all | name ...]
"""
OPTIONS = {
    "create": "c:de:k:m:h",
    "role": "c:dh",
    "list": "c:dh",
    "status": "c:dh",
    "dump": "c:dh",
}
ROLES = ("init", "primary", "secondary")
TOOK_S = 0.05


@dataclass(frozen=True, slots=True)
class Call:
    """A command line that makes sense so far, and the configuration it works with."""

    node: str
    options: dict[str, str]
    names: tuple[str, ...]
    conf: HastConf


def hastctl(world: World, node: str, argv: tuple[str, ...], stdin: str) -> Result:
    """Options stand after the verb; before it they are a usage error (fact 9).

    It waits for hastd without a limit.
    """
    verb = argv[1] if len(argv) > 1 else ""
    if verb not in OPTIONS:
        return _said(world, 64, stderr=USAGE)
    words = getopt(argv[1:], OPTIONS[verb])
    if words.bad or words.has("h") or (verb in ("create", "role") and not words.rest):
        return _said(world, 64, stderr=USAGE)
    loaded = daemon.load(world, node, words.given.get("c", daemon.CONFIG))
    if loaded.conf is None:
        return _said(world, loaded.code, loaded.echoed, f"[ERROR] {loaded.error}\n")
    if verb in ("role", "list", "status") and "hastd" in world.machine(node).hangs:
        return Result(world, Answer(lost="hastd gives no answer"), inf)
    call = Call(node, dict(words.given), words.rest, loaded.conf)
    result = _VERBS[verb](world, call)
    answer = result.answer
    return replace(result, answer=replace(answer, stdout=loaded.echoed + answer.stdout))


def _said(world: World, code: int, stdout: str = "", stderr: str = "") -> Result:
    return Result(world, Answer(code, stdout, stderr), TOOK_S)


def _create(world: World, call: Call) -> Result:
    known = {r.name: r for r in call.conf.resources}
    code, errors = 0, ""
    for name in call.names:
        if name not in known:
            why, failed = f"Unknown resource {name}.", 65
        else:
            size, extent, keep = (number(call.options.get(letter, "")) for letter in "mek")
            world, why, failed = create(world, call.node, known[name], size, extent, keep)
            why = why and f"[{name}] {why}"
        code, errors = code or failed, errors + (f"[ERROR] {why}\n" if why else "")
    return _said(world, code, stderr=errors)


def _dump(world: World, call: Call) -> Result:
    """Reads the local disk; hastd may be down."""
    known = {r.name: r for r in call.conf.resources}
    names = tuple(known) if call.names in ((), ("all",)) else call.names
    code, out, errors = 0, "", ""
    for name in names:
        if name not in known:
            failed, why = 65, f"Unknown resource {name}."
        else:
            text, why = dump(world, call.node, known[name])
            out, failed = out + text, 255 if why else 0
        code, errors = code or failed, errors + (f"[ERROR] {why}\n" if why else "")
    return _said(world, code, out, errors)


def _unheard(world: World, call: Call) -> str:
    """Why hastd cannot be reached through the control socket, '' if it can."""
    path = daemon.path_of(call.conf.control)
    here = world.machine(call.node)
    if here.hastd is not None and here.hastd.control == path:
        return ""
    why = "Connection refused" if path in here.files else "No such file or directory"
    return f"[ERROR] Unable to connect to hastd via {call.conf.control}: {why}.\n"


def _waiting_s(world: World, node: str) -> float:
    """How long the main process is busy with something else."""
    hastd = world.machine(node).hastd
    return 0.0 if hastd is None else max(0.0, hastd.busy_until - world.now)


def _asked(world: World, node: str, names: tuple[str, ...]) -> dict[str, HastResource | None]:
    hastd = world.machine(node).hastd
    known = {} if hastd is None else dict(hastd.resources)
    if names[:1] in ((), ("all",)):
        return {name: known[name] for name in known}
    return {name: known.get(name) for name in names}


def _role(world: World, call: Call) -> Result:
    role, names = call.names[0], call.names[1:]
    if role not in ROLES or not names:
        return _said(world, 64, stderr=USAGE)
    if why := _unheard(world, call):
        return _said(world, 71, stderr=why)
    waits_s = _waiting_s(world, call.node)
    world = daemon.woken(world, call.node)
    code, errors = 0, ""
    for name, resource in _asked(world, call.node, names).items():
        if resource is None:
            code, errors = 1, errors + f"[WARNING] [{name}] Received error 1 from hastd.\n"
            continue
        world, more_s = workers.set_role(world, Place(call.node, name), role)
        waits_s += more_s
    world = workers.busy(world, call.node, world.now + waits_s)
    return replace(_said(world, code, stderr=errors), took_s=TOOK_S + waits_s)


def _list(world: World, call: Call) -> Result:
    return _shown(world, call, {"head": "", "unknown": "{}:\n  error: 1\n"}, record)


def _status(world: World, call: Call) -> Result:
    return _shown(world, call, {"head": HEADING, "unknown": "{}\tERR1\n"}, row)


def _shown(
    world: World, call: Call, texts: dict[str, str], show: Callable[[World, HastResource], str]
) -> Result:
    """hastd says what it and its workers think. While it is busy everybody waits for it."""
    if why := _unheard(world, call):
        return _said(world, 71, stderr=why)
    waits_s = _waiting_s(world, call.node)
    world = daemon.woken(world, call.node)
    then = machine.advance(world, world.now + waits_s)
    found = _asked(then, call.node, call.names)
    text = "".join(
        texts["unknown"].format(name) if resource is None else show(then, resource)
        for name, resource in found.items()
    )
    code = 1 if None in found.values() else 0
    result = _said(world, code, texts["head"] + text if found else "")
    return replace(result, took_s=TOOK_S + waits_s)


_VERBS: dict[str, Callable[[World, Call], Result]] = {
    "create": _create,
    "role": _role,
    "list": _list,
    "status": _status,
    "dump": _dump,
}

PROGRAMS: dict[str, Program] = {"hastctl": hastctl}
