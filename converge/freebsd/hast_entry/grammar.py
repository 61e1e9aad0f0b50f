"""The grammar of hast.conf(5): statements, and the words that can stand in them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Literal, get_args

from pydantic import AfterValidator

Replication = Literal["fullsync", "memsync", "async"]
Checksum = Literal["none", "crc32", "sha256"]
Compression = Literal["none", "hole", "lzf"]
Switch = Literal["on", "off"]

CHOICES = {
    "replication": get_args(Replication),
    "checksum": get_args(Checksum),
    "compression": get_args(Compression),
    "metaflush": get_args(Switch),
}
DEFAULTS = dict(
    replication="memsync", timeout="20", checksum="none", compression="hole", metaflush="on"
)
_ALLOWED = {
    (): {*DEFAULTS, "exec", "control", "listen", "pidfile", "on", "resource"},
    ("on",): {"control", "listen", "pidfile"},
    ("resource",): {*DEFAULTS, "exec", "name", "local", "on"},
    ("resource", "on"): {"name", "local", "remote", "source", "metaflush"},
}
PER_NODE = ("local", "metaflush", "name")
KEYWORDS = frozenset().union(*_ALLOWED.values(), *CHOICES.values())
_WORD = r"[A-Za-z0-9._/:\[\]-]+"
# Any other character is skipped by hastd, and so it is here (hast-conf-quoted-exec-status).
_TOKEN = re.compile(rf"#[^\n]*|[{{}}]|{_WORD}")


def word(text: str) -> str:
    if not re.fullmatch(_WORD, text):
        raise ValueError("hast.conf takes letters, digits and . - _ / : [ ] only, and no quotes")
    if text in KEYWORDS or text.isdigit():
        raise ValueError(f"{text!r} is a keyword or a number to hastd: take another name")
    return text


def path(text: str) -> str:
    if not text.startswith("/"):
        raise ValueError("write an absolute path, like /dev/ad6")
    return word(text)


Word = Annotated[str, AfterValidator(word)]
Path = Annotated[str, AfterValidator(path)]
Remote = Annotated[str, AfterValidator(lambda text: text if text == "none" else word(text))]


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement or block. `within` names the blocks around it, outermost first."""

    within: tuple[str, ...]
    keyword: str
    value: str
    start: int
    end: int


def parse_conf(text: str) -> tuple[Statement, ...] | str:
    """All statements of a hast.conf, or why hastd would reject it. Lines count from 1."""
    stream = iter([found for found in _TOKEN.finditer(text) if found[0][0] != "#"])
    opened: list[Statement] = []
    done: list[Statement] = []

    def fault(at: int, why: str) -> str:
        return f"line {text[:at].count(chr(10)) + 1}: {why}"

    for token in stream:
        if token[0] == "}" and opened:
            done.append(replace(opened.pop(), end=token.end()))
            continue
        if token[0] not in _ALLOWED[tuple(block.keyword for block in opened)]:
            return fault(token.start(), f"{token[0]} cannot stand here")
        value = next(stream, None)
        if value is None or not _fits(token[0], value[0]):
            return fault(token.start(), f"{token[0]} lacks a value that it can have")
        within = tuple(f"{block.keyword} {block.value}" for block in opened)
        new = Statement(within, token[0], value[0], token.start(), value.end())
        if token[0] not in ("on", "resource"):
            done.append(new)
            continue
        brace = next(stream, None)
        if brace is None or brace[0] != "{":
            return fault(new.start, f"{new.keyword} {new.value} lacks its opening brace")
        if token[0] == "resource" and block_of(done, new.value):
            return fault(new.start, f"resource {new.value} is configured more than once")
        opened.append(new)
    if opened:
        last = opened[-1]
        return fault(last.start, f"{last.keyword} {last.value} is never closed")
    return tuple(done)


def _fits(keyword: str, value: str) -> bool:
    if keyword == "timeout":
        return value.isdigit() and int(value) > 0
    if keyword in CHOICES:
        return value in CHOICES[keyword]
    plain = value not in KEYWORDS and value not in "{}" and not value.isdigit()
    return plain or (keyword, value) == ("remote", "none")


def block_of(statements: Sequence[Statement], name: str) -> Statement | None:
    return next((s for s in statements if (s.keyword, s.value) == ("resource", name)), None)


def said(statements: Sequence[Statement], *within: str) -> dict[str, str]:
    """Keyword to value right within; of two the last one wins, as in hastd."""
    return {s.keyword: s.value for s in statements if s.within == within and s.keyword != "on"}
