"""A look at everything around the pair: all checks of a node in one batch, then judged."""

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
    """What a node answered, between two moments of our clock."""

    answers: Mapping[Query, Answer]
    began_s: float
    ended_s: float

    def to(self, check: Check) -> Asked:
        answers = tuple(self.answers[query] for query in check.asks)
        return Asked(answers, self.began_s, self.ended_s)


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
        queries = list(dict.fromkeys(q for check in own.values() for q in check.asks))
        began_s = clock.wall().timestamp()
        answers = dict(zip(queries, readers[node].ask(queries), strict=True))
        reasons = {answer.lost for answer in answers.values()}
        if len(reasons) == 1 and reasons != {""}:
            silent[node] = reasons.pop()
        else:
            heard[node] = _Heard(answers, began_s, clock.wall().timestamp())
    findings = []
    for node, answered in heard.items():
        peer = graph.pair.peer_of(node)
        for key, check in checks[node].items():
            theirs = _twin(checks, heard, peer.name if peer else "", key)
            found = _judged(check, answered.to(check), theirs)
            asked = tuple(map(str, check.asks))
            findings.append(Finding(node, *key, found, asked))
    return Checkup(tuple(findings), silent)


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
