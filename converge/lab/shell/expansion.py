"""What the words of the small sh stand for: variables, commands, names of files."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable
from dataclasses import dataclass, field

from converge.lab.shell.syntax import Word
from converge.lab.ufs import absolute, list_dir
from converge.lab.world import World

MARK = "\0"
"""Stands for the place where an unquoted expansion may be cut into words."""


@dataclass(slots=True)
class Shell:
    """One running sh: its variables, what it has printed, where it stands."""

    world: World
    node: str
    substitute: Callable[[Shell, str], str]
    """Runs the command of a `$(...)` and gives what it printed."""
    stdin: str = ""
    names: dict[str, str] = field(default_factory=dict)
    out: str = ""
    err: str = ""
    code: int = 0
    lost: str = ""
    left: bool = False
    pid: int = 0
    """Its own process, made when it changes its directory: then it holds a file system."""

    @property
    def over(self) -> bool:
        return self.left or bool(self.lost)


def words_of(shell: Shell, word: Word) -> list[str]:
    """A word after expansion: none, one, or several."""
    text, quoted = "", False
    for part in word:
        value = _value(shell, part.kind, part.text)
        quoted = quoted or part.quoted
        if part.kind == "text" or part.quoted:
            text += value if not part.quoted else re.sub(r"([*?\[\\])", r"\\\1", value)
        else:
            text += re.sub(r"\s+", MARK, value)
    if not text:
        return [""] if quoted else []
    pieces = [piece for piece in text.split(MARK) if piece]
    return [found for piece in pieces for found in _globbed(shell, piece)]


def _globbed(shell: Shell, text: str) -> list[str]:
    """Names that fit an unquoted pattern, in the last part of a path; else the text itself."""
    plain = re.sub(r"\\(.)", r"\1", text)
    if not re.search(r"(?<!\\)[*?\[]", text):
        return [plain]
    folder, slash, pattern = plain.rpartition("/")
    path = absolute(shell.world.machine(shell.node), folder or slash or ".")
    names = [n for n in list_dir(shell.world, shell.node, path) if fnmatch.fnmatchcase(n, pattern)]
    shown = [f"{folder}{slash}{n}" for n in names if pattern.startswith(".") or n[0] != "."]
    return shown or [plain]


def text_of(shell: Shell, word: Word) -> str:
    """A word after expansion, not cut."""
    return "".join(_value(shell, part.kind, part.text) for part in word)


def _value(shell: Shell, kind: str, text: str) -> str:
    if kind == "text":
        return text
    if kind == "name":
        return str(shell.code) if text == "?" else shell.names.get(text, "")
    return shell.substitute(shell, text)
