"""Rows that a client was promised, and that a database does not have."""

from collections.abc import Iterable

from converge.lab.rows import rows_served
from converge.lab.world import World


def rows_lost(world: World, node: str, acknowledged: Iterable[str]) -> tuple[str, ...]:
    """Acknowledged rows that the database answering on this node does not have: all of them
    when it serves nothing."""
    have = frozenset(rows_served(world, node) or ())
    return tuple(row for row in acknowledged if row not in have)
