"""converge graph: who needs whom."""

from __future__ import annotations

from dataclasses import replace

import click

from converge.cli.talk.options import color_option, config_option, node_options, paint_for
from converge.core.errors import UsageError


@click.command(epilog="Example: converge graph --format svg > pair.svg")
@config_option
@node_options
@color_option
@click.option(
    "--format", "form", type=click.Choice(["text", "dot", "mermaid", "svg"]), default="text",
    show_default=True,
)  # fmt: skip
@click.option("--state", is_flag=True, help="Look at the nodes and colour what is in sync.")
def command(
    config: str, nodes: tuple[str, ...], hosts: tuple[str, ...], color: str, form: str, *,
    state: bool,
) -> int:  # fmt: skip
    """The dependency graph, needs first; implied resources say who brought them along.

    Exit codes: 0; 65 the desired file is wrong.
    """
    from converge import reconcile
    from converge.cli.reach.site import graph_of, read_desired, site
    from converge.engine.show import graph as draw
    from converge.engine.show.status import marks

    graph, letters = graph_of(read_desired(config)), {}
    for node in nodes:
        if node not in graph.pair.nodes:
            raise UsageError(f"--node {node}: the pair has {', '.join(graph.pair.nodes)}")
    if state:
        with site(config, hosts, nodes) as here:
            this = reconcile.plan(graph, here.readers, here.doors.clock)
            letters = marks(graph, this.snapshot, this.plan)
    if nodes:
        graph = replace(graph, order=tuple(id for id in graph.order if id.node in nodes))
    if form == "text":
        click.echo(draw.text(graph, letters, paint_for(color)), nl=False)
    else:
        drawn = {"dot": draw.dot, "mermaid": draw.mermaid, "svg": draw.svg}[form]
        click.echo(drawn(graph, letters), nl=False)
    return 0
