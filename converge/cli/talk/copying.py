"""Watching a copy being synchronised: a bar on a terminal, elsewhere a line for each tenth."""

from __future__ import annotations

import sys

from converge.cli.reach.site import Site
from converge.core.ids import ResourceId
from converge.core.state import Present
from converge.engine.observe import observe

LOOK_S = 2.0

STILL_S = 120.0
"""So long nothing may come nearer; then a person should look why."""


def watched(here: Site, primary: ResourceId, *, live: bool) -> bool:
    """Look at the primary until all has reached its peer. False: it does not go on."""
    clock, most, left, told = here.doors.clock, 0, -1, -1
    since_s = clock.elapsed()
    while True:
        snapshot = observe(here.graph, here.readers, clock, (primary,))
        seen = snapshot.observed.get(primary)
        state = seen.state if isinstance(seen, Present) else None
        complete = state is not None and state.status == "complete"
        dirty = state.dirty if state is not None else 0
        if complete and not dirty and (most or clock.elapsed() - since_s > 2 * LOOK_S):
            _say(f"{primary}: complete, nothing left to synchronise", live=live)
            return True
        if complete and dirty != left:
            most, left, since_s = max(most, dirty), dirty, clock.elapsed()
        if clock.elapsed() - since_s > STILL_S:
            how = state.glance if state is not None else "not to be seen"
            _say(f"{primary} is {how}, and nothing has moved for {STILL_S:g} s", live=live)
            return False
        tenth = 10 * (most - dirty) // most if most and complete else 0
        if live or tenth != told:
            _say(_bar(primary, most, dirty, tenth, complete=complete), live=live, end="\r")
            told = tenth
        clock.sleep(LOOK_S)


def _bar(primary: ResourceId, most: int, dirty: int, tenth: int, *, complete: bool) -> str:
    if not complete:
        return f"{primary} waits for its peer"
    done = "#" * (2 * tenth)
    return f"[{done:<20}] {(most - dirty) >> 20} of {most >> 20} MB"


def _say(text: str, *, live: bool, end: str = "\n") -> None:
    if live:
        sys.stderr.write(f"\r{text:<79}{end}")
    else:
        sys.stderr.write(text + "\n")
    sys.stderr.flush()
