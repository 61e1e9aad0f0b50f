"""JSON Schema (2020-12) of the desired file, for editors: made from the models that read it.

It never finds fault with a right file. What needs more than one table to judge, and the finer
forms (an address, a host name), is left to `converge validate`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel

from converge.core.duration import EXAMPLES, show_duration
from converge.core.resource import Resource
from converge.core.secret import Secret
from converge.engine.desired import SCHEMA, TABLES
from converge.engine.desired.checked import always_secret, fields_of
from converge.engine.desired.resources import Kinds

Schema = dict[str, Any]

FROM_FILE: Schema = {
    "type": "object",
    "properties": {"file": {"type": "string", "pattern": "^/", "description": "Its path."}},
    "required": ["file"],
    "additionalProperties": False,
    "description": "All of a file's text, without its last newline.",
}


def desired_schema(kinds: Kinds) -> Schema:
    """The schema of a whole file."""
    tables = {name: _table(model, kinds) for name, model in TABLES.items()}
    kind_tables = {name: _kind(kind, kinds) for name, kind in kinds.items()}
    overlays = {name: _named(_without_required(one)) for name, one in kind_tables.items()}
    node = tables["node"] | {"properties": tables["node"]["properties"] | overlays}
    one = {"type": "integer", "const": SCHEMA, "description": "Which form of file this is."}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "The desired file of converge",
        "type": "object",
        "properties": {
            "schema": one,
            **tables,
            "node": _named(node, "One table for each of the two nodes."),
            "ignore": {"type": "array", "items": tables["ignore"]},
            **{name: _named(_without_required(one)) for name, one in kind_tables.items()},
        },
        "required": ["schema", "pair", "node"],
        "additionalProperties": False,
        "allOf": [_needed(name, key) for name, one in kind_tables.items()
                  for key in one["required"]],
    }  # fmt: skip


def _needed(kind: str, key: str) -> Schema:
    """A key that no node lays over any table of the kind stands in each of its shared tables."""
    without = {"additionalProperties": {"not": {"required": [key]}}}
    apart = {"properties": {"node": {"additionalProperties": {"properties": {kind: without}}}}}
    there = {"properties": {kind: {"additionalProperties": {"required": [key]}}}}
    return {"if": apart, "then": there}


def _named(table: Schema, description: str = "") -> Schema:
    """`[KIND.NAME]`: tables by their names."""
    said = description or table.get("description", "")
    return {"type": "object", "additionalProperties": table, "description": said}


def _without_required(table: Schema) -> Schema:
    return {key: value for key, value in table.items() if key != "required"}


def _kind(kind: type[Resource[Any]], kinds: Kinds) -> Schema:
    """Without the id, which stands in the header; secrets may come from a file."""
    schema = _table(kind, kinds)
    schema["properties"].pop("id")
    schema["required"] = [name for name in schema.get("required", ()) if name != "id"]
    for name in fields_of(kind, Secret):
        found = schema["properties"][name]
        about = {key: found[key] for key in ("description", "default") if key in found}
        hidden = name in always_secret(kind)
        text = {"type": "string"} if hidden else _without(found, about)
        schema["properties"][name] = {"anyOf": [text, FROM_FILE], **about}
    return schema


def _table(model: type[BaseModel], kinds: Kinds) -> Schema:
    whole = model.model_json_schema()
    table: Schema = _plain(whole, whole.get("$defs", {}), kinds)
    table["description"] = " ".join(str(whole.get("description", "")).split())
    return table


def _without(schema: Schema, keys: Iterable[str]) -> Schema:
    return {key: value for key, value in schema.items() if key not in keys}


def _plain(schema: Any, defs: Mapping[str, Any], kinds: Kinds) -> Any:
    """As others read it: no references, no null (TOML has none), no forms of our own."""
    if isinstance(schema, list):
        return [_plain(one, defs, kinds) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _plain(defs[schema["$ref"].rpartition("/")[2]], defs, kinds)
    if schema.get("type") == "null":  # there to say what to write instead
        return {"not": {}, "description": schema.get("description", "")}
    left = _without(schema, ("title", "$defs"))
    if left.get("default", 0) is None:
        del left["default"]
    if isinstance(left.get("default"), float) and left.get("examples") == list(EXAMPLES):
        left["default"] = show_duration(left["default"])
    if "properties" in left:
        fields = left["properties"].items()
        left["properties"] = {name: _plain(one, defs, kinds) for name, one in fields}
        return left
    if left.get("format") == "reference":
        left["pattern"] = f"^({'|'.join(kinds)})\\.\\S"
    if "format" in left:
        del left["format"]
    choices = [one for one in left.pop("anyOf", ()) if one.get("type") != "null"]
    left |= {} if len(choices) != 1 else _plain(choices[0], defs, kinds)
    if len(choices) > 1:
        left["anyOf"] = _plain(choices, defs, kinds)
    return {
        key: _plain(value, defs, kinds) if isinstance(value, dict | list) else value
        for key, value in left.items()
    }
