"""A look at the pair, compared and not planned: what differs, what cannot be told. No door to
write through, no guard, no order."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from converge.core.graph import Graph
from converge.core.host import Clock, Reader
from converge.core.ids import ResourceId
from converge.core.ledger import Ledger
from converge.core.plan import Snapshot
from converge.core.state import Present
from converge.engine.drift.report import Look
from converge.engine.observe import observe
from converge.engine.plan.diff import concerns, diff, wishes
from converge.reconcile.planning import remembered
from converge.reconcile.run import moment


def look(
    graph: Graph,
    readers: Mapping[str, Reader],
    clock: Clock,
    ledger: Ledger,
    nodes: Collection[str],
    elsewhere: Mapping[str, str],
) -> Look:
    """Look and compare, as a run on `nodes` would. What the look teaches is kept by no one."""
    snapshot = observe(graph, readers, clock)
    now, ended = moment(clock), clock.wall()
    known = remembered(graph, ledger, snapshot, now, nodes)
    changes, unknown = diff(snapshot, wishes(graph, snapshot, known, now))
    lacking = {**lacks(graph, snapshot, ledger, nodes), **concerns(graph, snapshot)}
    return Look(
        graph, snapshot, tuple(changes), tuple(unknown), lacking, ended, tuple(sorted(nodes)),
        elsewhere,
    )  # fmt: skip


def lacks(
    graph: Graph, snapshot: Snapshot, ledger: Ledger, nodes: Collection[str]
) -> dict[ResourceId, str]:
    """What those nodes could not do when they had to, by the ledger as it is on the disk: that is
    what the next run will know."""
    found = {
        id: graph.resources[id].lacks(seen.state, ledger.of(id))
        for id, seen in snapshot.observed.items()
        if id.node in nodes and isinstance(seen, Present)
    }
    return {id: words for id, words in found.items() if words}
