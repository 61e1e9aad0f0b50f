"""The pair and its actors through time: always the earliest of what is due, and nothing by luck.

Due can be the lab's timers, cues of a scenario, late triggers, cron, clients and the actors' own
next steps. The same beginning gives the same story, byte for byte.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from converge.core.secret import Secret, masked
from converge.lab import machine as lab
from converge.lab.triggers import woken
from converge.lab.world import World
from converge.proving.actors.actor import Actor, Step
from converge.proving.judge import invariants, sights
from converge.proving.judge.history import CLIENT, FAULT, TIME, Broken, Deed, History
from converge.proving.story import cues, installed
from converge.proving.story.clients import Clients
from converge.proving.story.cues import Cue
from converge.proving.story.seen import Entry, Seen, changes

EVENTS_MAX, AT_ONCE_MAX = 200_000, 2_000
"""More steps of actors at one instant mean that one of them turns in circles."""

CRON_S = 60.0


class Due(NamedTuple):
    """Something that will happen next; ties in this order."""

    at: float
    rank: int
    name: str
    act: Callable[[], None]


@dataclass(slots=True)
class Drive:
    """A world, one actor per node, and what will be done to them."""

    world: World
    actors: Mapping[str, Actor]
    cues: Sequence[Cue] = ()
    vip: str = ""
    rows_every_s: float = 5.0
    cron_s: float = CRON_S
    quiet_from: float | None = None
    """Seconds after the start from which on nothing may be sent (S9)."""
    secrets: Sequence[Secret] = ()
    installed: bool = False
    """Triggers come only from what is installed on the machines; else from all that happens."""
    history: History = field(default_factory=History)
    timeline: list[Entry] = field(default_factory=list)
    marks: list[tuple[float, Seen]] = field(default_factory=list)
    broken: dict[Broken, float] = field(default_factory=dict)
    holes: dict[str, float] = field(default_factory=dict)
    """Residual holes and when they opened first."""
    start: float = field(init=False)
    states: dict[str, Any] = field(init=False)
    _open: set[tuple[str, str]] = field(default_factory=set)
    """Invariants that were broken a moment ago: told once as long as they stay so."""
    _strays: tuple[Cue, ...] = ()
    _late: list[tuple[float, str, str]] = field(default_factory=list)
    _cron: dict[str, float] = field(default_factory=dict)
    _clients: Clients = field(init=False)

    def __post_init__(self) -> None:
        self.start = self.world.now
        self.states = {node: actor.fresh(node) for node, actor in sorted(self.actors.items())}
        self._clients = Clients(self.vip, self.rows_every_s, self.start + self.rows_every_s)
        for n, node in enumerate(self.states if self.cron_s else ()):
            self._cron[node] = installed.first_cron(self.world, n, as_installed=self.installed)

    @property
    def now_s(self) -> float:
        """Seconds since the start."""
        return round(self.world.now - self.start, 6)

    def warm_up(self, span_s: float) -> None:
        """Let the actors live with the pair before the story: what they learn is theirs, but the
        story begins only then. What is broken by then stays told."""
        waiting, self.cues = self.cues, ()
        self.go(span_s)
        self.cues, self.start = waiting, self.world.now
        self.timeline = [e._replace(at=0.0) for e in self.timeline if e.kind == "broken"]
        self.marks.clear()

    def go(self, until_s: float) -> None:
        """Let everything happen that is due until so many seconds after the start."""
        self._judge(self.world)
        at_once, last = 0, -1.0
        for _ in range(EVENTS_MAX):
            due = min(self._dues(), key=lambda one: one[:3], default=None)
            if due is None or due.at > self.start + until_s:
                break
            at_once = at_once + 1 if due.at <= last else 0
            last = max(last, due.at)
            if at_once > AT_ONCE_MAX:
                raise RuntimeError(f"turning in circles at {last}: {due.name}")
            if self.world.now < due.at or not due.rank:
                self.shift(lab.advance(self.world, due.at), TIME)
            due.act()
        self.shift(lab.advance(self.world, max(self.world.now, self.start + until_s)), TIME)

    def _dues(self) -> list[Due]:
        found = []
        if self.world.timers:
            found.append(Due(self.world.timers[0].at, 0, "timer", lambda: None))
        for n, cue in enumerate(c for c in self.cues if c.at is not None):
            at = self.start + (cue.at or 0.0)
            found.append(Due(at, 1, f"{n:04}", lambda cue=cue: self._play(cue)))  # type: ignore[misc]
        for late in self._late[:1]:
            found.append(Due(late[0], 2, "late", self._deliver_late))
        for node, at in self._cron.items():
            found.append(Due(at, 3, node, lambda node=node: self._run_cron(node)))  # type: ignore[misc]
        if (at_row := self._clients.due) is not None:
            found.append(Due(at_row, 4, "clients", self._serve_clients))
        for node, actor in self.actors.items():
            due = actor.due(self.states[node], node)
            if due is not None and sights.awake(self.world.machine(node)):
                due = max(due, self.world.now)
                found.append(Due(due, 5, node, lambda node=node: self._step(node)))  # type: ignore[misc]
        return found

    def _run_cron(self, node: str) -> None:
        ours = not self.installed or installed.cron(self.world, node)
        self._cron[node] += installed.MINUTE_S if self.installed else self.cron_s
        if ours and sights.up(self.world.machine(node)):
            self._wake(node, "cron")

    def _deliver_late(self) -> None:
        self._wake(*self._late.pop(0)[1:])

    def _wake(self, node: str, trigger: str) -> None:
        if node not in self.actors or not sights.hears(self.world.machine(node), trigger):
            return
        actor, now = self.actors[node], self.world.now
        self.states[node] = actor.wake(self.states[node], node, trigger, now)
        if trigger != "cron":
            self._tell(node, f"<- {trigger}", kind="trigger")

    def _serve_clients(self) -> None:
        world, told = self._clients.turn(self.world)
        for device, row in told:
            self.history = invariants.acknowledged(self.history, device, row)
        self.shift(world, CLIENT)

    def _step(self, node: str) -> None:
        """One step of an actor; a cue that waits for it comes in its place."""
        step = self.actors[node].step(self.world, self.states[node], node)
        step = replace(step, said=step.said.removeprefix(f"{node}: "))
        line = f"{node} {step.said}"
        if first := next((c for c in self.cues if c.before and c.before in line), None):
            self._play(first)
            return
        self.states[node], before = step.state, self.world
        kept, self.cues = self.cues, ()  # those at its own line come when it is done
        self._said(node, step)
        self.cues = kept
        world = installed.held_up(step.world, node, self.actors[node].due(step.state, node))
        self.shift(world, Deed("actor", node, step.sent, step.ends, step.run, step.took))
        self._meet(line)
        if self.quiet_from is not None and self.now_s >= self.quiet_from:
            for effect in invariants.needless(step.sent, before, step.world):
                said = f"{effect} was sent although nothing differed"
                self._report(Broken("S9", node, said))

    def _said(self, node: str, step: Step) -> None:
        own = [e for e in self.timeline if (e.node, e.kind) == (node, "actor")][-1:]
        if step.said and not (own and own[0][2:5] == (step.said, step.why, step.code)):
            self._tell(node, step.said, step.why, step.code, kind="actor")

    def _play(self, cue: Cue) -> None:
        """A cue's time has come; each comes once."""
        self.cues = tuple(c for c in self.cues if c is not cue)
        self._tell(cue.node, f"! {cue}", kind="cue")
        if cue.verb in cues.STRAY:
            self._strays = (*self._strays, cue)
        elif cue.trigger:
            self._wake(cue.node, cue.trigger)
        elif cue.verb == "kill":
            self._kill(cue.node)
        else:
            self.shift(cues.changed(self.world, cue), FAULT)

    def _kill(self, node: str) -> None:
        if node in self.actors:
            self.states[node] = self.actors[node].killed(self.states[node], node)

    def shift(self, world: World, deed: Deed) -> None:
        """The world is another one now: tell, judge, wake."""
        before, self.world = self.world, world
        if world is before and not deed.sent and deed.took is None:
            return
        self.history = invariants.noted(self.history, before, world, deed)
        for seen in changes(before, world, self.vip):
            self.marks.append((self.now_s, seen))
            self._tell(seen.node, seen.text)
        for node in self.states:
            was, machine = before.machine(node), world.machine(node)
            if sights.went_down(was, machine):
                self._kill(node)
                self._late = [late for late in self._late if late[1] != node]
        self._judge(world)
        for at, node, trigger in (installed.woken if self.installed else woken)(before, world):
            self._deliver(max(at, before.now), node, trigger)

    def _deliver(self, at: float, node: str, trigger: str) -> None:
        lates, self._strays, met = cues.delivered(trigger, node, self._strays)
        if met is not None:
            self._tell(node, f"! {met}", kind="cue")
        for late_s in lates:
            if late_s:
                self._late = sorted([*self._late, (at + late_s, node, trigger)])
            else:
                self._wake(node, trigger)

    def _judge(self, world: World) -> None:
        for hole in invariants.holes(world, self.history):
            self.holes.setdefault(hole, self.now_s)
        found = invariants.broken(world, self.history)
        for new in [b for b in found if (b.code, b.node) not in self._open]:
            self._report(new)
        self._open = {(broken.code, broken.node) for broken in found}

    def _report(self, broken: Broken) -> None:
        self.broken.setdefault(broken, self.now_s)
        self._tell(broken.node.split()[0], broken.sentence, code=broken.code, kind="broken")

    def _tell(
        self, node: str, what: str, why: str = "", code: str = "", kind: str = "world"
    ) -> None:
        """A line, and what was to happen at such a line. A secret in it is masked, and S8 unless
        the scenario itself has typed it."""
        if invariants.leaks(f"{what} {why}", self.secrets):
            what, why = masked(what, self.secrets), masked(why, self.secrets)
            if kind == "actor":
                self._report(Broken("S8", node, "a line for the timeline shows a secret"))
        self.timeline.append(Entry(self.now_s, node, what, why, code, kind))
        if kind != "cue":
            self._meet(f"{node} {what}")

    def _meet(self, line: str) -> None:
        while cue := next((c for c in self.cues if c.when and c.when in line), None):
            self._play(cue)
