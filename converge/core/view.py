"""What a resource may ask when it is asked: its surroundings, its neighbours, its twin."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Generic, NamedTuple, Protocol

from converge.core.ids import Ref
from converge.core.ledger import Notes, Now
from converge.core.pair import Pair
from converge.core.state import Observation, Present, S, State, Wish


class Around(Protocol):
    """What a resource may ask of the desired side."""

    @property
    def pair(self) -> Pair: ...

    def offer(self, ref: Ref, what: str, node: str = "") -> str:
        """What another resource offers: `offer(Ref("carp.vip"), "address")`.

        On the same node unless `node` names the peer. Raises LookupError.
        """
        ...


@dataclass(frozen=True, slots=True)
class Implied:
    """A resource that another one brings along: its kind, its name and the fields of its table."""

    kind: str
    name: str
    table: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Twin(Generic[S]):
    """The same resource on the other node: how it was seen, if it was looked at, and what this
    ledger itself remembers of it (it does where one run acts on both nodes)."""

    seen: Observation[S] | None = None
    notes: Notes = field(default_factory=dict)

    @property
    def state(self) -> S | None:
        return self.seen.state if isinstance(self.seen, Present) else None


class Misfit(NamedTuple):
    """What cannot be so on a pair: in which field ("": in all of it), and why."""

    field: str
    why: str


class View(Protocol):
    """What a resource may ask when it says what it wants: its neighbours, as seen and wished."""

    @property
    def around(self) -> Around: ...

    @property
    def now(self) -> Now: ...

    def observed(self, ref: Ref) -> Observation[State]: ...

    def twin(self, ref: Ref) -> Observation[State]:
        """How that resource is on the peer."""
        ...

    def wished(self, ref: Ref) -> Wish[State]: ...

    def notes(self, ref: Ref) -> Notes:
        """What the ledger remembers of it."""
        ...

    @property
    def leader(self) -> str:
        """The node to which a person hands the service over just now; '' for none."""
        ...

    @property
    def ceded(self) -> str:
        """Why the service belongs to the peer though nobody said so, and can go there; '' where it
        does not."""
        ...
