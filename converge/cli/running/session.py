"""One `converge apply` from its first look to its exit code, and what is said of it."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import click

from converge.cli.talk.options import paint_for

if TYPE_CHECKING:
    from converge.cli.reach.site import Site
    from converge.cli.running.memory import Memory
    from converge.core.journal import Json
    from converge.core.ledger import Ledger
    from converge.core.plan import Plan
    from converge.reconcile import Pass, Run, Told


class Session:
    """One `converge apply`: the run, and what is said of it."""

    def __init__(
        self, here: Site, paint: str, verbose: int, *, quiet: bool, cron: bool, as_json: bool
    ) -> None:
        from converge.cli.running.logs import log_for
        from converge.core.ledger import Ledger

        self.here, self.verbose, self.quiet, self.as_json = here, verbose, quiet, as_json
        self.cron = cron
        self.paint, self.err_paint = paint_for(paint), paint_for(paint, sys.stderr)
        self.ledger = Ledger()
        self.keep: Callable[[Ledger], None] = lambda ledger: None
        self.lifted: frozenset[str] = frozenset()
        self.wait_s, self.reason = 0.0, ""
        self.word: Callable[[Ledger], Ledger] | None = None
        """A person's word that stands in the ledger before the run looks."""
        self.only: Callable[[Plan], Plan] = lambda plan: plan
        self.last: Told | None = None
        self.run_id = f"{here.doors.clock.wall():%Y%m%dT%H%M%S}-{os.getpid()}"
        self.told: Callable[[str], object] = lambda text: click.echo(text, nl=False)
        self.log = log_for(self.run_id, verbose=verbose, real=_is_real(here))

    def leave(self) -> None:
        """This node is about to go down. A maintenance hold does not hold that: hastd's stop would
        take the disk away from under whatever is still mounted."""
        from converge.engine.run.guards import MAINTENANCE_HOLD
        from converge.reconcile import leaving

        self.here.graph, self.only = leaving(self.here.graph, self.here.acting)
        self.lifted |= {MAINTENANCE_HOLD}
        self.reason = self.reason or "shutdown"

    def next_one(self, n: int) -> Session:
        """The session of a run for somebody who came: it speaks only of what went wrong."""
        self.run_id = f"{self.run_id.partition('.')[0]}.{n}"
        self.log = self.log.bind(run=self.run_id)
        self.quiet = True
        if self.as_json:
            self.told = lambda _: None
        return self

    def whole_run(
        self, memory: Memory, first: Pass | None = None, saved: str | None = None
    ) -> int:
        """One run of `memory`, with its beginning and its end written down."""
        from converge.cli.running.memory import words

        for line in memory.begin(self.run_id, **self.about()):
            self.log.warning(words(line))
            click.echo(f"converge: {words(line)}", err=True)
        if self.word:
            memory.save(self.word(memory.ledger))
            self.word = None  # a run for somebody who came has none of its own
        self.ledger, self.keep = memory.ledger, memory.save
        if first is None or not first.plan.actions:
            # Also an empty plan is made under the lock: what was seen is remembered.
            first = self.first_pass(saved, show=first is None and self.verbose > 0)
        return self.carry_out(first, memory, one_pass=saved is not None)

    def look_up(self) -> None:
        """What is remembered, for a plan that is only shown."""
        from converge.cli.running.memory import known

        self.ledger = known(self.here.place, self.here.doors.clock)

    def about(self) -> dict[str, Json]:
        """What is written down of the run beside who and when."""
        about: dict[str, Json] = {"desired": self.here.graph.digest}
        if self.lifted:
            about |= {"override": [*sorted(self.lifted)], "reason": self.reason}
        return about

    def first_pass(self, saved: str | None, *, show: bool) -> Pass:
        """Look and plan, and `show` it; a saved plan must be this very plan."""
        from converge.engine.show.text import plan_text

        run = self._run()
        first = run.next_pass()
        self.ledger = run.ledger
        if saved is not None:
            from converge.cli.running.saved import check

            check(saved, first.plan)
        if show and not self.as_json:
            shown = plan_text(
                first.plan, self.here.acting, first.snapshot.taken, self.paint,
                commands=self.verbose > 0, paths=first.snapshot.paths,
            )  # fmt: skip
            click.echo(shown, nl=False)
        return first

    def carry_out(self, first: Pass, memory: Memory, *, one_pass: bool) -> int:
        """Run to the end and answer with the exit code."""
        from converge.cli.talk.progress import Progress

        live = sys.stderr.isatty() and not self.as_json and not self.quiet
        self.log.info(f"run begins: {self._about(first)}")
        progress = Progress(
            self.here.doors.clock, self.err_paint, self.log.info, live=live, quiet=self.quiet
        )
        with progress as report:
            recording = memory.recording(report)
            run = self._run(recording, passes_max=1 if one_pass else None)
            run.decided = lambda this: self._decided(memory, this)
            with _Halt() as halt:
                run.halted = lambda: halt.signal != 0 or memory.must_stop()
                self.last = told = run.to_the_end(first)
        saved = one_pass and _all_of_it(told)
        code = 0 if saved and not halt.signal else _exit_code(told, halt.signal)
        self.log.info(f"run ends: {told.end.value}, {told.done} done, exit {code}")
        self._say(told, saved=saved)
        memory.end(
            told.end.value, code=code, done=told.done, desired=self.here.graph.digest,
            seen=told.passes[-1].snapshot.taken.isoformat() if told.passes else "",
        )  # fmt: skip
        return code

    def _run(
        self, report: Callable[..., None] = lambda *_: None, passes_max: int | None = None
    ) -> Run:
        from converge.cli.reach.pairfiles import peers_file
        from converge.reconcile import Run

        here = self.here
        limit = passes_max or here.desired.guard.passes_max
        doors = here.doors
        return Run(
            here.graph, doors.hosts, doors.clock, report, doors.readers, limit,
            ledger=self.ledger, keep=self.keep, lifted=self.lifted, wait_s=self.wait_s,
            only=self.only,
            beside=peers_file(here),
        )  # fmt: skip

    def _decided(self, memory: Memory, this: Pass) -> None:
        """What it was decided upon is on the disk before anything of it begins."""
        if not this.plan.empty:
            from converge.cli.running.inputs import write_input

            desired = self.here.desired
            memory.decision = write_input(memory, self.run_id, this, desired, self.lifted)

    def _about(self, first: Pass) -> str:
        from converge.engine.show.text import summary

        return f"{', '.join(self.here.acting)}; {summary(first.plan)}"

    def _say(self, told: Told, *, saved: bool) -> None:
        """The end in words, or all of it as JSON."""
        from converge.cli.talk import ending

        if self.as_json:
            self.told(ending.as_json(told, self.run_id))
            return
        silent = self.quiet or (self.cron and not told.done)
        if not silent or not (saved or told.end.value == "converged"):
            self.told(ending.as_text(told, self.paint, saved=saved))


