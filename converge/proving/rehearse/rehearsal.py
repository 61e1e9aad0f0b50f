"""A scenario played from its beginning to its verdicts, and the report of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from converge.core.duration import show_duration
from converge.core.graph import Graph
from converge.core.secret import Secret
from converge.lab.world import World
from converge.proving.actors.actor import Actor
from converge.proving.rehearse.phases import Phase, phases
from converge.proving.rehearse.scenario import ScenarioTable
from converge.proving.rehearse.script import Script
from converge.proving.rehearse.verdicts import Finding, findings
from converge.proving.story.clients import shared_address
from converge.proving.story.driver import Drive
from converge.proving.story.installed import declared
from converge.proving.story.starts import STARTS
from converge.proving.story.timeline import two_lanes


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What came of a scenario."""

    table: ScenarioTable
    nodes: tuple[str, ...]
    drive: Drive
    served: str
    """The node that began to serve after the first fault, '' for none."""
    phases: tuple[Phase, ...]
    findings: tuple[Finding, ...]

    @property
    def broken(self) -> tuple[Finding, ...]:
        """Expectations that were not met."""
        return tuple(f for f in self.findings if not f.met)


def rehearse(
    script: Script,
    graph: Graph,
    bare: World,
    actors: Mapping[str, Actor],
    secrets: Sequence[Secret] = (),
) -> Rehearsal:
    """Play a scenario on a pair made of two bare machines. BadDesired for steps without sense."""
    table, nodes = script.table, tuple(graph.pair.nodes)
    drive = Drive(
        world=STARTS[table.start](bare, graph),
        actors=actors,
        cues=script.cues(nodes),
        vip=shared_address(graph),
        rows_every_s=table.rows,
        cron_s=table.cron,
        quiet_from=table.expect.quiet_from,
        secrets=secrets,
        installed=declared(graph),
    )
    if table.start != "bare":
        drive.warm_up(table.warm)
    drive.go(table.until)
    served, parts = phases(drive)
    return Rehearsal(table, nodes, drive, served, parts, findings(table, drive, parts))


def report(told: Rehearsal) -> str:
    """Title, timeline, phases and verdicts as plain text."""
    table = told.table
    covers = f" ({', '.join(table.covers)})" if table.covers else ""
    parts = [
        f"{table.title}{covers}\nbegins {table.start}, watched for {show_duration(table.until)}\n",
        two_lanes(told.drive.timeline, told.nodes),
        _phase_table(told),
        verdict_lines(told.findings),
    ]
    return "\n".join(part for part in parts if part)


def _phase_table(told: Rehearsal) -> str:
    if not told.phases:
        return ""
    budgets = told.table.expect.phase.model_dump()
    lines = [f"until {told.served} serves        at       took     budget"]
    for phase in told.phases:
        budget = budgets[phase.name]
        shown = "" if budget is None else show_duration(budget)
        row = f"  {phase.name:<16} {phase.at:>8.3f} s {phase.took:>8.3f} s {shown:>8}"
        lines.append(row.rstrip())
    return "\n".join(lines) + "\n"


def verdict_lines(found: tuple[Finding, ...]) -> str:
    """One line each: `=` as expected, `!` not."""
    return "".join(f"{'=' if f.met else '!'} {f.what}: {f.sentence}\n" for f in found)


def form(told: Rehearsal) -> dict[str, Any]:
    """The same for machines."""
    return {
        "title": told.table.title,
        "covers": list(told.table.covers),
        "met": not told.broken,
        "timeline": [
            {k: v for k, v in entry._asdict().items() if v != ""} for entry in told.drive.timeline
        ],
        "served": told.served,
        "phases": [{"name": p.name, "at_s": p.at, "took_s": p.took} for p in told.phases],
        "findings": [{"what": f.what, "met": f.met, "said": f.sentence} for f in told.findings],
    }
