"""What is wished and what was seen are values of one type; this is that type."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Generic, TypeVar

from converge.core.ids import ResourceId

INTENT = {"intent": True}
"""`field(metadata=INTENT)`: only ever wished, never seen. It says what to do, not how it is."""


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


def properties(state: State) -> list[str]:
    """Names of the compared fields that say how it is."""
    return [f.name for f in fields(state) if f.compare and not f.metadata.get("intent")]


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


Values = Mapping[str, str]
"""What is compared of an observation, as text: `{"": "present", "value": "1"}`."""

LONGEST = 160
"""Characters of one value that are kept; of a longer one also what tells it from others."""


def values_of(seen: Observation[State] | Wish[State]) -> dict[str, str]:
    """Its compared fields as text, fit to be kept and shown; {} for what is unknown."""
    match seen:
        case Present(state):
            return {"": "present"} | {
                name: _kept(shown(getattr(state, name))) for name in properties(state)
            }
        case Absent():
            return {"": "absent"}
        case _:
            return {}


def _kept(text: str) -> str:
    if len(text) <= LONGEST:
        return text
    import hashlib  # hardly ever

    digest = hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()
    return f"{text[:LONGEST]}... (sha256 {digest[:16]})"
