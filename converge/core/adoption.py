"""What of the observed can be taken into the desired file, and what cannot, as values."""

from __future__ import annotations

from dataclasses import dataclass

from converge.core.ids import ResourceId


@dataclass(frozen=True, slots=True)
class Adoption:
    """A field of a declared resource, and the value (as JSON has it) with which `of`, itself or
    what it brings along, is wished as it was seen."""

    id: ResourceId
    field: str
    value: object
    of: ResourceId


@dataclass(frozen=True, slots=True)
class Declined:
    """What differs and is not adopted: `field` of the state, or '' for all of it, and why."""

    id: ResourceId
    field: str
    why: str
