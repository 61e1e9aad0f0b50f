"""What a whole look asks beside its resources: the peer's own desired file, laid beside ours."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from converge.core.host import Answer, Query
from converge.core.ids import ResourceId


@dataclass(frozen=True, slots=True)
class Beside:
    """A query that goes with the first ones to `node`, and what a person must know of its answer.

    `concerns` is pure. An answer that got lost is not shown to it: then nothing is known.
    """

    node: str
    query: Query
    concerns: Callable[[Answer], Mapping[ResourceId, str]]


@dataclass(frozen=True, slots=True)
class Side:
    """What one of the files says: its line, from 1 (0: nowhere), and its text without secrets."""

    path: str
    line: int
    text: str

    def __str__(self) -> str:
        place = f"{self.path}:{self.line}" if self.line else self.path
        return f"{place}: {self.text}"


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that they say differently. `grave`: the pair cannot be run so; `why` says what
    comes of it."""

    id: ResourceId
    field: str
    why: str
    grave: bool
    sides: tuple[Side, Side]

    @property
    def what(self) -> str:
        return f"{self.id.ref} {self.field}".strip()
