"""Asking the guards: for a whole plan before it begins, and for one action before its turn."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from converge.core.graph import Graph
from converge.core.ids import ResourceId
from converge.core.pair import Pair
from converge.core.plan import Action, Allow, Hold, Refuse, Snapshot, Verdict


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


def judge_all(actions: Iterable[Action], facts: Facts) -> dict[str, Verdict]:
    """Verdicts by action key; what comes after a stopped action is held with it."""
    verdicts: dict[str, Verdict] = {}
    for action in actions:
        verdict = judge(action, facts)
        stopped = [key for key in action.after if not isinstance(verdicts.get(key), Allow | None)]
        if stopped and isinstance(verdict, Allow):
            verdict = Hold("comes-after", f"it comes after {stopped[0]}")
        verdicts[action.key] = verdict
    return verdicts
