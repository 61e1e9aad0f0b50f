"""What becomes of a planned handover after a look: it goes on, is done, or is turned back. Pure.

Nothing here acts. As long as the word is kept in the ledger the kinds wish accordingly, so that a
run that dies half-way is nothing special: the next one goes on, or brings the service back.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from converge.core.graph import Graph
from converge.core.ids import ResourceId
from converge.core.ledger import Handover, Now
from converge.core.plan import Plan, Snapshot
from converge.core.state import Absent, Present, Unknown, is_active

BACK_S = 120.0
"""So long the way back may take; after that CARP decides again, and a person must look."""

LATE = "it was not done in time"

UNFIT_PAIR = "unfit-pair"
"""Code of the refusal to begin a handover, or to give a copy up."""


def headlines(graph: Graph, node: str) -> list[ResourceId]:
    """What makes up the service on a node, in graph order."""
    return [id for id in graph.order if id.node == node and graph.resources[id].headline]


def serves(graph: Graph, snapshot: Snapshot, node: str) -> bool:
    """All of the service is active there."""
    ids = headlines(graph, node)
    return bool(ids) and all(_active(snapshot, id) for id in ids)


def hindrances(graph: Graph, snapshot: Snapshot, to: str) -> Iterator[str]:
    """Why the service should not be handed over to a node, as both were seen."""
    for id in headlines(graph, to):
        match snapshot.observed.get(id, Unknown("it was not looked at")):
            case Present(state):
                if why := graph.resources[id].unready(state):
                    yield f"{id}: {why}"
            case Unknown(why, None):
                yield f"{id} cannot be seen: {why}"
            case Absent() if id in _followed(graph, to):
                yield f"{id} is not there: run converge apply first"
            case _:
                pass  # what stands on the role is not there yet
    if not any(graph.resources[id].follows() for id in headlines(graph, to)):
        yield "nothing follows an address: there is nothing that a handover could move"


def unfit(graph: Graph, snapshot: Snapshot, plan: Plan, word: Handover) -> list[str]:
    """Refuses a handover or a repair before anything is done, where it would lose more than it
    brings (F19, F27).

    Seen: Both nodes, looked at twice: what differs from the desired file, what redundancy is lost,
    what keeps the other node from leading. Where nobody serves there is less to lose: then only
    the last counts. For a repair: both copies, and whether the one to be given up is in use.
    To do: Put right what is named: `converge plan`, `converge status`. A split-brain is repaired
    first. On a pair with preempt the address would come straight back: set preempt = false.
    Shown: cli/test_switchover.py::test_4_for_a_pair_that_is_not_fit
    """
    found = list(hindrances(graph, snapshot, word.to))
    if not serves(graph, snapshot, word.source):
        return found
    found += [f"{id}: {why}" for id, why in plan.concerns.items()]
    found += [f"{c.id} is not as desired: run converge apply first" for c in plan.changes]
    return list(dict.fromkeys(found))


def turned(
    graph: Graph, snapshot: Snapshot, handover: Handover, now: Now
) -> tuple[Handover | None, str]:
    """What is left of it after a look at everything, None when it is over; and why it is so."""
    over = now.wall_s >= handover.until_s
    if serves(graph, snapshot, handover.leader):
        return None, f"{handover.leader} serves" + (f": {handover.back}" if handover.back else "")
    if handover.back:
        return (None, f"{handover.source} does not serve in time") if over else (handover, "")
    there = headlines(graph, handover.to)
    if _has_address(graph, snapshot, handover.source):
        hindered = next(hindrances(graph, snapshot, handover.to), LATE if over else "")
        return (None, hindered) if hindered else (handover, "")
    if not over:
        return handover, ""
    if all(isinstance(snapshot.observed.get(id, Unknown("")), Unknown) for id in there):
        return None, f"{handover.to} cannot be seen: CARP says who has the address"
    return given_up(graph, snapshot, handover, LATE, now), LATE


def given_up(
    graph: Graph, snapshot: Snapshot, handover: Handover, why: str, now: Now
) -> Handover | None:
    """It is turned back; None where the address is still at its source, and all else follows."""
    if handover.back or _has_address(graph, snapshot, handover.source):
        return None
    return replace(handover, back=why, until_s=now.wall_s + BACK_S)


def _has_address(graph: Graph, snapshot: Snapshot, node: str) -> bool:
    """What the service follows is active there."""
    return any(_active(snapshot, id) for id in _followed(graph, node))


def _active(snapshot: Snapshot, id: ResourceId) -> bool:
    return is_active(snapshot.observed.get(id, Unknown("it was not looked at")))


def _followed(graph: Graph, node: str) -> set[ResourceId]:
    """What the service follows, on a node."""
    return {id.near(ref) for id in headlines(graph, node) for ref in graph.resources[id].follows()}
