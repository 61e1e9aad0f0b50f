"""converge drift: what is not as desired, since when and by whom."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from converge.cli.talk.options import color_option, config_option, node_options, paint_for
from converge.core.errors import CannotWrite, ConvergeError

if TYPE_CHECKING:
    from pathlib import Path

    from converge.cli.reach.site import Site
    from converge.core.drift import Drift, DriftMemory
    from converge.core.graph import Graph
    from converge.core.journal import Line

FORMS = ["text", "json", "html", "prometheus", "nagios"]
UNKNOWN = 3
"""What a Nagios plugin ends with that cannot say."""

ELSEWHERE = "the runs of {node} itself are in the journal there; ask `converge drift` on it"
ONE_LOOK = "a bundle is one look, and nothing is remembered of it"


@click.command(epilog="Example: converge drift --format prometheus -o /var/tmp/converge.prom")
@config_option
@node_options
@color_option
@click.option(
    "--format", "form", type=click.Choice(FORMS), default="text", show_default=True,
    help="For people (text, html), programs (json), monitoring (prometheus, nagios).",
)  # fmt: skip
@click.option("--json", "form", flag_value="json", help="The same as --format json.")
@click.option("-o", "--out", metavar="FILE", help="Write it there, whole and by rename.")
@click.option("-q", "--quiet", is_flag=True, help="Print nothing when nothing is wrong.")
@click.option("-v", "--verbose", count=True, help="Also what is ignored, and what is over.")
def command(
    config: str, nodes: tuple[str, ...], hosts: tuple[str, ...], color: str, form: str,
    out: str | None, verbose: int, *, quiet: bool,
) -> int:  # fmt: skip
    """What differs from the desired file, since when and by whom; and what redundancy is lost.

    Nothing is changed on any node; what was found is remembered in the state folder, for the next
    report. Exit codes: 0 no drift; 2 drift, or redundancy lost; 6 not enough can be seen to say.
    With --format nagios those of a plugin: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN.
    """
    from converge.cli.reach.site import site

    try:
        with site(config, hosts, nodes) as here:
            drift = looked(here)
            text = rendered(drift, here.graph, form, color, verbose=verbose > 0)
    except ConvergeError as wrong:
        if form != "nagios":
            raise
        from converge.engine.show.drift.nagios import nagios_unknown

        click.echo(nagios_unknown(str(wrong)), nl=False)
        return UNKNOWN
    code = exit_code(drift, form)
    if out:
        _save(out, text)
    elif not quiet or code:
        click.echo(text, nl=False)
    return code


def looked(here: Site) -> Drift:
    """One look, told with what is remembered; and remembered itself."""
    from converge.cli.running.memory import known
    from converge.engine.drift.report import drift
    from converge.engine.drift.witness import story
    from converge.reconcile.comparing import look

    folder, acting = here.place.state, here.acting
    memory, lines, trouble = _remembered(here, folder)
    elsewhere = {node: _elsewhere(here, node) for node in acting if _elsewhere(here, node)}
    ledger = known(here.place, here.doors.clock)
    seen = look(here.graph, here.readers, here.doors.clock, ledger, acting, elsewhere)
    later, lost = _lines(folder)
    told = story(later if lines is not None else (), len(lines or ()), lost)
    report, after = drift(seen, memory, told, here.desired.ignores)
    if here.doors.hosts:
        trouble += _kept(folder, after, acting)
    for words in trouble:
        click.echo(f"converge: {words}", err=True)
    return _noted(report, trouble)


def _remembered(
    here: Site, folder: Path
) -> tuple[DriftMemory, list[Line] | None, tuple[str, ...]]:
    """What was found before, the journal as it is now, and what is wrong with either."""
    from converge.core.drift import DriftMemory
    from converge.hosts.driftfile import load

    if not here.doors.hosts:
        return DriftMemory(), None, ()
    memory, said = load(folder)
    lines, lost = _lines(folder)
    return memory, None if lost else lines, tuple(filter(None, (said, lost)))


def _lines(folder: Path) -> tuple[list[Line], str]:
    """The journal's lines that tell of drift, or why they cannot be read."""
    from converge.engine.drift.witness import SORTS
    from converge.hosts.journal import read_journal

    try:
        return list(read_journal(folder, SORTS)), ""
    except OSError as wrong:
        return [], f"{wrong.filename} cannot be read ({wrong.strerror}): by whom is not known"


def _elsewhere(here: Site, node: str) -> str:
    """Why the journal here does not tell of that node's own runs; '' when it does."""
    scheme = here.doors.urls.get(node, "local:").partition(":")[0]
    return {"ssh": ELSEWHERE.format(node=node), "bundle": ONE_LOOK}.get(scheme, "")


def _kept(folder: Path, after: DriftMemory, acting: list[str]) -> tuple[str, ...]:
    """Keep what was found of these nodes; what other processes found of others stays."""
    from dataclasses import replace

    from converge.hosts.driftfile import change

    def changed(old: DriftMemory) -> DriftMemory:
        others = {id: one for id, one in old.sights.items() if id.partition("/")[0] not in acting}
        mine = {id: one for id, one in after.sights.items() if id.partition("/")[0] in acting}
        return replace(after, sights=others | mine)

    try:
        change(folder, changed)
    except CannotWrite as wrong:
        return (f"{wrong}: the next report will not know of this one",)
    return ()


def _noted(drift: Drift, trouble: tuple[str, ...]) -> Drift:
    from dataclasses import replace

    return replace(drift, notes=(*drift.notes, *trouble))


def rendered(drift: Drift, graph: Graph, form: str, color: str, *, verbose: bool) -> str:
    """The report in that form."""
    match form:
        case "json":
            from converge.engine.show.drift.form import drift_json

            return drift_json(drift)
        case "html":
            from converge.engine.show.drift.html import drift_html

            return drift_html(drift, graph)
        case "prometheus":
            from converge.engine.show.drift.prometheus import drift_metrics

            return drift_metrics(drift)
        case "nagios":
            from converge.engine.show.drift.nagios import drift_nagios

            return drift_nagios(drift)
        case _:
            from converge.engine.show.drift.text import drift_text

            return drift_text(drift, paint_for(color, sys.stdout), verbose=verbose)


def exit_code(drift: Drift, form: str) -> int:
    """0 as desired, 2 not so, 6 too little seen; for Nagios its plugins' own."""
    if form == "nagios":
        from converge.engine.show.drift.nagios import status

        return status(drift)
    if drift.different or drift.lost:
        return 2
    return 6 if drift.unseen else 0


def _save(path: str, text: str) -> None:
    """By rename, so that nobody reads half of it. CannotWrite."""
    from pathlib import Path

    from converge.core.host import Write
    from converge.hosts.disk import write

    answer = write(Write(str(Path(path).absolute()), text))
    if answer.code or answer.lost:
        raise CannotWrite(answer.said)
