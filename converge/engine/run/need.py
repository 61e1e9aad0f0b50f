"""What whoever drives a run must bring next."""

from __future__ import annotations

from dataclasses import dataclass

from converge.core.host import Ticket
from converge.core.ids import ResourceId
from converge.core.plan import Action


@dataclass(frozen=True, slots=True)
class Look:
    """Needed: a look at these, at everything if None."""

    ids: frozenset[ResourceId] | None = None


@dataclass(frozen=True, slots=True)
class Begin:
    """Needed: that this action's effect begins."""

    action: Action


@dataclass(frozen=True, slots=True)
class Listen:
    """Needed: the answers of commands that run, or this time (`elapsed`), whichever is first."""

    tickets: tuple[tuple[str, Ticket], ...]
    until_s: float


@dataclass(frozen=True, slots=True)
class Over:
    """Every action has its outcome."""


Need = Look | Begin | Listen | Over
