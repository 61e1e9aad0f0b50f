"""What is taken into the desired file, what is not and why, and the file's diff."""

from __future__ import annotations

import difflib
import textwrap
from collections.abc import Iterable, Iterator, Sequence

from converge.core.adoption import Adoption, Declined
from converge.core.ids import ResourceId
from converge.engine.show.marks import BLOCKED, CHANGE, UNKNOWN, Paint, safe

PLAIN = Paint(on=False)

Lines = Sequence[tuple[str, str]]
"""A file: each line as it is, to compare, and as it is fit to be shown, without secrets."""


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


def diff_lines(path: str, old: Lines, new: Lines, paint: Paint = PLAIN) -> Iterator[str]:
    """A unified diff. What differs in a secret only is shown too, as `***` on both sides."""
    was, will = ([line for line, _ in side] for side in (old, new))
    groups = list(difflib.SequenceMatcher(None, was, will).get_grouped_opcodes(3))
    if groups:
        yield from (paint("bold", safe(f"{sign} {path}{end}")) for sign, end in HEADS)
    for group in groups:
        (_, i, _, j, _), (_, _, k, _, m) = group[0], group[-1]
        yield paint("bold", f"@@ -{i + 1},{k - i} +{j + 1},{m - j} @@")
        for how, i, k, j, m in group:
            if how == "equal":
                yield from (safe(f" {shown}") for _, shown in old[i:k])
                continue
            yield from (paint("-", safe(f"-{shown}")) for _, shown in old[i:k])
            yield from (paint("+", safe(f"+{shown}")) for _, shown in new[j:m])


HEADS = (("---", ""), ("+++", " (new)"))
