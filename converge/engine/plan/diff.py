"""Desired and observed in, differences out: what is wished on each node, and what differs."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from converge.core.graph import Graph
from converge.core.ids import ResourceId
from converge.core.ledger import Ledger, Now
from converge.core.plan import Change, Deferred, Snapshot
from converge.core.state import Absent, Present, Unknown, Wish, in_sync
from converge.engine.plan.sight import Wishes, sights


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
    views = sights(graph, snapshot, ledger, now, found, acting)
    for id in graph.order:
        if id in snapshot.observed:
            view = views[id.node]
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
    view = sights(graph, snapshot, ledger, now, found, acting)[id.node]
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
