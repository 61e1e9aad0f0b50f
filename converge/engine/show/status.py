"""The pair at a glance: a row a headline resource, a column a node."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from converge.core.graph import Graph
from converge.core.ids import ResourceId
from converge.core.plan import Plan, Snapshot
from converge.core.state import Unknown
from converge.engine.show.marks import BLOCKED, CHANGE, IN_SYNC, UNKNOWN, Paint, mark, safe
from converge.engine.show.paths import path_lines
from converge.engine.show.text import (
    concern_lines,
    observation_words,
    summary,
    waiting_lines,
)


def marks(graph: Graph, snapshot: Snapshot, plan: Plan) -> dict[ResourceId, str]:
    """A letter for each observed resource: in sync, to be changed (how), blocked or unknown."""
    found = {id: IN_SYNC for id in graph.order if id in snapshot.observed}
    found.update({d.id: UNKNOWN for d in plan.deferred if d.id in found})
    for action in reversed(plan.actions):
        if action.id in found:
            found[action.id] = BLOCKED if action.key in plan.held else mark(action)
    return found


def status_text(
    graph: Graph,
    snapshot: Snapshot,
    plan: Plan,
    nodes: Iterable[str],
    paint: Paint,
    ours: Plan | None = None,
    runs: Iterable[str] = (),
) -> str:
    """Rows of what matters, then what is to be done, in one line that begins with the mark of all.

    `ours`: that part of the plan which is told in words, when another node is evidence only.
    `runs`: what is to be said of holds and runs.
    """
    columns = list(nodes)
    letters = marks(graph, snapshot, plan)
    rows = _rows(graph, snapshot, columns, letters)
    widths = [max(len(row[i]) for row in rows) for i in range(len(columns) + 1)]
    lines = [
        "  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    lines[0] = paint("bold", lines[0])
    told = ours or plan
    waiting = list(waiting_lines(told.deferred, paint, nodes=True))
    concerns = list(concern_lines(told.concerns, paint, nodes=True))
    paths = list(path_lines(snapshot.paths, paint))
    gap = [""] if paths else []
    evidence = snapshot.paths if ours else {}
    worst = _worst(mark for id, mark in letters.items() if id.node not in evidence)
    last = f"{paint(worst, worst)} {summary(told)}"
    below = [*gap, *paths, "", *waiting, *concerns, *runs, last]
    return safe("\n".join([*lines, *below])) + "\n"


def _worst(letters: Iterable[str]) -> str:
    """The mark of all: blocked, unknown, to be changed, or in sync."""
    found = set(letters)
    if found <= {IN_SYNC} and found:
        return IN_SYNC
    return next((mark for mark in (BLOCKED, UNKNOWN) if mark in found), CHANGE)


def _rows(
    graph: Graph, snapshot: Snapshot, columns: list[str], letters: Mapping[ResourceId, str]
) -> list[list[str]]:
    refs = dict.fromkeys(id.ref for id in graph.order if graph.resources[id].headline)
    rows = [[graph.pair.name, *columns]]
    for ref in refs:
        row = [str(ref)]
        for node in columns:
            id = ResourceId(node, ref.kind, ref.name)
            seen = snapshot.observed.get(id)
            # Why it is unknown stands below the table.
            words = "unknown" if isinstance(seen, Unknown) else observation_words(seen)
            row.append(f"{letters.get(id, ' ')} {words}")
        rows.append(row)
    return rows
