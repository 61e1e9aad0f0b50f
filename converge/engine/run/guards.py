"""Asking the guards: for a whole plan before it begins, and for one action before its turn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from converge.core.graph import Graph
from converge.core.ids import ResourceId
from converge.core.pair import Pair
from converge.core.plan import (
    COMES_AFTER,
    Action,
    Allow,
    Direction,
    Hold,
    Refuse,
    Snapshot,
    Verdict,
)


@dataclass(frozen=True, slots=True)
class Facts:
    """What a guard may look at (the `Situation` of the guards)."""

    graph: Graph
    snapshot: Snapshot
    planning: bool = False

    @property
    def pair(self) -> Pair:
        return self.graph.pair

    def desired(self, id: ResourceId) -> object | None:
        return self.graph.resources.get(id)


def judge(action: Action, facts: Facts) -> Verdict:
    """The worst verdict of all guards of the action's kind: Refuse, then Hold, then Allow."""
    verdicts = [g.judge(action, facts) for g in facts.graph.resources[action.id].guards]
    for kind in (Refuse, Hold):
        for verdict in verdicts:
            if isinstance(verdict, kind):
                return verdict
    return Allow()


def judge_all(actions: Sequence[Action], facts: Facts) -> dict[str, Verdict]:
    """Verdicts by action key, of the whole plan.

    No half switchover: what one node would give up for the other is held when the other may not
    take it. What comes after a stopped action is held with it.
    """
    verdicts = {action.key: judge(action, facts) for action in actions}
    before: dict[str, set[str]] = {}
    for action in actions:
        before[action.key] = set(action.after).union(*(before.get(k, ()) for k in action.after))
    for action in actions:
        if action.direction is Direction.UP and not isinstance(verdicts[action.key], Allow):
            verdicts |= _in_vain(action, actions, before[action.key], verdicts)
    for action in actions:
        if action.direction is Direction.UP and not isinstance(verdicts[action.key], Allow):
            verdicts |= _for_nothing(action, actions, facts, verdicts)
    for action in actions:
        stopped = [key for key in action.after if not isinstance(verdicts.get(key), Allow | None)]
        if stopped and isinstance(verdicts[action.key], Allow):
            verdicts[action.key] = Hold(COMES_AFTER, f"it comes after {stopped[0]}")
    return verdicts


def _for_nothing(
    returning: Action, actions: Sequence[Action], facts: Facts, verdicts: Mapping[str, Verdict]
) -> dict[str, Verdict]:
    """Holds of what would go down only to come up again on something that may not come up."""
    id = returning.id
    return {
        going.key: Hold("no-way-back", f"{returning.key} may not follow, and it would stay down")
        for going in actions
        if going.returns
        and (going.id == id or id in facts.graph.all_needs[going.id])
        and isinstance(verdicts[going.key], Allow)
    }


def _in_vain(
    taking: Action, actions: Sequence[Action], before: set[str], verdicts: Mapping[str, Verdict]
) -> dict[str, Verdict]:
    """Holds of what another node would give up for a `taking` that may not be."""
    why = f"{taking.key} may not follow, and nobody would serve"
    return {
        giving.key: Hold("half-switchover", why)
        for giving in actions
        if giving.key in before
        and giving.direction is Direction.DOWN
        and giving.id.node != taking.id.node
        and isinstance(verdicts[giving.key], Allow)
    }
