"""A node is about to be shut down: what it has is given up, and nothing is begun there."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace

from converge.core.graph import Graph
from converge.core.plan import Direction, Plan


def leaving(graph: Graph, nodes: Collection[str]) -> tuple[Graph, Callable[[Plan], Plan]]:
    """What is wished of nodes that go down, and what of its plan is still done there.

    Each resource says what it is while its node leaves. What stands on one that then is something
    else goes down with it, by the same rules, under the same guards; all the rest is left alone.
    """
    others = {id: one.leaving() for id, one in graph.resources.items() if id.node in nodes}
    firsts = {id for id, one in others.items() if one != graph.resources[id]}
    parts = firsts.union(*(graph.needed_by[id] for id in firsts))

    def downs(plan: Plan) -> Plan:
        actions = tuple(
            action
            for action in plan.actions
            if action.id in parts and action.direction is Direction.DOWN
        )
        waiting = tuple(
            d for d in plan.deferred if d.id in parts and (d.until is None or d.until in parts)
        )
        return replace(plan, actions=actions, deferred=waiting)

    return replace(graph, resources={**graph.resources, **others}), downs
