"""The drift report for a terminal: 80 columns, what is wrong first."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from converge.core.drift import Drift, Lack, Past, Row, Unseen
from converge.engine.show.drift.words import LOST, between, by, headline, plain, titled
from converge.engine.show.marks import CHANGE, IN_SYNC, UNKNOWN, Paint, safe

WIDTH = 80


def drift_text(drift: Drift, paint: Paint, *, verbose: bool = False) -> str:
    """`verbose` adds what is ignored and what is over."""
    today = drift.seen.before
    lines = [f"{drift.pair}, seen at {today[:19]}{today[26:] or today[19:]}"]
    for node in drift.nodes:
        lines += ["", *_node(drift, node, paint)]
    if drift.ignored and verbose:
        lines += ["", paint("bold", "ignored"), *_ignored(drift)]
    if drift.past and verbose:
        lines += ["", paint("bold", "over")]
        for past in drift.past:
            lines += _past(past, today)
    lines += ["", *(line for note in drift.notes for line in _folded(note, 0, "note: "))]
    return safe("\n".join([*lines, headline(drift)])) + "\n"


def _node(drift: Drift, node: str, paint: Paint) -> Iterator[str]:
    rows, lacks, unseen = drift.of(node)
    if not rows and not lacks and not unseen:
        yield f"{paint('bold', node)}  {paint(IN_SYNC, IN_SYNC)} as desired"
        return
    yield paint("bold", node)
    today = drift.seen.before
    for lack in lacks:
        yield from _lack(lack, today, paint)
    for row in rows:
        yield from _row(row, today, paint)
    yield from _unseen(unseen, paint)


def _lack(lack: Lack, today: str, paint: Paint) -> Iterator[str]:
    yield f"  {paint(LOST, LOST)} {plain(lack.resource)}"
    yield from _folded(lack.what, 6)
    yield from _folded(f"since: {between(lack.since, today)}", 6)


def _row(row: Row, today: str, paint: Paint) -> Iterator[str]:
    yield f"  {paint(CHANGE, CHANGE)} {plain(titled(row.resource, row.field))}"
    yield from _folded(f"is {row.observed}, desired {row.desired}", 6)
    yield from _folded(f"since: {between(row.since, today)}", 6)
    yield from _folded(by(row.by), 6)


def _unseen(unseen: list[Unseen], paint: Paint) -> Iterator[str]:
    """What waits for another of them, or for the same reason, goes with it."""
    names = {f"{one.node}/{plain(one.resource)}" for one in unseen}
    leads: dict[tuple[str, str], Unseen] = {}
    for one in unseen:
        if one.first not in names:
            leads.setdefault((one.why, one.first), one)
    for one in leads.values():
        yield f"  {paint(UNKNOWN, UNKNOWN)} {plain(one.resource)}"
        yield from _folded(f"cannot be seen: {one.why}", 6)
    if more := len(unseen) - len(leads):
        yield f"    {paint(UNKNOWN, UNKNOWN)} and {more} more, for the same reasons"


def _ignored(drift: Drift) -> Iterator[str]:
    for one in drift.ignored:
        name = titled(f"{one.node}/{plain(one.resource)}", getattr(one, "field", ""))
        yield from _folded(f"{name}: {one.ignored} (until {one.until})", 2)


def _past(past: Past, today: str) -> Iterator[str]:
    row = past.row
    yield from _folded(f"{titled(f'{row.node}/{row.resource}', row.field)}: {row.observed}", 2)
    yield from _folded(f"from: {between(row.since, today)}, {by(row.by)}", 6)
    yield from _folded(f"to: {between(past.until, today)}, {by(past.ended_by)}", 6)


def _folded(text: str, indent: int, head: str = "") -> list[str]:
    flat = plain(text)
    blanks = " " * indent
    return textwrap.wrap(
        head + flat, WIDTH, initial_indent=blanks, subsequent_indent=blanks + "  ",
        break_on_hyphens=False,
    )  # fmt: skip
