"""converge install: what calls converge on a node, put there or taken away."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from converge.cli.apply import agreed
from converge.cli.talk.options import (
    color_option,
    config_option,
    json_option,
    lock_timeout_option,
    no_input_option,
    node_options,
    yes_option,
)
from converge.core.errors import CannotWrite, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from converge.core.desired import Desired
    from converge.core.ids import ResourceId
    from converge.core.plan import Plan


@click.command(epilog="Example: converge install --dry-run")
@config_option
@node_options
@json_option
@color_option
@yes_option
@click.option("-n", "--dry-run", is_flag=True, help="Show the plan and the text of the files.")
@click.option("--uninstall", is_flag=True, help="Take all of it away again.")
@click.option("--prefix", metavar="DIR", help="Only write the files, below DIR: for packages.")
@no_input_option
@lock_timeout_option
@click.option("-q", "--quiet", is_flag=True, help="Only what went wrong.")
@click.option("-v", "--verbose", count=True, help="Commands in the plan; the log on stderr.")
def command(
    config: str, nodes: tuple[str, ...], hosts: tuple[str, ...], color: str, lock_timeout: str,
    verbose: int, prefix: str | None, *, as_json: bool, yes: bool, dry_run: bool,
    uninstall: bool, no_input: bool, quiet: bool,
) -> int:  # fmt: skip
    """Install what starts converge: rules of devd, HAST's hook, cron, rc.d, newsyslog, periodic.

    Those that the desired file declares as [trigger.NAME], or all of them where it declares none.
    It is a plan like any other, carried out under the same guards and written into the same
    journal; nothing else of the desired file is touched.

    Exit codes: 0 installed; 1 failed; 3 in part; 4 held; 6 too little can be seen; 73 it cannot be
    written; 75 another run is at work.
    """
    if prefix is not None:
        return _below(prefix, dry_run=dry_run, uninstall=uninstall)
    from converge.cli.reach.site import site
    from converge.cli.running.session import Session
    from converge.cli.running.turns import under_lock
    from converge.reconcile import kept

    wish = _taken_away if uninstall else _installed
    with site(config, hosts, nodes, wish=wish) as here:
        if not here.doors.hosts:
            raise UsageError("none of the nodes named can be acted on; a bundle can only be read")
        mine = _theirs(here.desired)
        session = Session(
            here, paint=color, verbose=verbose, quiet=quiet, cron=False, as_json=as_json
        )
        session.only = lambda plan: kept(plan, lambda id: id in mine, "which is left alone here")
        first = None
        if dry_run or not yes:
            session.look_up()
            first = session.first_pass(None, show=True)
            if dry_run:
                click.echo("".join(_texts(first.plan)), nl=False)
            if dry_run or not agreed(first, no_input=no_input):
                return 0
        return under_lock(session, first, None, "manual", lock_timeout)


def _installed(desired: Desired) -> Desired:
    """With the triggers that are declared, or all of them."""
    from converge.freebsd.trigger.texts import FILES

    if any(id.kind == "trigger" for id in desired.resources):
        return desired
    return _with(desired, [name for name in FILES if name != "wake"], installed=True)


def _taken_away(desired: Desired) -> Desired:
    """With the same, and what they share, wished away."""
    names = {id.name for id in _installed(desired).resources if id.kind == "trigger"}
    return _with(desired, sorted({*names, "wake"}), installed=False)


def _with(desired: Desired, names: list[str], *, installed: bool) -> Desired:
    from dataclasses import replace

    from converge.core.ids import ResourceId
    from converge.freebsd.trigger import Trigger

    ids = [ResourceId(node, "trigger", name) for node in desired.pair.nodes for name in names]
    found = {id: Trigger(id=id, installed=installed) for id in ids}
    return replace(desired, resources=dict(sorted({**desired.resources, **found}.items())))


def _theirs(desired: Desired) -> frozenset[ResourceId]:
    """What is there, or is as it is, because of the triggers: what would differ without them."""
    from dataclasses import replace

    from converge.cli.reach.site import graph_of

    names = sorted({id.name for id in desired.resources if id.kind == "trigger"})
    rest = {id: one for id, one in desired.resources.items() if id.kind != "trigger"}
    bare = replace(desired, resources=rest)
    without = graph_of(bare).resources
    whole = graph_of(_with(bare, names, installed=True)).resources
    return frozenset(id for id, one in whole.items() if without.get(id) != one)


def _texts(plan: Plan) -> Iterator[str]:
    """The files that would be written, whole."""
    from converge.core.host import Write

    for action in plan.actions:
        if isinstance(action.effect, Write):
            yield f"\n=== {action.id} (mode {action.effect.mode})\n{action.effect.content}"


def _below(prefix: str, *, dry_run: bool, uninstall: bool) -> int:
    """The files as they are on a node, in another root; no node is looked at."""
    from converge.freebsd.trigger.texts import FILES

    for text in (text for files in FILES.values() for text in files):
        path = Path(prefix) / text.path.lstrip("/")
        if dry_run:
            click.echo(f"=== {path} (mode {text.mode})\n{text.content}")
            continue
        try:
            if uninstall:
                path.unlink(missing_ok=True)
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text.content, encoding="ascii")
                path.chmod(int(text.mode, 8))
        except OSError as wrong:
            raise CannotWrite(f"{path}: {wrong.strerror}") from wrong
        click.echo(f"{'removed' if uninstall else 'written'} {path}")
    return 0
