"""What a run has under its lock: the journal, the ledger, and the word that somebody else came."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from dataclasses import asdict, replace
from importlib.metadata import version
from typing import TYPE_CHECKING, Self

from converge.cli.reach.places import Place
from converge.core.errors import CannotWrite
from converge.core.host import Clock
from converge.core.journal import UNFINISHED_BY, Entry, Json, Line, unfinished
from converge.core.ledger import Ledger
from converge.core.plan import Action, Ending, Outcome
from converge.core.state import values_of
from converge.hosts import ledgerfile
from converge.hosts.clock import SystemClock
from converge.hosts.journal import FileJournal, keep_small, read_journal
from converge.hosts.lock import Holder, take

if TYPE_CHECKING:
    from converge.reconcile.run import Report


class Memory:
    """The memory of a run that acts: in a `with` block from before its first look to its end.

        with Memory(place, nodes, clock, trigger="devd") as memory:
            unknown = memory.begin(run_id)     # intents of earlier runs that have no outcome
            ... memory.ledger; report=memory.recording(report); halted=memory.must_stop
            memory.save(told.ledger)
            memory.end("converged", code=0, done=3)
            memory.again()                     # who came meanwhile: then begin once more

    LockHeld when another run is at work, CannotWrite when nothing can be written down, BadLedger:
    each before anything is done. `clock` is that of the nodes; the lock has the real time, waits
    `wait_s` for its turn, and leaves a mark for its holder unless somebody stands by (`manual`,
    `shutdown`).
    """

    def __init__(
        self, place: Place, nodes: Sequence[str], clock: Clock,
        *, trigger: str, wait_s: float = 0.0,
    ) -> None:  # fmt: skip
        self.place, self.nodes, self.clock, self.trigger = place, tuple(nodes), clock, trigger
        self.ledger = Ledger()
        self.broken: CannotWrite | None = None
        self.version = version("converge")
        self.decision = ""
        """The name of the last decision of the run that is at work."""
        self._begun: dict[str, int] = {}
        self._count = 0
        self._open = False
        self._lock = take(
            place.run, place.lock, trigger, "apply", SystemClock(),
            wait_s=wait_s, mark=trigger not in ("manual", "shutdown"),
        )  # fmt: skip

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """A mark that was left since `again` stays for whoever comes next."""
        if self._open and kind is not None:
            with contextlib.suppress(CannotWrite):
                self.write(Entry("end", {"end": "broken off", "why": kind.__name__}))
        self._lock.close()

    def begin(self, run: str, **about: Json) -> list[Line]:
        """A run begins: the ledger is read, the journal stands open, the lab is as it is now.

        Returns what earlier runs began and did not live to see the end of; it is told once.
        """
        if self.place.lab:
            from converge.cli.ground.labfile import open_lab

            open_lab(self.place.lab).refresh()
        self.ledger = known(self.place, self.clock)
        keep_small(self.place.state)
        left = unfinished(read_journal(self.place.state, UNFINISHED_BY))
        self._journal = FileJournal(self.place.state, run, self.clock)
        self._begun, self._count, self._open, self.decision = {}, 0, True, ""
        fields: dict[str, Json] = {
            "trigger": self.trigger,
            "nodes": list(self.nodes),
            "pid": os.getpid(),
            "version": self.version,
            **about,
        }
        self.write(Entry("run", fields))
        for line in left:
            cut: dict[str, Json] = {"of": line.run, "began": line.time}
            cut |= {key: line.entry.fields.get(key) for key in ("n", "action")}
            self.write(Entry("unfinished", cut))
        return left

    def recording(self, report: Report) -> Report:
        """A report that writes down first and then tells `report`.

        An intent that cannot be written raises CannotWrite: its action must not begin. An outcome
        that cannot stops the run: nothing more begins.
        """

        def record(action: Action, outcome: Outcome | None, took_s: float) -> None:
            if outcome is not None:
                try:
                    self._outcome(outcome)
                except CannotWrite as wrong:
                    self.broken = wrong
            elif action.key not in self._begun:
                self._intent(action)
            report(action, outcome, took_s)

        return record

    def must_stop(self) -> bool:
        """What happens can no longer be written down."""
        return self.broken is not None

    def save(self, ledger: Ledger) -> None:
        """Keep what the run remembers; what people hold meanwhile stays. CannotWrite."""
        self._keep_lab()
        if ledger.handover != self.ledger.handover:
            word = ledger.handover
            self.write(Entry("handover", asdict(word) if word else {"over": True}))
        self.ledger = ledgerfile.change(
            self.place.state, lambda old: replace(ledger, pauses=old.pauses)
        )

    def end(self, end: str, *, code: int, done: int, **about: Json) -> None:
        """The run ended; CannotWrite, also for an outcome that could not be written."""
        self._open = False
        if self.broken is not None:
            raise self.broken
        self.write(Entry("end", {"end": end, "exit": code, "done": done, **about}))

    def again(self) -> Holder | None:
        """Somebody came meanwhile: begin another run for them. None: the lock is free."""
        came = self._lock.release()
        if came is not None:
            self.trigger = came.trigger or self.trigger
        return came

    def write(self, entry: Entry) -> None:
        """A line of the journal. CannotWrite."""
        self._keep_lab()
        self._journal.write(entry)

    def _keep_lab(self) -> None:
        """In the lab's file it is as late as whatever is written down says."""
        if self.place.lab:
            from converge.cli.ground.labfile import open_lab

            with open_lab(self.place.lab).turn():
                pass

    def _intent(self, action: Action) -> None:
        self._count += 1
        fields: dict[str, Json] = {
            "n": self._count, "action": action.key, "why": action.why,
            "effect": str(action.effect), **_values(action),
        }  # fmt: skip
        self.write(Entry("intent", fields))
        self._begun[action.key] = self._count

    def _outcome(self, outcome: Outcome) -> None:
        n = self._begun.pop(outcome.action.key, None)
        fields: dict[str, Json] = {
            "action": outcome.action.key, "ending": outcome.ending.value,
            "took_s": round(outcome.took_s, 3), "detail": outcome.detail,
        }  # fmt: skip
        if n is not None:
            fields["n"] = n
        held = n is None and outcome.ending is Ending.HELD
        self.write(Entry("verdict" if held else "outcome", fields))


