"""One child process: how it is started, heard, killed in time, and its answer in the end."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass

from converge.core.host import Answer, Command
from converge.core.secret import reveal
from converge.hosts.answers import decoded, encoded, silence

KILL_AFTER_S = 2.0
"""From TERM to KILL."""

_GRACE_S = 0.2  # a grandchild may hold the pipe for ever; what the child said is in it already
_STUCK_AFTER_S = 1.0  # after KILL: a process on a disk that does not answer cannot even die
_NAP_S = 0.05  # how late the end of a child is noticed whose pipe somebody else holds
_CHUNK = 65536

# os.posix_spawn and not subprocess: on FreeBSD the latter forks all of Python for each program.
# It cannot change the folder, and FreeBSD's knows no new session; so a small shell stands first
# and becomes the program (its codes 126 and 127 come with it), and the group is a plain process
# group: out of reach of the terminal's Ctrl-C, and merely stopped until its deadline if it
# should read from the terminal.
_SHELL = "/bin/sh"
_BECOME = (_SHELL, "-c", 'umask 022; cd / && unset PWD OLDPWD && exec "$@"', "sh")
_TO_DEFAULT = (
    *(signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGPIPE),
    *(signal.SIGXFSZ, signal.SIGCHLD, signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU),
)


@dataclass(slots=True, eq=False)
class Child:
    """A program that runs. The number of its group is its pid, until it is reaped.

    `ears` are the pipes that may still say something, `mouth` the one to its stdin; `heard` is
    stdout and stderr, at most `keep` bytes of each.
    """

    command: Command
    then: Callable[[Answer], Answer]
    keep: int
    pid: int
    deadline_s: float
    ears: dict[int, bytearray]
    heard: tuple[bytearray, bytearray]
    mouth: int | None
    unsaid: bytes
    naps: int = 0
    ended_s: float | None = None
    term_s: float | None = None
    kill_s: float | None = None

    def hear(self, ear: int) -> bool:
        """Take what there is; whether there may be more. What is too much is dropped."""
        data = os.read(ear, _CHUNK)
        heard = self.ears[ear]
        heard += data[: self.keep - len(heard)]
        return bool(data)

    def speak(self, mouth: int) -> bool:
        """Say what goes without waiting; whether there is more. It need not listen."""
        try:
            self.unsaid = self.unsaid[os.write(mouth, self.unsaid[:_CHUNK]) :]
        except BrokenPipeError:
            return False
        return bool(self.unsaid)

    def step(self, now_s: float) -> bool:
        """Kill it if it is time; whether it is over."""
        if self.ended_s is None and self._has_ended():
            self.ended_s = now_s
        if self.term_s is not None:
            return self._step_to_death(now_s, self.term_s)
        if self.ended_s is not None:
            return not self.ears or now_s >= self.ended_s + _GRACE_S
        if now_s >= self.deadline_s:
            self.term_s = now_s
            self.strike(signal.SIGTERM)
        return False

    def _step_to_death(self, now_s: float, term_s: float) -> bool:
        """TERM was sent. KILL goes to the group in any case: others may have outlived it."""
        gone = self.ended_s is not None and not self.ears
        if self.kill_s is None and (gone or now_s >= term_s + KILL_AFTER_S):
            self.kill_s = now_s
            self.strike(signal.SIGKILL)
        if self.kill_s is None:
            return False
        return self.ended_s is not None or now_s >= self.kill_s + _STUCK_AFTER_S

    def strike(self, number: signal.Signals) -> None:
        """Signal its whole group."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, number)

    def nap_s(self) -> float:
        """For how long it may be left alone if nothing is heard of it."""
        if self.ears:
            return _NAP_S
        self.naps += 1
        return min(_NAP_S, 0.0005 * 2.0 ** min(self.naps, 10))

    def answer(self) -> Answer:
        """Reap it. One that cannot even be killed is left to the kernel."""
        stdout, stderr = (decoded(bytes(heard)) for heard in self.heard)
        lost = silence(self.command) if self.term_s is not None else ""
        if self.ended_s is None:
            return Answer(0, stdout, stderr, lost.replace("killed", "killed, but does not end"))
        try:
            code = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        except ChildProcessError:  # whoever started us has SIGCHLD ignored
            return Answer(0, stdout, stderr, lost or "the kernel did not keep the exit code")
        return Answer(128 - code if code < 0 else code, stdout, stderr, lost)

    def _has_ended(self) -> bool:
        """Without reaping it: a zombie keeps the number of its group from being used again."""
        try:
            return bool(os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT))
        except ChildProcessError:
            return True


def start(
    command: Command,
    then: Callable[[Answer], Answer],
    keep: int,
    env: Mapping[str, str],
    now_s: float,
) -> Child:
    """Start the program. OSError or ValueError where that cannot be."""
    unsaid = encoded(reveal(command.stdin))
    pipes = _pipes()
    (ear, mouth), (out, their_out), (err, their_err) = pipes
    try:
        pid = _spawn(command, ear if unsaid else None, their_out, their_err, env)
    except (OSError, ValueError):
        close(mouth, out, err)
        raise
    finally:
        close(ear, their_out, their_err)
    if not unsaid:
        close(mouth)
    heard = (bytearray(), bytearray())
    ears = dict(zip((out, err), heard, strict=True))
    deadline_s = now_s + command.deadline_s
    said_to = mouth if unsaid else None
    for end in (*ears, *([mouth] if unsaid else [])):
        os.set_blocking(end, False)
    return Child(command, then, keep, pid, deadline_s, ears, heard, said_to, unsaid)


def _spawn(
    command: Command, stdin: int | None, stdout: int, stderr: int, env: Mapping[str, str]
) -> int:
    """Its pid. Secrets are revealed here and nowhere else. No stdin is /dev/null."""
    opened: tuple[int | str, ...] = (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0)
    if stdin is not None:
        opened = (os.POSIX_SPAWN_DUP2, stdin, 0)
    return os.posix_spawn(
        _SHELL,
        [encoded(reveal(word)) for word in (*_BECOME, *command.argv)],
        {encoded(name): encoded(value) for name, value in env.items()},
        file_actions=[
            opened,
            (os.POSIX_SPAWN_DUP2, stdout, 1),
            (os.POSIX_SPAWN_DUP2, stderr, 2),
        ],
        setpgroup=0,
        setsigmask=(),
        setsigdef=_TO_DEFAULT,
    )


def _pipes() -> list[tuple[int, int]]:
    """Three of them, or none and an OSError."""
    pipes: list[tuple[int, int]] = []
    try:
        for _ in range(3):
            pipes.append(os.pipe())
    except OSError:
        close(*(end for pipe in pipes for end in pipe))
        raise
    return pipes


def close(*ends: int) -> None:
    for end in ends:
        os.close(end)
