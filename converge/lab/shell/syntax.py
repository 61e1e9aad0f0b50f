"""The grammar of the lab's small sh: from a line to what it means. Running it is in shell."""

from __future__ import annotations

import re
from dataclasses import dataclass


class SyntaxTrouble(Exception):
    """A line that the small sh does not know."""


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a word. `kind` is text, name ($x) or command ($(...))."""

    kind: str
    text: str
    quoted: bool


Word = tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Redirect:
    """`2> word`, `2>&1` (then the word is '1'), `< word`."""

    fd: int
    operator: str
    target: Word


@dataclass(frozen=True, slots=True)
class Simple:
    """`NAME=value ... word ... > file`."""

    assigned: tuple[tuple[str, Word], ...]
    words: tuple[Word, ...]
    redirects: tuple[Redirect, ...]


@dataclass(frozen=True, slots=True)
class For:
    """`for name in words; do body; done`."""

    name: str
    words: tuple[Word, ...]
    body: Script


@dataclass(frozen=True, slots=True)
class If:
    """`if condition; then body; else other; fi`."""

    condition: Script
    body: Script
    other: Script


Command = Simple | For | If


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Commands joined by `|`. `joint` is how it follows the one before: ; && ||."""

    joint: str
    commands: tuple[Command, ...]
    negated: bool = False


Script = tuple[Pipeline, ...]

OPERATORS = re.compile(r"&&|\|\||;;|>>|>&|[;|&<>()\n]")
NAME = re.compile(r"[A-Za-z_]\w*")
KEYWORDS = ("do", "done", "then", "else", "elif", "fi")


@dataclass(frozen=True, slots=True)
class Token:
    """An operator (`word` is empty) or a word. `fd`: the number written before a redirection."""

    operator: str
    word: Word = ()
    fd: int | None = None

    @property
    def plain(self) -> str:
        """The text of a word without any quoting or expansion, else ''."""
        bare = all(p.kind == "text" and not p.quoted for p in self.word)
        return "".join(p.text for p in self.word) if self.word and bare else ""


def tokens(line: str) -> list[Token]:
    """Cut a line into words and operators."""
    found: list[Token] = []
    at = 0
    while at < len(line):
        operator = OPERATORS.match(line, at)
        if line[at] in " \t":
            at += 1
        elif line[at] == "#":
            at = len(line) if line.find("\n", at) < 0 else line.find("\n", at)
        elif line[at] == "\\" and line[at + 1 : at + 2] == "\n":
            at += 2
        elif operator:
            found.append(Token(operator[0]))
            at = operator.end()
        elif re.match(r"\d(?=[<>])", line[at:]):
            follows = OPERATORS.match(line, at + 1)
            found.append(Token(follows[0] if follows else "", (), int(line[at])))
            at = follows.end() if follows else at + 1
        else:
            word, at = _word(line, at)
            found.append(Token("", word))
    return found


def _word(line: str, at: int) -> tuple[Word, int]:
    """A word and where it ends."""
    parts: list[Part] = []
    while at < len(line) and line[at] not in " \t" and not OPERATORS.match(line, at):
        char = line[at]
        if char == "'":
            end = line.find("'", at + 1)
            if end < 0:
                raise SyntaxTrouble("Unterminated quoted string")
            parts.append(Part("text", line[at + 1 : end], quoted=True))
            at = end + 1
        elif char == '"':
            inner, at = _double(line, at + 1)
            parts += inner
        elif char == "\\":
            parts.append(Part("text", line[at + 1 : at + 2], quoted=True))
            at += 2
        elif char in "$`":
            part, at = _expansion(line, at, quoted=False)
            parts.append(part)
        else:
            parts.append(Part("text", char, quoted=False))
            at += 1
    return tuple(parts), at


def _double(line: str, at: int) -> tuple[list[Part], int]:
    """The inside of double quotes and where they end."""
    parts = [Part("text", "", quoted=True)]
    while at < len(line):
        char = line[at]
        if char == '"':
            return parts, at + 1
        if char == "\\" and line[at + 1 : at + 2] in ('"', "\\", "$", "`"):
            parts.append(Part("text", line[at + 1], quoted=True))
            at += 2
        elif char in "$`":
            part, at = _expansion(line, at, quoted=True)
            parts.append(part)
        else:
            parts.append(Part("text", char, quoted=True))
            at += 1
    raise SyntaxTrouble("Unterminated quoted string")


def _expansion(line: str, at: int, *, quoted: bool) -> tuple[Part, int]:
    """`$x`, `${x}`, `$(command)` or a command in backquotes."""
    if line[at] == "`":
        end = line.find("`", at + 1)
        if end < 0:
            raise SyntaxTrouble("EOF in backquote substitution")
        return Part("command", line[at + 1 : end], quoted), end + 1
    if line.startswith("$((", at):
        raise SyntaxTrouble("arithmetic is not simulated")
    if line.startswith("$(", at):
        end = _closing(line, at + 2)
        return Part("command", line[at + 2 : end], quoted), end + 1
    match = re.compile(r"\$(?:\{(\w+|[?#*@$!])\}|([A-Za-z_]\w*|\d|[?#*@$!]))").match(line, at)
    if match:
        return Part("name", match[1] or match[2], quoted), match.end()
    if line.startswith("${", at):
        raise SyntaxTrouble("this ${...} is not simulated")
    return Part("text", "$", quoted=True), at + 1


def _closing(line: str, at: int) -> int:
    """The parenthesis that ends a `$(`; quotes inside are passed over."""
    depth, quote = 1, ""
    for here in range(at, len(line)):
        char = line[here]
        if quote:
            quote = "" if char == quote else quote
        elif char in "'\"":
            quote = char
        else:
            depth += (char == "(") - (char == ")")
        if depth == 0:
            return here
    raise SyntaxTrouble('end of file unexpected (expecting ")")')
