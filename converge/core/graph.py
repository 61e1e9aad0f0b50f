"""The dependency graph as a value: who is there, who needs whom, in which order."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from converge.core.ids import Ref, ResourceId
from converge.core.pair import Pair
from converge.core.resource import Resource

Edges = Mapping[ResourceId, frozenset[ResourceId]]
Resources = Mapping[ResourceId, Resource[Any]]


@dataclass(frozen=True, slots=True)
class Neighbourhood:
    """What a resource of one node may ask of the desired side (the `Around` of the kinds)."""

    pair: Pair
    resources: Resources
    node: str

    def offer(self, ref: Ref, what: str, node: str = "") -> str:
        """What `ref` offers on this node, or on `node`. LookupError says what is missing."""
        resource = self.resources.get(ResourceId(node or self.node, ref.kind, ref.name))
        if resource is None:
            raise LookupError(f"{ref} is not declared")
        offers = resource.offers()
        if what not in offers:
            raise LookupError(f"{ref} has no {what} to offer")
        return offers[what]


@dataclass(frozen=True, slots=True)
class Graph:
    """All resources, declared and implied, and their order: needs come first, ties by id.

    `needs` are direct, `all_needs` transitive; `needed_by` is what stands on a resource, all the
    way up, without what only follows it. `implied_by` names the resource
    that brought an undeclared one along. Nodes share no edges.
    """

    pair: Pair
    resources: Resources
    order: tuple[ResourceId, ...]
    needs: Mapping[ResourceId, frozenset[ResourceId]]
    all_needs: Mapping[ResourceId, frozenset[ResourceId]]
    needed_by: Mapping[ResourceId, frozenset[ResourceId]]
    implied_by: Mapping[ResourceId, ResourceId] = field(default_factory=dict)
    digest: str = ""

    def twin(self, id: ResourceId) -> ResourceId | None:
        """The same resource on the other node, if it is there, too."""
        peer = self.pair.peer_of(id.node)
        other = ResourceId(peer.name, id.kind, id.name) if peer else id
        return other if peer and other in self.resources else None

    def only(self, ids: Collection[ResourceId]) -> Graph:
        """The graph of these alone; what is left out neither needs nor is needed."""
        kept = frozenset(ids)

        def cut(edges: Mapping[ResourceId, frozenset[ResourceId]]) -> Edges:
            return {id: others & kept for id, others in edges.items() if id in kept}

        return replace(
            self,
            resources={id: one for id, one in self.resources.items() if id in kept},
            order=tuple(id for id in self.order if id in kept),
            needs=cut(self.needs),
            all_needs=cut(self.all_needs),
            needed_by=cut(self.needed_by),
        )

    def around(self, node: str) -> Neighbourhood:
        return Neighbourhood(self.pair, self.resources, node)
