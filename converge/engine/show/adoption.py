"""What is taken into the desired file, what is not and why, and the file's diff."""

from __future__ import annotations

import difflib
import textwrap
from collections.abc import Iterable, Iterator, Sequence

from converge.core.adoption import Adoption, Declined
from converge.core.ids import ResourceId
from converge.engine.show.marks import BLOCKED, CHANGE, UNKNOWN, Paint, safe

PLAIN = Paint(on=False)


def adoption_lines(
    taken: Iterable[Adoption],
    declined: Iterable[Declined],
    then: Iterable[ResourceId],
    paint: Paint = PLAIN,
) -> Iterator[str]:
    """`~ hasta/carp.vip advskew = 50`, and `!` for what stays as it is wished, `?` for what is
    as wished now and is not `then`."""
    for one in sorted(taken, key=lambda a: (a.id, a.field)):
        seen = "" if one.of == one.id else f"  (as {one.of.ref} is)"
        yield safe(f"{paint(CHANGE, CHANGE)} {one.id} {one.field}: {_value(one.value)}{seen}")
    reasons: dict[tuple[ResourceId, str], list[str]] = {}
    for no in sorted(declined, key=lambda d: (d.id, d.field)):
        reasons.setdefault((no.id, no.why), []).append(no.field)
    for (id, why), fields in reasons.items():
        said = f"{id} {', '.join(fields)}".strip()
        first, *more = textwrap.wrap(f"{said}: {why}", 76, break_on_hyphens=False)
        yield safe(f"{paint(BLOCKED, BLOCKED)} {first}")
        yield from (safe(f"    {line}") for line in more)

    for id in then:
        yield safe(f"{paint(UNKNOWN, UNKNOWN)} {id}: is as wished now, and would differ then")


def _value(value: object) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case list():
            return f"[{', '.join(map(_value, value))}]"
        case str():
            return f'"{value}"'
        case _:
            return str(value)


def diff_lines(
    path: str, old: Sequence[str], new: Sequence[str], paint: Paint = PLAIN
) -> Iterator[str]:
    """A unified diff. The lines are those that are fit to be shown: no secret is in them."""
    for line in difflib.unified_diff(old, new, path, f"{path} (new)", lineterm=""):
        text = safe(line)
        heads = ("---", "+++", "@@")
        colour = {"+": "+", "-": "-"}.get(line[:1]) if not line.startswith(heads) else "bold"
        yield paint(colour, text) if colour else text
