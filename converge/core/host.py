"""The narrow door to a node: queries, effects, answers, and the ports that carry them."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NewType, Protocol, runtime_checkable

from converge.core.secret import Secret, Text

NO_SUCH_FILE = 66
"""Code of the answer to `Read` when there is no such file (EX_NOINPUT, sysexits(3))."""

CHANGED_MEANWHILE = 75
"""Code of the answer to `Edit` when the old text is no longer there (EX_TEMPFAIL)."""

CANNOT_CREATE = 73
"""Code of a `Write` or `Edit` whose file cannot come into being (EX_CANTCREAT, sysexits(3))."""

IO_ERROR = 74
"""Code of one whose content cannot be written: the disk is full or broken (EX_IOERR)."""


@dataclass(frozen=True, slots=True)
class Run:
    """A query: run a program that must not change anything.

    `silence_speaks`: no answer within the deadline is something the look wants to see itself
    (a device that does not answer); otherwise the observation becomes Unknown without asking it.
    `volatile`: regular expressions of what changes in the output without meaning anything.
    `secrets`: regular expressions whose group 1 must be masked before the answer is stored.
    """

    argv: tuple[str, ...]
    deadline_s: float = 10.0
    silence_speaks: bool = False
    volatile: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()

    def __str__(self) -> str:
        return shlex.join(self.argv)


@dataclass(frozen=True, slots=True)
class Read:
    """A query: the text of a file. No such file is code NO_SUCH_FILE, not an error.

    `silence_speaks` and `secrets` as in `Run`.
    """

    path: str
    secrets: tuple[str, ...] = ()
    silence_speaks: bool = False

    def __str__(self) -> str:
        return f"read {self.path}"


Query = Run | Read


@dataclass(frozen=True, slots=True)
class Soon:
    """What a look will ask in any case: it goes with the next batch, so that the answers are
    there when they are asked for. Over ssh that is a round trip less for each."""

    queries: tuple[Query, ...]


@dataclass(frozen=True, slots=True)
class Command:
    """An effect: run a program. After `deadline_s`: TERM, then KILL, and the answer is lost."""

    argv: tuple[Text, ...]
    deadline_s: float = 30.0
    stdin: Text = ""

    @property
    def secret_words(self) -> tuple[Secret, ...]:
        """The secrets that the program is told: none may come back in its answer."""
        return tuple(t for t in (*self.argv, self.stdin) if isinstance(t, Secret))

    def __str__(self) -> str:
        return " ".join(
            str(word) if isinstance(word, Secret) else shlex.quote(word) for word in self.argv
        )


@dataclass(frozen=True, slots=True)
class Write:
    """An effect: replace a whole file atomically, fsync'd.

    `mode` in octal digits ("0644") and `owner` as "user:group"; None keeps what the file has
    (0644 and root:wheel for a new one).
    """

    path: str
    content: Text
    mode: str | None = None
    owner: str | None = None

    def __str__(self) -> str:
        return f"write {self.path}"


@dataclass(frozen=True, slots=True)
class Edit:
    """An effect: in a file, put `new` in the place of the last `old`, atomically, fsync'd.

    Both are whole lines, each ended by a newline. `old` is looked for in the file as it is at
    that moment: if it is not there, nothing is written and the code is CHANGED_MEANWHILE.
    An empty `old` appends (and makes the file). So two edits of one file, or an operator's
    editor, never undo each other.
    """

    path: str
    old: Text
    new: Text

    def __str__(self) -> str:
        return f"edit {self.path}"


@dataclass(frozen=True, slots=True)
class Wait:
    """An effect: nothing to send, only to see; the action is its settling."""

    def __str__(self) -> str:
        return "wait"


Effect = Command | Write | Edit | Wait


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. A non-zero code is an answer; `lost` says why there is none at all."""

    code: int = 0
    stdout: str = ""
    stderr: str = ""
    lost: str = ""

    @property
    def said(self) -> str:
        """The first line that explains a failure."""
        for text in (self.lost, self.stderr, self.stdout):
            if text.strip():
                return text.strip().splitlines()[0]
        return f"exit code {self.code}"


Ticket = NewType("Ticket", int)


class Clock(Protocol):
    """Time as an argument. `elapsed` is monotonic seconds; wall time only labels."""

    def wall(self) -> datetime: ...
    def elapsed(self) -> float: ...
    def sleep(self, span_s: float) -> None: ...


class Reader(Protocol):
    """A node that can be looked at. It has no verb that changes anything."""

    def ask(self, queries: Sequence[Query]) -> list[Answer]:
        """Answer one batch, in order: side by side locally, one round trip over ssh."""
        ...


@runtime_checkable
class Host(Reader, Protocol):
    """A node that can be looked at and acted on."""

    def begin(self, effect: Effect) -> Ticket:
        """Start an effect and return at once."""
        ...

    def wait(self, tickets: Collection[Ticket], until_s: float) -> dict[Ticket, Answer]:
        """Wait until one ends or the clock's `elapsed` reaches `until_s`; those that ended."""
        ...


def edited(text: str, old: str, new: str) -> str | None:
    """`text` after an `Edit`, or None when `old` is no longer in it as whole lines.

    A last line that lacks its newline is given one.
    """
    whole = text if not text or text.endswith("\n") else text + "\n"
    if not old:
        return whole + new
    found = ("\n" + whole).rfind("\n" + old)
    if found < 0:
        return None
    return whole[:found] + new + whole[found + len(old) :]


def absent() -> Answer:
    """The answer to a `Read` of what is not there."""
    return Answer(NO_SUCH_FILE)


def unreadable(path: str, why: str) -> Answer:
    """The answer to a `Read` of what is there and cannot be read: it is not absent."""
    return Answer(lost=f"{path} cannot be read: {why}")


def unwritable(path: str, why: str, code: int) -> Answer:
    """The answer to a `Write` or `Edit` that could not be done: the file is as it was."""
    return Answer(code, stderr=f"{path} cannot be written: {why}")


def changed_meanwhile(path: str) -> Answer:
    """The answer to an `Edit` whose old text is gone."""
    return Answer(CHANGED_MEANWHILE, stderr=f"{path} has been changed by somebody else meanwhile")
