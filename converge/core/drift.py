"""What is not as desired, since when and by whom; and what is kept of it from look to look.

Plain values. Moments are ISO 8601 with offset, as the journal has them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from converge.core.ids import ResourceId
from converge.core.state import Values

Who = Literal["converge", "somebody_else", "desired_file", "follows", "unknown"]
"""Whose doing it is. `converge`: an outcome in the journal of this place explains it.
`somebody_else`: the value changed and no run of ours did it. `desired_file`: the value is what it
was, and the file is another one. `follows`: neither changed, but what is wished here follows what
was seen elsewhere (a role follows its address). `unknown`: see its `why`."""

Is = Literal["in_sync", "different", "ignored", "unknown"]


@dataclass(frozen=True, slots=True)
class Between:
    """After one moment, and by another. `after` None: nobody had looked before."""

    after: str | None
    before: str


@dataclass(frozen=True, slots=True)
class Cause:
    """Who made it so, and when. `run` and `action` are of the journal, where it has them."""

    who: Who
    when: Between
    run: str = ""
    action: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A field that is not as desired; field '': all of the resource, which is there or is not.

    `since`: from when on it was not as desired. `by`: who gave it the value that it has.
    `ignored`: why a person wants it left alone, `until` when.
    """

    node: str
    resource: str
    field: str
    desired: str
    observed: str
    since: Between
    by: Cause
    ignored: str = ""
    until: str = ""


@dataclass(frozen=True, slots=True)
class Past:
    """A difference that is over: `until` when, and whose doing that was."""

    row: Row
    until: Between
    ended_by: Cause


@dataclass(frozen=True, slots=True)
class Lack:
    """Redundancy that is lost, though nothing differs: what a person must know."""

    node: str
    resource: str
    what: str
    since: Between
    ignored: str = ""
    until: str = ""


@dataclass(frozen=True, slots=True)
class Unseen:
    """What could not be compared, and why; `first`: the resource that it waits for, or ''."""

    node: str
    resource: str
    why: str
    first: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """One resource as it was seen, also on a node that was only looked at for evidence."""

    node: str
    resource: str
    status: Is
    glance: str
    headline: bool = False
    lacking: bool = False


@dataclass(frozen=True, slots=True)
class Drift:
    """The report. `nodes` are those it speaks for; `seen`: when the look began, and ended.

    `notes`: what a person should know of the report itself.
    """

    pair: str
    nodes: tuple[str, ...]
    seen: Between
    desired: str
    rows: tuple[Row, ...] = ()
    lacks: tuple[Lack, ...] = ()
    unseen: tuple[Unseen, ...] = ()
    past: tuple[Past, ...] = ()
    resources: tuple[Standing, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def different(self) -> tuple[Row, ...]:
        """The differences that count."""
        return tuple(row for row in self.rows if not row.ignored)

    @property
    def lost(self) -> tuple[Lack, ...]:
        """The lost redundancy that counts."""
        return tuple(lack for lack in self.lacks if not lack.ignored)

    @property
    def ignored(self) -> tuple[Row | Lack, ...]:
        both: tuple[Row | Lack, ...] = (*self.rows, *self.lacks)
        return tuple(one for one in both if one.ignored)

    def of(self, node: str) -> tuple[list[Row], list[Lack], list[Unseen]]:
        """What counts on one node."""
        return (
            [row for row in self.different if row.node == node],
            [lack for lack in self.lost if lack.node == node],
            [one for one in self.unseen if one.node == node],
        )


# What is kept.

PAST_MAX = 8
"""So many differences that are over are kept of one resource; the oldest go."""


@dataclass(frozen=True, slots=True)
class Sight:
    """How a resource was found by the last look that could see it.

    `at`: when that look began; the value was so at that moment or a little later. `mark`: the last
    line of the journal then. `desired`: the digest of the file it was compared with; `table`: of
    what that says of this resource and of those that it needs, '' where that was not kept.
    """

    at: str
    mark: str
    desired: str
    values: Values
    wished: Values
    rows: tuple[Row, ...] = ()
    past: tuple[Past, ...] = ()
    lacking: Between | None = None
    table: str = ""


@dataclass(frozen=True, slots=True)
class DriftMemory:
    """The last sight of each resource, by its id as text."""

    sights: Mapping[str, Sight] = field(default_factory=dict)
    format_version: Literal[1] = 1

    def of(self, id: ResourceId) -> Sight | None:
        return self.sights.get(str(id))
