"""A pair with its actors: the earliest of timers and steps comes next, and what it tells wakes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from converge.lab import machine
from converge.lab.triggers import woken
from converge.lab.world import World
from converge.proving.actors.actor import Actor, Step


@dataclass
class Stage:
    """Faults are put on it with `put`; `lines` is what the actors said, with its time."""

    world: World
    actors: dict[str, Actor]
    states: dict[str, Any] = field(default_factory=dict)
    lines: list[tuple[float, str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.states = {node: actor.fresh(node) for node, actor in self.actors.items()}

    def put(self, after: World) -> None:
        """A later world: whoever went down forgets, whoever is told wakes."""
        before, self.world = self.world, after
        for node, actor in self.actors.items():
            old, new = before.machine(node), after.machine(node)
            if old.powered and (not new.powered or (new.booting and not old.booting)):
                self.states[node] = actor.killed(self.states[node], node)
        for at, node, trigger in woken(before, after):
            if node in self.actors:
                self.states[node] = self.actors[node].wake(self.states[node], node, trigger, at)

    def next(self, until: float) -> tuple[float, str]:
        """When something happens next, and whose step that is ('' for a timer or nobody)."""
        found = [(due, node) for node in self.actors if (due := self.due(node)) is not None]
        timers = [(t.at, "") for t in self.world.timers[:1]]
        return min([*timers, *found, (until, "")])

    def due(self, node: str) -> float | None:
        return self.actors[node].due(self.states[node], node)

    def run(self, span_s: float) -> World:
        """Let so much time pass."""
        until = self.world.now + span_s
        for _ in range(100_000):
            at, node = self.next(until)
            if at > until:
                break
            self.put(machine.advance(self.world, max(at, self.world.now)))
            if node:
                self.stepped(self.actors[node].step(self.world, self.states[node], node), node)
            elif at >= until and self.next(until)[0] >= until and self.world.now >= until:
                break
        return self.world

    def stepped(self, step: Step, node: str) -> None:
        self.lines.append((self.world.now, step.said, step.why))
        self.states[node] = step.state
        self.put(step.world)
