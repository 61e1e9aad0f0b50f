"""What a doctor found, for people (wrong things first, and only those) and as JSON."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from converge.core.check import Checkup, Finding, Mark
from converge.engine.show.json import FORMAT_VERSION
from converge.engine.show.marks import BLOCKED, CHANGE, IN_SYNC, UNKNOWN, Paint, safe

SIGNS = {Mark.WRONG: BLOCKED, Mark.UNKNOWN: UNKNOWN, Mark.NOTICE: CHANGE, Mark.OK: IN_SYNC}


def checkup_text(checkup: Checkup, paint: Paint, *, verbose: bool) -> str:
    """A node at a time. Not `verbose`: only what is wrong, or not known."""
    lines: list[str] = []
    for node in sorted({*checkup.silent, *(one.node for one in checkup.findings)}):
        lines += [*_node_lines(checkup, node, paint, verbose=verbose), ""]
    counts = {mark: checkup.count(mark) for mark in Mark}
    words = {Mark.NOTICE: "to notice"}
    told = [f"{n} {words.get(mark, mark.value)}" for mark, n in counts.items() if n]
    more = "" if verbose or not counts[Mark.NOTICE] else " (-v shows all)"
    unseen = f", {len(checkup.silent)} not reached" if checkup.silent else ""
    return safe("\n".join([*lines, ", ".join(told) + unseen + more])) + "\n"


def _node_lines(checkup: Checkup, node: str, paint: Paint, *, verbose: bool) -> Iterator[str]:
    mine = [one for one in checkup.findings if one.node == node]
    shown = [one for mark in Mark for one in mine if one.found.mark is mark]
    if not verbose:
        shown = [one for one in shown if one.found.mark in (Mark.WRONG, Mark.UNKNOWN)]
    name = paint("bold", node)
    if node in checkup.silent:
        yield f"{name}  {paint(UNKNOWN, UNKNOWN)} not reached"
        yield from _folded(checkup.silent[node], "  ")
    elif not shown:
        yield f"{name}  {paint(IN_SYNC, IN_SYNC)} nothing wrong in {len(mine)} checks"
    else:
        yield name
    for one in shown:
        yield from _finding_lines(one, paint)


def _finding_lines(one: Finding, paint: Paint) -> Iterator[str]:
    sign, found = SIGNS[one.found.mark], one.found
    first, *more = _folded(f"{_name(one)}: {found.seen}", "    ")
    yield f"  {paint(sign, sign)} {first.lstrip()}"
    yield from more
    if found.mark is not Mark.OK:
        if found.do:
            yield from _folded(f"do: {found.do}", "      ", "          ")
        yield from (paint("dim", line) for line in _folded(f"seen by: {_asked(one)}", "      "))


def _name(one: Finding) -> str:
    return f"{one.about} {one.title}".strip()


def _asked(one: Finding) -> str:
    return "; ".join(one.asked)


def _folded(text: str, head: str, rest: str = "") -> list[str]:
    return textwrap.wrap(
        text, 80, initial_indent=head, subsequent_indent=rest or head + "  ",
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip


def checkup_form(checkup: Checkup, taken: datetime) -> dict[str, Any]:
    """Every finding, in the order of the checks."""
    return {
        "format_version": FORMAT_VERSION,
        "kind": "checkup",
        "taken": taken.isoformat(),
        "counts": {mark.value: checkup.count(mark) for mark in Mark},
        "not_reached": checkup.silent,
        "findings": [
            {
                "node": one.node,
                "about": one.about,
                "title": one.title,
                "verdict": one.found.mark.value,
                "seen": one.found.seen,
                "do": one.found.do,
                "asked": list(one.asked),
            }
            for one in checkup.findings
        ],
    }
