"""What a resource sees when it says what it wants, and which node the service belongs to."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from converge.core.graph import Graph, Neighbourhood
from converge.core.ids import Ref, ResourceId
from converge.core.ledger import Ledger, Notes, Now
from converge.core.plan import Snapshot
from converge.core.state import Observation, Present, State, Unknown, Wish

Wishes = Mapping[ResourceId, Wish[Any]]


@dataclass(frozen=True, slots=True)
class Sight:
    """What a resource sees of its node when it says what it wants."""

    around: Neighbourhood
    seen: Mapping[ResourceId, Observation[Any]]
    wishes: Wishes
    ledger: Ledger
    now: Now
    bound: bool
    ceded: str = ""

    def twin(self, ref: Ref) -> Observation[State]:
        peer = self.around.pair.peer_of(self.around.node)
        id = ResourceId(peer.name if peer else "", ref.kind, ref.name)
        return self.seen.get(id, Unknown("it was not looked at"))

    @property
    def leader(self) -> str:
        return self.ledger.leader if self.bound else ""

    def notes(self, ref: Ref) -> Notes:
        return self.ledger.of(ResourceId(self.around.node, ref.kind, ref.name))

    def observed(self, ref: Ref) -> Observation[State]:
        id = ResourceId(self.around.node, ref.kind, ref.name)
        return self.seen.get(id, Unknown("it was not looked at"))

    def wished(self, ref: Ref) -> Wish[State]:
        id = ResourceId(self.around.node, ref.kind, ref.name)
        return self.wishes.get(id, Unknown("it is not declared"))


def sights(
    graph: Graph, snapshot: Snapshot, ledger: Ledger, now: Now, found: Wishes,
    acting: Collection[str] | None,
) -> dict[str, Sight]:  # fmt: skip
    """By node. `found`: what is wished so far. Who is not acted on is bound to nothing."""
    plain = {
        node: Sight(
            graph.around(node), snapshot.observed, found, ledger, now,
            acting is None or node in acting,
        )
        for node in graph.pair.nodes
    }  # fmt: skip
    return {node: replace(one, ceded=_ceded(graph, plain, node)) for node, one in plain.items()}


def _ceded(graph: Graph, plain: Mapping[str, Sight], node: str) -> str:
    """Why the service belongs to the peer, and not only in the peer's eyes; '' where it does not,
    where a person has said where it goes, or where what it follows would not go or stay there."""
    view, peer = plain[node], graph.pair.peer_of(node)
    if not view.bound or view.ledger.handover or peer is None:
        return ""
    mine, theirs = _cedes(graph, view), _cedes(graph, plain[peer.name])
    if not mine or theirs:
        return ""
    id, why = mine
    for ref in graph.resources[id].follows():
        seen = view.twin(ref)
        there = graph.resources.get(ResourceId(peer.name, ref.kind, ref.name))
        if not isinstance(seen, Present) or there is None or there.unready(seen.state):
            return ""
    return why


def _cedes(graph: Graph, view: Sight) -> tuple[ResourceId, str] | None:
    """The first resource of a node that says so, and why."""
    ids = [id for id in graph.order if id.node == view.around.node and id in view.seen]
    return next(((id, why) for id in ids if (why := graph.resources[id].cedes(view))), None)
