"""Problems of the desired file for people: the place, the line, a caret, what is allowed."""

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Iterable

from converge.core.errors import Problem

WIDEST = 100
"""Characters of a line that are shown; of a longer one, those around the place."""


def render(problems: Iterable[Problem]) -> str:
    """One block per problem, in the given order; no colour, control characters made visible."""
    return "\n".join("".join(f"{line}\n" for line in _block(one)) for one in problems)


def _block(problem: Problem) -> list[str]:
    place = [f"{problem.path}:{problem.line}:{problem.column}" if problem.line else problem.path]
    lines = [": ".join(place + [part for part in (problem.key, problem.message) if part])]
    if problem.source:
        lines += _excerpt(problem)
    if problem.allowed:
        lines += _folded("   allowed: ", problem.allowed)
    if problem.guess:
        lines.append(f'   did you mean "{problem.guess}"?')
    return [_visible(line) for line in lines]


def _folded(head: str, text: str) -> list[str]:
    return textwrap.wrap(
        text,
        80,
        initial_indent=head,
        subsequent_indent=" " * len(head),
        break_long_words=False,
        break_on_hyphens=False,
    )


def _excerpt(problem: Problem) -> list[str]:
    """The line, and below it carets under what is meant."""
    column = min(problem.column, len(problem.source) + 1)
    start = max(0, column - WIDEST // 2) if len(problem.source) > WIDEST else 0
    head, tail = "... " if start else "", ""
    shown = problem.source[start : start + WIDEST]
    if start + WIDEST < len(problem.source):
        tail = " ..."
    before = head + shown[: column - 1 - start]
    meant = shown[column - 1 - start :][: problem.width]
    number = f"{problem.line:6}"
    return [
        f"{number} | {head}{shown}{tail}".rstrip(),
        f"{'':6} | {' ' * _columns(before)}{'^' * max(1, _columns(meant))}",
    ]


def _columns(text: str) -> int:
    """How many columns a terminal takes for it."""
    wide = sum(unicodedata.east_asian_width(one) in "WF" for one in _visible(text))
    flat = sum(unicodedata.combining(one) > 0 for one in _visible(text))
    return len(_visible(text)) + wide - flat


def _visible(text: str) -> str:
    """Tabs as blanks and what a terminal would obey as its escape."""
    return "".join(
        one if one.isprintable() else "    " if one == "\t" else ascii(one)[1:-1] for one in text
    )
