"""What a field of a resource could say instead, judging by what was seen."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import fields
from functools import cache
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import TypeAdapter, ValidationError

from converge.core.resource import Resource
from converge.core.secret import Secret
from converge.core.state import Observation, Present, State


def candidates(declared: Resource[Any], seen: Observation[State]) -> Iterator[tuple[str, Any]]:
    """Fields with other values: all that a choice has, else what the words seen can mean."""
    words = list(_words(seen))
    for name, info in type(declared).model_fields.items():
        if name in ("id", "needs"):
            continue
        for one in _options(info.annotation):
            choices: Iterable[Any] = words
            if one is bool or get_origin(one) is Literal:
                choices = (True, False) if one is bool else get_args(one)
            for value in choices if one is not Secret else ():
                if (typed := _typed(one, value)) not in (None, getattr(declared, name)):
                    yield name, typed


def split(value: object) -> list[str]:
    """The words of a value; of several values each is one."""
    return [str(one) for one in value] if isinstance(value, tuple) else str(value).split()


def _words(seen: Observation[State]) -> Iterator[str]:
    """The values of what was seen, and every word in them, once."""
    if isinstance(seen, Present):
        values = [getattr(seen.state, f.name) for f in fields(seen.state) if f.compare]
        whole = [str(v) for v in values if not isinstance(v, tuple | Secret)]
        texts = [text for value in values for text in split(value)]
        parts = [word for text in texts for word in re.split(r"[\s=,\"]+", text)]
        yield from dict.fromkeys(word for word in (*whole, *parts) if word and "***" not in word)


def _options(annotation: object) -> Iterator[Any]:
    """The types that a field takes, one by one."""
    if get_origin(annotation) in (Union, UnionType):
        for one in get_args(annotation):
            yield from _options(one)
    else:
        yield annotation


def _typed(annotation: Any, word: Any) -> Any:
    """A word as a value of that type; None where it is none."""
    number = isinstance(word, str) and word.isdecimal() and annotation is int
    try:
        return _adapter(annotation).validate_python(int(word) if number else word)
    except (ValidationError, ValueError, TypeError):
        return None


@cache
def _adapter(annotation: Any) -> TypeAdapter[Any]:
    return TypeAdapter(annotation)
