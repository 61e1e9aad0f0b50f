"""This machine: its programs and files, as a `Reader` and as a `Host`. For one thread."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from functools import partial
from threading import Thread

from converge.core.host import (
    Answer,
    Clock,
    Command,
    Edit,
    Effect,
    Query,
    Read,
    Run,
    Ticket,
    Wait,
    Write,
    unreadable,
)
from converge.hosts import disk
from converge.hosts.answers import READ_S, trimmed
from converge.hosts.processes import Children

AT_ONCE = 16
"""Programs of one batch that run side by side."""


class LocalReader:
    """Looks at this machine."""

    def __init__(self, clock: Clock, read_within_s: float = READ_S) -> None:
        self._clock = clock
        self._read_within_s = read_within_s
        self._children = Children(clock)

    def ask(self, queries: Sequence[Query]) -> list[Answer]:
        """Side by side: a program or a file that hangs keeps no other waiting."""
        until_s = self._clock.elapsed() + self._read_within_s
        asked = dict(enumerate(queries))
        readings = {
            p: _Reading(query.path) for p, query in asked.items() if isinstance(query, Read)
        }
        answers = self._run({p: query for p, query in asked.items() if isinstance(query, Run)})
        for place, reading in readings.items():
            reading.join(max(0.0, until_s - self._clock.elapsed()))
            why = f"no answer within {self._read_within_s:g} s"
            answers[place] = reading.answer or unreadable(reading.path, why)
        return [answers[place] for place in range(len(queries))]

    def _run(self, runs: Mapping[int, Run]) -> dict[int, Answer]:
        """Start as many as may run at once, and the next whenever one ends."""
        waiting = list(runs.items())[::-1]
        running: dict[Ticket, int] = {}
        answers: dict[int, Answer] = {}
        while waiting or running:
            while waiting and len(running) < AT_ONCE:
                place, query = waiting.pop()
                command = Command(query.argv, query.deadline_s)
                then = partial(trimmed, command=command, whole=True)
                running[self._children.start(command, then)] = place
            for ticket, answer in self._children.wait(running, math.inf).items():
                answers[running.pop(ticket)] = answer
        return answers


class LocalHost(LocalReader):
    """Looks at this machine and acts on it."""

    def begin(self, effect: Effect) -> Ticket:
        """Start it. Files are written here and now; their answer is there at the next wait."""
        match effect:
            case Command():
                then = partial(trimmed, command=effect, whole=False)
                return self._children.start(effect, then)
            case Write():
                return self._children.done(disk.write(effect))
            case Edit():
                return self._children.done(disk.edit(effect))
            case Wait():
                return self._children.done(Answer())

    def wait(self, tickets: Collection[Ticket], until_s: float) -> dict[Ticket, Answer]:
        """Those of the tickets that ended. Deadlines are kept in here and in `ask`."""
        return self._children.wait(tickets, until_s)


class _Reading(Thread):
    """A file being read. In a thread, because a dead disk can hold a read for ever."""

    def __init__(self, path: str) -> None:
        super().__init__(daemon=True)
        self.path = path
        self.answer: Answer | None = None
        self.start()

    def run(self) -> None:
        self.answer = disk.read(self.path)
