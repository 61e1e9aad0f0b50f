"""converge switchover: the service moves to the other node because a person wants it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import click

from converge.cli.talk.asking import agreed
from converge.cli.talk.options import (
    color_option,
    config_option,
    no_input_option,
    node_options,
    yes_option,
)
from converge.core.errors import UsageError, meant

if TYPE_CHECKING:
    from collections.abc import Iterator

    from converge.cli.reach.site import Site
    from converge.cli.running.session import Session
    from converge.core.ledger import Handover
    from converge.core.plan import Plan
    from converge.reconcile import Pass

APART_S = 1.0
"""Between the two looks that must both find the pair fit."""

BACK = 1

ADVICE = "say -y to hand the service over"


@click.command(epilog="Example: converge switchover --to hastb --reason 'new disk in hasta'")
@config_option
@node_options
@color_option
@click.option("--to", required=True, metavar="NODE", help="Where the service shall be.")
@click.option("--reason", default="", metavar="TEXT", help="Why; it is written down.")
@yes_option
@click.option("-n", "--dry-run", is_flag=True, help="Look and show the plan; move nothing.")
@no_input_option
@click.option("--timeout", default="120s", show_default=True, metavar="DURATION",
              help="What is not done by then is turned back.")  # fmt: skip
@click.option("-v", "--verbose", count=True, help="Commands in the plan; the log on stderr.")
def command(
    config: str, nodes: tuple[str, ...], hosts: tuple[str, ...], color: str, to: str,
    reason: str, timeout: str, verbose: int, *, yes: bool, dry_run: bool, no_input: bool,
) -> int:  # fmt: skip
    """Hand the service over to the other node, in order, and see it arrive there.

    Run it on the node that gives the service up. Both nodes are looked at twice first; nothing
    is forced, and what fails or is late is turned back. Killed half-way, the next run goes on.
    Exit codes: 0 it serves there; 1 it does not, and is back or on its way; 4 refused before
    anything was done; 75 another run is at work.
    """
    from converge.cli.ground.labfile import read_span
    from converge.cli.reach.site import site
    from converge.cli.running.session import Session
    from converge.cli.running.turns import under_lock

    with site(config, hosts, nodes) as here:
        session = Session(
            here, paint=color, verbose=verbose, quiet=False, cron=False, as_json=False
        )
        word = _word(here, to, reason, read_span(timeout))
        if not _fit(session, word):
            return 0
        if dry_run or not (yes or agreed("Hand it over?", ADVICE, no_input=no_input)):
            return 0
        session.word = lambda ledger: replace(ledger, handover=word)
        session.wait_s = read_span(timeout) * 2 + APART_S
        code = under_lock(session, None, None, "manual", "5s")
        return _arrived(session, word, code)


def _word(here: Site, to: str, reason: str, span_s: float) -> Handover:
    """What the ledger is going to hold, or a UsageError."""
    from converge.cli.hold import myself
    from converge.core.ledger import Handover

    pair, urls = here.graph.pair, here.doors.urls
    if to not in pair.nodes:
        hint = meant(to, pair.nodes)
        raise UsageError(f"--to {to}: the pair has the nodes {', '.join(pair.nodes)}.{hint}")
    source = next((node for node in pair.nodes if node != to), "")
    if source not in here.doors.hosts:
        raise UsageError(
            f"the service is given up by {source}: run this on {source}",
            f"ssh {source} converge switchover --to {to}",
        )
    if urls.get(source, "").startswith("ssh:"):
        # Its own runs, by cron and devd, would not know of a word that stands here.
        said = f"the word must stand in {source}'s own ledger: run this on {source}"
        raise UsageError(said, f"ssh {source} converge switchover --to {to}")
    if to not in here.readers:
        raise UsageError(
            f"{to} cannot be looked at: nobody hands a service over to a node unseen",
            "Say how it is reached in the [peer] table of the desired file.",
        )
    until_s = here.doors.clock.wall().timestamp() + span_s
    return Handover(to, source, myself(), reason, until_s)


def _fit(session: Session, word: Handover) -> bool:
    """Look twice, and show what would be done. False: there is nothing to do. UnfitPair."""
    from converge.cli.running.handing import UnfitPair, predicted
    from converge.engine.run.handover import serves, unfit
    from converge.engine.show.text import plan_text

    here = session.here
    session.look_up()
    for this in _looks(session):
        if serves(here.graph, this.snapshot, word.to):
            click.echo(f"{word.to} serves already")
            return False
        if found := unfit(here.graph, this.snapshot, this.plan, word):
            raise UnfitPair(f"the service is not handed over to {word.to}", found)
    plan = _planned(session, this, word)
    if found := [f"{key}: {verdict.code}: {verdict.why}" for key, verdict in plan.held.items()]:
        raise UnfitPair(f"the service is not handed over to {word.to}", found)
    shown = plan_text(
        plan, [word.source], this.snapshot.taken, session.paint, commands=session.verbose > 0,
        paths=this.snapshot.paths,
    )  # fmt: skip
    click.echo(shown, nl=False)
    for line in predicted(here, plan, word):
        click.echo(line)
    return True


def _looks(session: Session) -> Iterator[Pass]:
    yield session.first_pass(None, show=False)
    session.here.doors.clock.sleep(APART_S)
    yield session.first_pass(None, show=False)


def _planned(session: Session, this: Pass, word: Handover) -> Plan:
    """What the node that gives the service up would do."""
    from converge import reconcile
    from converge.reconcile.run import moment

    ledger = replace(session.ledger, handover=word)
    graph, now = session.here.graph, moment(session.here.doors.clock)
    whole = reconcile.decide(graph, this.snapshot, ledger, now, acting=list(session.here.acting))
    return reconcile.of_nodes(whole, [word.source])


def _arrived(session: Session, word: Handover, code: int) -> int:
    """Where the service is now, in one line; the exit code."""
    from converge.engine.run.handover import serves

    told, graph = session.last, session.here.graph
    if told is None or not told.passes:
        return code
    last = told.passes[-1].snapshot
    if serves(graph, last, word.to):
        click.echo(f"{word.to} serves")
        return 0
    where = f"{word.source} serves" if serves(graph, last, word.source) else "nobody serves yet"
    why = told.moved or "it is still under way; the next run goes on"
    click.echo(f"converge: not handed over: {why}; {where}", err=True)
    return code or BACK
