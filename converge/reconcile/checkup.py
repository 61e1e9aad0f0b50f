"""A look at everything around the pair: all checks of a node in two batches, then judged."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from converge.core.check import Asked, Check, Checkup, Finding, Found, unknown
from converge.core.graph import Graph
from converge.core.host import Answer, Clock, Query, Reader
from converge.core.pair import Node

Key = tuple[str, str]
"""Whose check it is, "" for the machine's, and its title: the same on both nodes."""


@dataclass(frozen=True, slots=True)
class _Heard:
    """What a node answered, each answer between two moments of our clock."""

    answers: Mapping[Query, tuple[Answer, float, float]]

    def to(self, check: Check) -> Asked:
        answers, began, ended = zip(*(self.answers[query] for query in check.asks), strict=True)
        return Asked(answers, min(began), max(ended))


def examine(
    graph: Graph,
    readers: Mapping[str, Reader],
    clock: Clock,
    of_machine: Callable[[Node], Iterable[Check]],
) -> Checkup:
    """Everything that the kinds and the machine itself have to be looked at for. Readers only."""
    checks = {node: _checks(graph, node, of_machine) for node in sorted(readers)}
    heard: dict[str, _Heard] = {}
    silent: dict[str, str] = {}
    for node, own in checks.items():
        answers = _ask(list(own.values()), readers[node], clock)
        if isinstance(answers, str):
            silent[node] = answers
        else:
            heard[node] = answers
    findings = []
    for node, answered in heard.items():
        peer = graph.pair.peer_of(node)
        for key, check in checks[node].items():
            theirs = _twin(checks, heard, peer.name if peer else "", key)
            found = _judged(check, answered.to(check), theirs)
            asked = tuple(map(str, check.asks))
            findings.append(Finding(node, *key, found, asked))
    return Checkup(tuple(findings), silent)


def _ask(checks: list[Check], reader: Reader, clock: Clock) -> _Heard | str:
    """All that the checks ask, what is timed first; or why nothing at all is answered."""
    answers: dict[Query, tuple[Answer, float, float]] = {}
    for timed in (True, False):
        asked = [q for check in checks if check.timed is timed for q in check.asks]
        queries = [q for q in dict.fromkeys(asked) if q not in answers]
        began_s = clock.wall().timestamp()
        given = reader.ask(queries)
        ended_s = clock.wall().timestamp()
        answers |= {q: (a, began_s, ended_s) for q, a in zip(queries, given, strict=True)}
    lost = [answer.lost for answer, _, _ in answers.values()]
    return lost[0] if lost and all(lost) else _Heard(answers)


def _checks(
    graph: Graph, node: str, of_machine: Callable[[Node], Iterable[Check]]
) -> dict[Key, Check]:
    found = {("", check.title): check for check in of_machine(graph.pair.nodes[node])}
    for id in [id for id in graph.order if id.node == node]:
        for check in graph.resources[id].checks(graph.around(node)):
            found[str(id.ref), check.title] = check
    return found


def _twin(
    checks: Mapping[str, Mapping[Key, Check]],
    heard: Mapping[str, _Heard],
    node: str,
    key: Key,
) -> Asked | None:
    """What the other node answered to the same check, if all of it came."""
    if node not in heard or key not in checks[node]:
        return None
    asked = heard[node].to(checks[node][key])
    return None if any(answer.lost for answer in asked.answers) else asked


def _judged(check: Check, here: Asked, there: Asked | None) -> Found:
    pairs = zip(check.asks, here.answers, strict=True)
    lost = [f"{query}: {answer.lost}" for query, answer in pairs if answer.lost]
    if lost:
        return unknown("; ".join(lost))
    try:
        return check.judge(here, there)
    except (ValueError, OverflowError, IndexError):
        asked = "; ".join(map(str, check.asks))
        return unknown(f"what {asked} answered cannot be understood")
