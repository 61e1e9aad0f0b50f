"""Ways to a node in which a test decides who answers what, and when. Time jumps."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from converge.core.host import Answer, Query, Ticket
from converge.hosts.paths import PROBE
from tests.engine.toys import ToyClock

TIMED_OUT = "ssh: connect to host h port 22: Connection timed out"


@dataclass
class Way:
    """How one address does: after `takes_s` it answers, or all is `lost` for that reason."""

    takes_s: float = 0.1
    lost: str = ""
    hangs: str = ""
    asked: list[float] = field(default_factory=list)


@dataclass
class ToyWays:
    """Each query is answered with the address that it went to."""

    clock: ToyClock
    ways: dict[str, Way]
    owed: dict[Ticket, tuple[float, list[Answer]]] = field(default_factory=dict)

    def send(self, address: str, queries: Sequence[Query]) -> Ticket:
        way = self.ways[address]
        way.asked.append(self.clock.now)
        ticket = Ticket(sum(len(one.asked) for one in self.ways.values()))
        answers = [self._answer(address, way, query) for query in queries]
        self.owed[ticket] = (self.clock.now + way.takes_s, answers)
        return ticket

    def wait(self, tickets: Collection[Ticket], until_s: float) -> dict[Ticket, list[Answer]]:
        ends = [self.owed[ticket][0] for ticket in tickets]
        if ends:
            self.clock.now = max(self.clock.now, min(min(ends), until_s))
        came = [ticket for ticket in tickets if self.owed[ticket][0] <= self.clock.now]
        return {ticket: self.owed.pop(ticket)[1] for ticket in came}

    def _answer(self, address: str, way: Way, query: Query) -> Answer:
        if way.lost:
            return Answer(lost=f"ssh://{address} cannot be reached: {way.lost}")
        if query != PROBE and way.hangs and way.hangs in str(query):
            return Answer(lost="no answer within 10 s (it was killed)")
        return Answer(0, address)
