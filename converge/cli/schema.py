"""converge schema: the form of the desired file, for editors."""

from __future__ import annotations

import click


@click.command(epilog="Example: converge schema > converge.schema.json")
def command() -> int:
    """JSON Schema (2020-12) of the desired file: an editor completes and checks with it.

    A right file is never found wrong. `converge validate` finds more.

    Exit codes: 0.
    """
    from converge.engine.desired.schema import desired_schema
    from converge.engine.show.json import dumps
    from converge.freebsd import kinds

    click.echo(dumps(desired_schema(kinds())), nl=False)
    return 0
