"""From what was seen and what is remembered to a plan. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from typing import Any

from converge.core.graph import Graph
from converge.core.ids import ResourceId
from converge.core.ledger import NEVER, Ledger, Now
from converge.core.plan import Action, Deferred, Plan, Snapshot
from converge.core.resource import Twin
from converge.engine.plan.diff import concerns, diff, wishes
from converge.engine.plan.digest import basis
from converge.engine.plan.order import order
from converge.engine.run.guards import Facts, judge_all


def decide(
    graph: Graph,
    snapshot: Snapshot,
    ledger: Ledger | None = None,
    now: Now = NEVER,
    lifted: frozenset[str] = frozenset(),
    without: frozenset[str] = frozenset(),
    acting: Collection[str] | None = None,
) -> Plan:
    """The plan for what was seen. Without a ledger nothing is remembered.

    `acting`: whose ledger it is; None: of all nodes.
    """
    ledger = ledger or Ledger()
    wished = wishes(graph, snapshot, ledger, now, acting)
    changes, deferred = diff(snapshot, wished)
    actions, waiting = order(graph, snapshot, wished, changes, deferred)
    facts = Facts(graph, snapshot, ledger, now, planning=True, lifted=lifted, without=without)
    verdicts = judge_all(actions, facts)
    base = basis(graph.digest, snapshot.observed)
    known = concerns(graph, snapshot)
    return Plan(base, tuple(changes), actions, waiting, verdicts, known)


def remembered(
    graph: Graph, ledger: Ledger, snapshot: Snapshot, now: Now, acting: Collection[str]
) -> Ledger:
    """The ledger after a look: each kind says what must be kept of what was seen.

    Only of the nodes that this run may act on: what the peer remembers is the peer's to say.
    """
    now = replace(now, began_s=snapshot.began_s)
    notes = dict(ledger.notes)
    for id, seen in snapshot.observed.items():
        if id.node not in acting:
            continue
        other = graph.twin(id)
        twin: Twin[Any] = (
            Twin(snapshot.observed.get(other), notes.get(other, {})) if other else Twin()
        )
        before = notes.get(id, {})
        after = graph.resources[id].remember(seen, twin, before, now)
        if after != before:
            notes[id] = after
    return ledger if notes == ledger.notes else replace(ledger, notes=notes)


def of_nodes(plan: Plan, nodes: Iterable[str]) -> Plan:
    """The plan of some nodes only, for showing."""
    shown = set(nodes)
    return kept(plan, lambda id: id.node in shown, "another node's part")


def gentle(plan: Plan) -> Plan:
    """Without the harder rungs: what is done because a person wants it is given up instead."""
    return replace(plan, actions=tuple(replace(a, rungs=()) for a in plan.actions))


def kept(plan: Plan, keep: Callable[[ResourceId], bool], whose: str) -> Plan:
    """The plan cut down to some resources, without actions that come after one that is cut."""
    actions: list[Action] = []
    waiting = [d for d in plan.deferred if keep(d.id)]
    keys: set[str] = set()
    ids = {action.key: action.id for action in plan.actions}
    for action in plan.actions:
        if not keep(action.id):
            continue
        missing = sorted(set(action.after) - keys)
        if missing:
            first = ids[missing[0]]
            until, why = (first, "") if keep(first) else (None, f", {whose}")
            waiting.append(Deferred(action.id, f"waits for {missing[0]}{why}", until))
        else:
            keys.add(action.key)
            actions.append(action)
    return replace(
        plan,
        changes=tuple(c for c in plan.changes if keep(c.id)),
        actions=tuple(actions),
        deferred=tuple(waiting),
        verdicts={key: v for key, v in plan.verdicts.items() if key in keys},
        concerns={id: words for id, words in plan.concerns.items() if keep(id)},
    )
