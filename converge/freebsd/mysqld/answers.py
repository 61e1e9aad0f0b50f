"""What pgrep(1), mount(8) and the files of a database server say, read. No decision in here."""

from __future__ import annotations

import re
from collections.abc import Generator
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath

from converge.core.host import Answer, Query, Read
from converge.core.state import State

MARKER = "converge.id"


@dataclass(frozen=True)
class MysqldState(State):
    """A server with our data directory, or our data directory on its mounted volume, or both.

    `ready`: the probe was answered. `identity` is what the marker on the volume says; without the
    volume nobody can say whose the data are. Evidence: `known`, the rc script would find the
    server; `empty`, there is no database yet; `outdated`, it was started with other arguments.
    """

    running: bool
    ready: bool
    on_volume: bool
    identity: str
    pids: tuple[int, ...] = field(default=(), compare=False)
    known: bool = field(default=True, compare=False)
    empty: bool = field(default=False, compare=False)
    outdated: bool = field(default=False, compare=False)

    @property
    def active(self) -> bool:
        return self.running

    @property
    def glance(self) -> str:
        if not self.running:
            return "stopped"
        if not self.on_volume:
            return "beside its volume"
        return "ready" if self.ready else "not ready"

    @property
    def named(self) -> str:
        return f"pid {' and '.join(map(str, self.pids))}"


def not_running(seen: MysqldState) -> MysqldState:
    """The same without its server."""
    return replace(seen, running=False, ready=False)


@dataclass(frozen=True, slots=True)
class Process:
    """One process of a server: the server itself or its safe wrapper."""

    pid: int
    command: str

    def option(self, name: str) -> str:
        found = re.search(rf"(?:^|\s)--{name}=(\S+)", self.command)
        return found[1] if found else ""


def parse_processes(text: str, datadir: str) -> tuple[Process, ...]:
    """The servers with that data directory and their wrappers, from `pgrep -lf`.

    The rc script always names it on the command line; whoever does not is not ours.
    """
    rows = (line.partition(" ") for line in text.splitlines())
    found = (Process(int(pid), command) for pid, _, command in rows if pid.isdigit())
    return tuple(p for p in found if _is_server(p) and p.option("datadir").rstrip("/") == datadir)


def _is_server(process: Process) -> bool:
    """Its program is the first word, or the second one where that is a shell's script."""
    names = (PurePosixPath(word).name for word in process.command.split()[:2])
    return any(re.fullmatch(r"(mysqld|mariadbd)([_-].+)?", name) for name in names)


def parse_mounts(text: str) -> dict[str, str]:
    """Device by mount point, from `mount -p`; of two on one point the upper one."""
    lines = (line.split() for line in text.splitlines())
    return {words[1]: words[0] for words in lines if len(words) > 1}


def known(ours: tuple[Process, ...]) -> Generator[Query, Answer, bool]:
    """Would the rc script find it? Its pid file may be gone (mysql-missing-pidfile-stop)."""
    path = next((p.option("pid-file") for p in ours if p.option("pid-file")), "")
    if not path:
        return True
    answer = yield Read(path)
    return answer.stdout.strip() in {str(p.pid) for p in ours}
