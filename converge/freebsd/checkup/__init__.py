"""What a doctor looks at on a machine, whatever it is for. Found by scanning this folder.

A module here has `checks(node)`. What belongs to a resource stands beside its kind: its method
`checks`.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator

from converge.core.check import Check
from converge.core.pair import Node


def of_machine(node: Node) -> Iterator[Check]:
    """Every check of a machine, the modules in the order of the alphabet."""
    for module in pkgutil.iter_modules(__path__, __name__ + "."):
        yield from importlib.import_module(module.name).checks(node)
