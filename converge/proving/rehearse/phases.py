"""Where the time of a failover goes: from the fault to a database that answers its clients."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from converge.proving.story.driver import Drive
from converge.proving.story.seen import Entry, Seen

Marks = Sequence[tuple[float, Seen]]

PHASES = {
    "detection": "the survivor is woken for the first time",
    "role": "its role is primary",
    "device": "the HAST device answers",
    "proof": "the last guard that held because of the peer has let go",
    "fsck": "the file system is clean after a check",
    "mount": "the volume is mounted",
    "start": "the database server is started",
    "serving": "clients are served",
}
"""In the order of a failover, and what ends each of them."""

KINDS = {
    "role": "role primary",
    "device": "device",
    "fsck": "checked",
    "mount": "mounted",
    "start": "started",
    "serving": "serving",
}
"""What is seen of the world when a phase ends; the other two are read off the lines."""


@dataclass(frozen=True, slots=True)
class Phase:
    """One row: when it ended, seconds after the fault, and how long after the one before."""

    name: str
    at: float
    took: float


def phases(drive: Drive) -> tuple[str, tuple[Phase, ...]]:
    """The node that began to serve after the first cue, and its way there; '' and () for none."""
    fault = next((e.at for e in drive.timeline if e.kind == "cue"), None)
    if fault is None:
        return "", ()
    served = [(at, s.node) for at, s in drive.marks if s.kind == "serving" and at >= fault]
    if not served:
        return "", ()
    end, node = served[0]
    ended = dict(_ended(drive, node, fault, end))
    found, before = [], fault
    for name, at in sorted(ended.items(), key=lambda one: (one[1], list(PHASES).index(one[0]))):
        found.append(Phase(name, round(at - fault, 3), round(at - before, 3)))
        before = at
    return node, tuple(found)


def _ended(drive: Drive, node: str, fault: float, end: float) -> list[tuple[str, float]]:
    """(phase, when it ended), as far as there was one on this node."""
    lines = [e for e in drive.timeline if e.node == node and fault <= e.at <= end]
    found = []
    if (woken := _first(lines, lambda e: e.kind in ("trigger", "actor"))) is not None:
        found.append(("detection", woken))
    if (proof := _proof(lines)) is not None:
        found.append(("proof", proof))
    for name, kind in KINDS.items():
        times = [at for at, s in drive.marks if (s.node, s.kind) == (node, kind)]
        times = [at for at in times if fault <= at <= end]
        if times:
            found.append((name, end if name == "serving" else times[0]))
    return found


def _first(lines: Sequence[Entry], fits: Callable[[Entry], bool]) -> float | None:
    return next((e.at for e in lines if fits(e)), None)


def _proof(lines: Sequence[Entry]) -> float | None:
    """The first step after the last one that a guard about the peer stood in the way of."""
    held = [n for n, e in enumerate(lines) if e.kind == "actor" and e.code.startswith("peer-")]
    if not held:
        return None
    return _first(lines[held[-1] + 1 :], lambda e: e.kind == "actor" and not e.code)
