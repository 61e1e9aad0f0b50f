"""Kind `file`: a whole file: content, mode, owner, each as far as wished. Removed only if ours."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import ClassVar, NamedTuple, Self

from pydantic import Field, field_validator, model_validator

from converge.core.host import NO_SUCH_FILE, Command, Read, Run, Write
from converge.core.ids import ResourceId
from converge.core.plan import Action, Change
from converge.core.resource import Around, Look, Resource, View
from converge.core.secret import Secret, masked
from converge.core.state import Absent, Present, State, Unknown, Wish, differing


class Stat(NamedTuple):
    """Mode as a number, owner as user:group."""

    mode: int
    owner: str


def parse_stat(text: str) -> Stat | None:
    """What `stat -f "%Lp %Su:%Sg"` prints, or `%Mp %Lp %Su:%Sg`; mode 000 is a single 0.

    %Mp are the set-user-ID, set-group-ID and sticky bits, which %Lp leaves out (stat(1)).
    """
    found = re.fullmatch(r"(?:([0-7]) )?([0-7]{1,3}) ([^\s:]+:[^\s:]+)\n?", text)
    return found and Stat(int(found[1] or "0") << 9 | int(found[2], 8), found[3])


PASSWORD = r"\bpass(?:word)?\s*[\s=]\s*\"?([^\s\"']+)"
"""What is masked of a file before its text is kept in a bundle."""


@dataclass(frozen=True)
class FileState(State):
    """What is not managed is None on both sides. `mode` has four octal digits.

    A content is never shown: nobody knows which lines of a file are secret.
    """

    content: Secret | None = None
    mode: str | None = None
    owner: str | None = None


def _hidden(text: str) -> Secret:
    digest = sha256(text.encode(errors="surrogateescape")).hexdigest()
    return Secret(text, f"{len(text)} characters, sha256 {digest[:8]}")


class File(Resource[FileState]):
    """A file by its absolute path."""

    kind: ClassVar[str] = "file"

    content: str | Secret | None = Field(
        default=None, description="All of its text. Default: whatever it is."
    )
    mode: str | None = Field(
        default=None,
        pattern=r"^[0-7]{3,4}$",
        description='Its mode in octal digits, "000" to "7777" (chmod(1)). Default: "600" where '
        "the content is a secret; else as it is, 0644 for a new file.",
    )
    owner: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]*:[A-Za-z0-9_][A-Za-z0-9_.-]*$",
        description='Its owner, "user:group" by name. Default: as it is; root:wheel for a new '
        "file.",
    )

    folder: bool = Field(
        default=False, description="Whether the folder for it is made, too, where there is none."
    )
    ours: bool = Field(
        default=False,
        description="Whether it is removed where what it needs is not wished; else it stays, as "
        "it may be the only copy of what somebody wrote.",
    )

    @field_validator("id")
    @classmethod
    def _absolute(cls, id: ResourceId) -> ResourceId:
        if not re.fullmatch(r"(/[^/\s]+)+", id.name) or {".", ".."} & set(id.name.split("/")):
            raise ValueError('a file is named by its absolute path: [file."/etc/motd"]')
        return id

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.content is None and self.mode is None and self.owner is None:
            raise ValueError("write content, mode or owner, or leave this table out")
        return self

    def claims(self) -> tuple[str, ...]:
        return () if self.content is None else (f"all of {self.id.name}",)

    def offers(self) -> Mapping[str, str]:
        return {"path": self.id.name}

    @property
    def _digits(self) -> str | None:
        """What chmod is told: nobody but the owner reads a secret, unless the operator says so."""
        return "600" if self.mode is None and isinstance(self.content, Secret) else self.mode

    @property
    def _mode(self) -> str | None:
        return self._digits and self._digits.zfill(4)

    def want(self, view: View) -> Wish[FileState]:
        if self.content is None and isinstance(view.observed(self.id.ref), Absent):
            return Unknown(
                f"{self.id.name} does not exist, and there is nothing to make it from: install "
                "what brings it, or write content in its table"
            )
        content = _hidden(self.content) if isinstance(self.content, str) else self.content
        return Present(FileState(content, self._mode, self.owner))

    def look(self, around: Around) -> Look[FileState]:
        path = self.id.name
        special = self._mode is not None and self._mode[0] != "0"
        form = "%Mp %Lp %Su:%Sg" if special else "%Lp %Su:%Sg"
        answer = yield Run(("stat", "-f", form, path))
        if answer.code == 1 and "No such file or directory" in answer.stderr:
            return Absent()
        stat = parse_stat(answer.stdout) if answer.code == 0 else None
        if stat is None:
            return Unknown(f"{path}: {answer.said}")
        mode = None if self._mode is None else f"{stat.mode:04o}"
        owner = None if self.owner is None else stat.owner
        if self.content is None:
            return Present(FileState(None, mode, owner))
        secrets = (r"(?s)\A(.+)\Z",) if isinstance(self.content, Secret) else (PASSWORD,)
        answer = yield Read(path, secrets)
        if answer.code == NO_SUCH_FILE:
            return Absent()
        if answer.code != 0:
            return Unknown(f"{path} cannot be read: {answer.said}")
        return Present(FileState(self._seen(answer.stdout), mode, owner))

    def _seen(self, text: str) -> Secret:
        """The text; the wished one itself where it is the same or has its mask on."""
        if isinstance(self.content, Secret):
            same = text in (self.content.value, self.content.shown)
            return self.content if same else Secret(text)
        assert self.content is not None
        return _hidden(self.content if text == masked(self.content, (), (PASSWORD,)) else text)

    def actions(self, change: Change) -> tuple[Action, ...]:
        path = self.id.name
        if not isinstance(change.wish, Present):
            why = f"{path} is not wished here any more"
            return (self.down("delete", why, Command(("rm", path))),) if self.ours else ()
        seen = change.observed if isinstance(change.observed, Present) else None
        differs = ["content"] if seen is None else differing(seen, change.wish)
        if "content" in differs and self.content is not None:
            write = Write(path, self.content, self._digits, self.owner)
            why = f"{path} does not exist" if seen is None else f"{path} has another content"
            make = Command(("mkdir", "-p", "-m", "755", path.rpartition("/")[0]))
            first = self.folder and seen is None
            before = (self.up("make", f"the folder for {path}", make),) if first else ()
            return (*before, self.up("write", why, write))
        steps = []
        if seen is not None and "owner" in differs:  # first: chown(2) clears special bits
            why = f"{path} belongs to {seen.state.owner}, wished is {self.owner}"
            steps.append(self.up("chown", why, Command(("chown", str(self.owner), path))))
        if seen is not None and "mode" in differs:
            why = f"{path} has mode {seen.state.mode}, wished is {self._mode}"
            steps.append(self.up("chmod", why, Command(("chmod", str(self._digits), path))))
        return tuple(steps)
