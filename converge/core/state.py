"""What is wished and what was seen are values of one type; this is that type."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Generic, TypeVar

from converge.core.ids import ResourceId


@dataclass(frozen=True)
class State:
    """Base of the states of all kinds.

    Fields of a subclass are compared to find drift. Evidence that nobody wishes for (counters,
    pids) is declared `field(default=..., compare=False)`.
    """

    @property
    def active(self) -> bool:
        """The one thing another kind may ask: is it in its leading state?"""
        return True

    @property
    def glance(self) -> str:
        """A few words for the status table."""
        return "in place"


S = TypeVar("S", bound=State)
S_co = TypeVar("S_co", bound=State, covariant=True)


@dataclass(frozen=True, slots=True)
class Present(Generic[S_co]):
    """It is there, and this is how."""

    state: S_co


@dataclass(frozen=True, slots=True)
class Absent:
    """It is known not to be there."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """It cannot be known now: `why`, and, when that is so, the resource that must come first."""

    why: str
    until: ResourceId | None = None


Observation = Present[S] | Absent | Unknown
Wish = Present[S] | Absent | Unknown


def differing(observed: Present[State], wished: Present[State]) -> list[str]:
    """Names of the compared fields that differ, in declaration order."""
    a, b = observed.state, wished.state
    return [f.name for f in fields(b) if f.compare and getattr(a, f.name) != getattr(b, f.name)]


def in_sync(observed: Observation[State], wished: Wish[State]) -> bool:
    """Is what was seen what is wished? Unknown on either side never is."""
    match observed, wished:
        case Present(), Present():
            return not differing(observed, wished)
        case Absent(), Absent():
            return True
        case _:
            return False


def is_active(seen: Observation[State]) -> bool:
    """Present and in its leading state; Absent and Unknown are not."""
    return isinstance(seen, Present) and seen.state.active


def glance_of(seen: Observation[State] | None, otherwise: str = "not to be seen") -> str:
    """A few words for how it was seen; `otherwise` where it was not, or is not there."""
    return seen.state.glance if isinstance(seen, Present) else otherwise


def shown(value: object) -> str:
    """The value of a field, for a sentence."""
    match value:
        case bool():
            return "yes" if value else "no"
        case "" | () | None:
            return "nothing"
        case tuple():
            return ", ".join(map(str, value))
        case _:
            return str(value)
