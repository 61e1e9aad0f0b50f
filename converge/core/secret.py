"""A text that must never be shown: it prints as `***` wherever it goes (invariant S8)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema


@dataclass(frozen=True, slots=True)
class Secret:
    """A text with a printable form; equality compares the real text."""

    value: str = field(repr=False)
    shown: str = field(default="***", compare=False)

    @classmethod
    def __get_pydantic_core_schema__(
        cls, source: type[Any], handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        from_text = core_schema.no_info_after_validator_function(cls, core_schema.str_schema())
        return core_schema.json_or_python_schema(
            json_schema=from_text,
            python_schema=core_schema.union_schema(
                [core_schema.is_instance_schema(cls), from_text]
            ),
            serialization=core_schema.to_string_ser_schema(when_used="always"),
        )

    def __str__(self) -> str:
        return self.shown

    def __format__(self, spec: str) -> str:
        return format(self.shown, spec)


Text = str | Secret


def reveal(text: Text) -> str:
    """The real text. For the hosts, at the last moment before the call."""
    return text.value if isinstance(text, Secret) else text


def join(*parts: Text) -> Text:
    """Put texts together; one secret among them makes the whole a secret that shows the rest."""
    if not any(isinstance(part, Secret) for part in parts):
        return "".join(str(part) for part in parts)
    return Secret("".join(map(reveal, parts)), "".join(map(str, parts)))


PLAIN_MIN = 6
"""Characters. A shorter text stands in innocent words as well: each mask there would spoil what
is read later, and the gaps in well-known words would give the secret away.
"""


def masked(
    text: str,
    secrets: Iterable[Secret],
    patterns: Iterable[str] = (),
    plain_min: int = 1,
) -> str:
    """`text` without what group 1 of each of the regular expressions matches, and without the
    secrets, wherever they stand. A secret shorter than `plain_min` is masked by expressions only.
    """
    for pattern in patterns:
        for found in reversed(list(re.finditer(pattern, text, re.MULTILINE))):
            if found[1]:
                text = text[: found.start(1)] + "***" + text[found.end(1) :]
    hidden = {secret.value for secret in secrets if len(secret.value) >= max(plain_min, 1)}
    for value in sorted(hidden, key=lambda value: (-len(value), value)):
        text = text.replace(value, "***")
    return text
