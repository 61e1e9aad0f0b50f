"""converge hold: maintenance, with owner, reason and expiry."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from converge.cli.talk.options import config_option, node_options
from converge.core.errors import UsageError

if TYPE_CHECKING:
    from datetime import datetime

    from converge.cli.reach.places import Place
    from converge.core.host import Clock
    from converge.core.ledger import Ledger, Pause


@click.command(epilog='Example: converge hold --for 2h --reason "new disk in hasta"')
@config_option
@node_options
@click.option("--reason", metavar="TEXT", help="Why; whoever is held reads it.")
@click.option("--for", "span", metavar="DURATION", help="It ends after that: 30m, 2h.")
@click.option("--until", metavar="TIME", help="It ends then: 2026-03-01T18:00+01:00.")
@click.option("--forever", is_flag=True, help="It ends only with `converge release`.")
@click.option("--owner", metavar="NAME", help="Default: SUDO_USER, else USER.")
def command(
    config: str, nodes: tuple[str, ...], hosts: tuple[str, ...], reason: str | None,
    span: str | None, until: str | None, owner: str | None, *, forever: bool,
) -> int:  # fmt: skip
    """Hold the pair (with --node: some nodes) still; without options: the holds in force.

    It concerns the runs of this machine, or of the lab named with --host; hold the peer on the
    peer. A run that is at work is not stopped.

    Exit codes: 0; 64 the hold has no reason or no end; 73 it cannot be written down.
    """
    from converge.cli.reach.places import named_nodes, named_place
    from converge.core.ledger import Pause

    place = named_place(config, hosts, nodes)
    clock = clock_of(place)
    now = clock.wall()
    if reason is None and not (span or until or forever):
        for line in lines(in_force(place, clock), now) or ["nothing is held"]:
            click.echo(line)
        return 0
    if not (reason or "").strip():
        raise UsageError("a hold needs a --reason: whoever finds it should know what it is for")
    until_s = _until(now, span, until, forever=forever)
    whom = named_nodes(hosts, nodes)
    pause = Pause(owner or myself(), str(reason).strip(), now.timestamp(), until_s, whom)
    _change(place, pause, now)
    click.echo(lines((pause,), now)[0])
    return 0


def in_force(place: Place, clock: Clock) -> tuple[Pause, ...]:
    """The holds there whose time is not over."""
    from converge.hosts.ledgerfile import load

    return tuple(p for p in load(place.state).pauses if p.holds(clock.wall().timestamp()))


def lines(pauses: tuple[Pause, ...], now: datetime) -> list[str]:
    """`held until 2026-03-01T18:00:00+00:00 by ann: new disk (hasta)`, for each."""
    from datetime import datetime

    from converge.engine.show.marks import safe

    said = []
    for p in pauses:
        until = "until it is released"
        if p.until_s is not None:
            end = datetime.fromtimestamp(p.until_s, now.tzinfo)
            until = f"until {end.isoformat(timespec='seconds')}"
        whom = f" ({', '.join(p.nodes)})" if p.nodes else ""
        said.append(safe(f"held {until} by {p.owner}: {p.reason}{whom}").replace("\n", " "))
    return said


def clock_of(place: Place) -> Clock:
    """The clock that the runs of that place have."""
    if place.lab:
        from converge.cli.ground.labfile import open_lab

        return open_lab(place.lab).clock
    from converge.hosts.clock import SystemClock

    return SystemClock()


def note(place: Place, clock: Clock, what: str, pauses: tuple[Pause, ...]) -> None:
    """A line for each in the journal of that place."""
    from converge.core.journal import Entry, Json
    from converge.hosts.journal import FileJournal

    run = f"{clock.wall():%Y%m%dT%H%M%S}-{os.getpid()}"
    journal = FileJournal(place.state, run, clock)
    for p in pauses:
        about: dict[str, Json] = {"owner": p.owner, "reason": p.reason, "nodes": list(p.nodes)}
        journal.write(Entry(what, about | {"until_s": p.until_s}))


def _change(place: Place, pause: Pause, now: datetime) -> None:
    """Holds whose time is over are forgotten with the next one."""
    from converge.hosts.ledgerfile import change

    def held(old: Ledger) -> Ledger:
        kept = [p for p in old.pauses if p.holds(now.timestamp())]
        return replace(old, pauses=(*kept, pause))

    change(place.state, held)
    note(place, clock_of(place), "hold", (pause,))


def _until(now: datetime, span: str | None, until: str | None, *, forever: bool) -> float | None:
    """When it ends, in seconds since 1970; None: never. One of the three must be given."""
    if bool(span) + bool(until) + forever != 1:
        raise UsageError(
            "say when the hold ends: --for, --until or --forever, one of them",
            "A hold that is forgotten is found at the next real crash.",
        )
    if forever:
        return None
    if span:
        from converge.cli.ground.labfile import read_span

        end_s = now.timestamp() + read_span(span)
    else:
        end_s = _read_time(str(until), now)
    if end_s <= now.timestamp():
        raise UsageError("that hold would be over already")
    return end_s


def _read_time(text: str, now: datetime) -> float:
    """A time without offset is meant as the clocks here show it."""
    from datetime import datetime

    try:
        when = datetime.fromisoformat(text)
        return (when if when.tzinfo else when.replace(tzinfo=now.tzinfo)).timestamp()
    except (ValueError, OverflowError):
        raise UsageError(f"--until {text}: write a time like 2026-03-01T18:00+01:00") from None


def myself() -> str:
    return os.environ.get("SUDO_USER") or os.environ.get("USER") or f"uid {os.getuid()}"
