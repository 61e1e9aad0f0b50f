"""How rc.conf(5), loader.conf(5) and sysctl.conf(5) are written: one key read out of a text."""

from __future__ import annotations

import re
import shlex
from typing import NamedTuple

from converge.core.state import Unknown


class Syntax(NamedTuple):
    """One way of writing.

    `line` matches a whole line with its quotes and continuations; where it does not match, a
    quote is never closed. `quote` goes around a value that is written; `forbidden` in it are
    characters of which only the reading program could tell the meaning.
    """

    line: re.Pattern[str]
    assignment: re.Pattern[str]
    quote: str
    forbidden: str


_LINE = re.compile(r"[^\n]*\n|[^\n]+\Z")
SHELL = Syntax(
    re.compile(
        r"""(?xs) (?: '[^']*' | "(?:\\.|[^"\\])*" | \\. | (?<![^\s;&|()])\#[^\n]* | [^'"\\\n] )*
                  (?: \n | \Z )"""
    ),
    re.compile(
        r"""(?xa) (?P<head>[ \t]*(?:export[ \t]+)?(?P<key>[A-Za-z_]\w*)=)
        (?P<value>(?: '[^']*' | "(?:\\[^$`]|[^"\\$`])*" | \\[^$`\n] | [^\s'"\\;&|<>()$`] )*)
        (?P<tail>[ \t]*(?:;[ \t]*)?(?:(?<=[\s;])\#[^\n]*)?)"""
    ),
    '"',
    '"\\$`',
)
LOADER = Syntax(
    _LINE,
    re.compile(
        r"""(?xa) (?P<head>[ \t]*(?P<key>[\w.%-]+)[ \t]*=[ \t]*)
        (?P<value>"[^"\\]*"|[^\s"'\\\#]*)(?P<tail>[ \t]*(?:\#[^\n]*)?)"""
    ),
    '"',
    '"\\$',
)
SYSCTL = Syntax(
    _LINE,
    re.compile(
        r"""(?xa) (?P<head>[ \t]*(?P<key>[\w.%-]+)[ \t]*[=:][ \t]*)
        (?P<value>"[^"\\\#]*"|'[^'\#]*'|[^"'\\\#]*?)(?P<tail>[ \t]*(?:\#[^\n]*)?)"""
    ),
    "",
    "\"'\\#",
)


def syntax_of(path: str) -> Syntax:
    """Told by the file's name: loader.conf(5), sysctl.conf(5), else assignments of sh(1)."""
    found = re.search(r"/(sysctl|loader)\.conf(\.|$)|/loader\.conf\.d/", path)
    return SHELL if not found else SYSCTL if found[1] == "sysctl" else LOADER


class Assignment(NamedTuple):
    """One as it stands in a file: `line` is all of it, `head` up to the equals sign."""

    line: str
    head: str
    value: str
    tail: str


def parse_setting(path: str, text: str, key: str) -> Assignment | Unknown | None:
    """What `key` is in the text of `path`: the last line that says anything about it decides.

    Unknown names the line of which only the reading program itself could tell the meaning.
    """
    syntax = syntax_of(path)
    found: Assignment | Unknown | None = None
    at, number, depth = 0, 1, 0
    while at < len(text):
        line = syntax.line.match(text, at)
        if line is None:
            return Unknown(f"line {number} of {path} opens a quote that is never closed")
        said = _said(syntax, line[0].removesuffix("\n"), key)
        if isinstance(said, Assignment) and depth:
            said = f"sets {key} inside a condition; write it in a plain line outside of it"
        if said is not None:
            found = Unknown(f"line {number} of {path} {said}") if isinstance(said, str) else said
        depth = max(0, depth + _deeper(line[0]))
        at, number = line.end(), number + line[0].count("\n")
    return found


def _said(syntax: Syntax, text: str, key: str) -> Assignment | str | None:
    """What one line says about `key`: its assignment, why it cannot be read, or nothing."""
    found = syntax.assignment.fullmatch(text)
    if found is not None:
        value = " ".join(shlex.split(found["value"].replace("\\\n", "")))
        return (
            Assignment(text, found["head"], value, found["tail"]) if found["key"] == key else None
        )
    code = re.sub(r"(^|\s)#.*", "", text)
    word = rf"(?<![\w.%-]){re.escape(key)}(?![\w.%-])"
    if re.search(word + r"\s*\+=", code):
        return f"adds to {key} with +=; write the whole value in one assignment"
    if re.search(word, code):
        return f"concerns {key} but is no plain assignment; write {key}=... in a line of its own"
    return None


def _deeper(text: str) -> int:
    """How many conditions, loops or functions of sh(1) a line opens, less those it closes."""
    words = re.split(r"[\s;]+", re.sub(r"(^|\s)#.*", "", text).strip("; \t\n"))
    opens = words[0] in {"if", "case", "for", "while", "until"} or words[-1] == "{"
    return int(opens) - int(bool({words[0], words[-1]} & {"fi", "esac", "done", "}"}))
