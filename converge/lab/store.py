"""A world as text and back: the state file of the lab. Who reads and writes files is elsewhere.

The text is JSON. A field that has its default is left out; a `Table` is a list of pairs.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import MISSING, Field, fields, is_dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from converge.core.errors import ConvergeError
from converge.lab.world import Table, World

FORMAT_VERSION = 1


class DamagedState(ConvergeError):
    """The text of a lab's state cannot be understood."""

    exit_code = 65


def save(world: World) -> str:
    """The text of a world. Equal worlds with equal order give equal text."""
    state = {"format_version": FORMAT_VERSION, "world": _plain(world)}
    return json.dumps(state, separators=(",", ":")) + "\n"


def load(text: str) -> World:
    """The world of a text that `save` made. DamagedState for any other text."""
    hint = "start again with a new lab; nothing else depends on this file"
    try:
        state = json.loads(text)
    except (ValueError, RecursionError):
        raise DamagedState("the state of the lab is not JSON: it is damaged", hint) from None
    version = state.get("format_version") if isinstance(state, dict) else None
    if version != FORMAT_VERSION:
        what = f"version {version}" if version else "no version"
        why = f"the state of the lab has {what}, this program reads version {FORMAT_VERSION}"
        raise DamagedState(why, hint)
    try:
        world = _read(World, state.get("world"), "world")
    except _Wrong as wrong:
        raise DamagedState(f"the state of the lab is damaged: {wrong}", hint) from None
    assert isinstance(world, World)
    return world


class _Wrong(Exception):
    """A part of the text that does not fit its type."""


def _plain(value: Any) -> Any:
    """Something that json can write."""
    if isinstance(value, Table):
        return [[_plain(k), _plain(v)] for k, v in value.items()]
    if isinstance(value, frozenset):
        return [_plain(item) for item in sorted(value)]
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if is_dataclass(value):
        pairs = ((f, getattr(value, f.name)) for f in fields(value))
        return {f.name: _plain(v) for f, v in pairs if v != _default(f)}
    return value


def _default(field: Field[Any]) -> Any:
    if field.default_factory is not MISSING:
        return field.default_factory()
    return field.default


def _read(wanted: Any, data: Any, where: str) -> Any:
    """The value of type `wanted` that `_plain` made `data` of. _Wrong."""
    if get_origin(wanted) in (Union, UnionType):
        kinds = [k for k in get_args(wanted) if k is not NoneType]
        return None if data is None else _read(kinds[0], data, where)
    reader = _READERS.get(get_origin(wanted))
    if reader is not None:
        if not isinstance(data, list):
            raise _Wrong(f"{where} is not a list")
        return reader(get_args(wanted), data, where)
    if is_dataclass(wanted):
        return _record(wanted, data, where)
    return _scalar(wanted, data, where)


def _scalar(wanted: Any, data: Any, where: str) -> Any:
    if wanted is float and type(data) is int:
        return data
    if type(data) is not wanted:
        raise _Wrong(f"{where} is no {getattr(wanted, '__name__', wanted)}")
    return data


def _record(wanted: Any, data: Any, where: str) -> Any:
    if not isinstance(data, dict):
        raise _Wrong(f"{where} is no object")
    hints = _hints(wanted)
    strange = sorted(set(data) - set(hints))
    if strange:
        raise _Wrong(f"{where} has an unknown field {strange[0]}")
    values = {key: _read(hints[key], item, f"{where}.{key}") for key, item in data.items()}
    try:
        return wanted(**values)
    except TypeError:
        raise _Wrong(f"{where} lacks a field") from None


@cache
def _hints(wanted: Any) -> dict[str, Any]:
    hints = get_type_hints(wanted)
    return {f.name: hints[f.name] for f in fields(wanted)}


def _table(kinds: tuple[Any, ...], data: list[Any], where: str) -> Table[Any, Any]:
    found = {}
    for pair in data:
        if not isinstance(pair, list) or len(pair) != 2:
            raise _Wrong(f"{where} is no list of pairs")
        key = _read(kinds[0], pair[0], where)
        found[key] = _read(kinds[1], pair[1], f"{where}[{key}]")
    return Table(found)


def _row(kinds: tuple[Any, ...], data: list[Any], where: str) -> tuple[Any, ...]:
    if kinds[-1:] == (...,):
        kinds = kinds[:1] * len(data)
    if len(kinds) != len(data):
        raise _Wrong(f"{where} has a wrong length")
    return tuple(_read(k, item, where) for k, item in zip(kinds, data, strict=True))


def _set(kinds: tuple[Any, ...], data: list[Any], where: str) -> frozenset[Any]:
    return frozenset(_read(kinds[0], item, where) for item in data)


_READERS: dict[Any, Callable[[tuple[Any, ...], list[Any], str], Any]] = {
    Table: _table,
    tuple: _row,
    frozenset: _set,
}
