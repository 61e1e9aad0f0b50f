"""converge history: the runs that the journal tells of."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from converge.cli.talk.options import config_option, json_option, node_options

if TYPE_CHECKING:
    from converge.core.journal import Line


@click.command(epilog="Example: converge history -n 5")
@config_option
@node_options
@json_option
@click.option("-n", "--last", default=20, show_default=True, type=click.IntRange(1),
              help="So many runs.")  # fmt: skip
def command(
    config: str, nodes: tuple[str, ...], hosts: tuple[str, ...], last: int, *, as_json: bool
) -> int:
    """The last runs: when, which, why, how each ended, how much it did. The newest stands last.

    Exit codes: 0; 66 the journal is not for us to read.
    """
    from converge.cli.reach.places import named_place

    runs = runs_of(kept_lines(named_place(config, hosts, nodes).state))[-last:]
    if as_json:
        from converge.engine.show.json import FORMAT_VERSION, dumps

        click.echo(dumps({"format_version": FORMAT_VERSION, "kind": "history", "runs": runs}),
                   nl=False)  # fmt: skip
        return 0
    from converge.engine.show.marks import safe

    for run in runs:
        done = f"{run['done']} done" if run["done"] is not None else ""
        time = datetime.fromisoformat(run["time"]).isoformat(timespec="seconds")
        row = f"{time}  {run['run']:<22} {run['trigger']:<8} {run['end']:<12} {done}"
        click.echo(safe(row.rstrip()))
    if not runs:
        click.echo("no run has acted yet")
    return 0


def kept_lines(folder: Path, only: Collection[str] = ()) -> Iterable[Line]:
    """The journal of that folder, or `only` these sorts of it. UsageError's kin NoSuchFile when
    it is not for us to read."""
    from converge.core.errors import NoSuchFile
    from converge.hosts.journal import read_journal

    try:
        return list(read_journal(folder, only))
    except OSError as wrong:
        raise NoSuchFile(f"{wrong.filename}: {wrong.strerror}", "Run as root.") from wrong


def run_meant(lines: Iterable[Line], run: str) -> str:
    """The run of that name, or the only one whose name begins so. UsageError."""
    from converge.core.errors import UsageError

    names = sorted({line.run for line in lines if line.run.startswith(run)})
    if run in names or len(names) == 1:
        return run if run in names else names[0]
    few = f"it could be {', '.join(names[:5])}" if names else "the journal has no such run"
    raise UsageError(f"{run}: {few}", "`converge history` lists them.")


def runs_of(lines: Iterable[Line]) -> list[dict[str, Any]]:
    """A row for each run that began; one without an end was killed, or is at work."""
    found: dict[str, dict[str, Any]] = {}
    for line in lines:
        fields = line.entry.fields
        if line.entry.what == "run":
            found[line.run] = {
                "run": line.run, "time": line.time, "trigger": fields.get("trigger", ""),
                "end": "no end", "done": None,
            }  # fmt: skip
        elif line.entry.what == "end" and line.run in found:
            row = found[line.run]
            row["end"], row["done"] = fields.get("end", ""), fields.get("done")
    return list(found.values())
