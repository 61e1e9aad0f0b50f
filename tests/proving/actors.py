"""Actors to prove the proving ground with: one that types, and a plain converge."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from converge.core.graph import Graph
from converge.core.host import Command, Effect
from converge.core.ledger import LEDGER, Ledger, Now
from converge.core.plan import Plan
from converge.engine.observe import observe
from converge.engine.run.apply import Begin, Listen, Look, Over
from converge.lab import machine
from converge.lab.fresh import Blueprint
from converge.lab.host import Lab, LabClock, LabHost, LabReader
from converge.lab.world import File, Table, World
from converge.proving.actors.actor import Step
from converge.proving.judge import sights
from converge.reconcile.charter import Charter, Rest
from converge.reconcile.passes import Course
from converge.reconcile.run import moment


@dataclass(frozen=True)
class Typing:
    """What a typist has still to type, and when."""

    lines: tuple[str, ...] = ()
    at: float = 0.0


@dataclass(frozen=True)
class Typist:
    """Types one program after the other when a trigger comes, and looks at no answer."""

    lines: Mapping[str, tuple[str, ...]]
    """By trigger."""

    def fresh(self, node: str) -> Typing:
        return Typing()

    def wake(self, state: Typing, node: str, trigger: str, now: float) -> Typing:
        return Typing((*state.lines, *self.lines.get(trigger, ())), max(now, state.at))

    def due(self, state: Typing, node: str) -> float | None:
        return state.at if state.lines else None

    def step(self, world: World, state: Typing, node: str) -> Step:
        line, *rest = state.lines
        argv = tuple(line.split())
        result = machine.run(world, node, argv)
        ends = world.now + min(result.took_s, 600.0)
        return Step(
            result.world, Typing(tuple(rest), ends), f"{node}: {line}", "", "",
            (Command(argv),), ends,
        )  # fmt: skip

    def killed(self, state: Typing, node: str) -> Typing:
        return Typing()


@dataclass
class Session:
    """What the plain converge of one node knows: its run under way, and what it remembers."""

    lab: Lab
    course: Course | None = None
    at: float | None = None
    again: bool = False
    hosts: dict[str, LabHost] = field(default_factory=dict)
    ledger: Ledger = field(default_factory=Ledger)


@dataclass(frozen=True)
class Plain:
    """Real runs, one need of a run a step; what a look costs passes within its step.

    It stands in until converge has an actor of its own. Its state is no value.
    """

    graph: Graph
    _: Blueprint | None = field(default=None, repr=False)

    def fresh(self, node: str) -> Session | None:
        return None

    def wake(self, state: Session | None, node: str, trigger: str, now: float) -> Session:
        state = state or Session(Lab(World(Table({}))))
        if state.course is None:
            state.at = now
        else:
            state.again = True
        return state

    def due(self, state: Session | None, node: str) -> float | None:
        return state.at if state else None

    def step(self, world: World, state: Session, node: str) -> Step:
        state.lab.world = world
        if not sights.up(world.machine(node)):
            state.at = world.now + 5
            return Step(world, state)
        if state.course is None:
            charter = Charter(self.graph, frozenset({node}), wait_until_s=world.now + 300)
            state.course = Course(charter, state.ledger)
            state.hosts = {node: LabHost(state.lab, node)}
        said, why, code, sent, ends = self._needed(state, node)
        if state.course and state.course.ledger != state.ledger:
            state.ledger = state.course.ledger
            state.lab.world = kept(state.lab.world, node, state.ledger)
        return Step(state.lab.world, state, said and f"{node}: {said}", why, code, sent, ends)

    def _needed(
        self, state: Session, node: str
    ) -> tuple[str, str, str, tuple[Effect, ...], float]:
        """Bring what the run needs next: what to say, why, a code, what was sent, until when."""
        course, clock = state.course, LabClock(state.lab)
        assert course
        host, now = state.hosts[node], moment(clock)
        said = ("", "", "", (), 0.0)
        state.at = now.elapsed_s
        match need := course.need(now.elapsed_s):
            case Look(ids):
                others = [n for n in self.graph.pair.nodes if n != node]
                readers = {n: LabReader(state.lab, n, via=node) for n in others}
                snapshot = observe(self.graph, {**readers, node: host}, clock, ids)
                state.course = course.looked(snapshot, moment(clock))
                state.at = state.lab.world.now
                if not course.carrying:
                    plan = course.plan(snapshot, moment(clock))
                    said = (*self._held(plan), (), 0.0)
            case Begin(action):
                ticket = host.begin(action.effect)
                state.course = course.begun(ticket, moment(clock))
                ends = min(host._begun[ticket].ends, now.elapsed_s + 600)
                said = (f"{action.verb} {action.id.ref}", action.why, "", (action.effect,), ends)
            case Listen():
                state.at = self._listened(state, host, need, now)
            case Rest(until_s):
                state.at = until_s
                if until_s <= now.elapsed_s:
                    state.course = course.rested()
            case Over():
                state.course, state.at = None, now.elapsed_s if state.again else None
                state.ledger, state.again = course.ledger, False
        return said

    def _listened(self, state: Session, host: LabHost, need: Listen, now: Now) -> float:
        course = state.course
        assert course
        tickets = [ticket for _, ticket in need.tickets]
        ends = [host._begun[t].ends for t in tickets if t in host._begun]
        until = min([*ends, need.until_s])
        if until > now.elapsed_s:
            return until
        node = next(iter(state.hosts))
        answers = {(node, t): a for t, a in host.wait(tickets, now.elapsed_s).items()}
        state.course = course.listened(answers, now)
        return now.elapsed_s

    def _held(self, plan: Plan) -> tuple[str, str, str]:
        """The first verdict that stands in the way, or the first thing that waits."""
        for verdict in plan.held.values():
            return "held", verdict.why, verdict.code
        for waiting in plan.deferred[: 0 if plan.actions else 1]:
            return f"waits with {waiting.id}", waiting.why, ""
        return "", "", ""

    def killed(self, state: Session | None, node: str) -> Session | None:
        return Session(Lab(World(Table({}))), ledger=state.ledger) if state else None


def kept(world: World, node: str, ledger: Ledger) -> World:
    """The ledger on the node's disk, as the peer reads it."""
    notes = {str(id): dict(note) for id, note in ledger.notes.items()}
    file = File(json.dumps({"notes": notes}))
    return world.change(node, files=world.machine(node).files.put(LEDGER, file))
