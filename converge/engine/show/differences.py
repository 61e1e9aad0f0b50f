"""What two desired files say differently, for people: grave things first, each with both lines."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence

from converge.core.beside import Difference
from converge.core.ids import ResourceId
from converge.engine.show.marks import BLOCKED, CHANGE, Paint, safe

WIDEST = 76
"""Characters of a line of the file that are shown."""


def differences_text(found: Sequence[Difference], paint: Paint) -> str:
    """All of them, and how many are grave."""
    lines = []
    for one in found:
        sign = BLOCKED if one.grave else CHANGE
        first, *more = textwrap.wrap(f"{one.what}: {one.why or 'not the same'}", 77)
        lines += [f"{paint(sign, sign)} {first}", *(f"  {line}" for line in more)]
        lines += [f"    {_cut(str(side))}" for side in one.sides]
    grave = sum(one.grave for one in found)
    lines.append(f"{grave} to put right, {len(found) - grave} merely different")
    return safe("\n".join(lines)) + "\n"


def difference_concerns(found: Sequence[Difference], node: str) -> Mapping[ResourceId, str]:
    """What a plan tells of the grave ones, and that there are others."""
    told: dict[ResourceId, str] = {}
    for one in found:
        if one.grave:
            id = ResourceId(node, one.id.kind, one.id.name)
            words = f"{one.field} {_words(one)}".strip()
            told[id] = f"{told[id]}; {words}" if id in told else words
    others = sum(not one.grave for one in found)
    if others:
        id = ResourceId(node, "pair", "files")
        told[id] = f"{others} more not the same in both nodes' files: converge validate --pair"
    return told


def _words(one: Difference) -> str:
    ours, theirs = (_cut(str(side)) for side in one.sides)
    return f"is not the same in both nodes' files: {one.why} ({ours} | {theirs})"


def _cut(text: str) -> str:
    return text if len(text) <= WIDEST else text[: WIDEST - 3] + "..."
