"""Spans of time as people write them: read `1h30m`, show `1.2s`. No clock in here."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

_UNITS = {"d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_PATTERN = "".join(rf"(?:([0-9]{{1,9}}(?:\.[0-9]{{1,6}})?){unit})?" for unit in _UNITS)
_WRITTEN = re.compile(rf"(?=[0-9]){_PATTERN}")

EXAMPLES = ("30s", "4m", "1h30m")


def parse_duration(text: str) -> float:
    """Seconds of `240s`, `4m`, `1h30m`, `500ms`; raises ValueError that says how to write it."""
    found = _WRITTEN.fullmatch(text)
    if not found:
        raise ValueError("write a duration like 30s, 4m or 1h30m")
    return sum(
        float(count) * unit
        for count, unit in zip(found.groups(), _UNITS.values(), strict=True)
        if count
    )


def show_duration(seconds: float) -> str:
    """For people: `50ms`, `1.2s`, `4m`, `1h30m`. From a minute on it is rounded to seconds."""
    if seconds < 0:
        return "-" + show_duration(-seconds)
    if 0 < seconds < 0.0995:
        return f"{seconds * 1000:.0f}ms"
    if seconds < 59.95:
        return f"{seconds:.1f}".removesuffix(".0") + "s"
    rest, parts = round(seconds), ""
    for unit in ("d", "h", "m", "s"):
        count, rest = divmod(rest, int(_UNITS[unit]))
        parts += f"{count}{unit}" if count else ""
    return parts


class _Written:
    """How pydantic reads a span: text in a file, text or a number of seconds in Python."""

    @classmethod
    def __get_pydantic_core_schema__(
        cls, source: type[Any], handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        text = core_schema.no_info_after_validator_function(
            parse_duration, core_schema.str_schema(strict=True)
        )
        number = core_schema.float_schema(ge=0.0, allow_inf_nan=False)
        return core_schema.json_or_python_schema(
            json_schema=text,
            python_schema=core_schema.union_schema([number, text]),
            serialization=core_schema.plain_serializer_function_ser_schema(
                lambda seconds: f"{seconds:.6f}".rstrip("0").rstrip(".") + "s", when_used="json"
            ),
        )

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {"type": "string", "pattern": f"^{_PATTERN}$", "examples": list(EXAMPLES)}


Duration = Annotated[float, _Written]
"""Seconds. In a file or JSON a text like `240s`; in Python a number of seconds does as well."""
