"""What a glance at the pair says of its runs: holds, a handover, the last run, what it left."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from converge.cli.reach.places import Place
from converge.core.journal import Line, unfinished
from converge.core.ledger import Handover, Ledger, Pause

if TYPE_CHECKING:
    from converge.core.host import Clock

ENTRIES = ("run", "end", "intent", "outcome", "unfinished")
"""The only sorts that are read: a journal is long, and a glance is short."""


@dataclass(frozen=True, slots=True)
class Recent:
    """`pauses` are in force. `last`: a row of `converge history`. `left`: what has no outcome.
    `unread`: why the ledger or the journal could not be read."""

    ledger: Ledger = field(default_factory=Ledger)
    pauses: tuple[Pause, ...] = ()
    last: dict[str, Any] | None = None
    left: tuple[Line, ...] = ()
    unread: tuple[str, ...] = ()

    @property
    def handover(self) -> Handover | None:
        return self.ledger.handover

    def lines(self, now: datetime) -> Iterator[str]:
        """Holds and what was left unfinished first; nothing of what is not there."""
        from converge.cli import hold

        yield from (f"! {line}" for line in hold.lines(self.pauses, now))
        if self.handover:
            until = datetime.fromtimestamp(self.handover.until_s, now.tzinfo)
            back = f", turned back: {self.handover.back}" if self.handover.back else ""
            yield (
                f"~ handover to {self.handover.to} by {self.handover.owner} until "
                f"{until.isoformat(timespec='seconds')}{back}: {self.handover.reason}"
            )
        for line in self.left:
            yield f"! {line.entry.fields.get('action')}: begun {line.time[:19]}, and no outcome is"
            yield f"  written: run {line.run} is at work, or was killed"
        if self.last:
            done = f", {self.last['done']} done" if self.last["done"] is not None else ""
            when = f"{datetime.fromisoformat(self.last['time']).isoformat(timespec='seconds')}"
            yield f"  last run {when}, {self.last['trigger']}: {self.last['end']}{done}"
        yield from (f"? {why}" for why in self.unread)

    def form(self) -> dict[str, Any]:
        """For machines."""
        return {
            "holds": [asdict(pause) for pause in self.pauses],
            "handover": asdict(self.handover) if self.handover else None,
            "last_run": self.last,
            "unfinished": [
                {"run": line.run, "time": line.time, "action": line.entry.fields.get("action")}
                for line in self.left
            ],
            "unread": list(self.unread),
        }


def recent(place: Place, clock: Clock) -> Recent:
    """As it is there now. What is not for us to read is told, and is no reason to say nothing."""
    from converge.cli.history import kept_lines, runs_of
    from converge.cli.running.memory import known
    from converge.core.errors import NoSuchFile
    from converge.hosts.ledgerfile import BadLedger

    ledger, lines, unread = Ledger(), [], []
    try:
        ledger = known(place, clock)
    except BadLedger as wrong:
        unread.append(f"what is remembered and held is not known: {wrong}")
    try:
        lines = list(kept_lines(place.state, ENTRIES))
    except NoSuchFile as wrong:
        unread.append(f"the last run is not known: {wrong}")
    now_s = clock.wall().timestamp()
    runs = runs_of(lines)
    pauses = tuple(pause for pause in ledger.pauses if pause.holds(now_s))
    left = tuple(unfinished(lines))
    return Recent(ledger, pauses, runs[-1] if runs else None, left, tuple(unread))
