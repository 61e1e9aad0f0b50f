"""The article's carp-hast-switch as an actor: command by command, its sleeps, what it ignores.

devd runs it, one action at a time. It is here to be compared with, so it is no better than it was.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from converge.core.host import Answer
from converge.lab import machine
from converge.lab.machine import boot
from converge.lab.world import Result, World
from converge.proving.actors.actor import Step

DELAY_S = 3.0
"""`delay=3`: its guess after becoming MASTER, and its pause before each demotion."""

POLLS = 60
"""It looks so often for the device, every half second; existence is all that it asks."""

PATIENCE = 7
"""`wait_count=7`: seconds that the article's version would wait if its pattern ever matched."""

RULES: Mapping[str, str] = {
    "devd MASTER": "master",
    "devd LINK_UP": "master",
    "devd BACKUP": "slave",
    "devd LINK_DOWN": "slave",
}
"""devd.conf: the word by the event. INIT has no rule (carp(4) matches only the other two)."""


@dataclass(frozen=True, slots=True)
class Devd:
    """What devd remembers: the script that it runs now, and the words that wait for their turn."""

    line: str = ""
    """The line of the script that comes next, '' when none runs."""
    until: float = 0.0
    """When the command before it ends; never for infinity."""
    tries: int = 0
    queue: tuple[str, ...] = ()
    background: bool = False
    """It has worked off what waited at its start; until then rc waits for it."""


class Did(NamedTuple):
    """What a line of the script did, how long it takes, and which line follows ('' for none)."""

    world: World
    took_s: float
    then: str
    said: str
    why: str = ""
    tries: int = 0


@dataclass(frozen=True, slots=True)
class Classic:
    """The script for one resource. A command changes the world when it begins, as in all the lab.

    `waits`: 'until-gone' is the recorded script, which waits for the secondary's worker to end;
    'never' is the article's text, whose unescaped parentheses match no process.
    `service` is a name for service(8), or the path of a script for sh. A program that never ends
    stops devd for good, also when it would answer again later.
    """

    resource: str
    device: str
    mountpoint: str
    service: str
    waits: Literal["never", "until-gone"] = "until-gone"

    def fresh(self, node: str) -> Devd:
        """devd has just started."""
        return Devd()

    def wake(self, state: Devd, node: str, trigger: str, now: float) -> Devd:
        """An event with a rule waits for its turn; all else is nothing to devd."""
        word = RULES.get(trigger)
        if word is None:
            return state
        if state.line:
            return replace(state, queue=(*state.queue, word))
        return replace(state, line=word, until=now, tries=0)

    def due(self, state: Devd, node: str) -> float | None:
        """When the command that runs ends; None when none runs or it never ends."""
        return state.until if state.line and math.isfinite(state.until) else None

    def step(self, world: World, state: Devd, node: str) -> Step:
        """The next line of the script. At boot rc waits for as long as it takes."""
        did = LINES[state.line](self, world, node, state.tries)
        after = did.world
        booting = world.machine(node).booting
        if booting and not state.background:
            after = boot.hold_up(after, node, did.took_s)
        line, queue = did.then, state.queue
        if not line and queue:
            line, queue = queue[0], queue[1:]
        background = state.background or not booting or not line
        new = Devd(line, world.now + did.took_s, did.tries, queue, background)
        return Step(after, new, f"{node}: carp-hast-switch: {did.said}", did.why)

    def killed(self, state: Devd, node: str) -> Devd:
        """What waited is forgotten with devd."""
        return self.fresh(node)


def _run(world: World, node: str, *argv: str, stdin: str = "") -> Result:
    return machine.run(world, node, argv, stdin)


def _works(answer: Answer) -> bool:
    return answer.code == 0 and not answer.lost


def _ignored(result: Result, then: str, *argv: str, pause_s: float = 0.0) -> Did:
    """A command whose result the script does not look at."""
    answer = result.answer
    why = "" if _works(answer) else f"ignored: {_trouble(answer)}"
    return Did(result.world, result.took_s + pause_s, then, " ".join(argv), why)


def _checked(result: Result, then: str, *argv: str) -> Did:
    """A command whose failure ends the script; nobody tries again."""
    if _works(result.answer):
        return Did(result.world, result.took_s, then, " ".join(argv))
    said = f"{' '.join(argv)}; exit 1"
    return Did(result.world, result.took_s, "", said, _trouble(result.answer))


