"""What a run writes down before and after it acts. A value; the file is kept in hosts/."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the journal. `what` is one of: run, input, intent, outcome, verdict, end.

    run: a run began (trigger, nodes, version, override). input: what was decided upon (desired
    digest, the answers heard, without secrets). intent: an action is about to begin (`action` is
    its key, with its number in the run). outcome: how it ended. end: how the run ended.
    """

    what: str
    fields: Mapping[str, Json] = field(default_factory=dict)


class Journal(Protocol):
    """Where entries go. An entry is on the disk when `write` returns."""

    def write(self, entry: Entry) -> None:
        """Raises CannotWrite when it cannot be kept: then nothing may be done."""
        ...


class NoJournal:
    """For whoever only looks."""

    def write(self, entry: Entry) -> None:
        """Nothing is kept."""
