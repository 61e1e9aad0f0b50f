"""What one node's converge is at, between two of its steps."""

from __future__ import annotations

from dataclasses import dataclass, field

from converge.core.host import Answer, Ticket
from converge.core.ledger import Ledger
from converge.core.plan import Snapshot
from converge.reconcile.passes import Course


@dataclass(frozen=True, slots=True)
class Begun:
    """An effect under way: when it ends, with what, and which boot of its machine it needs."""

    ticket: Ticket
    ends: float
    answer: Answer
    booted: float


@dataclass(frozen=True, slots=True)
class Mind:
    """What one node's converge is at. `ledger` is on its disk, the rest dies with the process.

    `seen`: a look was taken and nothing was made of it yet. `again`: a trigger came meanwhile.
    `knocking`: the peer was silent, so that it is asked in the background and costs no time.
    `leaving`: its node goes down; nothing else wakes it any more.
    `booted`: in which boot the moments of the ledger were noted. `stands`: the guards that stood
    in the way when its last run ended.
    """

    ledger: Ledger = field(default_factory=Ledger)
    course: Course | None = None
    due: float | None = None
    seen: Snapshot | None = None
    begun: tuple[Begun, ...] = ()
    again: bool = False
    tickets: int = 0
    knocking: bool = False
    held: tuple[str, ...] = ()
    stands: tuple[str, ...] = ()
    written: str = ""
    listening: bool = False
    leaving: bool = False
    booted: float = 0.0