def _trouble(answer: Answer) -> str:
    return answer.lost or answer.stderr.strip() or answer.stdout.strip() or f"exit {answer.code}"


def _master(self: Classic, world: World, node: str, tries: int) -> Did:
    return Did(world, DELAY_S, "wait", "master: sleep 3")


def _wait(self: Classic, world: World, node: str, tries: int) -> Did:
    """Every second, while a worker of the secondary is there. CARP is not asked again."""
    never = self.waits == "never"
    title = f"hastd: {self.resource} (secondary)"
    argv = ("pgrep", "-lf", title if never else re.sub(r"([()])", r"\\\1", title))
    result = _run(world, node, *argv)
    if _works(result.answer) and (tries < PATIENCE or not never):
        took_s = result.took_s + 1.0
        return Did(result.world, took_s, "wait", f"{' '.join(argv)}; sleep 1", tries=tries + 1)
    return Did(result.world, result.took_s, "promote", f"{' '.join(argv)}: no worker")


def _promote(self: Classic, world: World, node: str, tries: int) -> Did:
    argv = ("hastctl", "role", "primary", self.resource)
    return _checked(_run(world, node, *argv), "device", *argv)


def _device(self: Classic, world: World, node: str, tries: int) -> Did:
    """`[` is built into sh and takes no time."""
    argv = ("[", "-c", self.device, "]")
    result = _run(world, node, *argv)
    if _works(result.answer):
        return Did(result.world, 0.0, "mkdir", " ".join(argv))
    if tries + 1 < POLLS:
        return Did(result.world, 0.5, "device", f"{' '.join(argv)} || sleep 0.5", tries=tries + 1)
    return Did(result.world, 0.5, "", "exit 1", f"GEOM provider {self.device} did not appear")


def _mkdir(self: Classic, world: World, node: str, tries: int) -> Did:
    argv = ("mkdir", "-p", self.mountpoint)
    return _ignored(_run(world, node, *argv), "fsck", *argv)


def _fsck(self: Classic, world: World, node: str, tries: int) -> Did:
    argv = ("fsck", "-p", "-y", "-t", "ufs", self.device)
    return _ignored(_run(world, node, *argv), "mount", *argv)


def _mount(self: Classic, world: World, node: str, tries: int) -> Did:
    argv = ("mount", self.device, self.mountpoint)
    return _ignored(_run(world, node, *argv), "start", *argv)


def _service(self: Classic, verb: str) -> tuple[str, ...]:
    first = ("sh", self.service) if "/" in self.service else ("service", self.service)
    return (*first, verb)


def _start(self: Classic, world: World, node: str, tries: int) -> Did:
    argv = _service(self, "onestart")
    return _ignored(_run(world, node, *argv), "", *argv)


def _slave(self: Classic, world: World, node: str, tries: int) -> Did:
    """Only where it is mounted is anything stopped; a database elsewhere runs on."""
    shown = _run(world, node, "mount")
    pattern = f"^{self.device} on "
    found = _run(shown.world, node, "grep", "-q", pattern, stdin=shown.answer.stdout)
    took_s = max(shown.took_s, found.took_s)
    if _works(shown.answer) and _works(found.answer):
        return Did(found.world, took_s, "stop", f"slave: mount | grep -q '{pattern}'")
    return Did(found.world, took_s + DELAY_S, "demote", "slave: not mounted; sleep 3")


def _stop(self: Classic, world: World, node: str, tries: int) -> Did:
    argv = _service(self, "onestop")
    return _ignored(_run(world, node, *argv), "unmount", *argv, pause_s=0.5)


def _unmount(self: Classic, world: World, node: str, tries: int) -> Did:
    argv = ("umount", "-f", self.mountpoint)
    return _ignored(_run(world, node, *argv), "demote", *argv, pause_s=DELAY_S)


def _demote(self: Classic, world: World, node: str, tries: int) -> Did:
    argv = ("hastctl", "role", "secondary", self.resource)
    return _checked(_run(world, node, *argv), "", *argv)


LINES: Mapping[str, Callable[[Classic, World, str, int], Did]] = {
    "master": _master,
    "wait": _wait,
    "promote": _promote,
    "device": _device,
    "mkdir": _mkdir,
    "fsck": _fsck,
    "mount": _mount,
    "start": _start,
    "slave": _slave,
    "stop": _stop,
    "unmount": _unmount,
    "demote": _demote,
}
"""The lines of the script by name, in its order."""
