"""converge apply: the plan, carried out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from converge.cli.talk.options import (
    color_option,
    config_option,
    json_option,
    lock_timeout_option,
    no_input_option,
    node_options,
    yes_option,
)
from converge.core.errors import UsageError

if TYPE_CHECKING:
    from converge.cli.running.session import Session
    from converge.reconcile import Pass

TRIGGERS = ["devd", "hast", "cron", "boot", "manual", "shutdown"]


@click.command(epilog="Example: converge apply -c desired/seed-pair.toml -y")
@config_option
@node_options
@json_option
@color_option
@click.argument("saved", required=False, metavar="[FILE]")
@yes_option
@click.option(
    "-n", "--dry-run", is_flag=True,
    help="The same as `converge plan`; with --trigger shutdown: what would be given up.",
)  # fmt: skip
@no_input_option
@click.option("--trigger", type=click.Choice(TRIGGERS), default="manual", show_default=True)
@lock_timeout_option
@click.option("--wait", is_flag=True, help="Wait for holds to lift, as long as --timeout.")
@click.option(
    "--timeout",
    default="120s",
    show_default=True,
    metavar="DURATION",
    help="How long --wait waits.",
)
@click.option(
    "--override",
    "lifted",
    multiple=True,
    metavar="CODE",
    help="Lift this guard for this one run (repeatable); needs --reason.",
)
@click.option("--reason", default="", metavar="TEXT", help="Why; it is written down.")
@click.option("-q", "--quiet", is_flag=True, help="Only what went wrong.")
@click.option("-v", "--verbose", count=True, help="Commands in the plan; the log on stderr.")
def command(
    config: str, nodes: tuple[str, ...], hosts: tuple[str, ...], color: str, saved: str | None,
    trigger: str, lock_timeout: str, timeout: str, lifted: tuple[str, ...], reason: str,
    verbose: int, *, as_json: bool, yes: bool, dry_run: bool, no_input: bool, quiet: bool,
    wait: bool,
) -> int:  # fmt: skip
    """Observe, plan and carry out, pass after pass, until the next plan is empty.

    With FILE: the plan that `converge plan -o FILE` saved, exactly, or exit 5 when what is
    observed is no longer what it was made for. `--trigger shutdown` gives up what follows HAST on
    this node, nothing else, and no other trigger begins a run before the next boot. Exit codes:
    0 converged; 1 failed; 3 in part; 4 held; 6 too little can be seen; 75 another run is at work.
    """
    from converge.cli.ground.labfile import read_span
    from converge.cli.reach.site import site
    from converge.cli.running.override import overridden
    from converge.cli.running.session import Session
    from converge.cli.running.turns import SHUTDOWN, under_lock

    if dry_run and saved is None and trigger != SHUTDOWN:
        return _planned(
            config=config, nodes=nodes, hosts=hosts, color=color, verbose=verbose, as_json=as_json
        )
    with site(config, hosts, nodes, alone=trigger == SHUTDOWN) as here:
        if not here.doors.hosts:
            raise UsageError("none of the nodes named can be acted on; a bundle can only be read")
        session = Session(
            here, paint=color, verbose=verbose, quiet=quiet, cron=trigger == "cron",
            as_json=as_json,
        )  # fmt: skip
        session.lifted, session.reason = overridden(lifted, reason), reason
        session.wait_s = read_span(timeout) if wait else 0.0
        first = None
        if dry_run or not (yes or trigger != "manual"):
            # Outside the lock: nobody should wait for a person who thinks.
            first = _shown(session, saved, leaves=trigger == SHUTDOWN, as_json=dry_run and as_json)
            if dry_run or not agreed(first, no_input=no_input):
                return 0
        return under_lock(session, first, saved, trigger, lock_timeout)


def _planned(**words: object) -> int:
    """The same as `converge plan`."""
    from converge.cli.plan import command as plan

    rest = {"out": None, "detailed_exitcode": False}
    shown: int = click.get_current_context().invoke(plan, **words, **rest)
    return shown


def _shown(session: Session, saved: str | None, *, leaves: bool, as_json: bool) -> Pass:
    """What would be done; of a node that `leaves`, what would be given up."""
    from converge.cli.running.turns import leave
    from converge.engine.show.json import dumps, plan_form

    session.look_up()
    if leaves:
        leave(session)
    first = session.first_pass(saved, show=True)
    if as_json:
        seen = first.snapshot
        click.echo(dumps(plan_form(first.plan, seen.taken, seen.paths)), nl=False)
    return first


def agreed(first: Pass, *, no_input: bool) -> bool:
    """Of a plan without actions nobody is asked."""
    from converge.cli.talk import asking

    advice = "say -y to carry the plan out"
    return not first.plan.actions or asking.agreed("Carry it out?", advice, no_input=no_input)
