"""Kind `setting`: one key in rc.conf, loader.conf, sysctl.conf or a file of their form.

Only the line of that key is ever touched. How these files are written is known in here only.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, field
from typing import ClassVar, NamedTuple, Self

from pydantic import Field, model_validator

from converge.core.host import NO_SUCH_FILE, Edit, Read
from converge.core.plan import Action, Change
from converge.core.resource import Around, Look, Resource, View
from converge.core.secret import Secret, Text, join, masked, reveal
from converge.core.state import Absent, Present, State, Unknown, Wish

RC_CONF = "/etc/rc.conf"
RC_CONF_LOCAL = "/etc/rc.conf.local"

PASSWORDS = (r'\bpass\s+([^\s"\']+)',)
"""What must not be shown of a line: the CARP password (carp(4))."""


class Syntax(NamedTuple):
    """One way of writing. Where `line` does not match, a quote is never closed.

    `forbidden` in a value: only the reading program could tell its meaning.
    """

    line: re.Pattern[str]
    assignment: re.Pattern[str]
    quote: str
    forbidden: str


_LINE = re.compile(r"[^\n]*\n|[^\n]+\Z")
SHELL = Syntax(
    re.compile(
        r"""(?xs) (?: '[^']*' | "(?:\\.|[^"\\])*" | \\. | (?<![^\s;&|()])\#[^\n]*+ | [^'"\\\n] )*+
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


def _without_password(text: str) -> Text:
    shown = masked(text, (), PASSWORDS)
    return text if shown == text else Secret(text, shown)


@dataclass(frozen=True)
class SettingState(State):
    """The value. The line where it stands is evidence."""

    value: Text
    line: Text = field(default="", compare=False)


class Setting(Resource[SettingState]):
    """A key of rc.conf(5), loader.conf(5) or sysctl.conf(5)."""

    kind: ClassVar[str] = "setting"

    value: str | Secret = Field(description="The value. It is quoted as the file needs it.")
    file: str = Field(
        default=RC_CONF,
        pattern=r"^/\S+$",
        description="The file. One called loader.conf or sysctl.conf is read and written as such, "
        "all others as shell assignments like rc.conf(5).",
    )
    key: str = Field(
        default="",
        description="The key, where it is not the name of this table (one key in two files).",
    )
    member: bool = Field(
        default=False,
        description="The value in the file is a list, and this word must be in it, whatever else "
        "is (cloned_interfaces, kld_list).",
    )

    @model_validator(mode="after")
    def _writable(self) -> Self:
        syntax, value = syntax_of(self.file), reveal(self.value)
        line = f"{self._key}={syntax.quote}{value}{syntax.quote}"
        bad = set(syntax.forbidden) & set(value) or not value.isprintable()
        was = parse_setting(self.file, line, self._key)
        if bad or not isinstance(was, Assignment) or was.value != value:
            raise ValueError(
                f"in {self.file} a key is one plain word ({self._key!r}) and its value one line "
                f"without the characters {' '.join(syntax.forbidden)}"
            )
        return self

    @property
    def _key(self) -> str:
        return self.key or self.id.name

    @property
    def _wished(self) -> Text:
        return self.value if isinstance(self.value, Secret) else self._covered(self.value)

    def _covered(self, text: str) -> Text:
        covered = _without_password(text)
        secret = isinstance(self.value, Secret) and covered == text and text
        return Secret(text) if secret else covered

    def want(self, view: View) -> Wish[SettingState]:
        return Present(SettingState(self._wished))

    def look(self, around: Around) -> Look[SettingState]:
        found: Assignment | Unknown | None = None
        for path in (self.file, RC_CONF_LOCAL) if self.file == RC_CONF else (self.file,):
            answer = yield Read(path, secrets=PASSWORDS)
            if answer.code not in (0, NO_SUCH_FILE):
                return Unknown(f"{path} cannot be read: {answer.said}")
            said = parse_setting(path, answer.stdout, self._key)
            if path != self.file and isinstance(said, Assignment):
                return self._overruled(said)
            found = said or found
        return Present(self._seen(found)) if isinstance(found, Assignment) else found or Absent()

    def _seen(self, found: Assignment) -> SettingState:
        """The wished value itself where the text is the same, or the same with its mask on."""
        value, wished = found.value, self._wished
        same = reveal(wished) in value.split() if self.member else value == reveal(wished)
        same = same or value == str(wished)
        return SettingState(wished if same else self._covered(value), self._covered(found.line))

    def _overruled(self, said: Assignment) -> Present[SettingState] | Unknown:
        """rc.conf.local is read after rc.conf, so what it says holds (rc.conf(5))."""
        state = self._seen(said)
        if state.value == self._wished:
            return Present(state)
        return Unknown(
            f"{RC_CONF_LOCAL} sets {self._key} to {state.value}, which wins over {RC_CONF}; take "
            f'that line out, or write file = "{RC_CONF_LOCAL}" in the table of this setting'
        )

    def actions(self, change: Change) -> tuple[Action, ...]:
        wished, key = isinstance(change.wish, Present), self._key
        if not isinstance(change.observed, Present):
            why = f"{key} is not set in {self.file}, wished is {self._wished}"
            edit = Edit(self.file, "", self._line(f"{key}=", self._wished, ""))
            return (self.up("set", why, edit),) if wished else ()
        seen = change.observed.state
        was = parse_setting(self.file, reveal(seen.line), key)
        assert isinstance(was, Assignment)
        value, others = self._wished, []
        if self.member:
            others = [word for word in was.value.split() if word != value]
            value = " ".join([*others, reveal(value)] if wished else others)
        new = self._line(was.head, value, was.tail) if wished or others else ""
        edit = Edit(self.file, join(seen.line, "\n"), new)
        why = f"{key} is {seen.value} in {self.file}, "
        if wished:
            return (self.up("set", why + f"wished is {self._wished}", edit),)
        return (self.down("remove", why + "and what it needs is not wished here", edit),)

    def _line(self, head: str, value: Text, tail: str) -> Text:
        quote = syntax_of(self.file).quote
        return join(head, quote, value, quote, _without_password(tail), "\n")
