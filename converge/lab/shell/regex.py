"""POSIX regular expressions as Python's: basic ones (grep, sed) and extended ones (grep -E)."""

from __future__ import annotations

import re

CLASSES = {
    "[:space:]": r"\s",
    "[:blank:]": r" \t",
    "[:digit:]": r"\d",
    "[:alpha:]": "A-Za-z",
    "[:alnum:]": "A-Za-z0-9",
    "[:upper:]": "A-Z",
    "[:lower:]": "a-z",
    "[:punct:]": r"!-/:-@\[-`{-~",
    "[:xdigit:]": "0-9A-Fa-f",
}


def _brackets(text: str, start: int) -> int:
    """The index behind the bracket expression that begins at `start`."""
    at = start + 1
    if text[at : at + 1] == "^":
        at += 1
    if text[at : at + 1] == "]":
        at += 1
    while at < len(text) and text[at] != "]":
        close = text.find(":]", at) if text[at : at + 2] == "[:" else -1
        at = close + 2 if close >= 0 else at + 1
    return at + 1


def _set(text: str) -> str:
    """A bracket expression: no backslash is special inside, and classes have names."""
    inside = text[1:-1].replace("\\", "\\\\")
    for name, means in CLASSES.items():
        inside = inside.replace(name, means)
    return f"[{inside}]"


def from_basic(text: str) -> str:
    """A basic expression: `\\(`, `\\{` and `\\|` are special, the bare ones are not."""
    out, at = "", 0
    while at < len(text):
        char = text[at]
        if char == "[":
            end = _brackets(text, at)
            out, at = out + _set(text[at:end]), end
        elif char == "\\" and at + 1 < len(text):
            following = text[at + 1]
            out += following if following in "(){}|+?" else "\\" + following
            at += 2
        else:
            first = char == "*" and not out
            out += "\\" + char if char in "(){}|+?" or first else char
            at += 1
    return out


def from_extended(text: str) -> str:
    """An extended expression: as Python's, but for what stands in brackets."""
    out, at = "", 0
    while at < len(text):
        if text[at] == "[":
            end = _brackets(text, at)
            out, at = out + _set(text[at:end]), end
        elif text[at] == "\\":
            out, at = out + text[at : at + 2], at + 2
        else:
            out, at = out + text[at], at + 1
    return out


def compiled(text: str, *, extended: bool, fold: bool = False) -> re.Pattern[str] | None:
    """The expression ready for use, or None when it is none."""
    try:
        source = from_extended(text) if extended else from_basic(text)
        return re.compile(source, re.IGNORECASE if fold else 0)
    except re.error:
        return None
