"""converge doctor: a look at everything around the pair that a plan does not look at."""

from __future__ import annotations

from collections.abc import Iterator
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
    from converge.core.check import Check
    from converge.core.pair import Node


@click.command(epilog="Example: converge doctor --host hasta=ssh://hasta --host hastb=ssh://hastb")
@config_option
@node_options
@json_option
@color_option
@click.option("-v", "--verbose", is_flag=True, help="Also what is well, and what is good to know.")
def command(
    config: str, nodes: tuple[str, ...], hosts: tuple[str, ...], color: str, *,
    as_json: bool, verbose: bool,
) -> int:  # fmt: skip
    """Check releases, clocks, CARP's counters, disks, boot order, and what may surprise.

    On every node that can be reached, the peer included; nothing is written. Only wrong things
    are shown, each with what to do. Exit codes: 0 nothing is wrong; 78 something is; 69 a node
    cannot be reached; 6 something could not be seen. The first of these that fits.
    """
    from converge.cli.reach.pairfiles import files_check
    from converge.cli.reach.site import site
    from converge.core.check import Mark
    from converge.engine.show.checkup import checkup_form, checkup_text
    from converge.engine.show.json import dumps
    from converge.freebsd.checkup import of_machine
    from converge.reconcile.checkup import examine

    with site(config, hosts, nodes) as here:
        taken, desired = here.doors.clock.wall(), here.desired

        def all_of(node: Node) -> Iterator[Check]:
            yield from of_machine(node)
            yield files_check(desired, node.name)

        checkup = examine(here.graph, here.readers, here.doors.clock, all_of)
    if as_json:
        click.echo(dumps(checkup_form(checkup, taken)), nl=False)
    else:
        click.echo(checkup_text(checkup, paint_for(color), verbose=verbose), nl=False)
    if checkup.count(Mark.WRONG):
        return 78
    return 69 if checkup.silent else 6 if checkup.count(Mark.UNKNOWN) else 0
