"""converge rehearse: scenarios on the simulated pair, with their timelines and verdicts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from converge.cli.talk.options import json_option

if TYPE_CHECKING:
    from converge.proving.rehearse.rehearsal import Rehearsal

BROKEN = 7
"""What was expected did not come true, or an invariant was broken (docs: exit codes)."""


@click.command(epilog="Example: converge rehearse tests/scenarios/power/primary-off.toml")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option(
    "--actor", type=click.Choice(["converge", "classic"]), default="converge",
    show_default=True, help="Whose software the two nodes run.",
)  # fmt: skip
@click.option("--without", multiple=True, metavar="GUARD", help="Never ask this guard.")
@json_option
@click.option("-q", "--quiet", is_flag=True, help="Only what did not come out as expected.")
def command(
    files: tuple[str, ...], actor: str, without: tuple[str, ...], *, as_json: bool, quiet: bool
) -> int:
    """Play scenarios: what happened on both nodes, where the time went, what held.

    A FILE may be a folder: every scenario in it. Needs no FreeBSD and touches nothing.

    Exit codes: 0 all came out as expected; 7 one did not; 65 a bad scenario; 66 there is none.
    """
    from converge.cli.ground.stage import ACTORS, lacking, played, scenario_files
    from converge.cli.ground.ways import again
    from converge.cli.running.override import known_guards
    from converge.proving.rehearse import rehearsal

    paths = scenario_files(files)
    codes = {path: code for path in paths if (code := again(path)) is not None}
    known_guards(without, "--without")
    make = lacking(without) if without else ACTORS[actor]
    all_told = [(path, played(path, make)) for path in paths if path not in codes]
    if as_json:
        click.echo(_json(all_told, actor), nl=False)
    for path, told in () if as_json else all_told:
        if not quiet:
            click.echo(f"{path}\n\n{rehearsal.report(told)}")
        elif told.broken:
            click.echo(f"{path}\n{rehearsal.verdict_lines(told.broken)}", nl=False)
    wrong = [path for path, told in all_told if told.broken]
    if len(all_told) > 1 and not quiet and not as_json:
        click.echo(f"{len(all_told) - len(wrong)} of {len(all_told)} as expected")
    return BROKEN if wrong or any(codes.values()) else 0


def _json(all_told: list[tuple[str, Rehearsal]], actor: str) -> str:
    from converge.engine.show.json import FORMAT_VERSION, dumps
    from converge.proving.rehearse.rehearsal import form

    told = [{"file": path, **form(one)} for path, one in all_told]
    whole = {"format_version": FORMAT_VERSION, "kind": "rehearsal", "actor": actor}
    return dumps({**whole, "scenarios": told})
