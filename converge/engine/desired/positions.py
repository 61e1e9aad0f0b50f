"""Where in a TOML text every key and value stands. Says nothing about what they mean.

It also walks a broken text as far as it goes: what is wrong is tomllib's to say.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field

from converge.core.desired import Keys

_SPACE = re.compile(r"[ \t]*")
_BLANK = re.compile(r"(?:[ \t\n]|#[^\n]*)*")
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_LONG = re.compile(
    r'"""(?:[^"\\]|\\[\s\S]|"(?!""))*"""(?:"{0,2})' + r"|'''(?:[^']|'(?!''))*'''(?:'{0,2})"
)
_SHORT = re.compile(r'"(?:[^"\\\n]|\\.)*"' + r"|'[^'\n]*'")
_SCALAR = re.compile(r"[^\s,\]}#](?:[^,\]}#\n]*[^\s,\]}#])?")

Stretch = tuple[int, int]
"""From one offset in the text to before another."""


class _Lost(Exception):
    """The text is not TOML from here on."""


@dataclass(frozen=True, slots=True)
class Statement:
    """A `[header]` (`way` is its `table`, `equals` 0), or the `way = value` below it. Offsets."""

    table: Keys
    way: Keys
    start: int
    equals: int
    end: int


@dataclass(slots=True)
class Outline:
    """What was found: where each key is first mentioned; every value; every key in order; every
    statement in order.

    `lost` is where the text stops being TOML.
    """

    keys: dict[Keys, Stretch] = field(default_factory=dict)
    values: list[tuple[Keys, Stretch]] = field(default_factory=list)
    mentions: list[tuple[Stretch, Keys]] = field(default_factory=list)
    statements: list[Statement] = field(default_factory=list)
    lost: int | None = None


def outline(text: str) -> Outline:
    """Walk a text whose lines end in newlines only. Never raises."""
    walk = _Walk(text)
    try:
        walk.document()
    except (_Lost, RecursionError):
        walk.found.lost = walk.began
        walk.found.values.append((walk.keys, (walk.began, len(text))))
    return walk.found


class _Walk:
    """One walk through one text. `keys` and `began` are where it is, for when it gets lost."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.offset = 0
        self.keys: Keys = ()
        self.began = 0
        self.equals = 0
        self.found = Outline()
        self.arrays: dict[Keys, int] = {}

    def document(self) -> None:
        table: Keys = ()
        while self._skip(_BLANK) < len(self.text):
            self.keys, self.began = (), start = (), self.offset
            if self._take("[["):
                way = table = self._header(many=True)
            elif self._take("["):
                way = table = self._header(many=False)
            else:
                way = self._pair(table)
            equals = self.equals if way != table else 0
            self.found.statements.append(Statement(table, way, start, equals, self.offset))
            self._skip(_SPACE)
            if self.offset < len(self.text) and self.text[self.offset] not in "#\n":
                raise _Lost

    def _header(self, *, many: bool) -> Keys:
        table = self._key(())
        if many:
            place = self.arrays[table] = self.arrays.get(table, -1) + 1
            self.found.keys[(*table, place)] = self.found.keys[table]
            table = (*table, place)
        self._expect("]]" if many else "]")
        return table

    def _pair(self, table: Keys) -> Keys:
        keys = self._key(table)
        equals = self.offset
        self._expect("=")
        self._skip(_SPACE)
        self.began = self.offset
        self._value(keys)
        self.equals = equals  # of the outermost one: that of a table in braces comes last
        return keys

    def _key(self, table: Keys) -> Keys:
        """A dotted key. On the way, what was declared as [[x]] means its latest table."""
        while True:
            self._skip(_SPACE)
            start = self.offset
            table = (*table, self._word())
            end = self.offset
            self.keys, self.began = table, end
            self.found.keys.setdefault(table, (start, end))
            self._skip(_SPACE)
            if not self._take("."):
                self.found.mentions.append(((start, end), table))
                return table
            if table in self.arrays:
                table = (*table, self.arrays[table])

    def _word(self) -> str:
        start = self.offset
        if self._skip(_BARE) > start:
            return self.text[start : self.offset]
        if self._skip(_SHORT) == start:
            raise _Lost
        raw = self.text[start : self.offset]
        try:
            return str(tomllib.loads(f"word = {raw}")["word"])
        except tomllib.TOMLDecodeError:
            raise _Lost from None

    def _value(self, keys: Keys) -> None:
        self._skip(_SPACE)
        start = self.offset
        if self._take("["):
            self._list(keys)
        elif self._take("{"):
            self._inline(keys)
        elif self.text.startswith(('"""', "'''"), start):
            self._must(_LONG)
        elif self.text.startswith(('"', "'"), start):
            self._must(_SHORT)
        else:
            self._must(_SCALAR)
        self.found.values.append((keys, (start, self.offset)))

    def _list(self, keys: Keys) -> None:
        place = 0
        self._skip(_BLANK)
        while not self._take("]"):
            self._value((*keys, place))
            place += 1
            self._skip(_BLANK)
            if not self._take(",") and not self.text.startswith("]", self.offset):
                raise _Lost
            self._skip(_BLANK)

    def _inline(self, keys: Keys) -> None:
        self._skip(_SPACE)
        while not self._take("}"):
            self._pair(keys)
            self._skip(_SPACE)
            if not self._take(",") and not self.text.startswith("}", self.offset):
                raise _Lost

    def _skip(self, pattern: re.Pattern[str]) -> int:
        """Go over what matches; the offset after it."""
        match = pattern.match(self.text, self.offset)
        self.offset = match.end() if match else self.offset
        return self.offset

    def _must(self, pattern: re.Pattern[str]) -> None:
        start = self.offset
        if self._skip(pattern) == start:
            raise _Lost

    def _take(self, mark: str) -> bool:
        if not self.text.startswith(mark, self.offset):
            return False
        self.offset += len(mark)
        return True

    def _expect(self, mark: str) -> None:
        if not self._take(mark):
            raise _Lost
