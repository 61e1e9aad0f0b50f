"""`[[ignore]]` of the desired file: what a person wants left out of the drift report, and for how
long. It is no wish: no plan asks it.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field


def _named(text: str) -> str:
    if not re.fullmatch(r"([A-Za-z0-9][A-Za-z0-9_-]*/)?[a-z][a-z0-9_]*\.\S.*", text):
        raise ValueError("write kind.name, or node/kind.name: hast.test, hasta/mount./data")
    return text


def _moment(text: str) -> str:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(
            "write a day like 2026-03-01, or a time like 2026-03-01T18:00+01:00"
        ) from None
    return text


class IgnoreTable(BaseModel):
    """`[[ignore]]`: a difference that a person knows of and wants left out of the drift report."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    resource: Annotated[str, AfterValidator(_named)] = Field(
        description="`kind.name` on both nodes, or `node/kind.name` on one; implied ones, too."
    )
    field: str = Field(
        default="",
        description="Only this field; all of the resource, and its lost redundancy, if not given.",
    )
    reason: str = Field(min_length=1, description="Why; every report repeats it.")
    until: Annotated[str, AfterValidator(_moment)] = Field(
        description="When it counts again: a time, or a day, which means its beginning. Without "
        "an offset as the clock of the node shows it."
    )

    def covers(self, node: str, resource: str) -> bool:
        return self.resource in (resource, f"{node}/{resource}")

    def over(self, now: datetime) -> bool:
        """Does what was ignored count again?"""
        ends = datetime.fromisoformat(self.until)
        return now >= (ends if ends.tzinfo else ends.replace(tzinfo=now.tzinfo))
