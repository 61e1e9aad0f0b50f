"""A day on a simulated pair: people meddle, power goes, cron's runs repair; and who did what.

The truth is kept here, in the words of the machines: nothing of converge is asked for it.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from converge.cli.ground.labfile import close_labs, open_lab
from converge.engine.desired.written import overridden
from converge.lab.ufs import read_file
from converge.lab.world import World
from tests.cli.commands import NODES, Pair, new_pair

OID = "net.inet.carp.log"
MOTD = "/etc/motd.local"
RC = "/etc/rc.conf"
DECLARED = f"""
[sysctl."{OID}"]
value = 2
persistent = false

[file."{MOTD}"]
content = "as desired\\n"
mode = "0644"

[setting.hast_greeting]
file = "{RC}"
value = "as desired"
"""
HAND = "somebody_else"


@dataclass(frozen=True)
class Knob:
    """Something that can be changed by hand: how, what is desired, and how the world shows it."""

    resource: str
    field: str
    desired: str
    values: tuple[str, ...]
    line: Callable[[str], str]
    seen: Callable[[World, str], str]


def _text(world: World, node: str, path: str) -> str:
    file = read_file(world, node, path)
    return file.text if file else ""


def _setting(world: World, node: str) -> str:
    lines = [one for one in _text(world, node, RC).splitlines() if "hast_greeting=" in one]
    return lines[-1].partition("=")[2].strip('"') if lines else "absent"


def _mode(world: World, node: str) -> str:
    file = read_file(world, node, MOTD)
    return f"0{file.mode}" if file else "absent"


KNOBS = (
    Knob(
        f"sysctl.{OID}", "value", "2", ("0", "3"),
        lambda value: f"sysctl {OID}={value}",
        lambda world, node: world.machine(node).sysctls.get(OID, "1"),
    ),
    Knob(
        f"file.{MOTD}", "mode", "0644", ("0600", "0640"),
        lambda value: f"chmod {value} {MOTD}", _mode,
    ),
    Knob(
        "setting.hast_greeting", "value", "as desired", ("hello", "moin"),
        lambda value: f"sysrc hast_greeting='{value}'", _setting,
    ),
)  # fmt: skip


@dataclass
class Deed:
    """The last change of a knob: its value, whose, and between which two moments."""

    value: str
    who: str
    after: datetime
    before: datetime
    wrong: tuple[datetime, datetime] | None = None
    """Since when it is not as desired."""


@dataclass
class Day:
    """One day. `deeds` is the truth: by node and knob, who gave it the value that it has."""

    pair: Pair
    luck: random.Random
    deeds: dict[tuple[str, str], Deed] = field(default_factory=dict)
    before: dict[tuple[str, str], list[Deed]] = field(default_factory=dict)
    stories: list[str] = field(default_factory=list)
    reports: int = 0
    offs: dict[str, list[tuple[datetime, datetime]]] = field(
        default_factory=lambda: {node: [] for node in NODES}
    )
    """When the peer of a node went down since that node looked last and found it."""
    looked: dict[tuple[str, str], Deed] = field(default_factory=dict)
    """The deed behind what the last look at a knob found."""
    booting: bool = False
    told: Counter[str] = field(default_factory=Counter)
    """Whose doing rows and what is over were said to be."""

    @property
    def world(self) -> World:
        close_labs()
        return open_lab(str(self.pair.state)).lab.world

    @property
    def now(self) -> datetime:
        close_labs()
        return open_lab(str(self.pair.state)).clock.wall()

    def settle(self) -> None:
        self.pair.settle()
        self.pair.learn()
        self.watch("the beginning", lambda: None, "converge")

    def up(self, node: str) -> bool:
        machine = self.world.machine(node)
        return machine.powered and not machine.booting and not machine.halting

    def watch(self, said: str, act: Callable[[], Any], who: str) -> None:
        """Do it, and note for every knob that it turned who it was and when."""
        before = self.now
        act()
        after, world = self.now, self.world
        self.stories.append(f"{before:%H:%M:%S} {said}")
        for node in NODES:
            if not world.machine(node).powered:
                continue
            for knob in KNOBS:
                value, old = knob.seen(world, node), self.deeds.get((node, knob.resource))
                if old and old.value == value:
                    continue
                wrong = (before, after) if value != knob.desired else None
                if wrong and old and old.wrong:
                    wrong = old.wrong
                deed = Deed(value, who, before, after, wrong)
                self.deeds[node, knob.resource] = deed
                self.before.setdefault((node, knob.resource), []).append(deed)

    def meddle(self) -> None:
        node, knob = self.luck.choice(NODES), self.luck.choice(KNOBS)
        value = self.luck.choice((*knob.values, knob.desired))
        if self.up(node) and not self.world.machine(node).hangs:
            line = knob.line(value)
            self.watch(f"{node}: {line}", lambda: self.pair.on(node, line), HAND)

    def run(self) -> None:
        node = self.luck.choice(NODES)
        if self.up(node):
            words = ("apply", "--trigger", "cron")
            self.watch(f"cron on {node}", lambda: self.pair(*words, nodes=(node,)), "converge")

    def run_with_an_old_file(self) -> None:
        """Somebody applies a copy of the file in which a value is another one."""
        node, old = self.luck.choice(NODES), self.pair.config.with_name("old.toml")
        if not self.up(node):
            return
        changes = {"sysctl": {OID: {"value": self.luck.choice((0, 3))}}}
        old.write_text(overridden(self.pair.config.read_text(), changes))
        other = Pair(old, self.pair.state)
        words = ("apply", "--trigger", "cron")
        self.watch(f"an old file on {node}", lambda: other(*words, nodes=(node,)), "converge")

    def power(self) -> None:
        node = self.luck.choice(NODES)
        fault = "power-off" if self.up(node) else "power-on"
        if fault == "power-off" and not all(map(self.up, NODES)):
            return
        if fault == "power-on" and self.world.machine(node).powered:
            return
        before = self.now
        self.watch(f"{fault} {node}", lambda: self.pair.lab("fault", fault, node), HAND)
        if fault == "power-off":
            peer = next(other for other in NODES if other != node)
            self.offs[peer].append((before, self.now))

    def hang(self) -> None:
        node = self.luck.choice(NODES)
        if self.up(node):
            hangs = "sysctl" in self.world.machine(node).hangs
            self.pair.lab("fault", "unhang" if hangs else "hang", node, "sysctl")
            self.stories.append(f"{'unhang' if hangs else 'hang'} sysctl on {node}")

    def wait(self) -> None:
        span = self.luck.choice((5, 30, 60))
        self.watch(f"{span} s", lambda: self.pair.lab("advance", f"{span}s"), HAND)

    def look(self, node: str) -> dict[str, Any]:
        said = self.pair("drift", "--format", "json", nodes=(node,))
        assert said.code in (0, 2, 6), (said, self.stories)
        self.stories.append(f"{self.now:%H:%M:%S} drift {node}: exit {said.code}")
        self.reports += 1
        form: dict[str, Any] = json.loads(said.out)
        code = 2 if form["rows"] or form["lacks"] else 6 if form["unseen"] else 0
        assert said.code == code
        return form

    def check(self, node: str) -> None:
        """One report against the truth."""
        if not self.up(node):
            return
        self.booting = any(machine.booting for machine in self.world.machines.values())
        form, world = self.look(node), self.world
        unseen = {one["resource"] for one in form["unseen"]}
        rows = {(row["resource"], row["field"]): row for row in form["rows"]}
        for knob in KNOBS:
            if knob.resource in unseen:
                assert "sysctl" in knob.resource, (knob.resource, form["unseen"])
                assert "sysctl" in world.machine(node).hangs
                continue
            row, value = rows.pop((knob.resource, knob.field), None), knob.seen(world, node)
            story = "\n".join([*self.stories[-40:], f"{node} {knob.resource}", json.dumps(row)])
            assert (row is None) == (value == knob.desired), story
            last, key = self.deeds[node, knob.resource], (node, knob.resource)
            if row:
                assert row["observed"] == value, story
                before = self.looked.get(key, last)
                # What was turned and turned back between two looks leaves no trace.
                deed = before if before.value == value and fits(row["by"], before) else last
                self.judge(deed, row, story)
            self.looked[key] = last

        for past in form["past"]:
            self.judge_past(past)
        self.judge_peer(node, form)

    def judge_peer(self, node: str, form: dict[str, Any]) -> None:
        """The peer is missed when its power is off, and from then on; else not."""
        peer = next(other for other in NODES if other != node)
        if self.world.machine(peer).booting or self.booting:
            return
        lacks = [one for one in form["lacks"] if one["resource"] == "neighbour.lan"]
        assert bool(lacks) == (not self.up(peer)), "\n".join([*self.stories[-40:], str(form)])
        if lacks:
            self.told["peer missed"] += 1
            offs = self.offs[node]
            assert any(overlaps(lacks[0]["since"], *off) for off in offs), (lacks, self.offs)
        else:
            self.offs[node] = []

    def judge_past(self, past: dict[str, Any]) -> None:
        """There was such a value by such a hand, and it ended so."""
        row = past["row"]
        deeds = self.before.get((row["node"], row["resource"]))
        if deeds is None:
            return
        story = "\n".join([*self.stories[-60:], json.dumps(past, indent=1), *map(str, deeds)])
        began = [deed for deed in deeds if deed.value == row["observed"] and fits(row["by"], deed)]
        assert began, story
        ended = [deed for deed in deeds if deed.value != row["observed"]]
        assert any(fits(past["ended_by"], deed) for deed in ended), story
        self.told["past " + row["by"]["who"]] += 1
        self.told["ended " + past["ended_by"]["who"]] += 1

    def judge(self, deed: Deed, row: dict[str, Any], story: str) -> None:
        """Who and when: what is said must be so; where nothing is claimed a reason is given."""
        by = row["by"]
        self.told[by["who"]] += 1
        assert deed.wrong, story
        assert overlaps(row["since"], *deed.wrong), f"{deed}\n{story}"
        assert fits(by, deed), f"{deed}\n{story}"
        assert by["who"] != "unknown" or by["why"], story
        if by["who"] == "converge":
            assert by["run"], story

    def play(self, events: int) -> None:
        things = [self.meddle] * 6 + [self.run] * 4 + [self.wait] * 4
        things += [self.run_with_an_old_file, self.power, self.hang]
        for _ in range(events):
            self.luck.choice(things)()
            if self.luck.random() < 0.5:
                self.check(self.luck.choice(NODES))


def overlaps(when: dict[str, str | None], after: datetime, before: datetime) -> bool:
    """May both be right?"""
    first = when["after"] and datetime.fromisoformat(when["after"])
    last = datetime.fromisoformat(str(when["before"]))
    return (not first or first <= before) and last >= after


def fits(by: dict[str, Any], deed: Deed) -> bool:
    """Is what is said of it so? To know nothing is no lie."""
    return overlaps(by["when"], deed.after, deed.before) and by["who"] in (deed.who, "unknown")


def new_day(folder: Path, seed: int) -> Day:
    """A pair in service, with some things on it that are easily turned."""
    example = Path(__file__).parents[2] / "desired" / "seed-pair.toml"
    more = folder / "example.toml"
    more.write_text(example.read_text() + DECLARED)
    day = Day(new_pair(folder, more), random.Random(seed))
    day.settle()
    return day
