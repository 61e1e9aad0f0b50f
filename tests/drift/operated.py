"""A day of a pair that runs by itself: only what is installed wakes converge, drift looks on."""

from __future__ import annotations

import json
import random
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from converge.cli.drift import looked
from converge.cli.ground.blueprint import blueprint
from converge.cli.reach.doors import Doors
from converge.cli.reach.places import Place
from converge.cli.reach.site import Site, desired_of, graph_of
from converge.core.desired import Desired
from converge.engine.desired.written import overridden
from converge.engine.show.drift.form import drift_json
from converge.lab.fresh import fresh
from converge.lab.host import LabClock, LabHost, LabReader
from converge.lab.machine import syslog
from converge.lab.world import World
from converge.proving.actors.still import Still
from converge.proving.judge import sights
from converge.proving.judge.history import FAULT, Deed
from converge.proving.rehearse.rehearsal import shared_address
from converge.proving.story.driver import Drive
from converge.proving.story.starts import served
from tests.cli.commands import NODES, ROOT
from tests.drift.day import DECLARED, KNOBS, MOTD, OID
from tests.drift.journalled import Journalled
from tests.drift.judging import judge
from tests.drift.truth import AS_INSTALLED, HAND, Fact, Truth

EDITED = {
    name: (knob.resource, knob.field)
    for name, knob in zip(("sysctl", "mode", "greeting"), KNOBS, strict=True)
}
SKEW, SKEWS = ("carp.vip", "advskew"), {"hasta": "0", "hastb": "100"}
LOOK_S = 300.0


class Here(Site):
    """A node as `converge drift` on it finds it."""

    at: Place

    @property
    def place(self) -> Place:
        return self.at


@dataclass(slots=True)
class Living(Drive):
    """The proving ground, which keeps the truth at every turn."""

    truth: Truth = field(default_factory=lambda: Truth(lambda node, fact: ""))
    wish: str = "follows"

    def shift(self, world: World, deed: Deed) -> None:
        Drive.shift(self, world, deed)
        self.note(deed)

    def note(self, deed: Deed = FAULT, wish: str = "follows") -> None:
        def doing(node: str, resource: str) -> tuple[str, str]:
            actor = self.actors[node]
            assert isinstance(actor, Journalled)
            action = actor.open.get(f"{node}/{resource}", "")
            if deed.by == "fault" or not (action or (deed.by, deed.node) == ("actor", node)):
                return "", ""
            return actor.run_id, action

        self.truth.note(self.world, HAND, doing, wish)


@dataclass
class Day:
    """`told`: how often whom; `over`: the ended differences that were reported, each once."""

    folder: Path
    luck: random.Random
    stories: list[str] = field(default_factory=list)
    told: Counter[str] = field(default_factory=Counter)
    over: dict[str, dict[str, Any]] = field(default_factory=dict)
    looks: dict[str, list[float]] = field(default_factory=lambda: {node: [] for node in NODES})
    files: dict[str, Desired] = field(default_factory=dict)
    wishes: dict[str, dict[Fact, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for node in NODES:
            self.write(node)
        graph = graph_of(self.files["hasta"])
        world = served(fresh(blueprint(self.files["hasta"], graph)), graph)
        self.actors = {node: Journalled(graph, self.folder / node) for node in NODES}
        self.drive = Living(
            world, self.actors, (), shared_address(graph), rows_every_s=600.0, installed=True,
            truth=Truth(lambda node, fact: self.wishes[node].get(fact, "present")),
        )  # fmt: skip
        self.drive.warm_up(150.0)
        for node in NODES:
            self.look(node)

    @property
    def world(self) -> World:
        return self.drive.world

    def write(self, node: str, **values: str) -> None:
        """The desired file of a node, from now on: with those values, and the others as before."""
        wished = self.wishes.setdefault(node, {**AS_INSTALLED, SKEW: SKEWS[node]})
        wished |= {fact: values[name] for name, fact in EDITED.items() if name in values}
        sysctl, mode, greeting = (wished[fact] for fact in EDITED.values())
        changes: dict[str, Any] = {
            "sysctl": {OID: {"value": int(sysctl)}}, "file": {MOTD: {"mode": mode}},
            "setting": {"hast_greeting": {"value": greeting}},
        }  # fmt: skip
        text = (ROOT / "desired" / "operated-pair.toml").read_text() + DECLARED
        self.files[node] = desired_of(overridden(text, changes), "converge.toml")

    def edit(self, node: str, **values: str) -> None:
        """Somebody edits the file of a running node."""
        self.say(node, f"edits the desired file: {values}")
        self.write(node, **values)
        self.actors[node].graph = graph_of(self.files[node])
        self.drive.note(wish="desired_file")

    def say(self, node: str, what: str) -> None:
        self.stories.append(f"{syslog.clock(self.world.now):%H:%M:%S.%f} {node}: {what}")

    def go(self, span_s: float) -> None:
        """Time passes; what happened is kept in the story, and not twice."""
        self.drive.go(self.drive.now_s + span_s)
        for entry in self.drive.timeline:
            at = syslog.clock(self.drive.start + entry.at)
            self.stories.append(f"{at:%H:%M:%S.%f} {entry.node}: {entry.what}")
        self.drive.timeline.clear()
        self.drive.marks.clear()

    def look(self, node: str) -> None:
        """`converge drift` on a node, held against the truth."""
        world = self.world
        if not sights.up(world.machine(node)):
            return
        self.looks[node].append(world.now)
        actor = self.actors[node]
        actor.remember(self.drive.states[node], world.machine(node).booted)
        (peer,) = set(NODES) - {node}
        lab = Still(world)
        doors = Doors(LabClock(lab), hosts={node: LabHost(lab, node)})
        doors.readers[peer] = LabReader(lab, peer, via=node)
        here = Here(self.files[node], actor.graph, doors, "")
        here.at = actor.place
        form = json.loads(drift_json(looked(here)))
        self.say(node, f"drift: {len(form['rows'])} rows, {len(form['lacks'])} lacks")
        judge(self, node, form)


def new_day(folder: Path, seed: int) -> Day:
    return Day(folder, random.Random(seed))
