"""Differences in, ordered actions out. One rule: all downs in reverse, then all ups in order.

Three steps: what each change needs done (with restarts), what has to wait, who comes after whom.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from converge.core.graph import Graph
from converge.core.ids import ResourceId
from converge.core.plan import Action, Change, Deferred, Direction, Snapshot
from converge.core.state import Absent, Present, Unknown, Wish, is_active

Acts = dict[ResourceId, list[Action]]


@dataclass(slots=True)
class _Draft:
    """The plan while it is being worked out."""

    graph: Graph
    snapshot: Snapshot
    wished: Mapping[ResourceId, Wish[Any]]
    downs: Acts = field(default_factory=dict)
    ups: Acts = field(default_factory=dict)
    waiting: dict[ResourceId, Deferred] = field(default_factory=dict)

    def take(self, change: Change) -> None:
        """Ask the kind for its actions and sort them by direction."""
        acts = [
            replace(act, wish=change.wish)
            for act in self.graph.resources[change.id].actions(change)
        ]
        downs = [act for act in acts if act.direction is Direction.DOWN]
        ups = [act for act in acts if act.direction is Direction.UP]
        self.downs.setdefault(change.id, []).extend(downs)
        self.ups.setdefault(change.id, []).extend(ups)


def order(
    graph: Graph,
    snapshot: Snapshot,
    wished: Mapping[ResourceId, Wish[Any]],
    changes: Iterable[Change],
    deferred: Iterable[Deferred],
) -> tuple[tuple[Action, ...], tuple[Deferred, ...]]:
    """The actions in the order of their going, and the changes that have to wait."""
    draft = _Draft(graph, snapshot, wished)
    draft.waiting.update({d.id: d for d in deferred})
    for change in changes:
        draft.take(change)
        if not draft.downs[change.id] and not draft.ups[change.id]:
            draft.waiting[change.id] = _follows(draft, change)
    _restart(draft)
    _hold_ups(draft)
    _hold_downs(draft)
    actions = _in_order(draft)
    waiting = tuple(draft.waiting[id] for id in graph.order if id in draft.waiting)
    return actions, waiting


def _follows(draft: _Draft, change: Change) -> Deferred:
    """A change that nothing can be done about here: it follows from what it needs."""
    needs = [id for id in draft.graph.order if id in draft.graph.needs[change.id]]
    pending = [id for id in needs if id in draft.waiting or id in draft.downs]
    until = next(reversed(pending or needs), None)
    going = isinstance(change.wish, Absent)
    why = "goes away by itself" if going else "is looked at again when what it needs is in place"
    return Deferred(change.id, why, until)


def _restart(draft: _Draft) -> None:
    """What goes down takes everything active above it down before, and up after if it comes back.

    Only what stays wished: what is wished away has its own downs already.
    """
    graph = draft.graph
    for id in graph.order:
        if not draft.downs.get(id):
            continue
        for above in sorted(graph.needed_by[id]):
            seen, wish = draft.snapshot.observed.get(above), draft.wished.get(above)
            if seen is None or not is_active(seen) or not isinstance(wish, Present):
                continue
            if not draft.downs.get(above):
                draft.ups.pop(above, None)
                draft.take(Change(above, seen, Absent()))
                back = bool(draft.ups.get(id))
                draft.downs[above] = [replace(a, returns=back) for a in draft.downs[above]]
            draft.ups[above] = []
            if draft.ups.get(id):
                draft.take(Change(above, Absent(), wish))


def _hold_ups(draft: _Draft) -> None:
    """Nothing goes up while something that it needs is unknown or has to wait itself."""
    for id in draft.graph.order:
        if not draft.ups.get(id):
            continue
        blocking = next((n for n in sorted(draft.graph.all_needs[id]) if n in draft.waiting), None)
        if blocking is None:
            continue
        draft.ups[id] = []
        draft.downs[id] = [act for act in draft.downs.get(id, ()) if not act.returns]
        if not draft.downs[id]:
            draft.waiting[id] = Deferred(id, f"waits for {blocking.ref}", blocking)


def _hold_downs(draft: _Draft) -> None:
    """Nothing goes down while it is unknown whether something above it still stands on it."""
    stuck: set[ResourceId] = set()
    for id in reversed(draft.graph.order):
        if isinstance(draft.snapshot.observed.get(id), Unknown):
            stuck.add(id)
        standing = sorted(stuck & draft.graph.needed_by[id])
        if not draft.downs.get(id) or not standing:
            continue
        stuck.add(id)
        draft.downs[id] = []
        draft.ups[id] = []
        why = f"{standing[0].ref} stands on it and cannot be seen to be down"
        draft.waiting[id] = Deferred(id, why, standing[0])


def _in_order(draft: _Draft) -> tuple[Action, ...]:
    """One list, every action with the keys of those that must have been done before it."""
    graph = draft.graph
    first = [act for id in reversed(graph.order) for act in draft.downs.get(id, ())]
    then = [act for id in graph.order for act in draft.ups.get(id, ())]
    before: dict[str, set[str]] = {}
    for act in (*first, *then):
        going_down = act.direction is Direction.DOWN
        table = draft.downs if going_down else draft.ups
        related = _above(graph, act.id) if going_down else graph.all_needs[act.id]
        keys = {a.key for id in related for a in table.get(id, ())}
        keys |= {a.key for a in _earlier_of_own(draft, act)}
        if not going_down:
            keys |= {a.key for a in first if _takes_away(draft, a.id, act.id)}
        before[act.key] = keys
    return tuple(
        replace(act, after=tuple(sorted(_nearest(before[act.key], before))))
        for act in (*first, *then)
    )


def _above(graph: Graph, id: ResourceId) -> list[ResourceId]:
    """What is done after it, also what only follows it: that goes down first, if it goes down."""
    return [other for other in graph.order if id in graph.all_needs[other]]


def _earlier_of_own(draft: _Draft, act: Action) -> list[Action]:
    own = [*draft.downs.get(act.id, ()), *draft.ups.get(act.id, ())]
    return own[: own.index(act)]


def _takes_away(draft: _Draft, down: ResourceId, up: ResourceId) -> bool:
    """Does `down` on another node take away what `up` on this one is about to have?

    Its twin, what stands on its twin, and the twins of what it needs; not what is down already.
    """
    graph = draft.graph
    if up.node == down.node or not is_active(draft.snapshot.observed[down]):
        return False
    if any(down.ref == id.ref for id in (up, *graph.all_needs[up])):
        return True
    return down in graph.needed_by.get(ResourceId(down.node, up.kind, up.name), ())


def _nearest(keys: set[str], before: Mapping[str, set[str]]) -> set[str]:
    """Without those that another one of them comes after anyway."""
    return {k for k in keys if not any(k in before[other] for other in keys)}
