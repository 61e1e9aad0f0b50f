"""A TOML text with values set in it; every other byte stays. No meaning in here.

The place is found by `positions` and the text is cut there: tomlkit would write the whole
document anew (docs/decisions/0018). How a key and a value are spelt is tomlkit's to say.
"""

from __future__ import annotations

import json
import re
import tomllib
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any

from converge.core.desired import Keys, dotted
from converge.core.errors import ConvergeError
from converge.engine.desired.positions import Outline, Statement, outline


class NotWritten(ConvergeError):
    """It cannot be written there so that the file reads back as meant; nothing was written."""


def written(text: str, keys: Keys, value: object) -> str:
    """The text with `value` at `keys`, where it stands or at the end of its table.

    Proved by reading it back: exactly that differs. NotWritten.
    """
    plain = text.replace("\r\n", "\n")
    found = outline(plain)
    start, end, new = _change(plain, found, keys, value)
    ends = [match.start() - n for n, match in enumerate(re.finditer("\r\n", text))]
    first, last = (offset + bisect_left(ends, offset) for offset in (start, end))
    if _crlf(text, first):
        new = new.replace("\n", "\r\n")
    changed = text[:first] + new + text[last:]
    if not _proved(text, changed, keys, value):
        why = "the file would not read back as meant, and is left as it is"
        raise NotWritten(f"{dotted(keys)}: {why}", f"write {way(keys)} = {spelt(value)} by hand")
    return changed


def overridden(text: str, changes: Mapping[str, Any]) -> str:
    """The text with each value of `changes`, a tree of tables, at its place. NotWritten."""
    for keys, value in _values(changes):
        text = written(text, keys, value)
    return text


def _values(table: Mapping[str, Any], above: Keys = ()) -> Iterator[tuple[Keys, object]]:
    for key, value in table.items():
        if isinstance(value, Mapping) and value:
            yield from _values(value, (*above, key))
        else:
            yield (*above, key), value


def spelt(value: object) -> str:
    """A value as TOML, on one line. NotWritten for what TOML has no word for."""
    import tomlkit  # heavy, and only whoever writes a file needs it
    from tomlkit.exceptions import TOMLKitError

    if isinstance(value, Mapping):
        inside = ", ".join(f"{way((key,))} = {spelt(one)}" for key, one in value.items())
        return f"{{ {inside} }}"
    try:
        return tomlkit.item(value).as_string()
    except (TOMLKitError, ValueError) as bad:
        raise NotWritten(f"{value!r} cannot be written as TOML: {bad}") from None


def way(keys: Keys) -> str:
    """A dotted key as TOML reads it."""
    bare = r"[A-Za-z0-9_-]+"
    return ".".join(str(w) if re.fullmatch(bare, str(w)) else spelt(w) for w in keys)


def _crlf(text: str, offset: int) -> bool:
    """Do the lines around there end in CR LF?"""
    after = text.find("\n", offset)
    at = after if after >= 0 else text.rfind("\n", 0, offset)
    return at > 0 and text[at - 1] == "\r"


def _change(text: str, found: Outline, keys: Keys, value: object) -> tuple[int, int, str]:
    """Which stretch goes, and what comes in its place."""
    values = dict(found.values)
    if found.lost is not None:
        raise NotWritten("the file cannot be followed to its end")
    if keys in values:
        start, end = values[keys]
        if text[start] == "[" and "#" in text[start:end]:
            raise NotWritten(f"{dotted(keys)}: there are comments in the list: change it by hand")
        return start, end, spelt(value)
    if keys in found.keys:
        raise NotWritten(f"{dotted(keys)} is a table of its own: change it by hand")
    inline = next((keys[:n] for n in range(len(keys) - 1, 0, -1) if keys[:n] in values), None)
    if inline:
        return _in_braces(text, *values[inline], keys[len(inline) :], value)
    at, new = _line(text, found, keys, value)
    return at, at, new


