"""A pair with converge on both nodes, and everything that can be done to it, one word each."""

from __future__ import annotations

import copy
from dataclasses import replace
from functools import cache
from pathlib import Path

from converge.cli.ground.blueprint import blueprint
from converge.cli.reach.site import desired_of, graph_of
from converge.core.desired import Desired
from converge.core.ledger import Ledger, Pause
from converge.engine.desired.written import overridden
from converge.lab.fresh import fresh
from converge.lab.host import Lab, LabClock, LabReader
from converge.lab.machine.mysqld import put_row
from converge.lab.machine.syslog import clock
from converge.proving.actors.reconciler import Mind, Reconciler
from converge.proving.judge import invariants, sights
from converge.proving.judge.history import CLIENT, Broken
from converge.proving.rehearse.verdicts import _apart
from converge.proving.story.clients import shared_address
from converge.proving.story.cues import Cue
from converge.proving.story.driver import Drive
from converge.proving.story.starts import STARTS
from converge.proving.story.timeline import two_lanes
from converge.reconcile import plan

NODES = ("hasta", "hastb")
CONFIG = "desired/mysql-pair.toml"
SETTLE_S = 420.0

NETWORK = (
    "cable-out lan", "cable-out storage", "cable-out", "cable-in lan", "cable-in storage",
    "cable-in", "isolate", "isolate storage", "one-way", "heal",
)  # fmt: skip
"""What may leave two living nodes without a path: then S1 and S3 cannot be promised."""

LOCAL = (
    "hang hastctl", "hang ifconfig", "unhang", "slow service:20", "slow hastctl:8",
    "slow service:0", "slow hastctl:0", "disk-write-error", "disk-ok", "disk-full /",
    "disk-free /", "mysqld-dies", "hastd-dies", "reset",
)  # fmt: skip
FAULTS = ("power-off", "power-on", *LOCAL, *NETWORK)
MENDING = ("heal", "slow service:0", "slow hastctl:0", "disk-ok", "disk-free /")
TRIGGERS = ("devd", "devd MASTER", "devd BACKUP", "hast")
STEPS = (
    "promote hast",
    "demote hast",
    "check filesystem",
    "mount mount",
    "start mysqld",
    "stop mysqld",
)


@cache
def desired(passes_max: int = 10) -> Desired:
    text = Path(CONFIG).read_text()
    return desired_of(overridden(text, {"guard": {"passes_max": passes_max}}), CONFIG)


@cache
def actor(passes_max: int = 10) -> Reconciler:
    return Reconciler(graph_of(desired(passes_max)))


@cache
def warmed() -> Drive:
    """hasta serves; both have lived with the pair for two minutes and a half."""
    graph = graph_of(desired())
    world = STARTS["served"](fresh(blueprint(desired(), graph)), graph)
    actors = {node: actor() for node in NODES}
    drive = Drive(world, actors, vip=shared_address(graph), secrets=desired().secrets)
    drive.warm_up(150)
    return drive


class Pair:
    """One story of the pair, from the same beginning."""

    def __init__(self) -> None:
        self.drive = copied(warmed())

    def advance(self, span_s: float) -> None:
        self.drive.go(self.drive.now_s + span_s)

    def cue(self, verb: str, node: str, words: str = "", before: str = "") -> None:
        """Something is done: at once, or in the place of a step that is to come."""
        now_s = None if before else self.drive.now_s
        cue = Cue(verb, node, words, at=now_s, before=before, by_s=2.0)
        self.drive.cues = (*self.drive.cues, cue)
        if not before:
            self.drive.go(self.drive.now_s)

    def fault(self, node: str, words: str) -> None:
        """As a person would: only what can be done to a machine in its state."""
        machine = self.drive.world.machine(node)
        if (words == "power-on" and machine.powered) or (words == "reset" and not machine.powered):
            return
        if words.startswith("unhang") and not machine.hangs:
            return
        self.cue("fault", node, words)

    def edit(self, passes_max: int) -> None:
        """Both nodes get a desired file in which a harmless value is another one."""
        self.drive.actors = {node: actor(passes_max) for node in NODES}

    def hold(self, node: str, for_s: float) -> None:
        now_s = clock(self.drive.world.now).timestamp()
        self._pauses(node, (Pause("op", "a look around", now_s, now_s + for_s, (node,)),))

    def release(self, node: str) -> None:
        self._pauses(node, ())

    def _pauses(self, node: str, pauses: tuple[Pause, ...]) -> None:
        """What people hold is in the ledger's file, and a run that begins has read it."""

        def with_them(ledger: Ledger) -> Ledger:
            return replace(ledger, pauses=pauses)

        mind: Mind = self.drive.states[node]
        course = mind.course and replace(mind.course, ledger=with_them(mind.course.ledger))
        self.drive.states[node] = replace(mind, ledger=with_them(mind.ledger), course=course)

    def put(self, row: str) -> None:
        """Somebody writes through the shared address and waits for the answer."""
        drive = self.drive
        node = sights.serving(drive.world, drive.vip)
        if not node:
            return
        self.cue("lab", node, "true")  # whatever is due now comes first
        world, acknowledged = put_row(drive.world, node, row)
        drive.shift(world, CLIENT)
        if acknowledged:
            drive.history = invariants.acknowledged(drive.history, "/dev/hast/test", row)

    def mend(self) -> None:
        """No fault any more, and cron for some minutes."""
        self.drive.cues = ()
        for node in NODES:
            for words in ("power-on", "unhang", *MENDING):
                self.fault(node, words)
            self.release(node)
        self.edit(10)
        self.advance(SETTLE_S)

    @property
    def broken(self) -> list[Broken]:
        """What did not hold and is not what an open hole makes impossible."""
        opened = {
            code: at for hole, at in self.drive.holes.items() for code in invariants.HOLES[hole]
        }
        found = self.drive.broken.items()
        return [b for b, at in found if opened.get(b.code, at + 1) > at]

    @property
    def settled(self) -> str:
        """'' when somebody serves and both copies are alike, or a guard has said why not."""
        why = _apart(self.drive.world)
        if not why and sights.serving(self.drive.world, self.drive.vip):
            return ""
        since = self.drive.now_s - SETTLE_S
        said = [e for e in self.drive.timeline if e.kind == "actor" and e.at >= since]
        if any(e.code or "failed" in e.what for e in said):
            return ""
        # What was said before and has not changed is not said again.
        if any(mind.held for mind in self.drive.states.values()) or self._told:
            return ""
        if self.drive.history.forgotten:  # the residual hole of that name
            return ""
        return why or "nobody serves"

    @property
    def _told(self) -> bool:
        """Both roles are as wished and nothing can be planned, but a person is told that the
        copies were written apart, or that a disk has failed writes."""
        lab = Lab(self.drive.world)
        readers = {node: LabReader(lab, node) for node in NODES}
        this = plan(graph_of(desired()), readers, LabClock(lab))
        said = this.plan.concerns.values()
        return any("split-brain" in why or "not to be trusted" in why for why in said)

    @property
    def text(self) -> str:
        return two_lanes(self.drive.timeline, NODES)


def copied(drive: Drive) -> Drive:
    """The same moment again; worlds and minds are values, the rest is copied."""
    new = copy.copy(drive)
    new.timeline, new.marks = [*drive.timeline], [*drive.marks]
    new.broken, new.holes, new.states = {**drive.broken}, {**drive.holes}, {**drive.states}
    new._open, new._late, new._cron = {*drive._open}, [*drive._late], {**drive._cron}
    new._clients = replace(drive._clients)
    new._clients._waiting = [*drive._clients._waiting]
    new._clients._count = drive._clients._count
    return new
