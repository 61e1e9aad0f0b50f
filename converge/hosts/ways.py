"""The ways to a far node by ssh, one for each of its addresses, heard side by side."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

from converge.core.host import Answer, Clock, Query, Ticket
from converge.hosts.paths import CONNECT_S
from converge.hosts.processes import Children
from converge.hosts.ssh import SshReader
from converge.hosts.target import Target


class SshWays:
    """Ways to the addresses of one node. All their children have one ear, so no threads."""

    def __init__(
        self,
        targets: Iterable[Target],
        clock: Clock,
        program: tuple[str, ...] = ("ssh",),
        folder: Path | None = None,
    ) -> None:
        self._children = Children(clock)
        self._readers = {
            target.host: SshReader(target, clock, program, folder, int(CONNECT_S), self._children)
            for target in targets
        }
        self._asked: dict[Ticket, tuple[SshReader, Sequence[Query]]] = {}

    def send(self, address: str, queries: Sequence[Query]) -> Ticket:
        """Ask by one of them and return at once."""
        reader = self._readers[address]
        ticket = reader.send(queries)
        self._asked[ticket] = (reader, queries)
        return ticket

    def wait(self, tickets: Collection[Ticket], until_s: float) -> dict[Ticket, list[Answer]]:
        """Wait until one of these has come back or `elapsed` is `until_s`; those that came."""
        came = {}
        for ticket, raw in self._children.wait(tickets, until_s).items():
            reader, queries = self._asked.pop(ticket)
            came[ticket] = reader.understood(queries, raw)
        return came

    def close(self) -> None:
        """Let go of what still owes an answer."""
        self._children.close()
