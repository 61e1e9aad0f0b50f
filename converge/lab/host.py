"""The lab behind the ports of core: a clock that jumps, readers and hosts of its machines."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from converge.core.host import (
    CANNOT_CREATE,
    IO_ERROR,
    Answer,
    Command,
    Edit,
    Effect,
    Query,
    Read,
    Run,
    Ticket,
    Wait,
    Write,
    absent,
    changed_meanwhile,
    edited,
    unreadable,
    unwritable,
)
from converge.core.secret import masked, reveal
from converge.lab import machine
from converge.lab.machine import syslog
from converge.lab.net.links import talks
from converge.lab.ufs import Written, read_file, write_file
from converge.lab.world import File, World

WRITE_S = 0.02
CONNECT_S = 1.0
"""How long a login from the other node tries a machine that is silent."""

PATH_S = 1.0
"""The same by one certain path, beside which there may be others."""


class Lab:
    """The one changing thing: which world it is now. Shared by the clock and all hosts."""

    def __init__(self, world: World) -> None:
        self.world = world

    def pass_until(self, now: float) -> None:
        """Let time pass until that world time, seconds; never back."""
        if now > self.world.now:
            self.world = machine.advance(self.world, now)

    def wait(self, ends: Mapping[Ticket, float], until_s: float) -> list[Ticket]:
        """Let time pass until one of them ends, at most until `until_s`; those that ended."""
        until_s = min([*ends.values(), until_s])
        if ends and math.isfinite(until_s):
            self.pass_until(until_s)
        return [ticket for ticket in sorted(ends) if ends[ticket] <= self.world.now]


class LabClock:
    """Time of the lab. `sleep` jumps over what nobody waits for."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab

    def wall(self) -> datetime:
        return syslog.clock(self._lab.world.now)

    def elapsed(self) -> float:
        return self._lab.world.now

    def sleep(self, span_s: float) -> None:
        self._lab.pass_until(self._lab.world.now + max(0.0, span_s))


class LabReader:
    """Looks at one machine: from itself, or, with `via`, from another node over the network.

    By any of its addresses, or by `address` alone.
    """

    def __init__(self, lab: Lab, node: str, via: str = "", address: str = "") -> None:
        self._lab = lab
        self._node = node
        self._via = via
        self._address = address

    def ask(self, queries: Sequence[Query]) -> list[Answer]:
        """Side by side: time passes as the longest of them takes it, at most its deadline."""
        start = self._lab.world.now
        answers, took_s = self.asked(queries)
        self._lab.pass_until(start + took_s)
        return answers

    def asked(self, queries: Sequence[Query]) -> tuple[list[Answer], float]:
        """What is answered, and after how long; that time does not pass yet."""
        silent = self.silence()
        if silent:
            return [Answer(lost=silent) for _ in queries], self._patience_s
        answered = [self._answer(query) for query in queries]
        return [answer for answer, _ in answered], max((s for _, s in answered), default=0.0)

    @property
    def _patience_s(self) -> float:
        return PATH_S if self._address else CONNECT_S if self._via else 0.0

    def silence(self) -> str:
        """Why nothing can be asked now; '' when it can."""
        world = self._lab.world
        target = world.machine(self._node)
        silence = "Operation timed out" if self._address else f"{self._node} does not answer"
        near = not self._via or self._via == self._node
        stopped = target.halting and not (near and target.leaving)
        if not target.powered or target.booting or stopped:
            return silence
        if near:
            return ""
        addresses = [a.address for i in target.interfaces.values() for a in i.addresses]
        plain = [a for a in addresses if not a.startswith("127.")]
        plain = [a for a in plain if not self._address or a == self._address]
        if any(talks(world, self._via, a) for a in plain if not _own(world, self._via, a)):
            return ""
        return silence

    def _answer(self, query: Query) -> tuple[Answer, float]:
        if isinstance(query, Read):
            return _content(self._lab.world, self._node, query.path), WRITE_S
        result = machine.run(self._lab.world, self._node, query.argv)
        self._lab.world = result.world
        if result.took_s > query.deadline_s:
            return Answer(lost=_late(query)), query.deadline_s
        return result.answer, result.took_s


def _own(world: World, node: str, address: str) -> bool:
    """The node has this address itself, so a login there would be one to itself."""
    interfaces = world.machine(node).interfaces.values()
    return any(a.address == address for i in interfaces for a in i.addresses)


