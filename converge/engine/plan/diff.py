"""Desired and observed in, differences out: what is wished on each node, and what differs."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from converge.core.graph import Graph, Neighbourhood
from converge.core.ids import Ref, ResourceId
from converge.core.ledger import Ledger, Notes, Now
from converge.core.plan import Change, Deferred, Snapshot
from converge.core.state import Absent, Observation, Present, State, Unknown, Wish, in_sync

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


def wishes(
    graph: Graph,
    snapshot: Snapshot,
    ledger: Ledger,
    now: Now,
    acting: Collection[str] | None = None,
) -> dict[ResourceId, Wish[Any]]:
    """What is wished for every observed resource. A handover binds the nodes that are acted on.

    What needs something that is wished away is wished away with it; what needs something whose
    wish cannot be told yet cannot be told either.
    """
    found: dict[ResourceId, Wish[Any]] = {}
    for id in graph.order:
        if id in snapshot.observed:
            around, bound = graph.around(id.node), acting is None or id.node in acting
            view = Sight(around, snapshot.observed, found, ledger, now, bound)
            found[id] = _inherited(graph, id, found) or graph.resources[id].want(view)
    return found


def _inherited(graph: Graph, id: ResourceId, found: Wishes) -> Absent | Unknown | None:
    needs = [(need, found[need]) for need in sorted(graph.needs[id]) if need in found]
    if any(isinstance(wish, Absent) for _, wish in needs):
        return Absent()
    for need, wish in needs:
        if isinstance(wish, Unknown):
            return Unknown(wish.why, wish.until or need)
    return None


def reason(
    graph: Graph,
    id: ResourceId,
    snapshot: Snapshot,
    ledger: Ledger,
    now: Now,
    found: Wishes,
    acting: Collection[str],
) -> str:
    """Why it is wished so; '' when its table says all there is to say."""
    for need in sorted(graph.needs[id]):
        if isinstance(found.get(need), Absent):
            root = reason(graph, need, snapshot, ledger, now, found, acting)
            return f"it needs {need.ref}, which is not wished here{root and f' ({root})'}"
    around, bound = graph.around(id.node), id.node in acting
    view = Sight(around, snapshot.observed, found, ledger, now, bound)
    return graph.resources[id].because(view)


def concerns(graph: Graph, snapshot: Snapshot) -> dict[ResourceId, str]:
    """What a person must know though nothing differs: lost redundancy, copies written apart."""
    found: dict[ResourceId, str] = {}
    for id in graph.order:
        seen = snapshot.observed.get(id)
        if isinstance(seen, Present):
            twin = graph.twin(id)
            theirs = snapshot.observed.get(twin) if twin else None
            found[id] = graph.resources[id].concern(seen.state, theirs)
    for id, words in snapshot.beside.items():
        found[id] = "; ".join(filter(None, (found.get(id), words)))
    return {id: words for id, words in found.items() if words}


def diff(snapshot: Snapshot, wished: Wishes) -> tuple[list[Change], list[Deferred]]:
    """What differs, and what differs or may differ but cannot be told yet."""
    changes: list[Change] = []
    deferred: list[Deferred] = []
    for id, wish in wished.items():
        observed = snapshot.observed[id]
        if isinstance(wish, Unknown):
            deferred.append(Deferred(id, wish.why, wish.until))
        elif isinstance(observed, Unknown):
            deferred.append(Deferred(id, observed.why, observed.until))
        elif not in_sync(observed, wish):
            changes.append(Change(id, observed, wish))
    return changes, deferred
