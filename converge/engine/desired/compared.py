"""Two desired files that are meant to be the same, one a node: what they say differently.

Each node does what its own file says of it. So what the pair really is comes from both files, and
what one file says of the other file's node is only what somebody believes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from converge.core.beside import Difference, Side
from converge.core.desired import Desired, Keys, Source, Span, dotted
from converge.core.ids import ResourceId
from converge.core.pair import Pair
from converge.core.resource import Resource
from converge.core.secret import Secret
from converge.core.state import shown

ELSEWHERE = "it is in a file of each node, which cannot be seen from here"


def compared(one: Desired, other: Desired, here: str, there: str) -> tuple[Difference, ...]:
    """What the files say differently, grave things first; `one` is the file of node `here`."""
    if sorted(one.pair.nodes) != sorted(other.pair.nodes):
        whose = "these are not the files of one pair"
        keys: Keys = ("pair", "nodes")
        return (_told(one, other, here, keys, whose, grave=True),)
    found = [*_heads(one, other, here), *_resources(one, other, here, there)]
    return tuple(sorted(found, key=lambda d: not d.grave))


def _heads(one: Desired, other: Desired, here: str) -> Iterator[Difference]:
    """The tables that are not resources."""
    mark = "a server takes its data for those of another pair, and does not start"
    alone = "one node may take over where the other one would hold itself for isolated"
    meant = "the nodes do not know each other by this"
    rows: list[tuple[Keys, object, object, str]] = [
        (("pair", "name"), one.pair.name, other.pair.name, mark),
        (("witness", "ping"), {*one.pair.witnesses}, {*other.pair.witnesses}, alone),
    ]
    for name, node in one.pair.nodes.items():
        twin = other.pair.nodes[name]
        for field in ("hostname", "address", "replication_address", "release"):
            why = meant if field != "release" else ""
            rows.append((("node", name, field), getattr(node, field), getattr(twin, field), why))
        delays = node.boot_delay_s, twin.boot_delay_s
        own = ("node", name, "boot_delay") in {**one.source.keys, **other.source.keys}
        keys: Keys = ("node", name, "boot_delay") if own else ("guard", "boot_delay")
        rows.append((keys, *delays, ""))
    for table in ("guard", "peer"):
        mine, theirs = getattr(one, table), getattr(other, table)
        for field in type(mine).model_fields:
            if field != "boot_delay":
                rows.append(((table, field), getattr(mine, field), getattr(theirs, field), ""))
    for keys, a, b, why in dict.fromkeys((k, _plain(a), _plain(b), w) for k, a, b, w in rows):
        if a != b:
            yield _told(one, other, here, keys, why, grave=bool(why))


def _plain(value: object) -> object:
    return tuple(sorted(value)) if isinstance(value, set) else value


def _told(
    one: Desired, other: Desired, node: str, keys: Keys, why: str, *, grave: bool
) -> Difference:
    """A difference of something that is no resource."""
    *above, field = map(str, keys)
    id = ResourceId(node, above[0], ".".join(above[1:]) or "pair")
    what = "" if above[0] == field else field
    id = replace(id, name=field, kind=above[0]) if len(above) == 1 else id
    sides = (_side(one.source, keys), _side(other.source, keys))
    return Difference(id, what if len(above) > 1 else "", why, grave, sides)


def _resources(one: Desired, other: Desired, here: str, there: str) -> Iterator[Difference]:
    pair = Pair(one.pair.name, {
        here: one.pair.nodes[here], there: other.pair.nodes[there],
    }, one.pair.witnesses)  # fmt: skip
    told: set[tuple[str, str, str]] = set()
    for d in [*_real(one, other, here, there, pair), *_believed(one, other)]:
        about = (d.id.kind, d.id.name, d.field)
        if about not in told:
            told.add(about)
            yield d


def _real(one: Desired, other: Desired, here: str, there: str, pair: Pair) -> Iterator[Difference]:
    """What does not go together when each node does what its own file says of it."""
    claimed = {c: id for id in _of(one, here) for c in one.resources[id].claims_of_pair()}
    for id in _of(other, there):
        theirs, twin = other.resources[id], replace(id, node=here)
        ours = one.resources.get(twin)
        sides = (twin, id)
        for claim in theirs.claims_of_pair():
            if first := claimed.get(claim):
                why = f"{first} and {id} both want {claim}"
                yield _differing(one, other, (first, id), "role", why, grave=True)
        if ours is None:
            continue
        for field, why in theirs.misfits(ours, pair):
            if not _elsewhere(one, other, sides, field):
                yield _differing(one, other, sides, field, why, grave=True)
        for field in type(theirs).ranks:
            preferred = {_first(file, twin, id, field) for file in (one, other)}
            if len(preferred | {_before(ours, theirs, field)}) > 1:
                why = "the files do not agree which node is preferred"
                yield _differing(one, other, sides, field, why, grave=True)


def _of(desired: Desired, node: str) -> list[ResourceId]:
    return [id for id in desired.resources if id.node == node]


def _first(file: Desired, a: ResourceId, b: ResourceId, field: str) -> bool | None:
    """Which of the two comes first by that field, as one file has it."""
    if a not in file.resources or b not in file.resources:
        return None
    return _before(file.resources[a], file.resources[b], field)


def _before(a: Resource[Any], b: Resource[Any], field: str) -> bool:
    first: bool = getattr(a, field) < getattr(b, field)
    return first


def _believed(one: Desired, other: Desired) -> Iterator[Difference]:
    """What the files say differently of the same resource of the same node."""
    for id in sorted({*one.resources, *other.resources}):
        mine, theirs = one.resources.get(id), other.resources.get(id)
        some = mine or theirs
        assert some is not None
        grave = bool(type(some).agrees)
        if mine is None or theirs is None:
            yield _differing(one, other, (id, id), "", "only one of the files has it", grave=grave)
            continue
        for field in [f for f in type(mine).model_fields if f != "id"]:
            a, b = getattr(mine, field), getattr(theirs, field)
            if _elsewhere(one, other, (id, id), field):
                yield _differing(one, other, (id, id), field, ELSEWHERE, grave=False)
            elif a != b:
                why = type(mine).agrees.get(field, "")
                yield _differing(one, other, (id, id), field, why, grave=bool(why))


def _elsewhere(
    one: Desired, other: Desired, ids: tuple[ResourceId, ResourceId], field: str
) -> bool:
    """Is it a secret that one of the files only names the file of?"""
    files = zip((one, other), ids, strict=True)
    return any((*_keys(file, id, field), "file") in file.source.keys for file, id in files)


def _keys(file: Desired, id: ResourceId, field: str) -> Keys:
    """Where the file says it, or should."""
    own: Keys = ("node", id.node, id.kind, id.name)
    shared: Keys = (id.kind, id.name)
    keys = file.source.keys
    apart = own in keys and (shared not in keys or (*own, field) in keys)
    return (*(own if apart else shared), *((field,) if field else ()))


def _differing(
    one: Desired,
    other: Desired,
    ids: tuple[ResourceId, ResourceId],
    field: str,
    why: str,
    *,
    grave: bool,
) -> Difference:
    pairs = zip((one, other), ids, strict=True)
    first, second = (
        _side(file.source, _keys(file, id, field), _value(file, id, field)) for file, id in pairs
    )
    return Difference(ids[0], field, why, grave, (first, second))


def _value(file: Desired, id: ResourceId, field: str) -> str:
    value = getattr(file.resources.get(id), field, None) if field else None
    return str(value) if isinstance(value, Secret) else shown(value)


def _side(source: Source, keys: Keys, default: str = "") -> Side:
    """The line where it stands; else the table where it could, and what holds without it."""
    if keys in source.keys:
        span = source.keys[keys]
        value = source.values.get(keys, span)
        text = source.line(span.line)
        end = value.column - 1 + value.width if value.line == span.line else None
        if value == span and text.lstrip().startswith("["):
            end = text.find("]", end) + 1 or end
        return Side(source.path, span.line, text[:end].strip())
    near = next((keys[:n] for n in range(len(keys), 1, -1) if keys[:n] in source.keys), ())
    line = source.keys.get(near, Span(0, 0)).line
    missing = f"{dotted(keys[len(near) :]) or dotted(keys)} is not written"
    return Side(source.path, line, f"{missing}: {default}" if default else missing)
