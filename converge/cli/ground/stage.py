"""What a scenario needs from outside: its files, a pair for them, the software of the nodes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path

from converge.cli.ground.blueprint import blueprint
from converge.cli.reach.site import desired_of, graph_of, read_text
from converge.core.desired import Desired
from converge.core.errors import NoSuchFile, UsageError
from converge.core.graph import Graph
from converge.engine.desired.written import NotWritten, overridden
from converge.lab.fresh import Blueprint, fresh
from converge.proving.actors.actor import Actor
from converge.proving.actors.reconciler import Reconciler
from converge.proving.rehearse.rehearsal import Rehearsal, rehearse
from converge.proving.rehearse.script import Script, read_script
from converge.proving.story.starts import STARTS

Maker = Callable[[Graph, Blueprint], Actor]
"""Makes the software of the nodes; one for both, as it keeps nothing itself."""


def scenario_files(names: Iterable[str]) -> list[str]:
    """The files that were named, and those in folders that were; NoSuchFile for none."""
    found: list[str] = []
    for name in names:
        path = Path(name)
        inside = sorted(str(p) for p in path.rglob("*.toml")) if path.is_dir() else [name]
        if not inside:
            raise NoSuchFile(f"{name}: no scenario (*.toml) is in this folder")
        found += inside
    return found


def played(path: str, make: Maker) -> Rehearsal:
    """One scenario, from its file to its verdicts."""
    script = read_script(
        read_text(path, "docs/reference/scenarios.md has the form."), path, STARTS
    )
    desired = _desired(script, path)
    graph = graph_of(desired)
    plan = blueprint(desired, graph)
    one = make(graph, plan)
    actors = {node: one for node in graph.pair.nodes}
    return rehearse(script, graph, _bare(plan), actors, desired.secrets)


_bare = cache(fresh)


def _desired(script: Script, path: str) -> Desired:
    """The pair of a scenario, with what the scenario changes in it."""
    found = _desired_path(script.table.desired, path)
    text = read_text(found)
    if script.table.override:
        try:
            text = overridden(text, script.table.override)
        except NotWritten as wrong:
            desired_of(text, found)  # its own mistakes have a place and better words
            raise NotWritten(f"{path}: [override] of {found}: {wrong}", wrong.hint) from None
        found += " with [override]"
    return desired_of(text, found)


def _desired_path(name: str, scenario: str) -> str:
    """Seen from the scenario's folder, or from one above it, or from where we stand."""
    above = Path(scenario).resolve().parents
    return str(next((p / name for p in above if (p / name).is_file()), Path(name)))


def _reconciler(graph: Graph, plan: Blueprint) -> Actor:
    return Reconciler(graph)


def lacking(codes: Iterable[str]) -> Maker:
    """converge without these guards, to see what they are for."""
    without = frozenset(codes)

    def make(graph: Graph, plan: Blueprint) -> Actor:
        return Reconciler(graph, without)

    return make


def _classic(graph: Graph, plan: Blueprint) -> Actor:
    """The article's script for the first volume of the pair and the database on it."""
    from converge.proving.actors.classic import Classic  # only for comparisons

    if not plan.volumes or not plan.databases:
        raise UsageError("the classic script needs a replicated volume and a database on it")
    volume, service = plan.volumes[0], plan.databases[0].service
    device = f"/dev/hast/{volume.name}"
    return Classic(volume.name, device, volume.mount, service)


ACTORS: dict[str, Maker] = {"converge": _reconciler, "classic": _classic}
"""Whose software a rehearsal can run, by the word of `--actor`."""
