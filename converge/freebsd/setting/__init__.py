"""Kind `setting`: one key in rc.conf, loader.conf, sysctl.conf or a file of their form.

Only the line of that key is ever touched.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Self

from pydantic import Field, model_validator

from converge.core.host import NO_SUCH_FILE, Edit, Read
from converge.core.plan import Action, Change
from converge.core.resource import Around, Look, Resource, View
from converge.core.secret import Secret, Text, join, masked, reveal
from converge.core.state import Absent, Present, State, Unknown, Wish
from converge.freebsd.setting.syntax import Assignment, parse_setting, syntax_of

RC_CONF = "/etc/rc.conf"
RC_CONF_LOCAL = "/etc/rc.conf.local"

PASSWORDS = (r'\bpass\s+([^\s"\']+)',)
"""What must not be shown of a line: the CARP password (carp(4))."""


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

    value: str | Secret = Field(
        description="The value, without quotes: it is quoted as the file needs it."
    )
    file: str = Field(
        default=RC_CONF,
        pattern=r"^/\S+$",
        description="The file it stands in. Files called loader.conf or sysctl.conf are read and "
        "written as those, all others as shell assignments like rc.conf(5).",
    )
    key: str = Field(
        default="",
        description="The key in the file, where it cannot be the name of this table (the same "
        "key in two files). Default: the name.",
    )
    member: bool = Field(
        default=False,
        description="The value in the file is a list of words, and this word must be among them; "
        "the others stay (cloned_interfaces, kld_list).",
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

    def claims(self) -> tuple[str, ...]:
        return () if self.member else (f"the key {self._key} of {self.file}",)

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
        if not wished:
            return (self.down("remove", why + "and what it needs is not wished here", edit),)
        alike = str(seen.value) == str(self._wished)
        why += "but with another secret" if alike else f"wished is {self._wished}"
        return (self.up("set", why, edit),)

    def _line(self, head: str, value: Text, tail: str) -> Text:
        quote = syntax_of(self.file).quote
        return join(head, quote, value, quote, _without_password(tail), "\n")
