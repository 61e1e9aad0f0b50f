"""What can be wrong with what a person gave us. Each carries its exit code."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong in the desired file: where, what, what is allowed, what was meant.

    `line` and `column` count from 1; 0 means the whole file. `width` characters are meant.
    """

    path: str
    line: int
    column: int
    key: str
    message: str
    allowed: str = ""
    guess: str = ""
    source: str = ""
    width: int = 1


class ConvergeError(Exception):
    """A broken promise with a sentence for the person and an exit code (sysexits(3))."""

    exit_code = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class UsageError(ConvergeError):
    """The command line does not make sense."""

    exit_code = 64


class NoSuchFile(ConvergeError):
    """A file that was named does not exist or cannot be read."""

    exit_code = 66


class CannotWrite(ConvergeError):
    """A file that should be written cannot be."""

    exit_code = 73


class DiskFull(CannotWrite):
    """The disk takes no more, or fails."""

    exit_code = 74


class StalePlan(ConvergeError):
    """A saved plan whose basis is no longer what is observed."""

    exit_code = 5


class BadDesired(ConvergeError):
    """The desired file is wrong; every problem at once."""

    exit_code = 65

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__(f"{len(problems)} problem(s) in the desired file")
        self.problems = problems


def near(word: str, words: Iterable[str]) -> str:
    """The word that was meant, or ''; capitals do not matter."""
    import difflib  # only a mistake needs it

    by_lower = {other.lower(): other for other in sorted(words, reverse=True)}
    close = difflib.get_close_matches(word.lower(), by_lower, n=1)
    return by_lower[close[0]] if close else ""


def meant(word: str, words: Iterable[str]) -> str:
    """` Did you mean 'status'?` for the end of a sentence, or ''."""
    guess = near(word, words)
    return f" Did you mean {guess!r}?" if guess else ""
