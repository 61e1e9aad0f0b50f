"""Triggers as they are installed on the machines: whom a call of devd, hastd, cron or rc reaches.

What is not installed calls nobody, and what is installed wrongly calls nobody either.
"""

from __future__ import annotations

import re

from converge.core.graph import Graph
from converge.lab.machine import crontab, rc, shutdown, syslog
from converge.lab.triggers import Call, calls
from converge.lab.ufs import read_file
from converge.lab.world import World

WAKES = re.compile(r"wake (devd|hast|cron|boot)\b|\bwake\" (hast)\b|apply --trigger (shutdown)")
"""How a script of ours says what it does."""

MINUTE_S = 60.0
CRON_FIRST_S = 13.0
CRON_APART_S = 20.0


def declared(graph: Graph) -> bool:
    """Whether the pair is to be run by triggers that converge has installed."""
    return any(id.kind == "trigger" for id in graph.order)


def woken(before: World, after: World) -> tuple[tuple[float, str, str], ...]:
    """The triggers that came to a run of converge, by time: world time, node, words."""
    found = ((call, reached(after, call)) for call in calls(before, after))
    return tuple((call.at, call.node, call.words) for call, trigger in found if trigger)


def reached(world: World, call: Call) -> str:
    """The trigger with which that call wakes converge, '' for none: the program must be there and
    executable, and do so at this event."""
    path, *words = call.argv or ("",)
    file = read_file(world, call.node, path) if path else None
    if file is None or file.is_dir or int(file.mode, 8) & 0o111 == 0:
        return ""
    if path.startswith(rc.FOLDERS):
        said = [a or b or c for a, b, c in WAKES.findall(file.text)]
        return call.words if call.words in said else ""
    if path.endswith("/wake"):
        return words[0] if words and re.search(rf"(?m)[|(]?{words[0]}[|)]", file.text) else ""
    events = re.search(r"(?m)^([a-z|-]+)\)$", file.text)
    heard = events is not None and words[:1] and words[0] in events[1].split("|")
    waker = read_file(world, call.node, f"{path.rpartition('/')[0]}/wake")
    return "hast" if heard and waker is not None else ""


def cron(world: World, node: str) -> bool:
    """Whether cron of that machine wakes converge at this minute."""
    minute = syslog.wall(world, node)
    found = (Call(world.now, node, "cron", argv) for argv in crontab.due(world, node, minute))
    return any(reached(world, call) == "cron" for call in found)


def held_up(world: World, node: str, due: float | None) -> World:
    """rc.shutdown waits for the script that waits for an actor, until that one sleeps again."""
    if not world.machine(node).leaving:
        return world
    return shutdown.hold_stop(world, node, 0.0 if due is None else max(0.0, due - world.now) + 0.1)


def first_cron(world: World, n: int, *, as_installed: bool) -> float:
    """World time at which cron of the n-th node comes first: at a full minute of its clock, or,
    where it is not asked what is installed, at one that the other node's does not have."""
    if not as_installed:
        return world.now + CRON_FIRST_S + n * CRON_APART_S
    wall = syslog.wall(world, sorted(world.machines)[n])
    return world.now + MINUTE_S - wall.second - wall.microsecond / 1e6
