"""The ways to a machine of the lab, one for each of its addresses, asked side by side."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from converge.core.host import Answer, Query, Ticket
from converge.lab.host import Lab, LabReader


class LabWays:
    """Ways from the node `via` to the addresses of `node`: the lab's network decides."""

    def __init__(self, lab: Lab, node: str, via: str, addresses: Iterable[str]) -> None:
        self._lab = lab
        self._readers = {one: LabReader(lab, node, via, one) for one in addresses}
        self._owed: dict[Ticket, tuple[float, list[Answer]]] = {}
        self._count = 0

    def send(self, address: str, queries: Sequence[Query]) -> Ticket:
        """Ask by one of them. Answers are made at once and come back in their time."""
        self._count += 1
        ticket, start = Ticket(self._count), self._lab.world.now
        answers, took_s = self._readers[address].asked(queries)
        self._owed[ticket] = (start + took_s, answers)
        return ticket

    def wait(self, tickets: Collection[Ticket], until_s: float) -> dict[Ticket, list[Answer]]:
        """Let time pass until one of these has come back, at most until `until_s`."""
        ends = {t: self._owed[t][0] for t in tickets if t in self._owed}
        return {ticket: self._owed.pop(ticket)[1] for ticket in self._lab.wait(ends, until_s)}
