"""Whoever acts on a node of the lab: converge, or the classic script. A value and its steps.

An actor's state is immutable and can be hashed, so that a world with its actors can be cloned,
compared and explored. Between two steps of one actor anything may happen to the world.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from converge.core.host import Effect
from converge.lab.world import World


@dataclass(frozen=True, slots=True)
class Step:
    """What one step did: the world and the actor's state after it, and a line for the timeline.

    `said` is what a person should read ("hastb: promote hast.test: ..."); '' for nothing worth it.
    `why` is the reason, where one was given. `code` is the guard's, where one stood in the way.
    `sent` is what was begun on the node in this step, which ends at world time `ends` (0: at
    once). `run` tells runs of one node from each other; it matters only where two can be at once.
    `took`: when the look began that was taken in, and noted in the ledger, in this step.
    """

    world: World
    state: Any
    said: str = ""
    why: str = ""
    code: str = ""
    sent: tuple[Effect, ...] = ()
    ends: float = 0.0
    run: str = ""
    took: float | None = None


class Actor(Protocol):
    """The behaviour of one node's software. It keeps nothing itself; its state is passed in."""

    def fresh(self, node: str) -> Any:
        """The state of an actor that has never been woken."""
        ...

    def wake(self, state: Any, node: str, trigger: str, now: float) -> Any:
        """A trigger arrives: 'devd MASTER', 'devd BACKUP', 'devd INIT', 'hast disconnect test',
        'cron', 'boot', 'manual', 'switchover hastb'. What is done about it begins at the next
        step."""
        ...

    def due(self, state: Any, node: str) -> float | None:
        """World time (s) of its next step; None: it sleeps until it is woken."""
        ...

    def step(self, world: World, state: Any, node: str) -> Step:
        """Do what is due now. The world's `now` is at least `due`; time is let pass by whoever
        drives, never in here, so what takes long says so by its next `due`."""
        ...

    def killed(self, state: Any, node: str) -> Any:
        """The process dies (SIGKILL, or its machine went down); what it kept on disk stays."""
        ...
