"""The demonstration: real commands on a simulated pair, shown as a person would type them."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import click

CONFIG = "desired/seed-pair.toml"

PUT = "printf 'PUT {row}\\nCOUNT\\nQUIT\\n' | nc -w 3 192.168.1.50 3306"

STORY: tuple[tuple[str, str], ...] = (
    ("Two bare machines, just booted after the room lost its power.", "lab new -c {config}"),
    ("Is the desired file right?", "validate -c {config}"),
    ("What would be done? A plan writes nothing.", "plan -c {config} {both}"),
    ("Do it. While it runs CARP elects hasta, so there it goes on: role, check, mount, mysqld.",
     "apply -y -c {config} {both}"),
    ("The proof of convergence: the next plan is empty.", "plan -c {config} {both}"),
    ("", "status -c {config} {both}"),
    ("A minute later cron looks, too: hastb learns that it has all that hasta has.",
     "lab advance 60s"),
    ("", "apply --trigger cron -c {config} {both}"),
    ("A row, acknowledged by the database.",
     "lab run hasta sh -c \"" + PUT.format(row="written-before-the-crash") + "\""),
    ("The plug of hasta is pulled. CARP needs some three seconds.", "lab fault power-off hasta"),
    ("", "lab advance 5s"),
    ("hastb takes over: its run was woken by devd. The role changes at once; what writes waits "
     "for the proof that hasta is dead.", "apply --wait --trigger devd -c {config} {b}"),
    ("The row is there.", "lab run hastb sh -c \"" + PUT.format(row="written-after-it") + "\""),
    ("hasta comes back. Its copy is old: it joins as secondary and is brought up to date.",
     "lab fault power-on hasta"),
    ("", "lab advance 90s"),
    ("", "apply -y --trigger boot -c {config} {both}"),
    ("", "lab advance 60s"),
    ("", "status -c {config} {both}"),
    ("And again there is nothing to do.", "plan -c {config} {both}"),
)  # fmt: skip


def show(keep: str | None) -> int:
    """Tell the story; the exit code of the first command that fails, else 0."""
    config = str(Path(__file__).parents[3] / CONFIG)
    with _lab_in(keep) as path:
        host = "--host {0}=lab:" + path
        words = {
            "config": config, "b": host.format("hastb"),
            "both": f"{host.format('hasta')} {host.format('hastb')}",
        }  # fmt: skip
        for what, line in STORY:
            code = _tell(what, line, words)
            if code:
                return code
        if keep:
            click.echo(
                f"\nThe lab is kept in {path}: look around with `converge lab --lab {path}`."
            )
    return 0


@contextlib.contextmanager
def _lab_in(keep: str | None) -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        path = keep or str(Path(folder) / "lab.json")
        before = os.environ.get("CONVERGE_LAB")
        os.environ["CONVERGE_LAB"] = path
        try:
            yield path
        finally:
            os.environ.pop("CONVERGE_LAB")
            if before is not None:
                os.environ["CONVERGE_LAB"] = before


def _tell(what: str, line: str, words: dict[str, str]) -> int:
    """Say what comes, show the command as typed, run it."""
    import shlex

    from converge.cli import run
    from converge.cli.ground.labfile import close_labs
    from converge.cli.talk.options import paint_for

    paint = paint_for("auto")
    if what:
        click.echo("\n" + paint("bold", f"# {what}"))
    shown = line.format(
        config=CONFIG, b="--host hastb=lab:", both="--host hasta=lab: --host hastb=lab:"
    )
    click.echo(paint("dim", f"$ converge {shown}"))
    close_labs()
    code = run(shlex.split(line.format(**words)))
    sys.stdout.flush()
    sys.stderr.flush()
    return code
