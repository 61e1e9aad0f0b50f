"""Words that can stand in hast.conf(5), as fields of the desired file."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator

RESERVED = re.compile(
    r"\d+|async|checksum|compression|control|crc32|exec|fullsync|hole|listen|local|lzf|memsync|"
    r"metaflush|name|none|off|on|pidfile|remote|replication|resource|sha256|source|timeout"
)
"""What hastd takes as syntax wherever it stands (sbin/hastd/token.l)."""


def word(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9._/:\[\]-]+", text) or RESERVED.fullmatch(text):
        raise ValueError(
            f"{text!r} cannot stand in hast.conf: take letters, digits and . - _ / : [ ], but "
            "neither a number nor a keyword of hast.conf(5)"
        )
    return text


def _path(text: str) -> str:
    if not text.startswith("/"):
        raise ValueError("write an absolute path, like /dev/ad6")
    return word(text)


Word = Annotated[str, AfterValidator(word)]
Path = Annotated[str, AfterValidator(_path)]
