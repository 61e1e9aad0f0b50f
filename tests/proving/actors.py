"""Actors to prove the proving ground with: one that types what it is told, and a plain converge."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from converge.core.graph import Graph
from converge.core.host import Command
from converge.core.plan import Plan
from converge.lab import machine
from converge.lab.fresh import Blueprint
from converge.lab.host import Lab, LabClock, LabHost, LabReader
from converge.lab.world import World
from converge.proving import sights
from converge.proving.actor import Step
from converge.reconcile import End, Run


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


@dataclass(frozen=True)
class Plain:
    """A whole run of converge as one step: no time passes for others while it acts.

    It stands in until converge has an actor whose steps are its effects.
    """

    graph: Graph
    _: Blueprint | None = field(default=None, repr=False)

    def fresh(self, node: str) -> float | None:
        return None

    def wake(self, state: float | None, node: str, trigger: str, now: float) -> float | None:
        return now if state is None else min(now, state)

    def due(self, state: float | None, node: str) -> float | None:
        return state

    def step(self, world: World, state: Any, node: str) -> Step:
        if not sights.up(world.machine(node)):
            return Step(world, world.now + 5)
        lab = Lab(world)
        others = {n: LabReader(lab, n, via=node) for n in self.graph.pair.nodes if n != node}
        hosts = {node: LabHost(lab, node)}
        told = Run(self.graph, hosts, LabClock(lab), lambda *_: None, others).to_the_end()
        plan = told.passes[-1].plan
        code, why = held(plan)
        done = [str(o.action.key) for p in told.passes for o in p.outcomes]
        said = f"{node}: {', '.join(done)}" if done else ""
        said = f"{node}: {told.end.value}" if code and not said else said
        again = None if told.end is End.CONVERGED else lab.world.now + 10
        return Step(lab.world, again, said, why, code)

    def killed(self, state: float | None, node: str) -> None:
        return None


def held(plan: Plan) -> tuple[str, str]:
    """Code and reason of the first verdict that stands in the way."""
    for verdict in plan.held.values():
        return verdict.code, verdict.why
    return "", ""
