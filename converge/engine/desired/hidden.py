"""Places in a desired file to point at, and its lines as they may be shown: without secrets."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from converge.core.desired import Keys, Source, Span
from converge.engine.desired.positions import Outline, Stretch


@dataclass(frozen=True, slots=True)
class Secrecy:
    """Which values are not to be shown.

    `fields`: by kind, the keys of its tables that may hold a secret. `names`: keys that always
    do; what is called nearly so is hidden as well, wherever it stands.
    """

    fields: Mapping[str, Collection[str]] = field(default_factory=dict)
    names: Collection[str] = ()

    def covers(self, keys: Keys) -> bool:
        """Not the name of the file that a secret is in: that may be shown."""
        if keys[-1:] == ("file",) and self.covers(keys[:-1]):
            return False
        own = keys[2:] if keys[:1] == ("node",) else keys
        return self._like(keys) or (len(own) > 2 and own[2] in self.fields.get(str(own[0]), ()))

    def _like(self, keys: Keys) -> bool:
        return any(
            key[:3].lower() == name[:3] and len(key) <= len(name) + 1
            for key in keys
            if isinstance(key, str)
            for name in self.names
        )


def locate(path: str, text: str, secrecy: Secrecy, found: Outline) -> Source:
    """The source of a text, without what is secret in its lines."""
    starts = [0, *(match.end() for match in re.finditer("\n", text))]
    return Source(
        path,
        tuple(_without(text, _hidden(text, secrecy, found)).split("\n")),
        _spans(found.keys, starts, text),
        _spans(dict(reversed(found.values)), starts, text),
    )


def _hidden(text: str, secrecy: Secrecy, found: Outline) -> list[Stretch]:
    """Where secrets stand. What cannot be walked any more is searched for their names."""
    hidden = [
        stretch
        for keys, stretch in found.values
        if not text.startswith("{", stretch[0]) and secrecy.covers(keys)
    ]
    if found.lost is not None and secrecy.names:
        words = "|".join(map(re.escape, sorted(secrecy.names)))
        rest = re.compile(rf"(?:{words})[^=\n]*=[ \t]*(?!\{{)(.+)", re.IGNORECASE)
        hidden += [match.span(1) for match in rest.finditer(text, found.lost)]
    return hidden


def _without(text: str, hidden: list[Stretch]) -> str:
    """The text with `***` from each hidden value to the end of its line; no line goes missing."""
    parts, at = [], 0
    for start, end in sorted(hidden):
        if end <= at:
            continue
        start = max(start, at)
        parts.append(text[at:start] + "***" + "\n" * text.count("\n", start, end))
        line_end = text.find("\n", end)
        at = line_end if line_end >= 0 else len(text)
    return "".join(parts) + text[at:]


def _spans(found: dict[Keys, Stretch], starts: list[int], text: str) -> dict[Keys, Span]:
    """Offsets as lines and columns; a value of several lines is meant by its first."""
    spans, line = {}, 0
    for keys, (start, end) in sorted(found.items(), key=lambda item: item[1]):
        while line + 1 < len(starts) and starts[line + 1] <= start:
            line += 1
        stop = text.find("\n", start, end)
        width = (stop if stop >= 0 else end) - start
        spans[keys] = Span(line + 1, start - starts[line] + 1, max(1, width))
    return spans
