"""Kind `neighbour`: does a machine answer a ping from here? It is looked at, never changed.

The peer is one, on every path to it, and each witness. Who answers a ping is alive, whatever else
it does not answer; who does not may be dead, or we are cut off. hast's guards weigh that.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import ClassVar

from pydantic import Field

from converge.core.desired import Address
from converge.core.host import Answer, Run
from converge.core.ledger import Notes, Now
from converge.core.plan import Action, Change
from converge.core.resource import Around, Look, Resource, Twin, View
from converge.core.state import Observation, Present, State, Wish

_NO_WAY = re.compile(r"sendto: (Host is down|No route to host|Network is (down|unreachable))")


def ping(address: str) -> Run:
    """One packet, a fifth of a second for its answer: a neighbour needs a thousandth, ping(8)."""
    argv = ("ping", "-c", "1", "-W", "200", address)
    return Run(argv, deadline_s=3.0, silence_speaks=True, volatile=(r"[\d.]+ ms", r"= .* ms"))


def parse_ping(answer: Answer) -> bool | None:
    """Did it answer (code 0)? None: it could not be asked, which says nothing of the other end.

    Code 2 is no answer, in time or at all (ping(8); the recorded pair has no such ping).
    """
    if answer.lost:
        return None
    if answer.code == 0:
        return True
    return False if answer.code == 2 or _NO_WAY.search(answer.stderr) else None


@dataclass(frozen=True)
class NeighbourState(State):
    """`answers`: yes, no, or None where it could not be asked. Nobody wishes for it."""

    answers: bool | None = field(default=None, compare=False)

    @property
    def active(self) -> bool:
        """It may be alive: only a ping that was sent and not answered says otherwise."""
        return self.answers is not False

    @property
    def glance(self) -> str:
        return {True: "answers", False: "silent", None: "cannot be asked"}[self.answers]


class Neighbour(Resource[NeighbourState]):
    """A machine that is pinged from here: the peer on one of its paths, or a witness.

    `hast.NAME` with `follow` brings along one for each path to the peer and for each address in
    `[witness]`.
    """

    kind: ClassVar[str] = "neighbour"

    address: Address = Field(description="What is pinged.")
    peer: bool = Field(default=False, description="It is the other node of the pair.")

    def want(self, view: View) -> Wish[NeighbourState]:
        return Present(NeighbourState())

    def look(self, around: Around) -> Look[NeighbourState]:
        answer = yield ping(self.address)
        return Present(NeighbourState(parse_ping(answer)))

    def remember(
        self,
        seen: Observation[NeighbourState],
        twin: Twin[NeighbourState],
        before: Notes,
        now: Now,
    ) -> Notes:
        """Since when it is silent. A peer that answers over its own door is not silent."""
        silent = isinstance(seen, Present) and seen.state.answers is False
        if not silent or (self.peer and isinstance(twin.seen, Present)):
            return {}
        return {"silent_at": before.get("silent_at", now.seen_s)}

    def hears_peer(self, seen: Observation[NeighbourState]) -> bool | None:
        return seen.state.answers if self.peer and isinstance(seen, Present) else None

    def concern(self, seen: NeighbourState, twin: Observation[NeighbourState] | None) -> str:
        if seen.active:
            return ""
        return f"{self.address} does not answer a ping from {self.id.node}"

    def actions(self, change: Change) -> tuple[Action, ...]:
        return ()
