"""converge observe: what is seen, and a bundle of the raw answers."""

from __future__ import annotations

import click

from converge.cli.talk.options import config_option, json_option, node_options
from converge.core.errors import UsageError


@click.command(epilog="Example: converge observe --node hasta --bundle hasta.json")
@config_option
@node_options
@json_option
@click.option(
    "--bundle", metavar="FILE",
    help="Keep the raw answers of one node, secrets masked: for planning elsewhere, for support.",
)  # fmt: skip
def command(
    config: str, nodes: tuple[str, ...], hosts: tuple[str, ...], bundle: str | None, *,
    as_json: bool,
) -> int:  # fmt: skip
    """Look at the nodes and say what is there, resource by resource. Writes nothing on them.

    Exit codes: 0, also where a node is silent; 73 the bundle cannot be written.
    """
    from converge.cli.plan import save
    from converge.cli.reach.site import site
    from converge.engine.observe import observe
    from converge.engine.show.json import dumps, observation_form
    from converge.engine.show.text import observation_words

    with site(config, hosts, nodes, alone=True) as here:
        snapshot = observe(here.graph, here.readers, here.doors.clock)
        if bundle:
            if len(here.acting) != 1:
                raise UsageError("--bundle keeps one node: name it with --node")
            from converge.engine.discover import discover
            from converge.freebsd import kinds
            from converge.hosts.bundle import write_bundle

            (node,) = here.acting
            # And what `converge init` asks, so that a first file can be written elsewhere.
            more = discover(kinds(), here.readers[node]).heard.items()
            heard = (*snapshot.heard.get(node, ()), *more)
            save(bundle, write_bundle(node, snapshot.taken, heard, here.desired.secrets))
    if as_json:
        click.echo(dumps(observation_form(snapshot.observed, snapshot.taken)), nl=False)
        return 0
    width = max(len(str(id)) for id in snapshot.observed)
    for id in here.graph.order:
        if id in snapshot.observed:
            click.echo(f"{str(id).ljust(width)}  {observation_words(snapshot.observed[id])}")
    return 0
