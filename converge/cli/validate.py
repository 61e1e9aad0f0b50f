"""converge validate: is the desired file right?"""

from __future__ import annotations

import click

from converge.cli.options import config_option


@click.command(epilog="Example: converge validate -c desired/mysql-pair.toml")
@config_option
def command(config: str) -> int:
    """Check the desired file without touching a node: every problem at once.

    Exit codes: 0 it is right; 65 it is not; 66 there is none.
    """
    from converge.cli.site import graph_of, read_desired

    graph = graph_of(read_desired(config))
    implied = len(graph.implied_by)
    click.echo(f"{config}: right; {len(graph.order) - implied} resources, {implied} implied")
    return 0
