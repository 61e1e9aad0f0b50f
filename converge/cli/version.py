"""converge version."""

from __future__ import annotations

import click

from converge.cli.talk.options import json_option


@click.command(epilog="Example: converge version --json")
@json_option
def command(*, as_json: bool) -> int:
    """Version of converge, of Python, and of the forms it reads and writes.

    Exit codes: 0.
    """
    import platform
    from importlib.metadata import version

    facts = {
        "converge": version("converge"),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()}",
    }
    if as_json:
        from converge.engine.show.json import FORMAT_VERSION, dumps

        click.echo(dumps({**facts, "format_version": FORMAT_VERSION}), nl=False)
    else:
        click.echo(f"converge {facts['converge']} (Python {facts['python']}, {facts['system']})")
    return 0
