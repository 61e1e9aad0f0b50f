"""A node that is asked by every path at once, and what is known of each path.

How a batch goes out by one path is the business of the ways (`ways.py`, and the lab's).
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from converge.core.host import Answer, Clock, Query, Run, Ticket
from converge.core.ways import Path

CONNECT_S = 1.0
"""For a connection by one path to come up."""

KNOWN_IN_S = CONNECT_S + 0.5
"""So long a new path is waited for: ssh tells a little later that nobody was there."""

SILENT_FOR_S = 3.0
"""So long a path that was found silent is not asked again."""

PROBE = Run(("true",))
"""Goes with each batch: a path that brings this back works, whatever else is lost."""

NOT_YET = "no answer yet"

# What ssh says when packets go out and nothing comes back. Whatever else it says (refused, a
# wrong key, "timed out during banner exchange") has a living machine at its end, or is our fault.
_SILENCE = re.compile(
    r"(Operation timed out|Connection timed out|No route to host|Host is down"
    r"|Network is down|Network is unreachable|Timeout, server \S+ not responding\.)"
)
_PREAMBLE = re.compile(r"^ssh: connect to host \S+ port \d+: ")


class Ways(Protocol):
    """Several ways to one node, by address, that can be asked side by side."""

    def send(self, address: str, queries: Sequence[Query]) -> Ticket:
        """Ask by one of them and return at once."""
        ...

    def wait(self, tickets: Collection[Ticket], until_s: float) -> dict[Ticket, list[Answer]]:
        """Wait until one of these has come back or `elapsed` is `until_s`; those that came."""
        ...


@dataclass(frozen=True, slots=True)
class _Known:
    """How a path did: asked when, found out when."""

    answered: bool
    why: str
    asked_s: float
    found_s: float

    @property
    def silent(self) -> bool:
        return not self.answered and bool(_SILENCE.fullmatch(self.why))

    def shown(self, name: str, address: str, now_s: float) -> Path:
        age_s, waiting = now_s - self.asked_s, self.why == NOT_YET
        return Path(name, address, self.answered, self.why, age_s, self.silent, waiting)


@dataclass(frozen=True, slots=True)
class _Owed:
    """An answer that a path owes, and since when."""

    address: str
    asked_s: float


class PathsReader:
    """Looks at `node` by all of `paths`, (name, address), the preferred one first.

    A batch goes out by every path side by side, but not by one that was found silent within
    `silent_for_s` or still owes an answer. It ends when one path has brought all answers and
    something is known of every path; for one of which nothing was ever known it waits
    `KNOWN_IN_S` and no longer. What comes later is noted when it comes. Of several the first in
    order counts. Who was found silent is knocked at again, but not waited for: beside a dead
    peer only the first look costs time, and one that comes back is heard at the look after.
    """

    def __init__(
        self,
        node: str,
        paths: Sequence[tuple[str, str]],
        ways: Ways,
        clock: Clock,
        silent_for_s: float = SILENT_FOR_S,
    ) -> None:
        self._node = node
        self._names = {address: name for name, address in paths}
        self._ways = ways
        self._clock = clock
        self._silent_for_s = silent_for_s
        self._known: dict[str, _Known] = {}
        self._owed: dict[Ticket, _Owed] = {}
        self._patient = True

    @property
    def paths(self) -> tuple[Path, ...]:
        """All that have been asked, as they are known now."""
        self._collect(self._clock.elapsed())
        now_s = self._clock.elapsed()
        return tuple(
            one.shown(name, address, now_s)
            for address, name in self._names.items()
            if (one := self._known.get(address))
        )

    def knock(self) -> None:
        """Send nothing but the probe, by every path that owes nothing and does not rest."""
        self._collect(self._clock.elapsed())
        self._send([address for address in self._names if not self._rests(address)], ())

    def expect_nobody(self) -> None:
        """Only what has come by the next question counts for it."""
        self._patient = False

    def ask(self, queries: Sequence[Query]) -> list[Answer]:
        """The answers of the best path; when none gives any, each is lost for one reason."""
        if not queries:
            return []
        self._collect(self._clock.elapsed())
        unsent = [address for address in self._names if not self._rests(address)]
        mine: set[Ticket] = set()
        came: dict[str, list[Answer]] = {}
        for _ in range(2 * len(self._names) + 2):
            mine |= self._send(unsent, queries)
            until_s = self._patience_s(came)
            if self._clock.elapsed() >= until_s or not (unsent or mine & set(self._owed)):
                break
            for ticket, (address, answers) in self._collect(until_s).items():
                if ticket in mine:
                    came[address] = answers
            unsent = [address for address in unsent if not self._found_silent(address)]
        self._give_up_waiting()
        self._patient = True
        return self._best(came) or [Answer(lost=self._silence())] * len(queries)

    def _rests(self, address: str) -> bool:
        known = self._known.get(address)
        now_s = self._clock.elapsed()
        return known is not None and known.silent and now_s < known.found_s + self._silent_for_s

    def _found_silent(self, address: str) -> bool:
        known = self._known.get(address)
        return known is not None and known.silent

    def _send(self, unsent: list[str], queries: Sequence[Query]) -> set[Ticket]:
        """Send by those that owe nothing; they are `unsent` no more."""
        busy = {owed.address for owed in self._owed.values()}
        sent = set()
        for address in [one for one in unsent if one not in busy]:
            unsent.remove(address)
            ticket = self._ways.send(address, [PROBE, *queries])
            self._owed[ticket] = _Owed(address, self._clock.elapsed())
            sent.add(ticket)
        return sent

    def _patience_s(self, came: Mapping[str, list[Answer]]) -> float:
        """Until when to wait: with all answers in hand only for paths that nothing is known of."""
        if not any(_whole(answers) for answers in came.values()):
            hoped = [o for o in self._owed.values() if not self._found_silent(o.address)]
            return math.inf if hoped and self._patient else -math.inf
        unknown = [o.asked_s for o in self._owed.values() if o.address not in self._known]
        return max(unknown) + KNOWN_IN_S if unknown else -math.inf

    def _collect(self, until_s: float) -> dict[Ticket, tuple[str, list[Answer]]]:
        """What comes until one has come, noted; with it the address, and without the probe."""
        came: dict[Ticket, tuple[str, list[Answer]]] = {}
        if not self._owed:
            return came
        for ticket, (probe, *answers) in self._ways.wait(self._owed, until_s).items():
            owed = self._owed.pop(ticket)
            answered = any(not answer.lost for answer in (probe, *answers))
            why = "" if answered else _short(probe.lost)
            now_s = self._clock.elapsed()
            self._known[owed.address] = _Known(answered, why, owed.asked_s, now_s)
            came[ticket] = (owed.address, answers)
        return came

    def _give_up_waiting(self) -> None:
        """Of what was sent, something is known from now on: that no answer has come yet."""
        now_s = self._clock.elapsed()
        for owed in self._owed.values():
            late = _Known(answered=False, why=NOT_YET, asked_s=owed.asked_s, found_s=now_s)
            self._known.setdefault(owed.address, late)

    def _best(self, came: Mapping[str, list[Answer]]) -> list[Answer]:
        """Of the paths that answered, in order, the answers with the fewest losses."""
        answers = [came[one] for one in self._names if one in came and self._known[one].answered]
        return min(answers, key=lambda some: sum(bool(a.lost) for a in some), default=[])

    def _silence(self) -> str:
        """One sentence about all paths."""
        whys = [f"{p.name} {p.address}: {p.why or 'no answer yet'}" for p in self.paths]
        return f"{self._node} does not answer ({'; '.join(whys)})"


def _whole(answers: Sequence[Answer]) -> bool:
    return not any(answer.lost for answer in answers)


def _short(lost: str) -> str:
    """What is left when the address, which stands beside it, is taken away."""
    return _PREAMBLE.sub("", lost.rpartition(" cannot be reached: ")[2])
