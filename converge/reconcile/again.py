"""An old decision made again: the same run on the answers that were kept. No node is asked."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from converge.core.graph import Graph
from converge.core.input import Given
from converge.core.plan import Plan
from converge.engine.observe import observe
from converge.reconcile.charter import Charter
from converge.reconcile.passes import Course


def again(graph: Graph, given: Given) -> Plan:
    """What is decided now upon what an old run was given. Its readers have its answers."""
    looked = observe(graph, given.readers, _Then(given))
    seen = replace(looked, began_s=given.began_s, paths=given.paths)
    charter = Charter(graph, frozenset(given.acting), lifted=frozenset(given.lifted))
    _, this = Course(charter, given.ledger).decided(seen, given.now)
    return this.plan


@dataclass(frozen=True, slots=True)
class _Then:
    """The clock of an old run: it stands."""

    given: Given

    def wall(self) -> datetime:
        return self.given.taken

    def elapsed(self) -> float:
        return self.given.now.elapsed_s

    def sleep(self, span_s: float) -> None:
        """Nothing would come of waiting."""
