"""What a node that nobody has described yet has, as tables that would describe it."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field

from converge.core.host import Answer, Query, Soon


@dataclass(frozen=True, slots=True)
class Like:
    """Stands for a reference to the one resource of that kind whose `field` begins with `text`;
    where there is none, for `otherwise`. '' there leaves the table to a person."""

    kind: str
    field: str = ""
    text: str = ""
    otherwise: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """The table `[kind.name]` for what was found on a node, or on `host` as that node knows it
    (a short host name). Kinds "node" and "pair" without a name are the tables of the node
    itself and of the pair.

    `thing`: what makes it the same thing on the other node, where its name is `guessed` only.
    `own`: fields that hold for that node only, whatever the other one has. `remarks`: sentences
    that stand above the table.
    """

    kind: str
    name: str
    table: Mapping[str, object] = field(default_factory=dict)
    host: str = ""
    own: frozenset[str] = frozenset()
    remarks: tuple[str, ...] = ()
    thing: str = ""
    guessed: bool = False


Discovery = Generator[Query | Soon, Answer, tuple[Found, ...]]
"""Yields queries, is sent their answers, and returns what it found. An answer that is lost ends
it: what cannot be read is not taken for absent."""
