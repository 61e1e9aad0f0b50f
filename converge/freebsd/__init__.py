"""The domain: one file is one resource kind, found by scanning this folder."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from typing import Any

from converge.core.resource import Resource


@cache
def kinds() -> dict[str, type[Resource[Any]]]:
    """Every resource kind, by its name in the desired file."""
    found: dict[str, type[Resource[Any]]] = {}
    for module in pkgutil.iter_modules(__path__, __name__ + "."):
        for value in vars(importlib.import_module(module.name)).values():
            if isinstance(value, type) and issubclass(value, Resource) and "kind" in vars(value):
                found[value.kind] = value
    return dict(sorted(found.items()))
