"""Plain words for what pydantic and tomllib complain of. Knows no place and no kind."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from ipaddress import AddressValueError, NetmaskValueError
from typing import Any

from pydantic import BaseModel
from pydantic.errors import PydanticUserError
from pydantic_core import ErrorDetails

from converge.core.desired import Keys
from converge.core.duration import EXAMPLES, show_duration
from converge.core.errors import near

Schema = Mapping[str, Any]

_FORMS = {
    "ipv4": "an address like 192.168.1.51",
    "ipv6": "an address like 2001:db8::51",
    "ipvanyaddress": "an address like 192.168.1.51",
    "ipv4interface": "an address with its mask, like 192.168.1.50/24",
    "ipv6interface": "an address with its mask, like 2001:db8::50/64",
    "ipvanyinterface": "an address with its mask, like 192.168.1.50/24",
    "ipv4network": "a network like 192.168.1.0/24",
    "path": "a path",
    "reference": "a reference like carp.vip",
}
_TYPES = {"number": "a number", "boolean": "true or false", "object": "a table"}
_LIMITS = {
    "less_than_equal": ("is more than", "le"),
    "less_than": ("is not less than", "lt"),
    "greater_than_equal": ("is less than", "ge"),
    "greater_than": ("is not more than", "gt"),
    "multiple_of": ("is not a multiple of", "multiple_of"),
}
_SYNTAX = {
    "Invalid statement": "this is neither a [table] nor a line like key = value",
    "Expected newline": "something is left over at the end of the line",
    "Expected '='": "a key is followed by = and its value",
    "Invalid initial character for a key": "a key has letters, digits, _ and -, or is quoted",
    "Expected ']": "the brackets around a table's name are not closed",
    "Unclosed array": "this list is not closed with ]",
    "Unclosed inline table": "this inline table is not closed with } on the same line",
    "Unterminated string": "this text has no closing quotes",
    "Expected \"'": "this text has no closing quotes",
    "Found invalid character '\\n'": "this text has no closing quotes on its line",
    "Illegal character '\\n'": "this text has no closing quotes on its line",
    "Illegal character": "a control character stands here",
    "Found invalid character": "a control character stands here",
    "Unescaped '\\'": "a backslash in quotes is written twice, or the quotes are single ones",
    "Invalid hex value": "the backslash is not followed by a character's code",
    "Escaped character": "the backslash is followed by the code of no character",
    "Invalid date": "this looks like a date or a time but is none; put text into quotes",
    "Invalid value": "this is not a value: text needs quotes, and yes and no are true and false",
}


def either(words: Iterable[str]) -> str:
    """`a, b or c`, each once."""
    *most, end = dict.fromkeys(words)
    return f"{', '.join(most)} or {end}" if most else end


def syntax(message: str, *, at_end: bool) -> str:
    """What tomllib says, without its trade words."""
    if at_end and message == "Invalid value":
        return "the file ends before this value does"
    return next((words for start, words in _SYNTAX.items() if message.startswith(start)), message)


def written(value: object) -> str:
    """A value as the file has it, shortened."""
    if isinstance(value, list | dict):
        return "a list" if isinstance(value, list) else "a table"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else text[:56] + '..."'


def _noun(value: object) -> str:
    """What sort of value it is, for one that must not be shown."""
    nouns = {bool: "true or false", str: "this text", list: "a list", dict: "a table"}
    return nouns.get(type(value), "a number")


def complaint(error: ErrorDetails, schema: Schema, *, secret: bool) -> tuple[str, str, str]:
    """Message, what is allowed, and a guess. The value of a secret is in none of them."""
    kind, context = error["type"], error.get("ctx", {})
    got = _noun(error["input"]) if secret else written(error["input"])
    allowed = words(schema)
    told = context.get("error")
    if kind == "value_error" and not isinstance(told, AddressValueError | NetmaskValueError):
        return str(told), "", ""
    if kind in ("literal_error", "enum"):
        guess = near(str(error["input"]), map(str, schema.get("enum", ())))
        return f"{got} is not known here", allowed, guess
    if kind in _LIMITS:
        said, limit = _LIMITS[kind]
        return f"{got} {said} {_amount(context[limit], schema)}", allowed, ""
    if kind == "string_pattern_mismatch":
        return f"{got} does not have the form asked for", _described(allowed, schema), ""
    if kind in ("too_short", "too_long", "string_too_short", "string_too_long"):
        what = "text" if isinstance(error["input"], str) else "list"
        return f"this {what} is too {kind.rpartition('_')[2]}", allowed, ""
    bare = words(schema, bare=True)
    if isinstance(error["input"], str):
        got = f"the text {got}" if not secret else got
    return f"expected {bare}, got {got}", allowed if allowed != bare else "", ""


def missing(schema: Schema) -> str:
    """What may stand where nothing stands."""
    return _described(words(schema), schema)


def _described(allowed: str, schema: Schema) -> str:
    about = " ".join(schema.get("description", "").split()).partition(". ")[0].removesuffix(".")
    return ". ".join(part for part in (allowed, about) if part)


def words(schema: Schema, *, bare: bool = False) -> str:
    """What a field takes, in words, with its default unless `bare`."""
    default = schema.get("default")
    if bare or default is None or isinstance(default, list | dict):
        return _kind_of_value(schema)
    shown = _amount(default, schema) if isinstance(default, float) else json.dumps(default)
    return f"{_kind_of_value(schema)} (default {shown})"


def _kind_of_value(schema: Schema) -> str:
    if "anyOf" in schema:
        return either(_kind_of_value(one) for one in schema["anyOf"] if one != {"type": "null"})
    if "enum" in schema or "const" in schema:
        return either(map(json.dumps, schema.get("enum", [schema.get("const")])))
    kind = schema.get("type", "")
    if kind == "integer":
        return "a whole number" + _range(schema)
    if kind == "string":
        return _text(schema)
    if kind == "array":
        return "a list in [ ]" if "prefixItems" not in schema else _fixed(schema["prefixItems"])
    return _TYPES.get(kind, "another value")


def _fixed(items: list[Any]) -> str:
    return f"a list of {len(items)}"


def _text(schema: Schema) -> str:
    if "format" in schema:
        return _FORMS.get(schema["format"], "text in quotes")
    if schema.get("examples") == list(EXAMPLES):
        return f"a duration like {either(EXAMPLES)}"
    if schema.get("examples"):
        return f"text like {either(map(json.dumps, schema['examples']))}"
    if re.match(r"\^\(?/", str(schema.get("pattern", ""))):
        return "a path that begins with /"
    if "maxLength" in schema:
        return f"text of {schema.get('minLength', 0)} to {schema['maxLength']} characters"
    return "text in quotes"


def _range(schema: Schema) -> str:
    low = schema.get("minimum", schema.get("exclusiveMinimum"))
    high = schema.get("maximum", schema.get("exclusiveMaximum"))
    if low is None and high is None:
        return ""
    if high is None:
        return f" from {low} on"
    return f" up to {high}" if low is None else f" from {low} to {high}"


def _amount(value: object, schema: Schema) -> str:
    if isinstance(value, int | float) and schema.get("examples") == list(EXAMPLES):
        return show_duration(value)
    return str(value)


def schema_at(model: type[BaseModel], at: Keys) -> Schema:
    """What the model says of a field, and of what is inside it; empty where it says nothing."""
    try:
        whole = model.model_json_schema()
    except PydanticUserError:
        return {}
    schema: Schema = whole
    for step in at:
        schema = next(_inside(schema, step, whole), {})
    return _resolved(schema, whole)


def _inside(schema: Schema, step: str | int, whole: Schema) -> Iterator[Schema]:
    here = _resolved(schema, whole)
    for one in (_resolved(branch, whole) for branch in here.get("anyOf", (here,))):
        fixed = one.get("prefixItems", ())
        if isinstance(step, int):
            found = fixed[step] if step < len(fixed) else one.get("items")
        else:
            found = one.get("properties", {}).get(step, one.get("additionalProperties"))
        if isinstance(found, Mapping):
            yield found


def _resolved(schema: Schema, whole: Schema) -> Schema:
    """A schema without its detour through $defs; what stands beside the reference is kept."""
    if "$ref" not in schema:
        return schema
    return {**whole["$defs"][schema["$ref"].rpartition("/")[2]], **schema}
