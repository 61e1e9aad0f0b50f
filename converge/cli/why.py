"""converge why: one resource, why it is as it is, and what would change it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from converge.cli.talk.options import (
    color_option,
    config_option,
    json_option,
    node_options,
    paint_for,
)
from converge.core.errors import NoSuchFile, UsageError, near

if TYPE_CHECKING:
    from converge.cli.reach.site import Site
    from converge.core.desired import Desired
    from converge.core.graph import Graph
    from converge.core.ids import ResourceId
    from converge.engine.show.why import Last, Why


@click.command(epilog="Example: converge why hast.test")
@config_option
@node_options
@json_option
@color_option
@click.argument("resource", metavar="RESOURCE")
def command(
    config: str, nodes: tuple[str, ...], hosts: tuple[str, ...], color: str, resource: str, *,
    as_json: bool,
) -> int:  # fmt: skip
    """Why RESOURCE (hast.test, or hasta/hast.test) is as it is, and what would change it.

    Its wish and the reason for it; what was seen, what was asked for it and how long ago; what it
    needs, down to the first thing that is not in sync; the guards that stand in the way and what
    lifts each; the last action on it. Nothing is written on any node.

    Exit codes: 0; 64 when there is no such resource.
    """
    from converge import reconcile
    from converge.cli.reach.site import graph_of, read_desired, site
    from converge.cli.running.memory import known
    from converge.engine.show.why import why_form, why_text
    from converge.reconcile.reasons import why

    _meant(graph_of(read_desired(config)), resource, ())  # a slip needs no node
    with site(config, hosts, nodes) as here:
        ids = _meant(here.graph, resource, here.acting)
        acting, clock = here.acting, here.doors.clock
        this = reconcile.plan(here.graph, here.readers, clock, known(here.place, clock), acting)
        found: list[Why] = []
        for id in ids:
            written = _written(here.desired, here.graph, id)
            one = why(here.graph, this, id, frozenset(acting), written)
            found.append(replace(one, last=_last(here, id)))
    if as_json:
        from converge.engine.show.json import FORMAT_VERSION, dumps

        form = {"format_version": FORMAT_VERSION, "kind": "why"}
        click.echo(dumps({**form, "resources": [why_form(one) for one in found]}), nl=False)
    else:
        paint = paint_for(color)
        click.echo("\n".join(why_text(one, paint) for one in found), nl=False)
    return 0


def _meant(graph: Graph, word: str, acting: Iterable[str]) -> list[ResourceId]:
    """The resources of that name, on the nodes that the command line is about. UsageError."""
    of = set(acting)
    exact = [id for id in graph.order if str(id) == word]
    named = [id for id in graph.order if id.ref == word and (not of or id.node in of)]
    if exact or named:
        return exact or named
    names = {str(id) for id in graph.order} if "/" in word.partition(".")[0] else set()
    names |= {id.ref for id in graph.order}
    guess = near(word, names) or next((n for n in sorted(names) if n.endswith(f".{word}")), "")
    hint = f" Did you mean {guess}?" if guess else ""
    raise UsageError(f"there is no resource {word}.{hint}", "`converge graph` lists them.")


def _written(desired: Desired, graph: Graph, id: ResourceId) -> str:
    """Where in the desired file it stands, or what brought it along."""
    by = graph.implied_by.get(id)
    if by is not None:
        return f"brought along by {by.ref}"
    keys = desired.source.keys
    own = keys.get(("node", id.node, id.kind, id.name))
    span = keys.get((id.kind, id.name)) or own
    lines = sorted({one.line for one in (span, own) if one})
    words = "line" if len(lines) == 1 else "lines"
    where = f", {words} {' and '.join(map(str, lines))}" if lines else ""
    return f"written in {Path(desired.source.path).name}{where}"


def _last(here: Site, id: ResourceId) -> Last | None:
    """The last action on it that this place's journal tells of, begun or held."""
    from converge.cli.history import kept_lines
    from converge.engine.show.why import Last

    try:
        lines = list(kept_lines(here.place.state))
    except NoSuchFile:
        return None  # a look needs no right to read the journal
    for line in reversed(lines):
        fields = line.entry.fields
        action = str(fields.get("action", ""))
        if line.entry.what in ("intent", "outcome", "verdict") and action.startswith(f"{id} "):
            detail = f", {fields['detail']}" if fields.get("detail") else ""
            how = f"{fields.get('ending', 'begun, and nobody wrote down how it ended')}{detail}"
            return Last(line.time, line.run, action, how)
    return None
