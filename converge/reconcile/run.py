"""Driving a run: what it needs is brought from the nodes through their doors."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace

from converge.core.beside import Beside
from converge.core.graph import Graph
from converge.core.host import Answer, Clock, Host, Reader, Ticket
from converge.core.ledger import Ledger, Now
from converge.core.plan import Action, Outcome, Plan
from converge.engine.observe import observe
from converge.engine.run.need import Begin, Listen, Look, Need, Over
from converge.reconcile.charter import Charter, Pass, Rest, Told
from converge.reconcile.passes import Course
from converge.reconcile.planning import decide, remembered

REST_S = 1.0
"""How long a rest is at a stretch: so soon a signal is noticed."""

Report = Callable[[Action, Outcome | None, float], None]
"""Told of each action: (action, None, 0) before it begins, (action, None, seconds) while it runs,
(action, outcome, seconds) when it ended. If it raises before the beginning, nothing is begun."""


def moment(clock: Clock) -> Now:
    return Now(clock.elapsed(), clock.wall().timestamp())


def plan(
    graph: Graph,
    readers: Mapping[str, Reader],
    clock: Clock,
    ledger: Ledger | None = None,
    acting: Collection[str] = (),
    beside: Beside | None = None,
) -> Pass:
    """Look, compare, order, ask the guards. It is given readers only: it cannot write.

    `acting`: of which nodes the ledger is kept.
    """
    snapshot = observe(graph, readers, clock, beside=beside)
    now = moment(clock)
    before = ledger or Ledger()
    known = remembered(graph, before, snapshot, now, acting)
    plan = decide(graph, snapshot, known, now, acting=acting or None)
    return Pass(snapshot, plan, ledger=before, now=now)


@dataclass(slots=True)
class Run:
    """A run: the graph, the doors, and when to stop.

    `evidence` are readers of nodes that are looked at but not acted on. `only` keeps of a plan
    what the operator asked for; by default everything. `keep` is told what must be remembered,
    after every look and before anything is begun on it. `wait_s`: so long holds are waited for.
    `decided` is told of each pass before anything of it is begun; if it raises, nothing is.
    """

    graph: Graph
    hosts: Mapping[str, Host]
    clock: Clock
    report: Report
    evidence: Mapping[str, Reader] = field(default_factory=dict)
    passes_max: int = 10
    halted: Callable[[], bool] = lambda: False
    only: Callable[[Plan], Plan] = lambda plan: plan
    ledger: Ledger = field(default_factory=Ledger)
    keep: Callable[[Ledger], None] = lambda ledger: None
    lifted: frozenset[str] = frozenset()
    wait_s: float = 0.0
    beside: Beside | None = None
    decided: Callable[[Pass], None] = lambda this: None

    def to_the_end(self, first: Pass | None = None) -> Told:
        """Pass after pass; `first` is a pass whose plan was already made and agreed to.

        Agreeing takes its time, so what `first` has seen is looked at again.
        """
        course = self._course()
        if first is not None:
            self.decided(first)
            course = self._told(course.planned(first, moment(self.clock), fresh=False))
        while not isinstance(need := course.need(self.clock.elapsed()), Over):
            if self.halted():
                course = self._told(course.halted(moment(self.clock)))
                need = course.need(self.clock.elapsed())
            course = self._told(self._brought(course, need))
        return course.told

    def _told(self, course: Course) -> Course:
        """What must be remembered is kept, and what ended is said, before anything else."""
        if course.ledger != self.ledger:
            self.keep(course.ledger)
            self.ledger = course.ledger
        for outcome in course.news:
            self.report(outcome.action, outcome, outcome.took_s)
        return course

    def _brought(self, course: Course, need: Need | Rest) -> Course:
        """The run after it was given what it needs."""
        match need:
            case Look(ids):
                snapshot = observe(self.graph, self._readers, self.clock, ids, self.beside)
                now = moment(self.clock)
                if course.carrying is not None:
                    return course.looked(snapshot, now)
                course, this = course.decided(snapshot, now)
                self.decided(this)
                return course.planned(this, now)
            case Begin(action):
                self.report(action, None, 0.0)
                ticket = self.hosts[action.id.node].begin(action.effect)
                return course.begun(ticket, moment(self.clock))
            case Listen():
                answers = self._listen(course, need)
                return course.listened(answers, moment(self.clock))
            case Rest(until_s):
                left_s = until_s - self.clock.elapsed()
                self.clock.sleep(min(REST_S, max(0.0, left_s)))
                return course.rested() if left_s <= REST_S else replace(course, news=())
            case Over():
                return replace(course, news=())

    def _listen(self, course: Course, need: Listen) -> dict[tuple[str, Ticket], Answer]:
        """Wait a moment for commands to end; with none under way, let the moment pass."""
        answers: dict[tuple[str, Ticket], Answer] = {}
        for node in sorted({node for node, _ in need.tickets}):
            tickets = [ticket for of, ticket in need.tickets if of == node]
            for ticket, answer in self.hosts[node].wait(tickets, need.until_s).items():
                answers[node, ticket] = answer
        if not need.tickets:
            self.clock.sleep(max(0.0, need.until_s - self.clock.elapsed()))
        for running in course.carrying.running if course.carrying else ():
            self.report(running.action, None, self.clock.elapsed() - running.began_s)
        return answers

    def next_pass(self) -> Pass:
        """What would be done now; nothing is begun. What must be remembered of it is kept."""
        snapshot = observe(self.graph, self._readers, self.clock, beside=self.beside)
        course, this = self._course().decided(snapshot, moment(self.clock))
        self._told(course)
        return this

    @property
    def _readers(self) -> dict[str, Reader]:
        return {**self.evidence, **self.hosts}

    def _course(self) -> Course:
        until_s = self.clock.elapsed() + self.wait_s if self.wait_s else None
        charter = Charter(
            self.graph,
            frozenset(self.hosts),
            self.passes_max,
            self.lifted,
            until_s,
            only=self.only,
        )
        return Course(charter, self.ledger)
