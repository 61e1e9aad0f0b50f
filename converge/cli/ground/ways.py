"""A counter-example that `prove` saved, played again."""

from __future__ import annotations

import click

from converge.cli.reach.site import read_text
from converge.core.errors import ConvergeError
from converge.proving.prove.way import parse_saved, timeline


class NoSuchWay(ConvergeError):
    """The moves do not fit: converge or the desired file is another one by now."""

    exit_code = 65


def again(path: str) -> int | None:
    """Play it and show it: 7 if it still breaks something, else 0. None: it is no such file."""
    found = parse_saved(read_text(path, "docs/reference/scenarios.md has the form."))
    if found is None:
        return None
    from converge.cli.ground.proofs import Inquiry

    question, moves, title = found
    try:
        lanes, broken = timeline(*Inquiry(question).prepared, moves)
    except LookupError as lost:
        raise NoSuchWay(
            f"{path}: the move {lost} is not possible there any more",
            "The software or the desired file has changed since; run `converge prove` again.",
        ) from lost
    click.echo(f"{path}\n\n{title}\n\n{lanes}")
    click.echo("; ".join(map(str, broken)) or "nothing is broken by it any more")
    return 7 if broken else 0
