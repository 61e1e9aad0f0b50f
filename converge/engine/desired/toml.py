"""A TOML text as tables, as places to point at, and as notes of what is wrong with it.

The only user of tomllib for what people write. Knows no kind and no table.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field, replace
from math import isfinite
from typing import Any

from converge.core.desired import Keys, Source, Span, dotted
from converge.core.errors import BadDesired, Problem
from converge.core.secret import Secret, masked
from converge.engine.desired.hidden import Secrecy, locate
from converge.engine.desired.positions import Outline, outline
from converge.engine.desired.wording import syntax

Table = dict[str, Any]

DEEPEST = 20
"""Levels of tables and lists in each other; nothing that is meant needs more than five."""


@dataclass(slots=True)
class Notes:
    """What was found to be wrong so far: once per place and key."""

    source: Source
    problems: dict[tuple[int, int, str], Problem] = field(default_factory=dict)
    spoilt: set[Keys] = field(default_factory=set)
    hushed: set[Secret] = field(default_factory=set, repr=False)

    def add(self, keys: Keys, message: str, allowed: str = "", guess: str = "") -> None:
        """Something about the value at `keys`, unless it was complained of already."""
        if not any(keys[: len(s)] == s or s[: len(keys)] == keys for s in self.spoilt):
            self._keep(self.source.problem(keys, message, allowed, guess))

    def stray(self, keys: Keys, message: str, allowed: str = "", guess: str = "") -> None:
        """A key that does not belong where it is."""
        self._keep(self.source.stray(keys, message, allowed, guess))

    def spoil(self, keys: Keys, message: str, allowed: str = "", guess: str = "") -> None:
        """No more is said about this value, nor about what it is a part of as a whole."""
        self.add(keys, message, allowed, guess)
        self.spoilt.add(keys)

    def hush(self, text: str) -> None:
        """A secret that no message may quote. What is shorter than four letters keeps none."""
        if len(text) > 3:
            self.hushed.add(Secret(text))

    def _keep(self, problem: Problem) -> None:
        quiet = replace(
            problem,
            message=masked(problem.message, self.hushed, plain_min=4),
            guess=masked(problem.guess, self.hushed, plain_min=4),
        )
        self.problems.setdefault((problem.line, problem.column, problem.key), quiet)

    def sorted(self) -> list[Problem]:
        return [self.problems[place] for place in sorted(self.problems)]


def decoded(data: bytes, path: str) -> str:
    """The text of a file; raises BadDesired where it is not UTF-8."""
    try:
        return data.decode()
    except UnicodeDecodeError as bad:
        before = data[: bad.start].decode()
        line, column = _place(before, len(before))
        said = f"byte 0x{data[bad.start]:02x} is not text: the file must be in UTF-8"
        raise BadDesired([Problem(path, line, column, "", said)]) from None


def read_toml(text: str, path: str, secrecy: Secrecy) -> tuple[Table, Notes]:
    """Tables of plain values, and notes that hold the source; raises BadDesired.

    What no setting takes (dates, inf, numbers beyond 64 bits) is noted and stands as None.
    """
    text = text.replace("\r\n", "\n")
    if not text.isascii():
        _check_text(text, path)
    found = outline(text)
    notes = Notes(locate(path, text, secrecy, found))
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as bad:
        raise BadDesired([_syntax_problem(str(bad), text, notes.source, found)]) from None
    except (ValueError, RecursionError):
        said = "a number with thousands of digits, or lists hundreds deep, cannot be read"
        raise BadDesired([Problem(path, 0, 0, "", said)]) from None
    return {key: _plain(value, (key,), notes) for key, value in table.items()}, notes


def _check_text(text: str, path: str) -> None:
    if text.startswith("\ufeff"):
        said = "the file begins with a byte order mark; save it as UTF-8 without one"
        raise BadDesired([Problem(path, 1, 1, "", said)])
    strange = re.search("[\ud800-\udfff]", text)
    if strange:
        line, column = _place(text, strange.start())
        raise BadDesired([Problem(path, line, column, "", "the file must be in UTF-8")])


def _plain(value: object, keys: Keys, notes: Notes) -> Any:
    if wrong := _unusable(value, len(keys)):
        notes.spoil(keys, wrong)
        return None
    if isinstance(value, dict):
        return {key: _plain(one, (*keys, key), notes) for key, one in value.items()}
    if isinstance(value, list):
        return [_plain(one, (*keys, at), notes) for at, one in enumerate(value)]
    return value


def _unusable(value: object, depth: int) -> str:
    """Why no setting takes such a value."""
    if depth > DEEPEST:
        return f"nothing here is nested deeper than {DEEPEST} levels"
    if isinstance(value, int) and abs(value) >= 2**63:
        return "this number is too large"
    if isinstance(value, float) and not isfinite(value):
        return f"{value} is no number to set"
    if not isinstance(value, dict | list | str | int | float):
        return "a date or a time is not a value here; as text it needs quotes"
    return ""


def _syntax_problem(said: str, text: str, source: Source, found: Outline) -> Problem:
    """tomllib's complaint; what is set twice is told with its first place."""
    message, _, place = said.removesuffix(")").rpartition(" (at ")
    numbers = re.findall(r"[0-9]+", place)
    at_end = len(numbers) != 2
    line, column = _place(text, len(text)) if at_end else map(int, numbers)
    if re.match("Cannot|Duplicate", message):
        return _twice(line, column, text, source, found)
    span = Span(line, column)
    if found.lost is not None and (at_end or message == "Unclosed array"):
        start, end = found.mentions[-1][0] if found.mentions else (0, 0)
        if not re.fullmatch(r"\s*=?\s*", text[end : found.lost]):
            start = end = found.lost
        span = Span(*_place(text, start), max(1, end - start))
    return source.at(span, "", syntax(message, at_end=at_end))


def _twice(line: int, column: int, text: str, source: Source, found: Outline) -> Problem:
    """The last key before the complaint, or a part of its way, is there already."""
    starts = [0, *(match.end() for match in re.finditer("\n", text))]
    before = [one for one in found.mentions if one[0][0] < starts[line - 1] + column]
    (start, end), keys = max(before, default=((0, 0), ()))
    ways = (keys[:n] for n in range(len(keys), 0, -1))
    first = next((way for way in ways if found.keys.get(way, (start,))[0] < start), ())
    said = "this is written twice"
    if first:
        what = "this" if first == keys else dotted(first)
        said = f"{what} is written already, in line {_place(text, found.keys[first][0])[0]}"
    return source.at(Span(*_place(text, start), end - start), dotted(keys), said)


def _place(text: str, offset: int) -> tuple[int, int]:
    """Line and column of an offset, from 1."""
    return text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)
