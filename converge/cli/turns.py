"""Taking turns: a run has its node's lock, and one more follows for whoever came meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING

from converge.cli.labfile import read_span
from converge.cli.memory import Memory
from converge.hosts.lock import LockHeld

if TYPE_CHECKING:
    from converge.cli.session import Session
    from converge.reconcile import Pass

RUNS_MAX = 10
"""So many runs for those who come while we are at work; a mark left after that is cron's."""


def under_lock(
    session: Session, first: Pass | None, saved: str | None, trigger: str, lock_timeout: str
) -> int:
    """Run, and run again as long as somebody came meanwhile; the first run's exit code."""
    here, wait_s = session.here, read_span(lock_timeout)
    try:
        memory = Memory(here.place, here.acting, here.doors.clock, trigger=trigger, wait_s=wait_s)
    except LockHeld as held:
        if trigger == "cron":
            return held.exit_code
        raise
    with memory:
        code = latest = session.whole_run(memory, first, saved)
        for n in range(2, RUNS_MAX + 1):
            if latest > 128 or memory.again() is None:
                break
            latest = session.next_one(n).whole_run(memory)
        return code
