"""The letters beside things, and their colours. A letter stands beside every colour."""

from __future__ import annotations

import re
from dataclasses import dataclass

from converge.core.plan import Action, Direction

START, STOP, CHANGE, PROMOTE, DEMOTE = "+", "-", "~", "^", "v"
IN_SYNC, BLOCKED, UNKNOWN = "=", "!", "?"

_BY_VERB = {
    "start": START, "mount": START, "load": START, "add": START, "make": START, "create": START,
    "wait": START, "seal": CHANGE, "mark": CHANGE, "stop": STOP, "unmount": STOP, "remove": STOP,
    "promote": PROMOTE, "demote": DEMOTE,
}  # fmt: skip

_COLOURS = {
    START: "32", STOP: "31", CHANGE: "33", PROMOTE: "35", DEMOTE: "35",
    IN_SYNC: "32", BLOCKED: "31;1", UNKNOWN: "36", "bold": "1", "dim": "2",
}  # fmt: skip


def mark(action: Action) -> str:
    """The letter of an action."""
    fallback = STOP if action.direction is Direction.DOWN else CHANGE
    return _BY_VERB.get(action.verb, fallback)


_OURS = "|".join(re.escape(f"\x1b[{code}m") for code in ("0", *sorted(set(_COLOURS.values()))))
_FOREIGN = re.compile(rf"({_OURS})|([^\n -~])")


def safe(text: str) -> str:
    """What a node said may hold control characters: they are shown, not sent to a terminal."""

    def shown(found: re.Match[str]) -> str:
        char = found[2]
        return found[1] or (char if char.isprintable() else ascii(char)[1:-1])

    return _FOREIGN.sub(shown, text)


@dataclass(frozen=True, slots=True)
class Paint:
    """Colours where they are wanted, plain text elsewhere."""

    on: bool = False

    def __call__(self, colour: str, text: str) -> str:
        """`text` in the colour of a mark, or in "bold" or "dim"."""
        return f"\x1b[{_COLOURS[colour]}m{text}\x1b[0m" if self.on else text
