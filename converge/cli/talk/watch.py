"""The same look again and again: in place on a terminal, block after block elsewhere."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable, Iterator

import click

from converge.hosts.clock import SystemClock

LEAST_S = 0.2
"""A shorter pause would ask the nodes all the time."""


def watch(look: Callable[[], str], every_s: float, *, live: bool) -> int:
    """Show `look` every so many seconds of real time, until somebody ends it (exit code 130)."""
    show, clock = (_live if live and sys.stdout.isatty() else _blocks), SystemClock()

    def looks() -> Iterator[str]:
        for n in itertools.count():
            if n:
                clock.sleep(max(LEAST_S, every_s))
            yield look()

    show(looks())
    return 0


def _blocks(looks: Iterator[str]) -> None:
    """Whoever reads a file of them finds each by the empty line before it."""
    for n, text in enumerate(looks):
        click.echo(("\n" if n else "") + text, nl=False)
        sys.stdout.flush()


def _live(looks: Iterator[str]) -> None:
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    with Live(console=Console(), auto_refresh=False) as live:
        for text in looks:
            live.update(Text.from_ansi(text.rstrip("\n")), refresh=True)
