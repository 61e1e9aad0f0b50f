"""rc.subr(8) in short: what every rc script does with its first word."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from converge.lab.world import Result, World

Verb = Callable[[World, str], Result]


@dataclass(frozen=True, slots=True)
class RcScript:
    """A script in /etc/rc.d or /usr/local/etc/rc.d, as far as rc.subr asks it.

    `pid` answers what check_pidfile would: the pid of the running daemon or None.
    `start` and `stop` say everything themselves, "Starting NAME." included; rc.subr's own
    questions (enabled, already running, not running) are asked before them.
    `extra` holds further verbs by name (reload). `described` is the script's `desc`.
    The key in `RC` is the file's name, which may differ from `name` (mysql-server, mysql).
    """

    name: str
    rcvar: str
    pid: Callable[[World, str], int | None]
    start: Verb
    stop: Callable[[World, str, int], Result]
    extra: Mapping[str, Verb] = field(default_factory=dict)
    described: str = ""
    pidfile: Callable[[World, str], str] | None = None
    """Its pid file, for the complaint of `stop`; None for /var/run/NAME.pid."""
