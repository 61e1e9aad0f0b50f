"""One thing to look at around the pair: what to ask, and what the answers mean. Never acted on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from converge.core.host import Answer, Query


class Mark(Enum):
    """How it is, worst first."""

    WRONG = "wrong"
    UNKNOWN = "unknown"
    NOTICE = "notice"
    OK = "ok"


@dataclass(frozen=True, slots=True)
class Found:
    """What a check makes of the answers: how it is, what was seen, what to do about it."""

    mark: Mark
    seen: str
    do: str = ""


def ok(seen: str) -> Found:
    return Found(Mark.OK, seen)


def notice(seen: str, do: str = "") -> Found:
    """Not wrong by itself, and good to know."""
    return Found(Mark.NOTICE, seen, do)


def wrong(seen: str, do: str) -> Found:
    return Found(Mark.WRONG, seen, do)


def unknown(why: str) -> Found:
    return Found(Mark.UNKNOWN, why)


@dataclass(frozen=True, slots=True)
class Asked:
    """A node's answers to a check, in the order of its questions. `began_s` and `ended_s`: between
    these moments (epoch seconds, by the clock of whoever asks) they were given."""

    answers: tuple[Answer, ...]
    began_s: float = 0.0
    ended_s: float = 0.0

    @property
    def text(self) -> str:
        """What the first question brought, without blanks around it."""
        return self.answers[0].stdout.strip()


Judge = Callable[[Asked, Asked | None], Found]
"""Pure. What was answered here, and by the other node to the same check; None: nothing came."""


@dataclass(frozen=True, slots=True)
class Check:
    """`asks` go with those of all other checks in one batch; if it matters when they are answered
    (`timed`), before them. `judge` never sees an answer that got lost: then nothing is known."""

    title: str
    asks: tuple[Query, ...]
    judge: Judge
    timed: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found on a node, of a resource or ("") of the machine; what was asked for it."""

    node: str
    about: str
    title: str
    found: Found
    asked: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Checkup:
    """Of a pair: the findings, and which nodes do not answer, and why."""

    findings: tuple[Finding, ...]
    silent: dict[str, str]

    def count(self, mark: Mark) -> int:
        return sum(one.found.mark is mark for one in self.findings)
