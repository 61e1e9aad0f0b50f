"""What a run writes down before and after it acts. A value; the file is kept in hosts/."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the journal. `what` is one of: run, input, intent, outcome, verdict, unfinished,
    handover, end, hold, release.

    run: a run began (trigger, nodes, version, override). input: what a pass was decided upon
    (`core/input.py`), found by its `decision`. intent: an action is about to begin (`action` is
    its key, `n` its number in the run). outcome: how it ended; without `n` nothing was begun.
    unfinished: an intent of an earlier run (`of`, `n`) has no outcome, and a person was told.
    handover: a person's word to move the service, as it is from now on, or that it is over.
    end: how the run ended. hold, release: a person's word (`converge hold`).
    """

    what: str
    fields: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Line:
    """An entry as it was kept: in which run, the how-manieth there, when (ISO with offset)."""

    run: str
    seq: int
    time: str
    entry: Entry


UNFINISHED_BY = frozenset({"intent", "outcome", "unfinished"})
"""The only entries that `unfinished` has to be given."""


def unfinished(lines: Iterable[Line]) -> list[Line]:
    """Intents without an outcome that no later run has told of, in the order of the lines.

    Nobody knows whether their effects began: the run was killed, or the power went.
    """
    found: dict[tuple[Json, Json], Line] = {}
    for line in lines:
        fields = line.entry.fields
        match line.entry.what:
            case "intent":
                found[line.run, fields.get("n")] = line
            case "outcome":
                found.pop((line.run, fields.get("n")), None)
            case "unfinished":
                found.pop((fields.get("of"), fields.get("n")), None)
            case _:
                pass
    return list(found.values())
