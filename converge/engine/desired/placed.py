"""Where in the file adopted values belong: the shared table, or that of one node."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from converge.core.adoption import Adoption
from converge.core.desired import Desired, Keys


def places(desired: Desired, adoptions: Iterable[Adoption]) -> Iterator[tuple[Keys, object]]:
    """The way in the file and the value, for each.

    A value goes where it comes from. The shared table is changed only when every node that reads
    it there is to have that value; else the node gets a table of its own over it.
    """
    groups: dict[tuple[str, str, str], dict[str, object]] = {}
    for one in adoptions:
        key = (one.id.kind, one.id.name, one.field)
        groups.setdefault(key, {})[one.id.node] = one.value
    for (kind, name, field), values in sorted(groups.items()):
        shared = (kind, name)
        nodes = desired.pair.nodes
        over: dict[str, Keys] = {node: ("node", node, *shared, field) for node in nodes}
        below = {node for node, way in over.items() if way not in desired.source.keys}
        after = {**_as_it_is(desired, kind, name, field), **values}
        alike = len({repr(value) for node, value in after.items() if node in below}) == 1
        if shared in desired.source.keys and alike and below & values.keys():
            yield (*shared, field), values[min(below & values.keys())]
            below = set()
        else:
            below &= values.keys()
        for node in sorted(values):
            if node in below or over[node] in desired.source.keys:
                yield over[node], values[node]


def _as_it_is(desired: Desired, kind: str, name: str, field: str) -> Mapping[str, Any]:
    """What the nodes have now, by node."""
    return {
        id.node: one.model_dump(mode="json", include={field}).get(field)
        for id, one in desired.resources.items()
        if (id.kind, id.name) == (kind, name)
    }
