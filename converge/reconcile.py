"""One pass after another until the next plan is empty: the stages called in a row."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum

from converge.core.graph import Graph
from converge.core.host import Clock, Host, Reader
from converge.core.ids import ResourceId
from converge.core.plan import Action, Deferred, Ending, Outcome, Plan, Snapshot, Verdict
from converge.engine.observe import observe
from converge.engine.plan.diff import concerns, diff, wishes
from converge.engine.plan.digest import basis
from converge.engine.plan.order import order
from converge.engine.run.apply import Crew, Report, carry_out
from converge.engine.run.guards import Facts, judge, judge_all


class End(Enum):
    """How a run ended."""

    CONVERGED = "converged"
    HELD = "held"
    UNKNOWN = "unknown"
    FAILED = "failed"
    UNFINISHED = "unfinished"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True)
class Pass:
    """One pass: what was planned on what was seen, and how it went."""

    snapshot: Snapshot
    plan: Plan
    outcomes: tuple[Outcome, ...] = ()


@dataclass(frozen=True, slots=True)
class Told:
    """What a run has to tell: its passes and its end."""

    passes: tuple[Pass, ...]
    end: End

    @property
    def done(self) -> int:
        """How many actions were carried out."""
        return sum(o.ending is Ending.DONE for p in self.passes for o in p.outcomes)


def plan(graph: Graph, readers: Mapping[str, Reader], clock: Clock) -> Pass:
    """Look, compare, order, ask the guards. It is given readers only: it cannot write."""
    snapshot = observe(graph, readers, clock)
    return Pass(snapshot, decide(graph, snapshot))


def decide(graph: Graph, snapshot: Snapshot) -> Plan:
    """The plan for what was seen. Pure."""
    wished = wishes(graph, snapshot)
    changes, deferred = diff(snapshot, wished)
    actions, waiting = order(graph, snapshot, wished, changes, deferred)
    verdicts = judge_all(actions, Facts(graph, snapshot, planning=True))
    base = basis(graph.digest, snapshot.observed)
    known = concerns(graph, snapshot)
    return Plan(base, tuple(changes), actions, waiting, verdicts, known)


@dataclass(slots=True)
class Run:
    """A run: the graph, the doors, and when to stop.

    `evidence` are readers of nodes that are looked at but not acted on.
    `only` keeps of a plan what the operator asked for; by default everything.
    """

    graph: Graph
    hosts: Mapping[str, Host]
    clock: Clock
    report: Report
    evidence: Mapping[str, Reader] = field(default_factory=dict)
    passes_max: int = 10
    halted: Callable[[], bool] = lambda: False
    only: Callable[[Plan], Plan] = lambda plan: plan

    def to_the_end(self, first: Pass | None = None) -> Told:
        """Pass after pass; `first` is a pass whose plan was already made and agreed to.

        Agreeing takes its time, so what `first` has seen is looked at again.
        """
        passes: list[Pass] = []
        for _ in range(self.passes_max):
            this, fresh = first or self.next_pass(), first is None
            first = None
            end = self._end_before(this.plan)
            if end is None:
                this = replace(this, outcomes=self._carry_out(this, fresh=fresh))
                end = self._end_after(this)
            passes.append(this)
            if end is not None:
                return Told(tuple(passes), end)
        return Told(tuple(passes), End.UNFINISHED)

    def next_pass(self) -> Pass:
        this = plan(self.graph, self._readers, self.clock)
        return replace(this, plan=self.only(_doable(this.plan, self.hosts)))

    @property
    def _readers(self) -> dict[str, Reader]:
        return {**self.evidence, **self.hosts}

    def _end_before(self, plan: Plan) -> End | None:
        if plan.empty:
            return End.CONVERGED
        if not plan.actions:
            return End.UNKNOWN
        return None

    def _end_after(self, this: Pass) -> End | None:
        endings = {o.ending for o in this.outcomes}
        if self.halted():
            return End.INTERRUPTED
        if Ending.FAILED in endings:
            return End.FAILED
        if Ending.HELD in endings and Ending.DONE not in endings:
            return End.HELD
        return None

    def _carry_out(self, this: Pass, *, fresh: bool) -> tuple[Outcome, ...]:
        def look(ids: Iterable[ResourceId]) -> Snapshot:
            return observe(self.graph, self._readers, self.clock, ids)

        def may(action: Action, snapshot: Snapshot) -> Verdict:
            return judge(action, Facts(self.graph, snapshot))

        crew = Crew(self.graph, self.hosts, look, may, self.clock, self.report, self.halted)
        return carry_out(this.plan, this.snapshot, crew, fresh=fresh)


def of_nodes(plan: Plan, nodes: Iterable[str]) -> Plan:
    """The plan of some nodes only, for showing."""
    shown = set(nodes)
    return kept(plan, lambda id: id.node in shown, "another node's part")


def _doable(plan: Plan, hosts: Mapping[str, Host]) -> Plan:
    """Only what this run may do itself; what must come after another node's part has to wait."""
    return kept(plan, lambda id: id.node in hosts, "another node's part")


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
