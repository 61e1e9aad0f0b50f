"""Telling a person how the running actions go: one live line each on a terminal, else plain."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Self

from converge.core.host import Clock, Command
from converge.core.plan import Action, Ending, Outcome
from converge.engine.show.marks import Paint
from converge.engine.show.text import outcome_line

if TYPE_CHECKING:
    from rich.live import Live


class Progress:
    """A report (see engine/run/apply.py) that draws on stderr; `quiet`: only what went wrong."""

    def __init__(
        self,
        clock: Clock,
        paint: Paint,
        log: Callable[[str], object],
        *,
        live: bool,
        quiet: bool = False,
    ) -> None:
        self._clock, self._paint, self._log, self._quiet = clock, paint, log, quiet
        self._running: dict[str, tuple[Action, float]] = {}
        self._live: Live | None = None
        if live:
            from rich.console import Console
            from rich.live import Live

            self._live = Live(console=Console(stderr=True), refresh_per_second=8, transient=True)

    def __enter__(self) -> Self:
        if self._live:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live:
            self._live.stop()

    def __call__(self, action: Action, outcome: Outcome | None, took_s: float) -> None:
        if outcome is None:
            if action.key not in self._running:
                self._log(f"begin {action.key}: {action.why}")
            self._running[action.key] = (action, took_s)
        else:
            self._running.pop(action.key, None)
            line = outcome_line(outcome, self._paint)
            self._log(f"end {outcome_line(outcome)}")
            if not self._quiet or outcome.ending is not Ending.DONE:
                self._print(f"{self._clock.wall():%H:%M:%S} {line}")
        self._draw()

    def _print(self, line: str) -> None:
        if self._live:
            from rich.text import Text

            self._live.console.print(Text.from_ansi(line))
        else:
            # Nobody may be listening any more (`| head`, a closed session): no reason to stop.
            with contextlib.suppress(OSError):
                sys.stderr.write(line + "\n")

    def _draw(self) -> None:
        """`hasta/hast.test promote  3.1s / 30s` for each that runs."""
        if not self._live:
            return
        from rich.text import Text

        lines = [f"  {a.key}  {took_s:.1f}s / {_limit_s(a):g}s" for a, took_s in self._running_now]
        self._live.update(Text("\n".join(lines)), refresh=True)

    @property
    def _running_now(self) -> list[tuple[Action, float]]:
        return list(self._running.values())


def _limit_s(action: Action) -> float:
    """When it is given up, in seconds after its beginning."""
    deadline_s = action.effect.deadline_s if isinstance(action.effect, Command) else 0.0
    return deadline_s + action.settle_s
