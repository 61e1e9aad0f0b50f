"""A rehearsal as two lanes of plain text: the time, the first node left, the second right."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from converge.proving.story.seen import Entry

WIDTH = 100
TIME = 8
LANE = (WIDTH - TIME - 4) // 2


def two_lanes(timeline: Sequence[Entry], nodes: Sequence[str]) -> str:
    """One line an event, its reason below it; what is broken has stars around its code."""
    first, second = nodes
    lines = [_row("", first, second), _row("", "-" * LANE, "-" * LANE)]
    last = ""
    for entry in timeline:
        shown = f"{entry.at:.3f}"
        for n, text in enumerate(_said(entry)):
            time = shown if n == 0 and shown != last else ""
            left, right = ("", text) if entry.node == second else (text, "")
            lines.append(_row(time, left, right))
        last = shown
    return "\n".join(lines) + "\n"


def folded(timeline: Sequence[Entry]) -> list[Entry]:
    """What an actor says again and again, with nothing else in its lane between, said once."""
    lines: list[Entry] = []
    counts: list[int] = []
    last: dict[str, int] = {}
    for entry in timeline:
        at = last.get(entry.node, -1)
        if at >= 0 and entry.kind == "actor" and lines[at][2:] == entry[2:]:
            counts[at] += 1
            continue
        last[entry.node] = len(lines)
        lines.append(entry)
        counts.append(1)
    return [
        e._replace(what=f"{e.what} ({n} times)") if n > 1 else e
        for e, n in zip(lines, counts, strict=True)
    ]


def _row(time: str, left: str, right: str) -> str:
    return f"{time:>{TIME}}  {left:<{LANE}}  {right}".rstrip()


def _said(entry: Entry) -> list[str]:
    """What happened and why, wrapped to a lane; only ASCII, whatever a program printed."""
    head = f"*** {entry.code} *** " if entry.kind == "broken" else ""
    code = f" [{entry.code}]" if entry.code and not head else ""
    lines = _wrapped(f"{head}{entry.what}{code}", "  ")
    return lines + [f"    {line}" for line in _wrapped(entry.why, "", LANE - 4) if line]


def _wrapped(text: str, indent: str, width: int = LANE) -> list[str]:
    plain = text.encode("ascii", "replace").decode()
    plain = "".join(one if one.isprintable() else " " for one in plain)
    return textwrap.wrap(plain, width, subsequent_indent=indent, break_on_hyphens=False)
