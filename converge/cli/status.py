"""converge status: the pair at a glance."""

from __future__ import annotations

import click

from converge.cli.options import (
    color_option,
    config_option,
    json_option,
    node_options,
    paint_for,
)


@click.command(epilog="Example: converge status --host hasta=ssh://hasta --host hastb=ssh://hastb")
@config_option
@node_options
@json_option
@color_option
def command(
    config: str, nodes: tuple[str, ...], hosts: tuple[str, ...], color: str, *, as_json: bool
) -> int:
    """Address, role, device, mount and database of each node, and what is to be done."""
    from converge import reconcile
    from converge.cli.pairfiles import peers_file
    from converge.cli.site import site
    from converge.engine.show.json import dumps, observation_form
    from converge.engine.show.status import status_text

    with site(config, hosts, nodes) as here:
        this = reconcile.plan(here.graph, here.readers, here.doors.clock, beside=peers_file(here))
        seen = this.snapshot
        if as_json:
            click.echo(dumps(observation_form(seen.observed, seen.taken, seen.paths)), nl=False)
        else:
            columns = sorted(here.readers)
            ours = reconcile.of_nodes(this.plan, set(columns) - set(seen.paths))
            paint = paint_for(color)
            text = status_text(here.graph, seen, this.plan, columns, paint, ours)
            click.echo(text, nl=False)
    return 0
