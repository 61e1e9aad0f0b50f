"""A guard: a pure question asked before an action. May this happen now?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from converge.core.ids import ResourceId
from converge.core.pair import Pair
from converge.core.plan import Action, Snapshot, Verdict


class Situation(Protocol):
    """What a guard may look at."""

    @property
    def pair(self) -> Pair: ...

    @property
    def snapshot(self) -> Snapshot: ...

    @property
    def planning(self) -> bool:
        """Asked of a whole plan, where earlier actions may still put things right; else of one
        action right before it begins, on a fresh look."""
        ...

    def desired(self, id: ResourceId) -> object | None:
        """The resource of that id, as desired."""
        ...


@dataclass(frozen=True, slots=True)
class Guard:
    """`code` is stable and documented; `judge` is pure; `protects` names invariants (S1..S10)."""

    code: str
    judge: Callable[[Action, Situation], Verdict]
    protects: tuple[str, ...] = ()
