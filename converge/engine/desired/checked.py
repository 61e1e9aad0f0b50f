"""One table against its model: what does not fit becomes notes in plain words."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from functools import cache
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from converge.core.desired import Keys
from converge.core.errors import near
from converge.core.resource import Resource
from converge.core.secret import Secret
from converge.engine.desired.toml import Notes, Table
from converge.engine.desired.wording import Schema, complaint, missing, schema_at, words

Place = Callable[[Keys], Keys]
"""From a way inside a table to the way in the file."""

M = TypeVar("M", bound=BaseModel)


def checked(
    model: type[M],
    table: Table,
    place: Place,
    notes: Notes,
    *,
    extra: Mapping[str, object] | None = None,
    excused: Collection[str] = (),
) -> M | None:
    """The table as the model has it, or None and notes.

    `extra` is not the operator's; `excused` are keys that are not called missing, as a misspelt
    one was noted already.
    """
    try:
        return model.model_validate_json(json.dumps({**table, **(extra or {})}))
    except ValidationError as bad:
        errors = bad.errors(include_url=False)
    found = _by_value(errors, table)
    strays = {at for at, error in found.items() if error["type"] == "extra_forbidden"}
    told = {(name,) for name in excused} | {_note_stray(model, at, place, notes) for at in strays}
    for at, error in found.items():
        if at not in strays | told:
            _note(model, at, error, place, notes)
    return None


def _by_value(errors: list[ErrorDetails], table: Table) -> dict[Keys, ErrorDetails]:
    """One complaint per value: several come from a choice of types, of which none fitted."""
    seen: dict[Keys, ErrorDetails] = {}
    for error in errors:
        at = _way(error, table)
        if at in seen:
            seen[at] = {**error, "type": "none_fits", "input": _value(at, table)}
        else:
            seen[at] = error
    return seen


def _way(error: ErrorDetails, table: Table) -> Keys:
    """The way to the value, without what pydantic puts in about the types it tried."""
    way: Keys = ()
    value: Any = table
    for step in error["loc"]:
        if _has(value, step):
            way, value = (*way, step), value[step]
    return (*way, error["loc"][-1]) if error["type"] == "missing" else way


def _has(value: Any, step: str | int) -> bool:
    if isinstance(value, dict):
        return step in value
    return isinstance(value, list) and isinstance(step, int) and step < len(value)


def _value(way: Keys, table: Any) -> Any:
    for step in way:
        table = table[step]
    return table


def _note_stray(model: type[BaseModel], at: Keys, place: Place, notes: Notes) -> Keys:
    """Note a key that is none; the way to the key that was meant."""
    known = _known(schema_at(model, at[:-1]))
    guess = near(str(at[-1]), known)
    notes.stray(place(at), f'there is no key "{at[-1]}" here', ", ".join(known), guess)
    return (*at[:-1], guess)


def _note(
    model: type[BaseModel], at: Keys, error: ErrorDetails, place: Place, notes: Notes
) -> None:
    if error["type"] == "missing" and isinstance(at[-1], int):
        notes.add(place(at[:-1]), "this list is too short", words(schema_at(model, at[:-1])))
    elif error["type"] == "missing":
        notes.add(place(at), f'"{at[-1]}" is missing', missing(schema_at(model, at)))
    else:
        secret = bool(at) and at[0] in fields_of(model, Secret)
        notes.add(place(at), *complaint(error, schema_at(model, at), secret=secret))


def _known(schema: Schema) -> list[str]:
    """The keys of a table, its own first. What takes nothing is there to be explained only."""
    known: Mapping[str, Schema] = schema.get("properties", {})
    names = [name for name in known if name != "id" and known[name].get("type") != "null"]
    return sorted(names, key=lambda name: name in Resource.model_fields)


@cache
def fields_of(model: type[BaseModel], kind: type) -> frozenset[str]:
    """The fields that may hold such a value, also as one of several types or in a list."""
    return frozenset(
        name for name, info in model.model_fields.items() if _mentions(info.annotation, kind)
    )


def _mentions(annotation: object, kind: type) -> bool:
    return annotation is kind or any(_mentions(part, kind) for part in get_args(annotation))


def always_secret(model: type[BaseModel]) -> frozenset[str]:
    """The fields that hold nothing but a secret."""
    return fields_of(model, Secret) - fields_of(model, str)
