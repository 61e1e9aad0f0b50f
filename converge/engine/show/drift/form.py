"""The drift report as JSON, and the schema that is published for it."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from typing import Any, Literal

from pydantic import TypeAdapter

from converge.core.drift import Drift
from converge.engine.show.json import dumps

SCHEMA_ID = "https://json-schema.org/draft/2020-12/schema"


@dataclass(frozen=True, slots=True)
class DriftForm(Drift):
    """What `converge drift --format json` prints.

    `format_version` grows when a field goes away or means something else; new ones may come."""

    format_version: Literal[1] = 1
    kind: Literal["drift"] = "drift"


_FORM = TypeAdapter(DriftForm)


def drift_json(drift: Drift) -> str:
    """Sorted keys, as every JSON of converge."""
    whole = DriftForm(**{f.name: getattr(drift, f.name) for f in fields(drift)})
    form: dict[str, Any] = _FORM.dump_python(whole, mode="json")
    return dumps(form)


def drift_schema() -> str:
    """JSON Schema (2020-12) of that."""
    schema = _FORM.json_schema(mode="serialization")
    return json.dumps({"$schema": SCHEMA_ID, **schema}, indent=2, sort_keys=True) + "\n"
