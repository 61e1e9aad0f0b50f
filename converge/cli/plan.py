"""converge plan: look, compare, show. It is handed readers only."""

from __future__ import annotations

from pathlib import Path

import click

from converge.cli.talk.options import (
    color_option,
    config_option,
    json_option,
    node_options,
    paint_for,
)
from converge.core.errors import CannotWrite


@click.command(
    epilog="Example: converge plan -c desired/mysql-pair.toml --host hasta=ssh://root@hasta"
)
@config_option
@node_options
@json_option
@color_option
@click.option("-o", "--out", metavar="FILE", help="Save the plan for `converge apply FILE`.")
@click.option("--detailed-exitcode", is_flag=True, help="Exit 2 when something is to be done.")
@click.option("-v", "--verbose", count=True, help="Show the command of each action.")
def command(
    config: str, nodes: tuple[str, ...], hosts: tuple[str, ...], color: str, out: str | None,
    verbose: int, *, as_json: bool, detailed_exitcode: bool,
) -> int:  # fmt: skip
    """Observe the nodes and show the ordered actions that would make them as desired.

    Nothing is written on any node. Exit codes: 0; 2 with --detailed-exitcode when something is
    to be done; 4 when all of it is held; 6 when too little can be seen to decide.
    """
    from converge import reconcile
    from converge.cli.reach.pairfiles import peers_file
    from converge.cli.reach.site import site
    from converge.cli.running.memory import known
    from converge.engine.show.json import dumps, plan_form
    from converge.engine.show.text import plan_text

    with site(config, hosts, nodes) as here:
        clock, acting = here.doors.clock, here.acting
        ledger = known(here.place, clock)
        this = reconcile.plan(here.graph, here.readers, clock, ledger, acting, peers_file(here))
        plan, seen = reconcile.of_nodes(this.plan, here.acting), this.snapshot
    form = dumps(plan_form(plan, seen.taken, seen.paths))
    if out:
        save(out, form)
    if as_json:
        click.echo(form, nl=False)
    else:
        paint = paint_for(color)
        shown = plan_text(
            plan, here.acting, seen.taken, paint, commands=verbose > 0, paths=seen.paths
        )
        click.echo(shown, nl=False)
    if plan.deferred and not plan.actions:
        return 6
    if plan.actions and all(a.key in plan.held for a in plan.actions):
        return 4
    return 2 if detailed_exitcode and not plan.empty else 0


def save(path: str, text: str) -> None:
    """Write a result where the command line says."""
    try:
        Path(path).write_text(text, encoding="utf-8", errors="surrogateescape")
    except OSError as wrong:
        raise CannotWrite(f"{path}: {wrong.strerror}") from wrong