def _late(asked: Run | Command) -> str:
    return f"no answer within {asked.deadline_s:g} s"


def _content(world: World, node: str, path: str) -> Answer:
    file = read_file(world, node, path)
    if file is None:
        return absent()
    if file.is_dir:
        return unreadable(path, "it is a directory")
    return Answer(0, file.text)


@dataclass(frozen=True, slots=True)
class _Begun:
    """An effect under way: when it ends and with what, and which boot of its machine it needs."""

    ends: float
    answer: Answer
    booted: float | None


class LabHost(LabReader):
    """Looks at one machine and acts on it. What a program changes is changed when it begins."""

    def __init__(self, lab: Lab, node: str, via: str = "") -> None:
        super().__init__(lab, node, via)
        self._begun: dict[Ticket, _Begun] = {}
        self._count = 0

    def begin(self, effect: Effect) -> Ticket:
        """Start an effect and return at once."""
        self._count += 1
        ticket = Ticket(self._count)
        start = self._lab.world.now  # sh lets time pass itself
        answer, took_s = self.done(effect)
        world = self._lab.world
        booted = None if isinstance(effect, Wait) else world.machine(self._node).booted
        self._begun[ticket] = _Begun(start + took_s, answer, booted)
        return ticket

    def done(self, effect: Effect) -> tuple[Answer, float]:
        """Do it to the world now; what it answers, and after how many seconds."""
        silent = "" if isinstance(effect, Wait) else self.silence()
        return (Answer(lost=silent), self._patience_s) if silent else self._act(effect)

    def wait(self, tickets: Collection[Ticket], until_s: float) -> dict[Ticket, Answer]:
        """Let time pass until one of them ends, at most until `until_s`; those that ended."""
        ends = {t: self._begun[t].ends for t in tickets if t in self._begun}
        ended = self._lab.wait(ends, until_s)
        return {ticket: self._collected(self._begun.pop(ticket)) for ticket in ended}

    def _collected(self, begun: _Begun) -> Answer:
        """The answer of a program whose machine went down before its end never arrives."""
        target = self._lab.world.machine(self._node)
        gone = not target.powered or target.booting or target.booted != begun.booted
        if begun.booted is not None and gone and not begun.answer.lost:
            return Answer(lost=f"{self._node} went down before the answer")
        return begun.answer

    def _act(self, effect: Effect) -> tuple[Answer, float]:
        match effect:
            case Command():
                return self._command(effect)
            case Write():
                return self._write(effect)
            case Edit():
                return self._edit(effect)
            case Wait():
                return Answer(), 0.0

    def _command(self, effect: Command) -> tuple[Answer, float]:
        argv = tuple(map(reveal, effect.argv))
        result = machine.run(self._lab.world, self._node, argv, reveal(effect.stdin))
        self._lab.world = result.world
        if result.took_s > effect.deadline_s:
            return Answer(lost=_late(effect)), effect.deadline_s
        answer, secrets = result.answer, effect.secret_words
        stdout, stderr = (masked(text, secrets) for text in (answer.stdout, answer.stderr))
        return replace(answer, stdout=stdout, stderr=stderr), result.took_s

    def _write(self, effect: Write) -> tuple[Answer, float]:
        old = read_file(self._lab.world, self._node, effect.path) or File()
        mode = old.mode if effect.mode is None else f"{int(effect.mode, 8):o}"
        new = File(reveal(effect.content), mode, effect.owner or old.owner, old.flags)
        return self._put(effect.path, new)

    def _edit(self, effect: Edit) -> tuple[Answer, float]:
        old = read_file(self._lab.world, self._node, effect.path) or File()
        text = edited(old.text, reveal(effect.old), reveal(effect.new))
        if text is None:
            return changed_meanwhile(effect.path), WRITE_S
        return self._put(effect.path, replace(old, text=text))

    def _put(self, path: str, file: File) -> tuple[Answer, float]:
        written: Written = write_file(self._lab.world, self._node, path, file)
        if written.error:
            code = IO_ERROR if "space" in written.error else CANNOT_CREATE
            return unwritable(path, written.error, code), WRITE_S
        self._lab.world = machine.react(written.world)
        return Answer(), WRITE_S + written.took_s
