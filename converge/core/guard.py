"""A guard: a pure question asked before an action. May this happen now?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from converge.core.ids import ResourceId
from converge.core.ledger import Notes, Now
from converge.core.pair import Pair
from converge.core.plan import Action, Allow, Snapshot, Verdict


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

    @property
    def now(self) -> Now:
        """The moment at which it is asked."""
        ...

    @property
    def leader(self) -> str:
        """The node to which a person hands the service over just now; '' for none."""
        ...

    def notes(self, id: ResourceId) -> Notes:
        """What the ledger remembers of that resource."""
        ...

    def desired(self, id: ResourceId) -> object | None:
        """The resource of that id, as desired."""
        ...


@dataclass(frozen=True, slots=True)
class Guard:
    """`code` is stable and documented; `judge` is pure.

    `protects`: invariants (S1..S10) that break in some run when this guard alone is not asked.
    `behind`: (invariant, code): it is the second line; that invariant breaks where that other
    guard is not asked either. `converge prove --without CODE` shows both.
    `above`: asked of what goes up on this resource, too: (this resource, the action, situation).
    A foundation may veto what is built on it. `override`: a person may lift it for one run.
    """

    code: str
    judge: Callable[[Action, Situation], Verdict]
    protects: tuple[str, ...] = ()
    above: Callable[[ResourceId, Action, Situation], Verdict] | None = None
    override: bool = False
    behind: tuple[tuple[str, str], ...] = ()


def never(action: Action, situation: Situation) -> Verdict:
    """The `judge` of a guard that has nothing to say of its own resource, only of those above."""
    return Allow()
