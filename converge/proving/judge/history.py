"""What a world cannot show by itself: what was acknowledged, what broke before, who acts now."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf
from typing import NamedTuple

from converge.core.host import Effect
from converge.lab.hast.pair import Place
from converge.lab.world import Table

Pairs = frozenset[tuple[str, str]]
"""Of a node and something on it."""


@dataclass(frozen=True, slots=True)
class Broken:
    """An invariant that does not hold: S1 to S10 (docs/explanation/architecture.md)."""

    code: str
    node: str
    sentence: str

    def __str__(self) -> str:
        return f"{self.code} {self.node}: {self.sentence}"


@dataclass(frozen=True, slots=True)
class Deed:
    """Who moved the world, and how. `by`: an actor, a fault, a client, or only the time.

    `sent` goes on until world time `ends`; `run` tells two runs of one node from each other.
    `took`: when the look began that an actor has taken in with it.
    """

    by: str = "time"
    node: str = ""
    sent: tuple[Effect, ...] = ()
    ends: float = 0.0
    run: str = ""
    took: float | None = None


TIME = Deed()
FAULT = Deed("fault")
CLIENT = Deed("client")


class Countable(NamedTuple):
    """From when until when a worker of hastd would have told of its lost writes."""

    since: float
    until: float = inf


@dataclass(frozen=True, slots=True)
class History:
    """The little that must be kept beside a world, small and fit to be hashed."""

    rows: Pairs = frozenset()
    """Acknowledged to a client: (device, row)."""
    rotten: Pairs = frozenset()
    """(node, local disk) that lost a write."""
    unseen: Table[tuple[str, str], Countable] = field(default_factory=Table)
    """Those of them of which no look has told yet."""
    forgotten: frozenset[Place] = frozenset()
    """Copies that lack a write and that HAST calls complete."""
    wrote: Pairs = frozenset()
    """(node, device) written to in the last step."""
    found: tuple[Broken, ...] = ()
    """What was broken in the last step, and no world shows afterwards."""
    marks: Table[str, str] = field(default_factory=Table)
    """By data directory: whose the data were that were served from it first."""
    acting: Table[str, tuple[str, float]] = field(default_factory=Table)
    """By node: the run whose command goes on, and until when."""
