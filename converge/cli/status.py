"""converge status: the pair at a glance."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from converge.cli.talk.options import (
    color_option,
    config_option,
    json_option,
    node_options,
    paint_for,
)

if TYPE_CHECKING:
    from converge.cli.reach.site import Site


@click.command(epilog="Example: converge status --host hasta=ssh://hasta --host hastb=ssh://hastb")
@config_option
@node_options
@json_option
@color_option
@click.option(
    "--watch", "every_s", type=click.FloatRange(0.2, 86400), is_flag=False, flag_value=2.0,
    metavar="[SECONDS]", help="Look again every 2 seconds, or so many, until Ctrl-C.",
)  # fmt: skip
def command(
    config: str, nodes: tuple[str, ...], hosts: tuple[str, ...], color: str,
    every_s: float | None, *, as_json: bool,
) -> int:  # fmt: skip
    """Address, role, sync, device, mount and database of each node, and what is to be done.

    Below: holds and a handover in force, what a killed run left unfinished, and how the last run
    ended, as this machine remembers them. The last line begins with `=` when all is in sync.

    Exit codes: 0; 130 when a --watch is ended.
    """
    from converge.cli.reach.site import site

    with site(config, hosts, nodes) as here:
        if every_s is not None:
            from converge.cli.talk.watch import watch

            def look() -> str:
                return _look(here, color, as_json=as_json, timed=True)

            return watch(look, every_s, live=not as_json)
        click.echo(_look(here, color, as_json=as_json, timed=False), nl=False)
    return 0


def _look(here: Site, color: str, *, as_json: bool, timed: bool) -> str:
    """One look at the pair; `timed`: it says when."""
    from converge import reconcile
    from converge.cli.reach.pairfiles import peers_file
    from converge.cli.talk.recent import recent
    from converge.engine.show.json import decided_form, dumps, observation_form
    from converge.engine.show.status import marks, status_text
    from converge.reconcile.comparing import lacks

    clock = here.doors.clock
    memory = recent(here.place, clock)
    this = reconcile.plan(
        here.graph, here.readers, clock, memory.ledger, here.acting, beside=peers_file(here)
    )
    seen, columns = this.snapshot, sorted(here.readers)
    lacking = lacks(here.graph, seen, memory.ledger, here.acting)
    if as_json:
        letters = marks(here.graph, seen, this.plan)
        form = observation_form(seen.observed, seen.taken, seen.paths) | memory.form()
        form |= {
            "kind": "status",
            "marks": {str(id): letter for id, letter in letters.items()},
            "in_sync": set(letters.values()) == {"="},
            "plan": decided_form(this.plan),
            "concerns": {str(id): words for id, words in this.plan.concerns.items()},
            "lacks": {str(id): words for id, words in lacking.items()},
        }
        return dumps(form)
    ours = reconcile.of_nodes(this.plan, set(columns) - set(seen.paths))
    said = (*(f"! {id}: {why}" for id, why in lacking.items()), *memory.lines(clock.wall()))
    when = f"{seen.taken.isoformat(timespec='seconds')}\n" if timed else ""
    paint = paint_for(color)
    return when + status_text(here.graph, seen, this.plan, columns, paint, ours, said)
