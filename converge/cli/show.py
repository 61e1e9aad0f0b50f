"""converge show: what one run did."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from converge.cli.talk.options import config_option, json_option, node_options

if TYPE_CHECKING:
    from converge.core.journal import Line


@click.command(epilog="Example: converge show 20260301T120000-1234")
@config_option
@node_options
@json_option
@click.argument("run")
def command(
    config: str, nodes: tuple[str, ...], hosts: tuple[str, ...], run: str, *, as_json: bool
) -> int:
    """The entries of RUN (its name, or how it begins) in the journal; see `converge history`.

    Exit codes: 0; 64 there is no such run; 66 the journal is not for us to read.
    """
    from converge.cli.history import kept_lines, run_meant
    from converge.cli.reach.places import named_place

    lines = list(kept_lines(named_place(config, hosts, nodes).state))
    meant = run_meant(lines, run)
    entries = [line for line in lines if line.run == meant]
    if as_json:
        click.echo(_json(meant, entries), nl=False)
        return 0
    from converge.engine.show.marks import safe

    for line in entries:
        click.echo(safe(f"{line.time}  {line.entry.what:<10} {_words(line)}").rstrip())
    return 0


def _words(line: Line) -> str:
    """What matters of an entry, in one line."""
    fields = {key: str(value) for key, value in line.entry.fields.items() if value is not None}
    match line.entry.what:
        case "intent":
            text = f"{fields.get('action')}: {fields.get('why')}  [{fields.get('effect')}]"
        case "outcome" | "verdict":
            detail = f"; {fields['detail']}" if fields.get("detail") else ""
            took = f" in {fields.get('took_s')}s" if "n" in fields else ""
            text = f"{fields.get('action')}: {fields.get('ending')}{took}{detail}"
        case "input":
            text = f"{fields.get('decision')}: `converge replay {line.run}` decides upon it again"
        case _:
            text = ", ".join(f"{key} {value}" for key, value in sorted(fields.items()))
    return " ".join(text.splitlines())


def _json(run: str, entries: list[Line]) -> str:
    from converge.engine.show.json import FORMAT_VERSION, dumps

    return dumps(
        {
            "format_version": FORMAT_VERSION,
            "kind": "journal",
            "run": run,
            "entries": [
                {"seq": e.seq, "time": e.time, "what": e.entry.what, "fields": e.entry.fields}
                for e in entries
            ],
        }
    )
