"""Toy kinds and a toy world: the engine must work without one FreeBSD word.

A toy node is a dict of lamps, boxes and switches. The toy host speaks a tiny command language:
`get KEY`, `set KEY VALUE`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from converge.core.guard import Guard
from converge.core.host import Answer, Command, Effect, Query, Run, Ticket, Wait
from converge.core.ids import Ref, ResourceId
from converge.core.pair import Node, Pair
from converge.core.plan import Action, Change, Rung
from converge.core.resource import Around, Implied, Look, Resource, View
from converge.core.state import Absent, Present, State, Unknown, Wish


class ToyClock:
    """Time that moves only when somebody waits."""

    def __init__(self) -> None:
        self.now = 0.0

    def wall(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=self.now)

    def elapsed(self) -> float:
        return self.now

    def sleep(self, span_s: float) -> None:
        self.now += span_s


@dataclass
class ToyNode:
    """A node's truth, what was done to it, and how it misbehaves.

    `lies`: keys that a set answers with 0 and does not change; `refuses`: with 1. `stuck`: so many
    more sets of a key change nothing. `late`: seconds
    until a set shows. `dies_after`: the host raises after so many effects (a killed run).
    """

    clock: ToyClock
    truth: dict[str, str] = field(default_factory=dict)
    sent: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    batches: int = 0
    lies: set[str] = field(default_factory=set)
    refuses: set[str] = field(default_factory=set)
    stuck: dict[str, int] = field(default_factory=dict)
    silent: set[str] = field(default_factory=set)
    late: dict[str, float] = field(default_factory=dict)
    took: dict[str, float] = field(default_factory=dict)
    dies_after: int = 10**9
    log: list[str] | None = None
    name: str = "a"
    hostname: str = ""
    _coming: list[tuple[float, str, str]] = field(default_factory=list)
    _ends: dict[Ticket, float] = field(default_factory=dict)

    def ask(self, queries: Sequence[Query]) -> list[Answer]:
        self._arrive()
        self.batches += 1
        return [self._answer(q) for q in queries]

    def _answer(self, query: Query) -> Answer:
        assert isinstance(query, Run)
        if query.argv == ("hostname",):
            silent = "hostname" in self.silent
            return Answer(lost="no answer within 10 s") if silent else Answer(0, self.hostname)
        self.asked.append(str(query))
        key = query.argv[1]
        if key in self.silent:
            return Answer(lost="no answer within 10 s")
        return Answer(0, self.truth[key]) if key in self.truth else Answer(1)

    def _arrive(self) -> None:
        for coming in [c for c in self._coming if c[0] <= self.clock.now]:
            self._coming.remove(coming)
            self._put(coming[1], coming[2])

    def _put(self, key: str, value: str) -> None:
        if value == "-":
            self.truth.pop(key, None)
        else:
            self.truth[key] = value

    def begin(self, effect: Effect) -> Ticket:
        if len(self.sent) >= self.dies_after:
            raise KilledError
        ticket = Ticket(len(self.sent))
        self.sent.append(str(effect))
        if self.log is not None:
            self.log.append(f"{self.name}: {effect}")
        self._ends[ticket] = self.clock.now
        if isinstance(effect, Wait):
            return ticket
        assert isinstance(effect, Command)
        _, key, value = (str(word) for word in effect.argv)
        self._ends[ticket] += self.took.get(key, 0.0)
        if self.stuck.get(key, 0) > 0:
            self.stuck[key] -= 1
        elif key not in self.lies | self.refuses:
            self._coming.append((self._ends[ticket] + self.late.get(key, 0.0), key, value))
        return ticket

    def wait(self, tickets: Collection[Ticket], until_s: float) -> dict[Ticket, Answer]:
        first = min(self._ends[t] for t in tickets)
        self.clock.now = max(self.clock.now, min(first, until_s))
        self._arrive()
        return {t: self._code(t) for t in tickets if self._ends[t] <= self.clock.now}

    def _code(self, ticket: Ticket) -> Answer:
        refused = any(f" {key} " in self.sent[ticket] for key in self.refuses)
        return Answer(1, stderr="toy: refused\n") if refused else Answer(0)


class KilledError(Exception):
    """The run was killed here."""


@dataclass(frozen=True)
class ToyState(State):
    """`value` is compared, `age` is evidence."""

    value: str = "on"
    age: str = field(default="", compare=False)

    @property
    def active(self) -> bool:
        return self.value != "off"


class Lamp(Resource[ToyState]):
    """A thing with a value; a change of value takes it down and up."""

    kind: ClassVar[str] = "lamp"

    value: str = "on"
    on: Ref | None = None
    restart: bool = False
    wanted: bool = True
    before: str = ""
    pause_s: float = 0.0
    settle_s: float = 3.0

    @property
    def key(self) -> str:
        return str(self.id.ref)

    def precedes(self) -> Iterable[Ref]:
        return (Ref(self.before),) if self.before else ()

    def want(self, view: View) -> Wish[ToyState]:
        return Present(ToyState(self.value)) if self.wanted else Absent()

    def look(self, around: Around) -> Look[ToyState]:
        answer = yield Run(("get", self.key))
        return Present(ToyState(answer.stdout)) if answer.code == 0 else Absent()

    def actions(self, change: Change) -> tuple[Action, ...]:
        to = Command(("set", self.key, self.value))
        off = self.down("stop", "it is not wished", Command(("set", self.key, "-")), self.settle_s)
        if isinstance(change.wish, Absent):
            return (off,)
        start = self.up("start", f"it should be {self.value}", to, self.settle_s)
        start = replace(start, pause_s=self.pause_s)
        if isinstance(change.observed, Absent):
            return (start,)
        if self.restart:
            return (replace(off, goal=Absent(), returns=True), start)
        return (self.up("change", f"it should be {self.value}", to, self.settle_s),)


class Switch(Lamp):
    """Follows a lamp of its node: on where the lamp is active, else off."""

    kind: ClassVar[str] = "switch"

    follow: Ref

    def follows(self) -> Iterable[Ref]:
        return (self.follow,)

    def want(self, view: View) -> Wish[ToyState]:
        match view.observed(self.follow):
            case Present(state):
                return Present(ToyState("on" if state.active else "off"))
            case Unknown(why):
                return Unknown(why, self.id.near(self.follow))
            case _:
                return Unknown("nothing to follow yet", self.id.near(self.follow))

    def actions(self, change: Change) -> tuple[Action, ...]:
        assert isinstance(change.wish, Present)
        value = change.wish.state.value
        to = Command(("set", self.key, value))
        if value == "on":
            return (self.up("promote", "it leads", to, self.settle_s),)
        return (self.down("demote", "it leads no more", to, self.settle_s),)


class Box(Lamp):
    """Stands on a switch: wished only where that is wished on. Implies a lid."""

    kind: ClassVar[str] = "box"

    switch: Ref

    def want(self, view: View) -> Wish[ToyState]:
        wish = view.wished(self.switch)
        return Present(ToyState(self.value)) if wish == Present(ToyState("on")) else Absent()

    def implied(self, around: Around) -> Iterable[Implied]:
        yield Implied("lamp", f"lid-{self.id.name}", {"needs": (self.id.ref,)})


class Steps(Lamp):
    """Goes up in two steps, like a mount point that is made and then sealed."""

    kind: ClassVar[str] = "steps"

    def actions(self, change: Change) -> tuple[Action, ...]:
        first = Command(("set", f"{self.key}-base", "there"))
        last = Command(("set", self.key, self.value))
        return (self.up("make", "first", first), self.up("finish", "last", last, self.settle_s))


class Blind(Lamp):
    """Nothing can be done about it: it follows."""

    kind: ClassVar[str] = "blind"

    def actions(self, change: Change) -> tuple[Action, ...]:
        return ()


class Stubborn(Lamp):
    """Its stop may fail; then it is pushed, and then torn out."""

    kind: ClassVar[str] = "stubborn"

    def actions(self, change: Change) -> tuple[Action, ...]:
        acts = super().actions(change)
        rungs = tuple(
            Rung(why, Command(("set", key, "-")), self.settle_s)
            for why, key in (("push", f"{self.key}-push"), ("tear", self.key))
        )
        return tuple(replace(act, rungs=rungs) if act.verb == "stop" else act for act in acts)


KINDS: dict[str, type[Resource[Any]]] = {
    k.kind: k for k in (Lamp, Switch, Box, Steps, Blind, Stubborn)
}

PAIR = Pair("toys", {n: Node(n, n, "192.0.2.1", "192.0.2.1") for n in ("a", "b")})


def declared(node: str, **tables: Mapping[str, object]) -> dict[ResourceId, Resource[Any]]:
    """`declared("a", lamp_x={...})` is the resource a/lamp.x."""
    found: dict[ResourceId, Resource[Any]] = {}
    for word, table in tables.items():
        kind, _, name = word.partition("_")
        id = ResourceId(node, kind, name)
        refs = {k: Ref(v) if k in ("on", "follow", "switch") else v for k, v in table.items()}
        if "needs" in refs:
            refs["needs"] = tuple(Ref(str(r)) for r in table["needs"])  # type: ignore[attr-defined]
        found[id] = KINDS[kind](id=id, **refs)
    return found


def guarded(guard: Guard) -> dict[str, type[Resource[Any]]]:
    """The toy kinds with a guard on every lamp."""

    class GuardedLamp(Lamp):
        guards: ClassVar[tuple[Guard, ...]] = (guard,)

    return {**KINDS, "lamp": GuardedLamp}
