"""converge on a node of the proving ground with its real journal and ledger on this disk."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from converge.cli.reach.places import Place
from converge.cli.running.memory import Memory
from converge.core.graph import Graph
from converge.core.plan import Ending
from converge.hosts import ledgerfile
from converge.lab.machine import syslog
from converge.lab.world import EPOCH, World
from converge.proving.actors.actor import Step
from converge.proving.actors.reconciler import Reconciler
from converge.reconcile.passes import Course


class Moment:
    """A clock that shows what it is told."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def wall(self) -> datetime:
        return syslog.clock(self.now_s)

    def elapsed(self) -> float:
        return self.now_s

    def sleep(self, span_s: float) -> None:
        raise AssertionError("nobody sleeps in here")


@dataclass(frozen=True)
class Begun:
    """A run, and what woke it."""

    at: float
    trigger: str


class Journalled(Reconciler):
    """The behaviour of `converge apply`, and all that a run of it writes down."""

    def __init__(self, graph: Graph, folder: Path) -> None:
        super().__init__(graph)
        self.place = Place(folder / "state", folder / "run", "node")
        self.clock = Moment()
        self.runs: list[Begun] = []
        self.run_id = ""
        self.open: dict[str, str] = {}
        """Actions under way, by resource."""
        self._memory: Memory | None = None
        self._told: set[tuple[int, str, Ending, float]] = set()

    def wake(self, state: Any, node: str, trigger: str, now: float) -> Any:
        new = super().wake(state, node, trigger, now)
        if new.course is not None and new.course is not state.course:
            self.clock.now_s = now
            self._begins(node, trigger.split()[0], new.course)
        return new

    def killed(self, state: Any, node: str) -> Any:
        self._let_go()
        return super().killed(state, node)

    def step(self, world: World, state: Any, node: str) -> Step:
        self.clock.now_s = world.now
        done = super().step(world, state, node)
        if done.state.course is not None:
            self._heard(done.state.course)
        return done

    def remember(self, state: Any, booted: float) -> None:
        """The ledger as it is on the disk at this moment."""
        ledger = state.ledger if state.booted == booted else state.ledger.after_boot()
        kept = replace(ledger, boot=f"{EPOCH / 60:.0f}")
        ledgerfile.change(self.place.state, lambda old: kept)

    def _begins(self, node: str, trigger: str, course: Course) -> None:
        self._let_go()
        self.run_id = f"{self.clock.wall():%H%M%S}-{node}-{len(self.runs)}"
        self.runs.append(Begun(self.clock.now_s, trigger))
        self._memory = Memory(self.place, (node,), self.clock, trigger=trigger)
        self._memory.begin(self.run_id, desired=course.charter.graph.digest)
        self._report = self._memory.recording(lambda *_: None)
        self._told = set()

    def _let_go(self) -> None:
        if self._memory is not None:
            self._memory._lock.close()
        self._memory, self.open = None, {}

    def _heard(self, course: Course) -> None:
        """What ended since then, in the order in which it did."""
        turns = [this.outcomes for this in course.passes]
        turns.append(course.carrying.outcomes if course.carrying else ())
        for n, outcomes in enumerate(turns):
            for one in outcomes:
                mark = n, one.action.key, one.ending, one.took_s
                if mark not in self._told:
                    self._told.add(mark)
                    self._report(one.action, one, one.took_s)
                    self.open.pop(str(one.action.id), None)

    def _begin(self, world: World, state: Any, course: Course, need: Any, *rest: Any) -> Any:
        self._heard(course)
        self._report(need.action, None, 0.0)
        self.open[str(need.action.id)] = need.action.key
        return super()._begin(world, state, course, need, *rest)

    def _over(self, state: Any, course: Course, *rest: Any) -> Any:
        self._heard(course)
        assert self._memory
        assert course.end
        told = course.told
        self._memory.end(
            course.end.value, code=0, done=told.done, desired=course.charter.graph.digest,
            seen=told.passes[-1].snapshot.taken.isoformat() if told.passes else "",
        )  # fmt: skip
        self._let_go()
        return super()._over(state, course, *rest)
