"""Graph and readers in, snapshot out: drives the looks, merges and batches their queries."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from converge.core.beside import Beside
from converge.core.graph import Graph
from converge.core.host import Answer, Clock, Query, Reader, Run, Soon
from converge.core.ids import ResourceId
from converge.core.plan import Snapshot
from converge.core.resource import Look
from converge.core.state import Observation, Unknown
from converge.core.ways import ManyPaths

ROUNDS_MAX = 12
"""A look that asks more often than this in a row is a bug; it would cost a round trip each."""

WHO = Run(("hostname",))
"""Asked with the first questions of a whole look: a mistyped --host must not reach a stranger."""

Heard = dict[Query, Answer]
Sources = dict[ResourceId, tuple[Query, ...]]


def observe(
    graph: Graph,
    readers: Mapping[str, Reader],
    clock: Clock,
    ids: Iterable[ResourceId] | None = None,
    beside: Beside | None = None,
) -> Snapshot:
    """See how all resources of the readers' nodes are, or only those of `ids`; `beside`: what a
    look at all of them asks as well.

    Nodes without a reader are not in the snapshot at all. What is known of the paths to a node
    is in it also when nothing of that node is looked at: then it is as old as it says.
    """
    taken, began_s = clock.wall(), clock.elapsed()
    many = {node: one for node, one in sorted(readers.items()) if isinstance(one, ManyPaths)}
    for one in many.values():
        one.knock()  # while the others are asked it may turn out that nobody is there
    observed: dict[ResourceId, Observation[Any]] = {}
    heard: dict[str, tuple[tuple[Query, Answer], ...]] = {}
    sources: Sources = {}
    wanted = set(graph.order if ids is None else ids)
    for node in sorted(readers, key=lambda node: (node in many, node)):
        mine = [id for id in graph.order if id.node == node and id in wanted]
        if node in many and nobody_there(graph, observed):
            many[node].expect_nobody()
        answers: Heard = {}
        asides = (beside.query,) if beside and beside.node == node else ()
        also = (WHO, *asides) if ids is None else ()
        seen = _observe_node(graph, mine, readers[node], answers, also, sources)
        stranger = _stranger(graph, node, answers)
        observed.update({id: Unknown(stranger) for id in seen} if stranger else seen)
        heard[node] = tuple(answers.items())
    paths = {node: one.paths for node, one in many.items()}
    told = _told(graph, beside, dict(heard.get(beside.node, ()))) if beside else {}
    return Snapshot(taken, observed, heard, paths, began_s, told, sources)


def _told(graph: Graph, beside: Beside, heard: Heard) -> Mapping[ResourceId, str]:
    """What is to be told of its answer, if one came from the machine that is meant."""
    answer = heard.get(beside.query)
    if answer is None or answer.lost or _stranger(graph, beside.node, heard):
        return {}
    return beside.concerns(answer)


def nobody_there(graph: Graph, observed: Mapping[ResourceId, Observation[Any]]) -> bool:
    """Nothing that could show the peer's being alive does."""
    voices = {graph.resources[id].hears_peer(seen) for id, seen in observed.items()} - {None}
    return voices == {False}


def _stranger(graph: Graph, node: str, heard: Heard) -> str:
    """Why this is not the machine that is meant, if it says another name than the node's."""
    said, meant = heard.get(WHO, Answer(1)), graph.pair.nodes[node].hostname
    name = said.stdout.strip()
    if said.lost or said.code or not name or _short(name) in (_short(meant), node.lower()):
        return ""
    return f"this machine calls itself {name}, and {node} is called {meant}: is it the right one?"


def _short(hostname: str) -> str:
    return hostname.partition(".")[0].lower()


def _observe_node(
    graph: Graph,
    ids: list[ResourceId],
    reader: Reader,
    heard: Heard,
    also: tuple[Query, ...],
    sources: Sources,
) -> dict[ResourceId, Observation[Any]]:
    """Advance all looks of a node together, one batch of new queries a round; `also` are asked
    with the first. In `sources` stands who asked what."""
    seen: dict[ResourceId, Observation[Any]] = {}
    asking: dict[ResourceId, tuple[Look[Any], Query]] = {}
    soon: list[Query] = list(also)
    for id in ids:
        _advance(id, graph.resources[id].look(graph.around(id.node)), None, asking, seen, soon)
    for _ in range(ROUNDS_MAX):
        if not asking:
            return seen
        wanted = (*(q for _, q in asking.values()), *soon)
        new = list(dict.fromkeys(q for q in wanted if q not in heard))
        answers = reader.ask(new) if new else []
        lost = {answer.lost for answer in answers}
        silent = not heard and len(new) > 1 and len(lost) == 1 and lost != {""}
        heard.update(zip(new, answers, strict=True))
        if silent:
            # A node that answers nothing at all has one reason, and is asked nothing more.
            for look, _ in asking.values():
                look.close()
            return seen | dict.fromkeys(asking, Unknown(answers[0].lost))
        for id, (look, query) in sorted(asking.items()):
            del asking[id]
            answer = heard[query]
            sources[id] = (*sources.get(id, ()), query)
            if answer.lost and not query.silence_speaks:
                look.close()
                seen[id] = Unknown(f"{query}: {answer.lost}")
            else:
                _advance(id, look, (query, answer), asking, seen, soon)
    raise RuntimeError(f"looks that never end: {', '.join(map(str, sorted(asking)))}")


def _advance(
    id: ResourceId,
    look: Look[Any],
    heard: tuple[Query, Answer] | None,
    asking: dict[ResourceId, tuple[Look[Any], Query]],
    seen: dict[ResourceId, Observation[Any]],
    soon: list[Query],
) -> None:
    """One step of a look: to its next query, or to what it saw.

    A number or an address that is none raises where it is read, and makes this resource unknown;
    the reason does not repeat the answer, which may hold a secret.
    """
    try:
        query = next(look) if heard is None else look.send(heard[1])
        while isinstance(query, Soon):
            soon += query.queries
            query = look.send(Answer())
        asking[id] = (look, query)
    except StopIteration as end:
        seen[id] = end.value
    except (ValueError, OverflowError):
        if heard is None:
            raise
        seen[id] = Unknown(f"what {heard[0]} answered cannot be understood")