def _values(action: Action) -> dict[str, Json]:
    """How it was before, and how it is after if all goes well. `goal` was seen to be so when the
    action is done, or, `unseen`, only the command's own exit code was asked."""
    goal = action.wish if action.goal is None else action.goal
    found: dict[str, Json] = {"goal": dict(values_of(goal)), "unseen": action.settle_s <= 0}
    return found | ({"was": dict(values_of(action.was))} if action.was is not None else {})


def known(place: Place, clock: Clock) -> Ledger:
    """What is remembered there, as it is to be read now. BadLedger."""
    return ledgerfile.load(place.state).in_boot(_boot(place, clock))


def _boot(place: Place, clock: Clock) -> str:
    """Which boot of the machine this is, whose clock the moments are read from: of a lab that of
    its machines, else that of this one. A clock that is set anew counts as a boot, too, which
    only means that less is remembered."""
    if place.lab:
        from converge.cli.ground.labfile import open_lab

        machines = open_lab(place.lab).lab.world.machines
        return " ".join(f"{node} {m.booted:.0f}" for node, m in sorted(machines.items()))
    return f"{(clock.wall().timestamp() - clock.elapsed()) / 60:.0f}"


def words(line: Line) -> str:
    """An intent without outcome, for a person."""
    action = line.entry.fields.get("action")
    return (
        f"run {line.run} was cut off: it began `{action}` at {line.time} and nobody wrote down "
        "how it ended; what is there now is looked at again"
    )
