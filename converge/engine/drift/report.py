"""The report of one look, and what must be kept of it for the next."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from converge.core.drift import (
    PAST_MAX,
    Between,
    Drift,
    DriftMemory,
    Is,
    Lack,
    Past,
    Row,
    Sight,
    Standing,
    Unseen,
)
from converge.core.graph import Graph
from converge.core.ids import ResourceId
from converge.core.ignore import IgnoreTable
from converge.core.plan import Change, Deferred, Snapshot
from converge.core.state import Observation, Present, differing, values_of
from converge.engine.drift.cause import Found
from converge.engine.drift.chain import begin
from converge.engine.drift.witness import Story


@dataclass(frozen=True, slots=True)
class Look:
    """A look at the pair, compared. `lacking`: what a person must know though nothing differs.

    `ended`: when the last answer had come. `nodes`: those that the report speaks for.
    `elsewhere`: by node, why the journal at hand does not tell of its own runs.
    """

    graph: Graph
    snapshot: Snapshot
    changes: tuple[Change, ...]
    unknown: tuple[Deferred, ...]
    lacking: Mapping[ResourceId, str]
    ended: datetime
    nodes: tuple[str, ...]
    elsewhere: Mapping[str, str] = field(default_factory=dict)


def drift(
    look: Look, memory: DriftMemory, story: Story, ignores: tuple[IgnoreTable, ...]
) -> tuple[Drift, DriftMemory]:
    """What differs, since when and by whom; and the memory after it."""
    differs = {change.id: change for change in look.changes}
    unknown = {one.id: one for one in look.unknown}
    sights = dict(memory.sights)
    rows: list[Row] = []
    lacks: list[Lack] = []
    past: list[Past] = []
    unseen: list[Unseen] = []
    for id in look.graph.order:
        if id.node not in look.nodes or id not in look.snapshot.observed:
            continue
        sight, ref = memory.of(id), str(id.ref)
        busy = story.meanwhile(id)
        if busy or id in unknown:
            why = f"run {busy.run} was at work on it ({busy.action})" if busy else unknown[id].why
            until = None if busy else unknown[id].until
            unseen.append(Unseen(id.node, ref, why, str(until) if until else ""))
            past += sight.past if sight else ()
            continue
        new = _sight(look, id, differs.get(id), sight, story)
        sights[str(id)] = new
        rows += new.rows
        past += new.past
        if new.lacking:
            lacks.append(Lack(id.node, ref, look.lacking[id], new.lacking))
    declared = {str(id) for id in look.graph.order}
    kept = {id: sight for id, sight in sights.items() if id in declared}
    return _report(look, rows, lacks, unseen, past, ignores), replace(memory, sights=kept)


def _report(
    look: Look, rows: list[Row], lacks: list[Lack], unseen: list[Unseen], past: list[Past],
    ignores: tuple[IgnoreTable, ...],
) -> Drift:  # fmt: skip
    now, graph = look.ended, look.graph
    told = tuple(_ignored(row, ignores, now) for row in rows)
    lost = tuple(_ignored(lack, ignores, now) for lack in lacks)
    seen = Between(look.snapshot.taken.isoformat(), now.isoformat())
    past.sort(key=lambda one: one.until.before, reverse=True)
    return Drift(
        graph.pair.name, look.nodes, seen, graph.digest, told, lost, tuple(unseen), tuple(past),
        _standings(look, told, lost, unseen), tuple(_notes(ignores, now)),
    )  # fmt: skip


def _sight(
    look: Look, id: ResourceId, change: Change | None, before: Sight | None, story: Story
) -> Sight:
    """What is now known of one resource."""
    observed = look.snapshot.observed[id]
    wish = change.wish if change else observed
    began, ended = look.snapshot.taken.isoformat(), look.ended.isoformat()
    found = Found(
        values_of(observed), values_of(wish), _fields(change), began, ended, look.graph.digest,
        table_digest(look.graph, id),
    )  # fmt: skip
    graph, afar = look.graph, look.elsewhere.get(id.node, "")
    chain = begin(id, graph.all_needs[id], story, before, graph.digest, afar, found)
    rows = chain.seen(found, before)
    lacking = None
    if id in look.lacking:
        lacking = before.lacking if before else None
        lacking = lacking or Between(before.at if before else None, ended)
    return Sight(
        began, story.last, look.graph.digest, found.values, found.wished, rows,
        tuple(chain.past[-PAST_MAX:]), lacking, found.table,
    )  # fmt: skip


def table_digest(graph: Graph, id: ResourceId) -> str:
    """Changes with what the file says of a resource or of what that needs; never with a secret's
    text."""
    parts = {
        str(one): graph.resources[one].model_dump(mode="json")
        for one in {id, *graph.all_needs[id]}
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _fields(change: Change | None) -> tuple[str, ...]:
    """What differs; '' when it should be there and is not, or the other way round."""
    if change is None:
        return ()
    if isinstance(change.observed, Present) and isinstance(change.wish, Present):
        return tuple(differing(change.observed, change.wish))
    return ("",)


def _ignored(one: Any, ignores: tuple[IgnoreTable, ...], now: datetime) -> Any:
    """The same with the reason, when a person wants it left alone until later."""
    name = getattr(one, "field", "")
    for ignore in ignores:
        about = ignore.covers(one.node, one.resource) and ignore.field in ("", name)
        if about and not ignore.over(now):
            return replace(one, ignored=ignore.reason, until=ignore.until)
    return one


def _notes(ignores: tuple[IgnoreTable, ...], now: datetime) -> list[str]:
    return [
        f"ignore {ignore.resource}{' ' + ignore.field if ignore.field else ''}: over since "
        f"{ignore.until}, so it counts again ({ignore.reason})"
        for ignore in ignores
        if ignore.over(now)
    ]


def _standings(
    look: Look, rows: tuple[Row, ...], lacks: tuple[Lack, ...], unseen: list[Unseen]
) -> tuple[Standing, ...]:
    """Everything that was looked at, one line each."""
    counts = {(row.node, row.resource) for row in rows if not row.ignored}
    ignored = {(row.node, row.resource) for row in rows}
    lost = {(lack.node, lack.resource) for lack in lacks if not lack.ignored}
    blind = {(one.node, one.resource) for one in unseen}
    blind |= {(one.id.node, str(one.id.ref)) for one in look.unknown}
    counts |= {(c.id.node, str(c.id.ref)) for c in look.changes if c.id.node not in look.nodes}
    lost |= {(id.node, str(id.ref)) for id in look.lacking if id.node not in look.nodes}

    def is_(key: tuple[str, str]) -> Is:
        if key in blind:
            return "unknown"
        if key in counts:
            return "different"
        return "ignored" if key in ignored else "in_sync"

    found = []
    for id in look.graph.order:
        if id in look.snapshot.observed:
            key = (id.node, str(id.ref))
            glance = _glance(look.snapshot.observed[id])
            headline = look.graph.resources[id].headline
            found.append(Standing(*key, is_(key), glance, headline, key in lost))
    return tuple(found)


def _glance(seen: Observation[Any]) -> str:
    return seen.state.glance if isinstance(seen, Present) else type(seen).__name__.lower()
