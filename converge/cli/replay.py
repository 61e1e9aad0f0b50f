"""converge replay: an old decision made again, by today's code."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from converge.cli.talk.options import (
    color_option,
    config_option,
    json_option,
    node_options,
    paint_for,
)
from converge.core.errors import ConvergeError, NoSuchFile, UsageError

if TYPE_CHECKING:
    from converge.core.desired import Desired
    from converge.core.input import Given
    from converge.core.plan import Plan
    from converge.engine.show.replay import Difference

    Pass = tuple[str, Given, Mapping[str, Any], list[Difference]]
    """When, upon what, what is decided now, and what of it is decided otherwise."""

DIFFERENT = 2


class NothingKept(ConvergeError):
    """There is no input to decide upon."""

    exit_code = 66


@click.command(epilog="Example: converge replay 20260301T120000-1234")
@config_option
@node_options
@json_option
@color_option
@click.option(
    "--desired", "wished", type=click.Choice(["today", "old"]), default="today", show_default=True,
    help="Decide by the desired file of today, or by that of the run.",
)  # fmt: skip
@click.option("-v", "--verbose", count=True, help="Show also what is decided as it was.")
@click.argument("run", required=False, default="")
def command(
    config: str, nodes: tuple[str, ...], hosts: tuple[str, ...], color: str, wished: str,
    verbose: int, run: str, *, as_json: bool,
) -> int:  # fmt: skip
    """What RUN decided upon, decided again by today's converge; no node is touched.

    RUN is its name in `converge history`, or how that begins; without it, the last run that kept
    something. Lines with `-` are what was decided then, those with `+` what would be now.

    Exit codes: 0 the same would be done; 2 something else would; 65 what was kept is damaged;
    66 nothing was kept.
    """
    from converge.cli.reach.places import named_place
    from converge.engine.show.json import decided_form
    from converge.engine.show.replay import differences

    name, found = _inputs(named_place(config, hosts, nodes).state, run)
    passes: list[Pass] = []
    known: dict[str, Desired] = {}
    for time, given in found:
        key = given.desired if wished == "old" else ""
        if key not in known:
            known[key] = _desired(config, given, old=wished == "old")
        now = decided_form(_decided(given, known[key]))
        passes.append((time, given, now, differences(given.plan, now)))
    if as_json:
        click.echo(_json(name, passes), nl=False)
    else:
        _say(name, passes, color, verbose=verbose > 0)
    return DIFFERENT if any(differing for *_, differing in passes) else 0


def _inputs(folder: Path, run: str) -> tuple[str, list[tuple[str, Given]]]:
    """The run that is meant, and of each pass that kept something: when, and upon what."""
    from converge.cli.history import kept_lines, run_meant
    from converge.hosts.inputs import given_of, read_inputs

    lines = list(kept_lines(folder))
    inputs = [line for line in lines if line.entry.what == "input"]
    if not run and not inputs:
        raise NothingKept("no run has decided anything yet", "`converge history` lists the runs.")
    meant = run_meant(lines, run) if run else inputs[-1].run
    mine = [line for line in inputs if line.run == meant]
    if not mine:
        raise NothingKept(f"{meant}: this run had nothing to do, so it kept nothing")
    kept = read_inputs(folder)
    found = []
    for line in mine:
        decision = str(line.entry.fields.get("decision"))
        if decision not in kept:
            raise NothingKept(f"{meant}: what it decided upon is no longer kept; it is too old")
        given = given_of(kept[decision].entry.fields)
        if given.left_out:
            raise NothingKept(f"{meant}: it cannot be decided again: {given.left_out}")
        found.append((line.time, given))
    return meant, found


def _desired(config: str, given: Given, *, old: bool) -> Desired:
    """By which it is decided; of an old one the secrets are today's."""
    from converge.cli.reach.site import desired_of, read_desired, read_text
    from converge.engine.desired import load
    from converge.freebsd import kinds
    from converge.hosts.inputs import filled

    if not old:
        return read_desired(config)
    try:
        today = read_text(config)
    except NoSuchFile:
        today = ""
    text = filled(given.desired, today)
    try:
        desired = desired_of(text, "the old desired file")
    except ConvergeError:
        # A file with a secret that is not here: a word stands for it.
        desired = load(text, "the old desired file", kinds(), lambda _: "masked")
    if desired.digest != given.digest:
        click.echo("converge: of the old desired file not all could be read again", err=True)
    return desired


def _decided(given: Given, desired: Desired) -> Plan:
    from converge.cli.reach.site import graph_of
    from converge.reconcile.again import again

    strange = sorted({*given.acting, *given.readers} - set(desired.pair.nodes))
    if strange:
        raise UsageError(
            f"the desired file knows no node {strange[0]}; the run had it",
            "Decide by its own desired file: --desired old",
        )
    return again(graph_of(desired), given)


def _say(name: str, passes: list[Pass], color: str, *, verbose: bool) -> None:
    """A line for the run, one for each pass, and what is decided otherwise in it."""
    from converge.engine.show.marks import CHANGE, IN_SYNC
    from converge.engine.show.replay import difference_lines, same_lines

    paint, first = paint_for(color), passes[0][1]
    click.echo(f"{name} (trigger {first.trigger}, converge {first.version})")
    for time, given, _, now in passes:
        sign, how = (CHANGE, "otherwise") if now else (IN_SYNC, "the same")
        actions: Any = given.plan.get("actions", [])
        waiting: Any = given.plan.get("waiting", [])
        acts = "1 action" if len(actions) == 1 else f"{len(actions)} actions"
        many = f"{acts}, {len(waiting)} waiting"
        click.echo(f"{paint(sign, sign)} {time}  {many}: {how}")
        for line in difference_lines(now, paint):
            click.echo(line)
        for line in same_lines(_unchanged(given, now), paint) if verbose else ():
            click.echo(line)


def _unchanged(given: Given, now: list[Difference]) -> dict[str, Any]:
    gone = {one.key for one in now}
    plan: Any = given.plan
    return {
        "actions": [a for a in plan.get("actions", ()) if a["key"] not in gone],
        "waiting": [d for d in plan.get("waiting", ()) if f"{d['id']} waits" not in gone],
    }


def _json(name: str, passes: list[Pass]) -> str:
    from converge.engine.show.json import FORMAT_VERSION, dumps
    from converge.engine.show.replay import difference_forms

    forms = [
        {
            "time": time, "decision": given.decision, "version": given.version,
            "then": given.plan, "now": now, "differences": difference_forms(differing),
        }
        for time, given, now, differing in passes
    ]  # fmt: skip
    return dumps(
        {
            "format_version": FORMAT_VERSION,
            "kind": "replay",
            "run": name,
            "same": not any(differing for *_, differing in passes),
            "passes": forms,
        }
    )
