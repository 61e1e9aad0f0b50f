"""Taking turns: a run has its node's lock, and one more follows for whoever came meanwhile."""

from __future__ import annotations

import contextlib
import os
import signal
from typing import TYPE_CHECKING

from converge.cli.ground.labfile import read_span
from converge.cli.running.memory import Memory
from converge.core.errors import UsageError
from converge.hosts.lock import LockHeld

if TYPE_CHECKING:
    from converge.cli.running.session import Session
    from converge.reconcile import Pass

RUNS_MAX = 10
"""So many runs for those who come while we are at work; a mark left after that is cron's."""

SHUTDOWN = "shutdown"
"""The trigger of a node that goes down, and the file beside the lock that says so until the next
boot: rc empties /var/run then, and its own script takes the file away."""

ENDS_S = 30.0
"""So long a shutdown waits for the run that it has told to end: its action has a deadline."""


def under_lock(
    session: Session, first: Pass | None, saved: str | None, trigger: str, lock_timeout: str
) -> int:
    """Run, and run again as long as somebody came meanwhile; the first run's exit code."""
    try:
        memory = _memory(session, trigger, read_span(lock_timeout))
    except LockHeld as held:
        if trigger == "cron":
            return held.exit_code
        raise
    with memory:
        if trigger not in ("manual", SHUTDOWN) and _goes_down(memory):
            return 0
        code = latest = session.whole_run(memory, first, saved)
        for n in range(2, RUNS_MAX + 1):
            if _goes_down(memory) or latest > 128 or memory.again() is None:
                break
            latest = session.next_one(n).whole_run(memory)
        return code


def leave(session: Session) -> None:
    """The run is that of a node that goes down."""
    if len(session.here.acting) != 1:
        raise UsageError("--trigger shutdown is about one node: the one that goes down")
    session.leave()


def _goes_down(memory: Memory) -> bool:
    return (memory.place.run / SHUTDOWN).exists()


def _memory(session: Session, trigger: str, wait_s: float) -> Memory:
    """The lock and what comes with it. LockHeld.

    A shutdown waits for nobody's plans: a run that is under way ends after its running action, and
    none that waits for its turn begins, as each finds the word of the shutdown there.
    """
    here = session.here
    if trigger != SHUTDOWN:
        return Memory(here.place, here.acting, here.doors.clock, trigger=trigger, wait_s=wait_s)
    leave(session)
    if here.doors.urls[here.acting[0]].startswith("local:"):
        with contextlib.suppress(OSError):  # who cannot write here does not get the lock either
            here.place.run.mkdir(mode=0o700, parents=True, exist_ok=True)
            (here.place.run / SHUTDOWN).touch()
    try:
        return Memory(here.place, here.acting, here.doors.clock, trigger=trigger)
    except LockHeld as held:
        if held.holder.pid:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(held.holder.pid, signal.SIGTERM)
    return Memory(
        here.place, here.acting, here.doors.clock, trigger=trigger, wait_s=max(wait_s, ENDS_S)
    )
