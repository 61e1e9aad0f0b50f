"""A far node through the system's ssh: one round trip for a batch. For one thread."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from converge.core.host import (
    CANNOT_CREATE,
    NO_SUCH_FILE,
    Answer,
    Clock,
    Command,
    Edit,
    Effect,
    Query,
    Read,
    Ticket,
    Wait,
    Write,
    changed_meanwhile,
    edited,
)
from converge.core.secret import Secret, masked, reveal
from converge.hosts import farfile
from converge.hosts.answers import ENVIRONMENT, KEEP, encoded, trimmed
from converge.hosts.processes import Children
from converge.hosts.script import longest_s, parse_answers, script
from converge.hosts.target import CONNECT_S, Target, command_line, parse_target, socket_folder

_SLACK_S = 5.0  # for the login and for what goes over the wire, beyond all deadlines over there
_FRAME = 256  # bytes of a frame around two outputs, rounded up
_FOR_SSH = ("HOME", "USER", "LOGNAME", "SSH_AUTH_SOCK")  # ssh itself looks for its keys by these


class SshReader:
    """Looks at a far node.

    `target` is ssh://user@host:port; `program` the ssh to use, with options of its own if need
    be; `folder`, a private one, keeps the sockets of the shared connection; `connect_s` is for
    the connection to come up; `children` are shared by readers that are waited for together.
    """

    def __init__(
        self,
        target: Target | str,
        clock: Clock,
        program: tuple[str, ...] = ("ssh",),
        folder: Path | None = None,
        connect_s: int = CONNECT_S,
        children: Children | None = None,
    ) -> None:
        self._target = parse_target(target) if isinstance(target, str) else target
        self._program = program
        self._folder = folder or socket_folder()
        self._connect_s = connect_s
        self._children = children or Children(clock)

    def ask(self, queries: Sequence[Query]) -> list[Answer]:
        """One ssh for all. What did not arrive is lost, never absent."""
        return _read(queries, self._send(_commands(queries)))

    def send(self, queries: Sequence[Query]) -> Ticket:
        """Ask and return at once: what its child says in the end is for `understood`."""
        return self._start(_commands(queries), lambda raw: raw)

    def understood(self, queries: Sequence[Query], raw: Answer) -> list[Answer]:
        """The answers to what was sent."""
        return _read(queries, self._unpacked(raw, _commands(queries)))

    def close(self) -> None:
        """Let go of what nobody waits for any more: over there it goes on to its deadline.

        The shared connection stays a minute for the next run.
        """
        self._children.close()

    def _send(self, commands: Sequence[Command]) -> list[Answer]:
        """Send one batch and wait for it. Where there is nothing to say, nothing is sent."""
        if not commands:
            return []
        ticket = self._start(commands, lambda raw: raw)
        return self._unpacked(self._children.wait([ticket], math.inf)[ticket], commands)

    def _start(self, commands: Sequence[Command], then: Callable[[Answer], Answer]) -> Ticket:
        """One ssh. The script is its stdin, so that no argv here shows what is in it."""
        argv = command_line(self._target, self._program, self._folder, self._connect_s)
        deadline_s = self._connect_s + _SLACK_S + longest_s(commands)
        ssh = Command(argv, deadline_s, Secret(script(commands)))
        env = {**ENVIRONMENT, **{k: v for k, v in os.environ.items() if k in _FOR_SSH}}
        return self._children.start(ssh, then, (2 * KEEP + _FRAME) * len(commands), env)

    def _unpacked(self, raw: Answer, commands: Sequence[Command]) -> list[Answer]:
        """The answers that came back in what ssh printed; the others are lost."""
        came = parse_answers(encoded(raw.stdout), commands)
        secrets = [secret for command in commands for secret in command.secret_words]
        lost = Answer(lost=masked(self._why(raw), secrets))
        return [came.get(place, lost) for place in range(len(commands))]

    def _why(self, raw: Answer) -> str:
        """Why there is no answer, in one sentence: ssh explains itself in its last line."""
        if raw.lost:
            return f"{self._target} cannot be reached: {raw.lost}"
        if lines := raw.stderr.strip().splitlines():
            return f"{self._target} cannot be reached: {lines[-1].strip()}"
        return f"{self._target} cannot be reached: the connection ended before the answer came"


def _commands(queries: Sequence[Query]) -> list[Command]:
    return [
        farfile.reading(query.path)
        if isinstance(query, Read)
        else Command(query.argv, query.deadline_s)
        for query in queries
    ]


def _read(queries: Sequence[Query], answers: Sequence[Answer]) -> list[Answer]:
    return [
        farfile.read(query.path, answer)
        if isinstance(query, Read)
        else trimmed(answer, Command(query.argv, query.deadline_s), whole=True)
        for query, answer in zip(queries, answers, strict=True)
    ]


class SshHost(SshReader):
    """Looks at a far node and acts on it."""

    def begin(self, effect: Effect) -> Ticket:
        """Start it. Files are written here and now; their answer is there at the next wait."""
        match effect:
            case Command():
                return self._start([effect], lambda raw: self._ended(effect, raw))
            case Write():
                answer = farfile.replaced(effect.path, *self._send([farfile.writing(effect)]))
                return self._children.done(answer)
            case Edit():
                return self._children.done(self._edit(effect))
            case Wait():
                return self._children.done(Answer())

    def wait(self, tickets: Collection[Ticket], until_s: float) -> dict[Ticket, Answer]:
        """Those of the tickets that ended. The deadlines of commands are kept over there."""
        return self._children.wait(tickets, until_s)

    def _ended(self, command: Command, raw: Answer) -> Answer:
        return trimmed(self._unpacked(raw, [command])[0], command, whole=False)

    def _edit(self, effect: Edit) -> Answer:
        """Read there, edit here, write there if it is still what was read."""
        (raw,) = self._send([farfile.reading(effect.path)])
        was = farfile.read(effect.path, raw)
        if was.lost:
            return Answer(lost=was.lost) if raw.lost else Answer(CANNOT_CREATE, stderr=was.lost)
        old = None if was.code == NO_SUCH_FILE else was.stdout
        new = edited(old or "", reveal(effect.old), reveal(effect.new))
        if new is None:
            return changed_meanwhile(effect.path)
        return farfile.replaced(effect.path, *self._send([farfile.editing(effect.path, old, new)]))