def _in_braces(text: str, start: int, end: int, keys: Keys, value: object) -> tuple[int, int, str]:
    """At the end of an inline table."""
    if text[start] != "{":
        raise NotWritten(f"{text[start:end]} is no table that {dotted(keys)} could stand in")
    inside = text[start + 1 : end - 1]
    pair = f"{way(keys)} = {spelt(value)}"
    if not inside.strip():
        return start + 1, start + 1, f" {pair}" + ("" if inside else " ")
    at = start + 1 + len(inside.rstrip())
    return at, at, f", {pair}"


def _line(text: str, found: Outline, keys: Keys, value: object) -> tuple[int, str]:
    """A new line at the end of its table, or the table with it: where, and what."""
    table, listed = keys[:-1], found.statements
    own = [one for one in listed if one.table == table]
    if not own:
        own = [one for one in listed if one.way != one.table and one.way[: len(table)] == table
               and len(one.table) < len(table)]  # fmt: skip
    if own:
        at, before = _after(text, own[-1])
        key = way(keys[len(own[-1].table) :])
        return at, before + _alike(text, own, key) + spelt(value) + "\n"
    if not table:
        return 0, f"{way(keys)} = {spelt(value)}\n"
    longest = max((_shared(one.table, table) for one in listed), default=0)
    kin = [one for one in listed if longest and _shared(one.table, table) == longest]
    at, before = _after(text, kin[-1], block=True) if kin else _end(text)
    gap = "\n" if text else ""
    return at, f"{before}{gap}[{way(table)}]\n{way(keys[-1:])} = {spelt(value)}\n"


def _shared(one: Keys, other: Keys) -> int:
    """How many keys two ways have in common from their beginning."""
    return next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b),
                min(len(one), len(other)))  # fmt: skip


def _after(text: str, one: Statement, *, block: bool = False) -> tuple[int, str]:
    """Where a line begins that follows a statement and the comment that goes on below it (of a
    `block` all comments up to an empty line); and the newline that is missing before."""
    comment = r"[ \t]*#[^\n]*\n?" if block else r"[ \t]+#[^\n]*\n?"
    found = re.compile(rf"[^\n]*\n?(?:{comment})*").match(text, one.end)
    at = found.end() if found else one.end
    return at, "" if text[:at].endswith("\n") else "\n"


def _end(text: str) -> tuple[int, str]:
    return len(text), "" if text.endswith("\n") or not text else "\n"


def _alike(text: str, own: list[Statement], key: str) -> str:
    """`key = ` as its neighbours are written: indented, and with the signs below each other."""
    start = text.rfind("\n", 0, own[-1].start) + 1
    indent = text[start : own[-1].start] if not text[start : own[-1].start].strip() else ""
    pairs = [one for one in own if one.way != one.table]
    if not pairs:
        return f"{indent}{key} = "
    lines = [text[one.start : one.equals] for one in pairs]
    sign = re.compile("=[ \t]*").match(text, pairs[-1].equals)
    columns = {len(line) for line in lines}
    padded = len(columns) == 1 and (len(lines) > 1 or lines[0].endswith("  "))
    width = columns.pop() if padded else 0
    blank = " " if lines[-1].endswith((" ", "\t")) else ""
    return indent + (key + blank).ljust(width) + (sign[0] if sign else "= ")


def _proved(old: str, new: str, keys: Keys, value: object) -> bool:
    """Does the new text say what the old one says, but for that value?"""
    try:
        before, after = tomllib.loads(old), tomllib.loads(new)
    except (tomllib.TOMLDecodeError, RecursionError):
        return False
    meant = deepcopy(before)
    table: Any = meant
    for key in keys[:-1]:
        table = table.setdefault(key, {}) if isinstance(table, dict) else None
    if not isinstance(table, dict):
        return False
    table[keys[-1]] = json.loads(json.dumps(value))
    return repr(_sorted(meant)) == repr(_sorted(after))


def _sorted(value: Any) -> Any:
    """Tables in the order of their keys: where a new one stands says nothing. 1 is not true."""
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value)}
    return [_sorted(one) for one in value] if isinstance(value, list) else value
