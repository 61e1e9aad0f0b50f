"""A short name for what a plan is based on: the same basis, the same plan."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from converge.core.ids import ResourceId
from converge.core.state import Absent, Observation, Present, Unknown


def basis(desired_digest: str, observed: Mapping[ResourceId, Observation[Any]]) -> str:
    """sha256 over the desired digest and what was seen, without evidence and without secrets."""
    lines = [desired_digest, *(f"{id} {_plain(observed[id])}" for id in sorted(observed))]
    return hashlib.sha256("\n".join(lines).encode(errors="surrogateescape")).hexdigest()


def _plain(seen: Observation[Any]) -> str:
    match seen:
        case Present(state):
            compared = [f.name for f in fields(state) if f.compare]
            return ", ".join(f"{name}={getattr(state, name)!s}" for name in compared)
        case Absent():
            return "absent"
        case Unknown():
            return "unknown"
