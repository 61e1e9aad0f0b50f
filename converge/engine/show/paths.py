"""What is known of the paths to a node, for people and for machines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from converge.core.ways import Path
from converge.engine.show.marks import BLOCKED, IN_SYNC, UNKNOWN, Paint

FRESH_S = 5.0
"""What is known for longer than this is told with its age."""

Paths = Mapping[str, tuple[Path, ...]]
"""By node, as in a snapshot."""


def path_lines(paths: Paths, paint: Paint, *, wrong_only: bool = False) -> Iterator[str]:
    """A line a path: it answers, it is silent, or what is said there instead of an answer."""
    for node, ways in sorted(paths.items()):
        for one in ways:
            if not (one.answered and wrong_only):
                yield _line(node, one, paint)


def _line(node: str, path: Path, paint: Paint) -> str:
    place = f"{path.name} {path.address}"
    age = f", {path.age_s:.0f} s ago" if path.age_s > FRESH_S else ""
    if path.answered:
        return f"{paint(IN_SYNC, IN_SYNC)} {node} answers on {place}{age}"
    if path.silent:
        return f"{paint(UNKNOWN, UNKNOWN)} {node} is silent on {place} ({path.why}{age})"
    if path.waiting:
        return f"{paint(UNKNOWN, UNKNOWN)} {node} has not answered yet on {place}{age}"
    return f"{paint(BLOCKED, BLOCKED)} {node} gives no answer on {place}: {path.why}{age}"


def path_forms(paths: Paths) -> dict[str, Any]:
    """The same for machines."""
    return {
        node: [
            {
                "name": one.name,
                "address": one.address,
                "answered": one.answered,
                "silent": one.silent,
                "why": one.why,
                "age_s": round(one.age_s, 3),
            }
            for one in ways
        ]
        for node, ways in paths.items()
    }
