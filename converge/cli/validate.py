"""converge validate: is the desired file right?"""

from __future__ import annotations

import click

from converge.cli.talk.options import color_option, config_option, paint_for


@click.command(epilog="Example: converge validate -c desired/mysql-pair.toml")
@config_option
@color_option
@click.option(
    "--pair", nargs=2, metavar="FILE_A FILE_B",
    help="Compare the files of two nodes, in the order of [pair]: is it one pair?",
)  # fmt: skip
def command(config: str, color: str, pair: tuple[str, str] | None) -> int:
    """Check the desired file without touching a node: every problem at once.

    With --pair: what two nodes' files say differently, each with both lines; what is merely
    different is told and changes no code.

    Exit codes: 0 it is right; 65 it is not, or the two files cannot be one pair; 66 there is none.
    """
    from converge.cli.reach.site import graph_of, read_desired

    if pair:
        return _compared(*pair, color)
    graph = graph_of(read_desired(config))
    implied = len(graph.implied_by)
    click.echo(f"{config}: right; {len(graph.order) - implied} resources, {implied} implied")
    return 0


def _compared(one: str, other: str, color: str) -> int:
    from converge.cli.reach.pairfiles import pair_of_files
    from converge.engine.show.differences import differences_text

    found = pair_of_files(one, other)
    click.echo(differences_text(found, paint_for(color)), nl=False)
    return 65 if any(one.grave for one in found) else 0
