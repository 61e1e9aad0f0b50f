"""Options that several commands share, and how output should look here."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import IO, TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from converge.engine.show.marks import Paint

F = TypeVar("F", bound=Callable[..., Any])

CONFIG = "/usr/local/etc/converge/converge.toml"


def config_option(function: F) -> F:
    """`-c FILE`: the desired file."""
    return click.option(
        "-c", "--config", envvar="CONVERGE_CONFIG", default=CONFIG, show_default=True,
        metavar="FILE", help="The desired file.", callback=_named,
    )(function)  # fmt: skip


def _named(_: click.Context, parameter: click.Parameter, path: str) -> str:
    """'' would be the folder where we stand."""
    if not path:
        raise click.BadParameter("no file is named", param=parameter)
    return path


def node_options(function: F) -> F:
    """`--node`, `--host`: which nodes, and how they are reached."""
    function = click.option(
        "--host", "hosts", multiple=True, metavar="NODE=URL",
        help="How to reach a node: local:, ssh://user@host:port, lab:FILE, bundle:FILE.",
    )(function)  # fmt: skip
    return click.option(
        "--node", "nodes", multiple=True, metavar="NODE", envvar="CONVERGE_NODE",
        help="Only this node (repeatable). Default: those of --host, else this machine.",
    )(function)  # fmt: skip


def color_option(function: F) -> F:
    """`--color auto|always|never`."""
    return click.option(
        "--color", type=click.Choice(["auto", "always", "never"]), default="auto",
        show_default=True, callback=_keep_colours,
        help="Colours; letters stand beside every colour.",
    )(function)  # fmt: skip


def _keep_colours(context: click.Context, _: click.Parameter, color: str) -> str:
    """click takes colours out of what goes to no terminal, unless told that they are meant."""
    if not context.resilient_parsing:  # completing a line shows nothing
        context.color = paint_for(color).on or None
    return color


def json_option(function: F) -> F:
    """`--json`: the same for machines."""
    return click.option("--json", "as_json", is_flag=True, help="JSON, with format_version.")(
        function
    )


yes_option = click.option("-y", "--yes", is_flag=True, help="Do not ask.")
no_input_option = click.option(
    "--no-input", is_flag=True, envvar="CONVERGE_NO_INPUT", help="Never ask; fail."
)
lock_timeout_option = click.option(
    "--lock-timeout", default="0s", show_default=True, metavar="DURATION",
    help="Wait so long for another run to end.",
)  # fmt: skip


def paint_for(color: str, stream: IO[str] | None = None) -> Paint:
    """Colours as asked for: flag, then NO_COLOR and CLICOLOR_FORCE, then the terminal."""
    from converge.engine.show.marks import Paint

    if color != "auto":
        return Paint(on=color == "always")
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return Paint(on=False)
    if os.environ.get("CLICOLOR_FORCE", "0") != "0":
        return Paint(on=True)
    return Paint(on=(stream or sys.stdout).isatty())
