"""What all hosts say alike: bytes and texts, how much is kept, the words for a lost answer."""

from __future__ import annotations

from converge.core.host import CHANGED_MEANWHILE, NO_SUCH_FILE, Answer, Command
from converge.core.secret import Secret, masked

KEEP = 1024 * 1024
"""Bytes that are kept of each output of a program, and the largest file that is read."""

CANNOT_CREATE = 73
"""Code of a `Write` or `Edit` whose file cannot come into being (EX_CANTCREAT, sysexits(3))."""

IO_ERROR = 74
"""Code of one whose content cannot be written: the disk is full or broken (EX_IOERR)."""

READ_S = 10.0
"""Deadline of a `Read`: the file may be on a disk that does not answer."""

ENVIRONMENT = {
    "PATH": "/sbin:/bin:/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin",
    "LC_ALL": "C",
    "LANG": "C",
    "HOME": "/root",
    "TERM": "dumb",
}
"""All that a program gets to know: the same from cron, from devd, from a shell and over ssh."""


def encoded(text: str) -> bytes:
    """Bytes for the world. Undecodable ones that came in as surrogates go out as they were."""
    return text.encode("utf-8", "surrogateescape")


def decoded(data: bytes) -> str:
    """Text from the world; bytes that are not UTF-8 become surrogates."""
    return data.decode("utf-8", "surrogateescape")


def silence(command: Command) -> str:
    """Why a program that was killed at its deadline gave no answer."""
    return f"no answer within {command.deadline_s:g} s ({command.argv[0]} was killed)"


def trimmed(answer: Answer, command: Command, *, whole: bool) -> Answer:
    """The answer within `KEEP` and without the secrets of the command.

    `whole`: a query; what was cut off might be the very thing that was asked for, so an answer
    that must be cut is none.
    """
    outputs = (encoded(answer.stdout), encoded(answer.stderr))
    lost = answer.lost
    if whole and not lost and any(len(output) > KEEP for output in outputs):
        lost = f"{command.argv[0]} printed more than {KEEP} bytes"
    secrets = [text for text in (*command.argv, command.stdin) if isinstance(text, Secret)]
    stdout, stderr = (masked(decoded(output[:KEEP]), secrets) for output in outputs)
    return Answer(0 if lost else answer.code, stdout, stderr, masked(lost, secrets))


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
