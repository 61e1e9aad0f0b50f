"""How a server is stopped: first as its script does it, then harder, each rung with its time."""

from __future__ import annotations

from converge.core.host import Command
from converge.core.ids import ResourceId
from converge.core.plan import Action, Direction, Rung
from converge.core.state import Absent, Present, Wish
from converge.freebsd.mysqld.answers import MysqldState, not_running

STOPPED_S = 10.0
"""The rc script waits for the server itself; its wrapper ends right after it."""

TERM_S = 20.0
"""What a server that did not end for its script has left to end by itself."""

KILL_S = 5.0
"""A killed process is gone at once, unless it waits for a disk that does not answer."""


def stop(id: ResourceId, seen: MysqldState, script: tuple[str, ...], deadline_s: float) -> Action:
    """Stop, TERM, KILL. InnoDB recovers from a kill at its next start; nothing acknowledged is
    lost (F54). The wrapper would start a killed server again, so it is told, too (F56)."""
    goal: Wish[MysqldState] = Present(not_running(seen)) if seen.on_volume else Absent()
    pids = tuple(map(str, seen.pids))
    term, kill = Command(("kill", "-TERM", *pids)), Command(("kill", "-KILL", *pids))
    harder = (
        Rung(f"{seen.named} did not stop in time: TERM", term, TERM_S),
        Rung(f"{seen.named} did not end for TERM: KILL", kill, KILL_S),
    )
    if seen.on_volume and seen.known:
        why = f"it runs as {seen.named} and is not wished here"
        effect = Command(script, deadline_s)
        return Action(id, "stop", why, effect, Direction.DOWN, STOPPED_S, goal, rungs=harder)
    how = "and its rc script does not know it" if seen.on_volume else "not on its volume"
    why = f"it runs as {seen.named}, {how}"
    return Action(id, "stop", why, term, Direction.DOWN, deadline_s, goal, rungs=harder[1:])
