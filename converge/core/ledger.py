"""The little that must be remembered from run to run, because no probe can tell it.

A ledger is a value: whoever writes it to a disk is elsewhere, and what a kind keeps in it is the
kind's own business (`Resource.remember`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from converge.core.ids import ResourceId

LEDGER = "/var/db/converge/ledger.json"
"""Where a node keeps it. The peer reads it there: what a primary has promised binds it only when
it is on its disk."""

Note = bool | int | float | str | tuple[float, ...]
"""One remembered value: a scalar, or a list of moments."""

Notes = Mapping[str, Note]
"""What is remembered of one resource."""


@dataclass(frozen=True, slots=True)
class Now:
    """The moment of a decision.

    `elapsed_s` is monotonic and the only time that is calculated with (F64): seconds since this
    node booted or longer, the same for all runs of one boot. `wall_s` (epoch) is shown to people
    and compared only where a person gave a time.
    """

    elapsed_s: float
    wall_s: float = 0.0
    began_s: float | None = None
    """When the look began on which it is decided: what was seen may be as old as that."""

    @property
    def seen_s(self) -> float:
        return self.elapsed_s if self.began_s is None else self.began_s


NEVER = Now(0.0)
"""For whoever decides without a clock: then nothing has lasted for any time."""


@dataclass(frozen=True, slots=True)
class Pause:
    """A maintenance hold: by whom, why, since when and until when (epoch seconds; None: forever).

    `nodes`: whom it concerns; empty: every node that a run with this ledger acts on.
    Without an expiry a forgotten one is found at the next real crash (F61).
    """

    owner: str
    reason: str
    since_s: float
    until_s: float | None = None
    nodes: tuple[str, ...] = ()

    def holds(self, wall_s: float, node: str = "") -> bool:
        """Is it in force at that moment, on that node ("": on any)?"""
        meant = not node or not self.nodes or node in self.nodes
        return meant and (self.until_s is None or wall_s < self.until_s)


@dataclass(frozen=True, slots=True)
class Handover:
    """A person's word that the service shall move: from `source` to `to`, for `reason`.

    It is no script: the kinds wish accordingly as long as it is kept. What is not done by
    `until_s` (epoch seconds) is turned back; `back` says why it was, '' while it goes forward.
    """

    to: str
    source: str
    owner: str
    reason: str
    until_s: float
    back: str = ""

    @property
    def leader(self) -> str:
        """Where the service shall be now."""
        return self.source if self.back else self.to


@dataclass(frozen=True, slots=True)
class Ledger:
    """What is remembered: notes by resource, the maintenance holds of this node, and a planned
    handover that is under way."""

    notes: Mapping[ResourceId, Notes] = field(default_factory=dict)
    pauses: tuple[Pause, ...] = ()
    handover: Handover | None = None
    boot: str = ""
    """Which boot of the machine its moments are of."""

    @property
    def leader(self) -> str:
        """The node where a person wants the service now; '' where CARP decides."""
        return self.handover.leader if self.handover else ""

    def in_boot(self, boot: str) -> Ledger:
        """As it is to be read in that boot."""
        return self if boot == self.boot else replace(self.after_boot(), boot=boot)

    def of(self, id: ResourceId) -> Notes:
        return self.notes.get(id, {})

    def after_boot(self) -> Ledger:
        """Without its moments: the clock that they were read from began anew."""
        notes = {
            id: {key: note for key, note in of.items() if not key.endswith("_at")}
            for id, of in self.notes.items()
        }
        return replace(self, notes=notes)
