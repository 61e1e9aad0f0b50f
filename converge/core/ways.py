"""Several ways to one node, and what is known of each: for a reader that asks by all of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from converge.core.host import Reader


@dataclass(frozen=True, slots=True)
class Path:
    """What is known of one way to a node. `age_s`: how long ago it was asked for the last time.

    Three facts, not two: it `answered`; it was `silent` (packets went out and nothing came back);
    or neither, and `why` says what stands between: a refusal or a wrong key is no answer, but
    it is a sign of life. `waiting`: it has not been found out yet.
    """

    name: str
    address: str
    answered: bool
    why: str = ""
    age_s: float = 0.0
    silent: bool = False
    waiting: bool = False


@runtime_checkable
class ManyPaths(Reader, Protocol):
    """A reader that asks by several ways and remembers how each of them did."""

    @property
    def paths(self) -> tuple[Path, ...]:
        """All that have been asked, as they are known now."""
        ...

    def knock(self) -> None:
        """Begin to find out by every way whether anybody is there, and return at once."""
        ...

    def expect_nobody(self) -> None:
        """There are other signs that nobody is there: the next question is not waited for."""
        ...
