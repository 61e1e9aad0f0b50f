"""From a difference to ordered intent: change, action, verdict, plan, outcome."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import Enum
from typing import Any

from converge.core.host import Answer, Effect, Query
from converge.core.ids import ResourceId
from converge.core.state import Absent, Observation, Wish
from converge.core.ways import Path


class Direction(Enum):
    """Which way an action goes. DOWN is the safe direction and always comes first."""

    DOWN = "down"
    UP = "up"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What was seen, when, and the raw answers it came from.

    `paths`: by node, what is known of the ways to it, where it was asked by several. `began_s`:
    when it was begun (`elapsed`); what was silent or so was it from then on. `beside`: what a
    person must know that no resource has seen. `sources`: what was asked for each resource, in
    order.
    """

    taken: datetime
    observed: Mapping[ResourceId, Observation[Any]]
    heard: Mapping[str, tuple[tuple[Query, Answer], ...]] = field(default_factory=dict)
    paths: Mapping[str, tuple[Path, ...]] = field(default_factory=dict)
    began_s: float | None = None
    beside: Mapping[ResourceId, str] = field(default_factory=dict)
    sources: Mapping[ResourceId, tuple[Query, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Change:
    """One resource that differs from its wish."""

    id: ResourceId
    observed: Observation[Any]
    wish: Wish[Any]


@dataclass(frozen=True, slots=True)
class Rung:
    """What is tried when an action has failed: the next rung of its ladder, for the same goal."""

    why: str
    effect: Effect
    settle_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Action:
    """One act as data: it can be printed, compared, stored, refused.

    `settle_s`: how long after the effect the look may take to show `goal`; 0 means the effect's
    own exit code is all there is to see. `goal` is `wish`, the wish of the change that this
    action belongs to, unless the kind says otherwise. `pause_s`: what it sets in motion (an
    election) takes so long to show; until then it counts as running. `returns`: it goes down only
    to come up again, and not at all when it may not. `own_sake`: it goes down whatever may follow
    on the other node, for nothing that serves is given up with it. `wish` and `after` are the
    engine's.
    `after`: keys of the actions that must have been done before this one. `rungs`: what is tried
    when it fails, one after the other; `rung` counts from 1 in them, 0 is the effect itself.
    `was`: how the resource was seen right before it, also the engine's.
    """

    id: ResourceId
    verb: str
    why: str
    effect: Effect
    direction: Direction
    settle_s: float = 0.0
    goal: Wish[Any] | None = None
    pause_s: float = 0.0
    returns: bool = False
    own_sake: bool = False
    wish: Wish[Any] = field(default_factory=Absent)
    after: tuple[str, ...] = ()
    rungs: tuple[Rung, ...] = ()
    rung: int = 0
    was: Observation[Any] | None = field(default=None, compare=False)

    def at_rung(self, rung: int) -> Action:
        """The same action with the effect of that rung; 0 is its own."""
        if rung == 0:
            return self
        step = self.rungs[rung - 1]
        return replace(self, why=step.why, effect=step.effect, settle_s=step.settle_s, rung=rung)

    @property
    def key(self) -> str:
        """Unique in a plan: `hasta/hast.test promote`."""
        return f"{self.id} {self.verb}"


@dataclass(frozen=True, slots=True)
class Deferred:
    """A change that has to wait: what it waits for, and why nothing can be planned yet."""

    id: ResourceId
    why: str
    until: ResourceId | None = None


COMES_AFTER = "comes-after"
"""Code of the hold on an action that comes after a stopped one: it is not judged on its own."""


@dataclass(frozen=True, slots=True)
class Allow:
    """Nothing speaks against it."""


@dataclass(frozen=True, slots=True)
class Hold:
    """Not now: look again after `again_s` seconds; it may lift by itself.

    `sure`: by then it does, if nothing else changes.
    """

    code: str
    why: str
    again_s: float = 10.0
    sure: bool = False


@dataclass(frozen=True, slots=True)
class Refuse:
    """Not without a person. `lift` says what would change that."""

    code: str
    why: str
    lift: str = ""


Verdict = Allow | Hold | Refuse


@dataclass(frozen=True, slots=True)
class Plan:
    """Ordered intent, and what it is based on.

    `basis` is a digest of the desired state and of what was observed, without evidence.
    `concerns`: what a person must know though nothing can be planned about it.
    """

    basis: str
    changes: tuple[Change, ...] = ()
    actions: tuple[Action, ...] = ()
    deferred: tuple[Deferred, ...] = ()
    verdicts: Mapping[str, Verdict] = field(default_factory=dict)
    concerns: Mapping[ResourceId, str] = field(default_factory=dict)

    @property
    def empty(self) -> bool:
        """Nothing to do and nothing to wait for: the only proof of convergence."""
        return not self.actions and not self.deferred

    @property
    def held(self) -> dict[str, Hold | Refuse]:
        """Verdicts that stop an action, by the action's key."""
        return {k: v for k, v in self.verdicts.items() if not isinstance(v, Allow)}


class Ending(Enum):
    """How an action ended."""

    DONE = "done"
    FAILED = "failed"
    HELD = "held"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one action ended, how long it took and what was said."""

    action: Action
    ending: Ending
    took_s: float = 0.0
    detail: str = ""

    @property
    def failed(self) -> bool:
        return self.ending is Ending.FAILED
