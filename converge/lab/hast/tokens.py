"""The words of a hast.conf(5), as hastd's lexer cuts them. What they mean is in hastconf."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

CHOICES = {
    "replication": ("fullsync", "memsync", "async"),
    "checksum": ("none", "crc32", "sha256"),
    "compression": ("none", "hole", "lzf"),
    "metaflush": ("on", "off"),
}
_TEXTS = ("control", "pidfile", "listen", "exec", "name", "local", "source", "remote")
_KEYWORDS = {*CHOICES, *_TEXTS, "timeout", "resource", "on", "off"}.union(*CHOICES.values())

_WORD = re.compile(r"[a-zA-Z0-9.\-_/:\[\]]+")
_SKIPPED = re.compile(r"[ \t]+|#[^\n]*(?=\n)")


@dataclass(frozen=True, slots=True)
class Token:
    """`kind` is a keyword itself, 'NUM', 'STR', '{', '}' or '' for the end.

    `line` counts from 0, as hastd does. `echoed`: the characters before it that belong to no
    token; lex prints them to stdout.
    """

    kind: str
    text: str
    line: int
    echoed: str


def tokens(text: str) -> Iterator[Token]:
    """The tokens of a file, the end included."""
    at, line, echoed = 0, 0, ""
    while at < len(text):
        if skipped := _SKIPPED.match(text, at):
            at = skipped.end()
        elif word := _WORD.match(text, at):
            found, at = word.group(), word.end()
            kind = found if found in _KEYWORDS else "NUM" if found.isdigit() else "STR"
            yield Token(kind, found, line, echoed)
        else:
            char, at = text[at], at + 1
            if char in "{}":
                yield Token(char, char, line, echoed)
            elif char == "\n":
                line += 1
            else:
                echoed += char
    yield Token("", "", line, echoed)
