"""What a run may do and when it stops, and what it has to tell. Plain values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum

from converge.core.graph import Graph
from converge.core.ledger import NEVER, Ledger, Now
from converge.core.plan import Ending, Outcome, Plan, Snapshot
from converge.engine.run import apply


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
    """One pass: what was planned on what was seen, and how it went.

    `ledger` and `now`: what was remembered before that look, and the moment of the decision.
    Nothing else goes into a plan.
    """

    snapshot: Snapshot
    plan: Plan
    outcomes: tuple[Outcome, ...] = ()
    ledger: Ledger = field(default_factory=Ledger)
    now: Now = NEVER


@dataclass(frozen=True, slots=True)
class Told:
    """What a run has to tell: its passes, its end, and what must be remembered. `moved`: what
    became of a planned handover."""

    passes: tuple[Pass, ...]
    end: End
    ledger: Ledger = field(default_factory=Ledger)
    moved: str = ""

    @property
    def done(self) -> int:
        """How many actions were carried out."""
        return sum(o.ending is Ending.DONE for p in self.passes for o in p.outcomes)


@dataclass(frozen=True, slots=True)
class Rest:
    """Needed: that time passes until then (`elapsed`)."""

    until_s: float


@dataclass(frozen=True, slots=True)
class Charter:
    """What a run may do, and when it stops.

    `acting`: the nodes that it may act on. `only` keeps of a plan what the operator asked for.
    `lifted`: codes of guards that a person lifted for this run. `wait_until_s` (`elapsed`): so
    long it waits for holds to lift; None: it ends as held. `without`: guards that are not asked at
    all, which shows on the proving ground what they are for.
    """

    graph: Graph
    acting: frozenset[str]
    passes_max: int = 10
    lifted: frozenset[str] = frozenset()
    wait_until_s: float | None = None
    poll_s: float = apply.POLL_S
    without: frozenset[str] = frozenset()
    only: Callable[[Plan], Plan] = lambda plan: plan
