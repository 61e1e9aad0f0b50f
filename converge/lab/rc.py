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
    `extra` holds further verbs by name (reload). `described` is its path.
    """

    name: str
    rcvar: str
    pid: Callable[[World, str], int | None]
    start: Verb
    stop: Callable[[World, str, int], Result]
    extra: Mapping[str, Verb] = field(default_factory=dict)
    described: str = ""
