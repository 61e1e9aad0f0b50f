"""Declared resources in, dependency graph out: implied resources, edges, order, cycles.

The only user of networkx.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import networkx as nx
from pydantic import ValidationError

from converge.core.errors import near
from converge.core.graph import Graph, Neighbourhood
from converge.core.ids import Ref, ResourceId
from converge.core.pair import Pair
from converge.core.resource import Implied, Resource

Kinds = Mapping[str, type[Resource[Any]]]


@dataclass(frozen=True, slots=True)
class Flaw:
    """Something wrong between resources: whose table, which field, what, and what was meant."""

    id: ResourceId
    field: str
    message: str
    guess: str = ""


def build(
    pair: Pair, declared: Mapping[ResourceId, Resource[Any]], kinds: Kinds, digest: str = ""
) -> tuple[Graph | None, list[Flaw]]:
    """The graph, or every flaw that keeps it from being one."""
    resources, implied_by, flaws = _with_implied(pair, declared, kinds)
    edges, dangling = _edges(pair, resources, implied_by)
    disputed = _disputed(resources, implied_by) + _misfits(pair, resources, implied_by)
    if flaws or dangling or disputed:
        return None, flaws + dangling + disputed
    graph: nx.DiGraph[ResourceId] = nx.DiGraph()
    graph.add_nodes_from(sorted(resources))
    graph.add_edges_from((need, id) for id in sorted(edges) for need in sorted(edges[id]))
    cycle = _cycle(graph)
    if cycle:
        return None, [_cycle_flaw(cycle, implied_by)]
    order = tuple(nx.lexicographical_topological_sort(graph, key=_place))
    standing = graph.copy()
    for id in order:
        standing.remove_edges_from((id.near(ref), id) for ref in resources[id].follows())
    above = {id: frozenset(nx.descendants(standing, id)) for id in order}
    below = {id: frozenset(nx.ancestors(graph, id)) for id in order}
    return Graph(pair, resources, order, edges, below, above, implied_by, digest), []


def _place(id: ResourceId) -> ResourceId:
    return id


Table = dict[ResourceId, Resource[Any]]


def _with_implied(
    pair: Pair, declared: Mapping[ResourceId, Resource[Any]], kinds: Kinds
) -> tuple[Table, dict[ResourceId, ResourceId], list[Flaw]]:
    """Declared and implied resources. A declared table wins over an implied one."""
    resources: Table = dict(sorted(declared.items()))
    implied_by: dict[ResourceId, ResourceId] = {}
    flaws: list[Flaw] = []
    todo = list(resources)
    while todo:
        id = todo.pop(0)
        around = Neighbourhood(pair, resources, id.node)
        try:
            brought = list(resources[id].implied(around))
        except LookupError as missing:
            flaws.append(_unmet(resources, implied_by, id, missing))
            continue
        for one in brought:
            other, new = ResourceId(id.node, one.kind, one.name), _made(one, id, kinds)
            if other not in resources:
                resources[other] = new
                implied_by[other] = id
                todo.append(other)
            elif other in implied_by and resources[other] != new:
                first = implied_by[other].ref
                message = f"{id.ref} and {first} each bring along {other.ref}, but not the same"
                flaws.append(Flaw(_declarer(implied_by, id), "", message))
    return resources, implied_by, flaws


def _made(one: Implied, by: ResourceId, kinds: Kinds) -> Resource[Any]:
    try:
        table = {"id": ResourceId(by.node, one.kind, one.name), **one.table}
        return kinds[one.kind].model_validate(table)
    except ValidationError as wrong:
        raise AssertionError(f"{by} implies a bad {one.kind}: {wrong}") from wrong


def _edges(
    pair: Pair, resources: Table, implied_by: Mapping[ResourceId, ResourceId]
) -> tuple[dict[ResourceId, frozenset[ResourceId]], list[Flaw]]:
    """Who needs whom directly; and needs that are not there."""
    edges: dict[ResourceId, set[ResourceId]] = {id: set() for id in resources}
    flaws: list[Flaw] = []
    for id, resource in resources.items():
        for ref in resource.precedes():
            edges.get(id.near(ref), set()).add(id)
        try:
            refs = list(resource.needed(Neighbourhood(pair, resources, id.node)))
        except LookupError as missing:
            flaws.append(_unmet(resources, implied_by, id, missing))
            continue
        for ref in refs:
            need = id.near(ref)
            edges[id].add(need)
            if need not in resources:
                nobody = LookupError(f"{ref} is not declared")
                flaws.append(_unmet(resources, implied_by, id, nobody))
    return {id: frozenset(needs) for id, needs in edges.items()}, flaws


def _disputed(resources: Table, implied_by: Mapping[ResourceId, ResourceId]) -> list[Flaw]:
    """Two resources that want the same thing would undo each other at every run."""
    owners: dict[tuple[str, str], ResourceId] = {}
    flaws: list[Flaw] = []
    for id in sorted(resources, key=lambda id: (id in implied_by, id)):
        one = resources[id]
        claims = [(id.node, claim) for claim in one.claims()]
        for place, claim in claims + [("", claim) for claim in one.claims_of_pair()]:
            first = owners.setdefault((place, claim), id)
            if first != id:
                both = f"{first.ref} and {id.ref}" if place else f"{first} and {id}"
                message = f"{both} both want {claim}: only one of them can have it"
                flaws.append(Flaw(_declarer(implied_by, id), "", message))
    return flaws


def _misfits(
    pair: Pair, resources: Table, implied_by: Mapping[ResourceId, ResourceId]
) -> list[Flaw]:
    """What does not go together between the nodes, told once for both: at the second of them."""
    flaws: list[Flaw] = []
    for id in [id for id in resources if id not in implied_by]:
        peer = pair.peer_of(id.node)
        other = ResourceId(peer.name, id.kind, id.name) if peer else id
        if other in resources and id < other:
            continue
        twin = resources[other] if other != id and other in resources else None
        found = resources[id].misfits(twin, pair)
        flaws += [Flaw(id, field, why) for field, why in found]
    return flaws


def _unmet(
    resources: Table,
    implied_by: Mapping[ResourceId, ResourceId],
    id: ResourceId,
    missing: LookupError,
) -> Flaw:
    """A reference that leads nowhere, put at the table that a person wrote."""
    message = str(missing.args[0])
    word = message.split(" ", 1)[0]
    guess = near(word, {other.ref for other in resources if other.node == id.node})
    return Flaw(_declarer(implied_by, id), _field_with(resources[id], word), message, guess)


def _field_with(resource: Resource[Any], word: str) -> str:
    """The field in which a reference stands."""
    for name in type(resource).model_fields:
        value = getattr(resource, name)
        if value == word or (isinstance(value, tuple) and Ref(word) in value):
            return name
    return ""


def _declarer(implied_by: Mapping[ResourceId, ResourceId], id: ResourceId) -> ResourceId:
    while id in implied_by:
        id = implied_by[id]
    return id


def _cycle(graph: nx.DiGraph[ResourceId]) -> list[ResourceId]:
    try:
        found = nx.find_cycle(graph)
    except nx.NetworkXNoCycle:
        return []
    return [edge[0] for edge in found]


def _cycle_flaw(cycle: list[ResourceId], implied_by: Mapping[ResourceId, ResourceId]) -> Flaw:
    """Spell the circle out, beginning at its smallest member."""
    ring = list(reversed(cycle))
    at = ring.index(min(ring))
    ring = ring[at:] + ring[:at]
    words = ", which needs ".join(str(id.ref) for id in (*ring[1:], ring[0]))
    return Flaw(_declarer(implied_by, ring[0]), "needs", f"{ring[0].ref} needs {words}")
