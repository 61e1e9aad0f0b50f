"""What real hosts do alike: bytes and texts, how much is kept, the words for a lost answer."""

from __future__ import annotations

from converge.core.host import Answer, Command
from converge.core.secret import masked

KEEP = 1024 * 1024
"""Bytes that are kept of each output of a program, and the largest file that is read."""

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
    stdout, stderr = (masked(decoded(output[:KEEP]), command.secret_words) for output in outputs)
    return Answer(0 if lost else answer.code, stdout, stderr, masked(lost, command.secret_words))
