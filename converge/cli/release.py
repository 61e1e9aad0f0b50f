"""converge release: a hold ends before its time."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import click

from converge.cli.talk.options import config_option, node_options

if TYPE_CHECKING:
    from collections.abc import Iterable

    from converge.cli.reach.places import Place
    from converge.core.host import Clock
    from converge.core.ledger import Ledger, Pause


@click.command(epilog="Example: converge release")
@config_option
@node_options
@click.option("--owner", metavar="NAME", help="Only the holds of this owner.")
def command(config: str, nodes: tuple[str, ...], hosts: tuple[str, ...], owner: str | None) -> int:
    """End the holds in force; with --node those on these nodes, the others of a hold stay.

    Exit codes: 0, also where nothing was held; 73 it cannot be written down.
    """
    from converge.cli.hold import clock_of, lines
    from converge.cli.reach.places import named_place

    place = named_place(config, hosts, nodes)
    clock = clock_of(place)
    released = _release(place, clock, nodes, owner)
    for line in lines(released, clock.wall()):
        click.echo(f"released: {line}")
    if not released:
        click.echo("nothing is held")
    return 0


def _release(
    place: Place, clock: Clock, nodes: Iterable[str], owner: str | None
) -> tuple[Pause, ...]:
    """What was in force there and is not any more."""
    from converge.cli.hold import note
    from converge.hosts.ledgerfile import change

    now_s, meant = clock.wall().timestamp(), set(nodes)
    released: list[Pause] = []

    def without(old: Ledger) -> Ledger:
        kept: list[Pause] = []
        for pause in (p for p in old.pauses if p.holds(now_s)):
            others = tuple(n for n in pause.nodes if n not in meant) if meant else ()
            if (owner is not None and pause.owner != owner) or (others and others == pause.nodes):
                kept.append(pause)
                continue
            gone = tuple(n for n in pause.nodes if n not in others)
            released.append(replace(pause, nodes=gone))
            if others:
                kept.append(replace(pause, nodes=others))
        return replace(old, pauses=tuple(kept))

    change(place.state, without)
    note(place, clock, "release", tuple(released))
    return tuple(released)
