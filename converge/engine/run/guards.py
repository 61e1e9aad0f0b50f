"""Asking the guards: for a whole plan before it begins, and for one action before its turn."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from converge.core.graph import Graph
from converge.core.guard import Guard
from converge.core.ids import ResourceId
from converge.core.ledger import NEVER, Ledger, Notes, Now
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

MAINTENANCE_HOLD = "maintenance-hold"
NO_WAY_BACK = "no-way-back"
HALF_SWITCHOVER = "half-switchover"
RELEASE = "converge release, when the work is done"


@dataclass(frozen=True, slots=True)
class Facts:
    """What a guard may look at (the `Situation` of the guards)."""

    graph: Graph
    snapshot: Snapshot
    ledger: Ledger = field(default_factory=Ledger)
    now: Now = NEVER
    planning: bool = False
    lifted: frozenset[str] = frozenset()
    without: frozenset[str] = frozenset()

    def notes(self, id: ResourceId) -> Notes:
        return self.ledger.of(id)

    @property
    def leader(self) -> str:
        return self.ledger.leader

    @property
    def pair(self) -> Pair:
        return self.graph.pair

    def desired(self, id: ResourceId) -> object | None:
        return self.graph.resources.get(id)


def judge(action: Action, facts: Facts) -> Verdict:
    """The worst verdict of all that are asked: Refuse, then Hold, then a Hold that is sure to
    lift, then Allow."""
    return max(opinions(action, facts), key=_weight)


def opinions(action: Action, facts: Facts) -> list[Verdict]:
    """What all say that are asked: a maintenance hold, the guards of the action's kind, and, when
    it goes up, those of what it stands on."""
    verdicts = [_maintenance_hold(action.id.node, facts)]
    verdicts += [guard.judge(action, facts) for guard in _of(action.id, facts)]
    if action.direction is Direction.UP:
        for base in bases(facts.graph, action.id):
            verdicts += [g.above(base, action, facts) for g in _of(base, facts) if g.above]
    return verdicts


def _weight(verdict: Verdict) -> int:
    """What is sure to lift by itself tells least: behind it may stand what does not."""
    match verdict:
        case Refuse():
            return 3
        case Hold(sure=sure):
            return 1 if sure else 2
        case Allow():
            return 0


def _of(id: ResourceId, facts: Facts) -> list[Guard]:
    """The guards of a resource that nobody has lifted for this run."""
    guards = facts.graph.resources[id].guards
    lifted = facts.lifted & {g.code for g in guards if g.override}
    return [g for g in guards if g.code not in lifted | facts.without]


def bases(graph: Graph, id: ResourceId) -> list[ResourceId]:
    """What a resource stands on that may have a say in its going up."""
    needs = graph.all_needs[id]
    return [
        n for n in graph.order if n in needs and any(g.above for g in graph.resources[n].guards)
    ]


def _maintenance_hold(node: str, facts: Facts) -> Verdict:
    """A person said: hands off. It ends by itself, or a real crash finds nobody (F60, F61).

    Seen: The holds in the ledger of this node, with owner, reason and end.
    To do: `converge hold` shows it. When the work is done: `converge release`. For one run beside
    it: `--override maintenance-hold --reason TEXT`.
    Shown: freebsd/test_taking.py::test_a_maintenance_hold_keeps_every_action_back_until_it_ends
    """
    pauses = [p for p in facts.ledger.pauses if p.holds(facts.now.wall_s, node)]
    if not pauses or MAINTENANCE_HOLD in facts.lifted:
        return Allow()
    one = pauses[0]
    if one.until_s is None:
        return Refuse(MAINTENANCE_HOLD, f"{one.owner} holds this node: {one.reason}", RELEASE)
    left_s = one.until_s - facts.now.wall_s
    why = f"{one.owner} holds this node: {one.reason}"
    return Hold(MAINTENANCE_HOLD, why, again_s=left_s)


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
        verdicts |= _comes_after(action, verdicts)
    return verdicts


def _comes_after(action: Action, verdicts: Mapping[str, Verdict]) -> dict[str, Verdict]:
    """Holds what comes after a stopped action, and has nothing else to say.

    Seen: The order of the plan: what this action needs is not there without the other.
    To do: Look at what stops the action that it names; when that is lifted, this is.
    Shown: plans/fresh-boot-master/plan.txt
    """
    stopped = [key for key in action.after if not isinstance(verdicts.get(key), Allow | None)]
    if stopped and _says_no_more(verdicts[action.key], verdicts.get(stopped[0])):
        return {action.key: Hold(COMES_AFTER, f"it comes after {stopped[0]}")}
    return {}


def _says_no_more(verdict: Verdict, first: Verdict | None) -> bool:
    """It is allowed on its own, or stopped by the very reason that stopped the one before it."""
    if isinstance(verdict, Allow) or isinstance(first, Allow | None):
        return isinstance(verdict, Allow)
    return (verdict.code, verdict.why) == (first.code, first.why)


def _for_nothing(
    returning: Action, actions: Sequence[Action], facts: Facts, verdicts: Mapping[str, Verdict]
) -> dict[str, Verdict]:
    """Holds what would go down only to come up again on something that may not come up.

    Seen: The verdicts of the whole plan, before its first action.
    To do: Look at what stops the action that it names; when that is lifted, this is.
    Shown: engine/test_run.py::test_nothing_goes_down_to_come_up_again_where_a_guard_stands
    """
    id = returning.id
    return {
        going.key: Hold(NO_WAY_BACK, f"{returning.key} may not follow, and it would stay down")
        for going in actions
        if going.returns
        and (going.id == id or id in facts.graph.all_needs[going.id])
        and isinstance(verdicts[going.key], Allow)
    }


def _in_vain(
    taking: Action, actions: Sequence[Action], before: set[str], verdicts: Mapping[str, Verdict]
) -> dict[str, Verdict]:
    """Holds what one node would give up for the other, when that may not take it: nobody would
    serve.

    Seen: The verdicts of the whole plan of both nodes, before its first action.
    To do: Look at what stops the action that it names; when that is lifted, this is.
    Shown: plans/split-brain-address-moves/plan.txt
    """
    why = f"{taking.key} may not follow, and nobody would serve"
    return {
        giving.key: Hold(HALF_SWITCHOVER, why)
        for giving in actions
        if giving.key in before
        and giving.direction is Direction.DOWN
        and not giving.own_sake
        and giving.id.node != taking.id.node
        and isinstance(verdicts[giving.key], Allow)
    }


HOLDS: Mapping[str, Callable[..., object]] = {
    COMES_AFTER: _comes_after,
    HALF_SWITCHOVER: _in_vain,
    MAINTENANCE_HOLD: _maintenance_hold,
    NO_WAY_BACK: _for_nothing,
}
"""Codes of the engine's own, and who gives them: their docstrings are what is told of them."""
