"""A desired file's text with some of its settings changed, comments kept. No meaning in here."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from typing import Any

from converge.core.errors import BadDesired, Problem


def overridden(text: str, path: str, changes: Mapping[str, Any]) -> str:
    """The text with each value of `changes`, a tree of tables, in its place. BadDesired."""
    import tomlkit  # heavy, and only whoever changes a file needs it
    from tomlkit.exceptions import TOMLKitError

    try:
        document = tomlkit.parse(text)
    except TOMLKitError as bad:
        raise BadDesired([Problem(path, 0, 0, "", str(bad))]) from None
    _put(document, changes)
    return tomlkit.dumps(document)


def _put(table: MutableMapping[str, Any], changes: Mapping[str, Any]) -> None:
    for key, value in changes.items():
        inside = table.get(key)
        if isinstance(value, Mapping) and isinstance(inside, MutableMapping):
            _put(inside, value)
        else:
            table[key] = value
