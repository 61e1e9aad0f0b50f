"""What a node has that nobody has described yet: drives the kinds' discoveries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from converge.core.found import Discovery, Found
from converge.core.host import Answer, Query, Reader, Soon
from converge.core.resource import Resource

ROUNDS_MAX = 12
"""As many as a look may take (observe)."""


@dataclass(slots=True)
class Discovered:
    """What was found on a node, what could not be read, and every answer."""

    found: list[Found] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    heard: dict[Query, Answer] = field(default_factory=dict)


def discover(kinds: Mapping[str, type[Resource[Any]]], reader: Reader) -> Discovered:
    """Ask a node for everything that the kinds look for, one batch of questions a round."""
    told = Discovered()
    asking: list[tuple[str, Discovery, Query]] = []
    soon: list[Query] = []
    for name, kind in sorted(kinds.items()):
        _advance(told, name, kind.discover(), None, asking, soon)
    for _ in range(ROUNDS_MAX):
        new = [q for q in dict.fromkeys([q for _, _, q in asking] + soon) if q not in told.heard]
        told.heard.update(zip(new, reader.ask(new) if new else [], strict=True))
        now, asking, soon = asking, [], []
        for name, discovery, query in now:
            answer = told.heard[query]
            if answer.lost and not query.silence_speaks:
                discovery.close()
                told.unread.append(f"{name}: {query}: {answer.lost}")
            else:
                _advance(told, name, discovery, answer, asking, soon)
    if asking:
        raise RuntimeError(f"discoveries that never end: {[name for name, _, _ in asking]}")
    return told


def _advance(
    told: Discovered,
    name: str,
    discovery: Discovery,
    answer: Answer | None,
    asking: list[tuple[str, Discovery, Query]],
    soon: list[Query],
) -> None:
    """One step: to the next query, or to what was found. What is no number where one is meant
    makes the kind unread; the reason does not repeat the answer, which may hold a secret."""
    try:
        query = next(discovery) if answer is None else discovery.send(answer)
        while isinstance(query, Soon):
            soon += query.queries
            query = discovery.send(Answer())
        asking.append((name, discovery, query))
    except StopIteration as end:
        told.found += end.value
    except (ValueError, OverflowError):
        told.unread.append(f"{name}: what the node answered cannot be understood")