def _is_real(here: Site) -> bool:
    """Are these real nodes? A lab's clock is its own and leaves no log on this machine."""
    from converge.hosts.clock import SystemClock

    return isinstance(here.doors.clock, SystemClock)


def _all_of_it(told: Told) -> bool:
    """Was every action of a single pass carried out?"""
    from converge.core.plan import Ending
    from converge.reconcile import End

    endings = {o.ending for p in told.passes for o in p.outcomes}
    return told.end is End.UNFINISHED and endings <= {Ending.DONE}


def _exit_code(told: Told, signal_number: int) -> int:
    from converge.reconcile import End

    if signal_number:
        return 128 + signal_number
    partly = 3 if told.done else 1
    return {
        End.CONVERGED: 0, End.HELD: 4, End.UNKNOWN: 6, End.FAILED: partly, End.UNFINISHED: partly,
    }.get(told.end, 1)  # fmt: skip


class _Halt:
    """INT and TERM let the running actions end and begin no other."""

    def __init__(self) -> None:
        self.signal = 0
        self._before: Sequence[object] = ()

    def __enter__(self) -> _Halt:
        self._before = [
            signal.signal(number, self._note) for number in (signal.SIGINT, signal.SIGTERM)
        ]
        return self

    def __exit__(self, *_: object) -> None:
        for number, before in zip((signal.SIGINT, signal.SIGTERM), self._before, strict=True):
            signal.signal(number, before)  # type: ignore[arg-type]

    def _note(self, number: int, frame: object) -> None:
        self.signal = number
