"""How programs read their words: getopt(3) of FreeBSD, where options end at the first operand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Words:
    """A command line taken apart. `bad` is the first letter that the program does not know."""

    given: Mapping[str, str]
    """Options by letter; the last value of one that takes a value, else ''."""
    rest: tuple[str, ...]
    bad: str = ""
    every: tuple[tuple[str, str], ...] = ()
    """All options in order."""

    def has(self, letter: str) -> bool:
        return letter in self.given


def getopt(argv: tuple[str, ...], spec: str) -> Words:
    """`spec` as in getopt(3): a colon after a letter means that it takes a value."""
    found: list[tuple[str, str]] = []
    bad = ""
    rest = list(argv[1:])
    while rest and rest[0].startswith("-") and rest[0] != "-" and not bad:
        word = rest.pop(0)
        if word == "--":
            break
        bad = _cluster(word[1:], rest, spec, found)
    return Words(dict(found), tuple(rest), bad, tuple(found))


def _cluster(letters: str, rest: list[str], spec: str, found: list[tuple[str, str]]) -> str:
    """Read the letters of one word; returns the letter that is wrong, or ''."""
    for at, letter in enumerate(letters):
        where = spec.find(letter)
        if letter == ":" or where < 0:
            return letter
        if spec[where + 1 : where + 2] != ":":
            found.append((letter, ""))
            continue
        value = letters[at + 1 :]
        if not value and not rest:
            return letter
        found.append((letter, value or rest.pop(0)))
        break
    return ""
