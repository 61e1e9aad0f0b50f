"""One moment of an exploration, and every way in which it can go on. Pure: a scene is a value."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from converge.lab import machine as lab
from converge.lab.faults import FAULTS
from converge.lab.machine.mysqld import put_row
from converge.lab.rows import rows_on_disk
from converge.lab.triggers import woken
from converge.lab.world import World
from converge.proving.actors.actor import Actor, Step
from converge.proving.judge import invariants, sights
from converge.proving.judge.history import CLIENT, FAULT, TIME, Deed, History
from converge.proving.prove.ills import ILLS, OWN, USUAL, Ill, placed

LATE_S = 1.0
"""A step may come so much later than it could: the other node's may come first. Whoever is held
up for longer is slow, and slow is a fault."""

CRON_S = 60.0


@dataclass(frozen=True, slots=True)
class Scene:
    """The world, both actors, what must be remembered, how many faults may still come,
    and how many steps may still be late.

    `ills`: what is broken now and can be mended, "hasta cable-out". `holes`: residual holes that
    have been open. `crons`: how often cron came since anything else happened.
    """

    world: World
    states: Mapping[str, Any]
    history: History = field(default_factory=History)
    left: int = 0
    delays: int = 0
    ills: frozenset[str] = frozenset()
    holes: frozenset[str] = frozenset()
    crons: int = 0
    said: Step | None = None


Move = tuple[str, Callable[[], Scene]]
"""A label that names it among the moves of a scene, and what comes of it."""


class Ground:
    """What does not change while it is explored: who acts, where clients look, what may fail."""

    def __init__(
        self, actors: Mapping[str, Actor], vip: str, devices: Sequence[tuple[str, str, str]],
        ills: Sequence[str] = USUAL,
    ) -> None:  # fmt: skip
        self.actors = dict(sorted(actors.items()))
        self.vip = vip
        self.devices = devices
        """(HAST device, local disk, data directory on it) of each database."""
        places = (placed(words) for words in ills if words not in OWN)
        self.ills = tuple((node, ILLS[name]) for node, name in places)
        self._own = frozenset(ills) & frozenset(OWN)

    def due(self, scene: Scene, node: str) -> float | None:
        if not sights.awake(scene.world.machine(node)):
            return None
        return self.actors[node].due(scene.states[node], node)

    def moves(self, scene: Scene) -> Iterator[Move]:
        """Everything that can happen next, in a fixed order."""
        now = scene.world.now
        dues = {n: d for n in self.actors if (d := self.due(scene, n)) is not None}
        ready = sorted((due, n) for n, due in dues.items() if due <= now)
        late = replace(scene, delays=scene.delays - 1) if ready else scene
        for turn, (_, node) in enumerate(ready):
            here = late if turn else scene
            if here.delays >= 0:
                yield f"step {node}", lambda node=node, here=here: self._step(here, node)  # type: ignore[misc]
        timers = [t.at for t in scene.world.timers[:1]]
        at = min([*timers, *(d for d in dues.values() if d > now)], default=None)
        patient = not ready or (late.delays >= 0 and at is not None and at - ready[0][0] <= LATE_S)
        if at is not None and patient:
            yield "time", lambda: self._time(late, at)
        if not dues:
            yield from self._rest(scene)
        if scene.left:
            yield from self._faults(scene)

    def _rest(self, scene: Scene) -> Iterator[Move]:
        """Nobody acts: cron comes, or what is broken is mended."""
        yield "cron", lambda: self._cron(scene)
        for ill in sorted(scene.ills):
            yield f"mend {ill}", lambda ill=ill: self._mend(scene, ill)  # type: ignore[misc]

    def _faults(self, scene: Scene) -> Iterator[Move]:
        ills = self._seen_in_time(scene)
        for node in self.actors:
            for where, ill in ills:
                if where in ("", node) and self._possible(scene, node, ill):
                    label = f"fault {node} {ill.fault}"
                    yield label, lambda node=node, ill=ill: self._fall(scene, node, ill)  # type: ignore[misc]
            if "kill" in self._own and self.due(scene, node) is not None:
                yield f"kill {node}", lambda node=node: self._kill(scene, node)  # type: ignore[misc]
        strays = self._own - {"kill"}
        at = _next_trigger(scene.world) if strays else None
        if at is not None and "lose" in strays:
            yield "lose", lambda: self._time(spent(scene), at, deaf=True)
        if at is not None and "double" in strays:
            yield "double", lambda: self._time(spent(scene), at, twice=True)

    def _possible(self, scene: Scene, node: str, ill: Ill) -> bool:
        known = f"{node} {ill.fault}" in scene.ills
        return not known and sights.awake(scene.world.machine(node))

    def _seen_in_time(self, scene: Scene) -> tuple[tuple[str, Ill], ...]:
        """The faults that may come now: all, or those that no look needs to see."""
        hasty = tuple((where, ill) for where, ill in self.ills if not ill.aside)
        if hasty == self.ills or any(self._acts_on_a_look(scene, node) for node in self.actors):
            return hasty
        return self.ills

    def _acts_on_a_look(self, scene: Scene, node: str) -> bool:
        """It has looked, and will begin something upon that with its next step."""
        state, due = scene.states[node], self.due(scene, node)
        if due is None or getattr(state, "seen", None) is None:
            return False
        world = lab.advance(scene.world, max(due, scene.world.now))
        return bool(self.actors[node].step(world, state, node).sent)

    def _fall(self, scene: Scene, node: str, ill: Ill) -> Scene:
        world = FAULTS[ill.fault].act(scene.world, node, ill.word)
        ills = scene.ills | {f"{node} {ill.fault}"} if ill.mend else scene.ills
        return self.shifted(replace(spent(scene), ills=ills), world, FAULT)

    def _mend(self, scene: Scene, name: str) -> Scene:
        node, _, fault = name.partition(" ")
        ill = ILLS[fault]
        word = {"hang": ill.word, "disk-full": ill.word, "slow": "service:0"}.get(fault, "")
        world = FAULTS[ill.mend].act(scene.world, node, word)
        ills = scene.ills - {name}
        return self.shifted(replace(scene, ills=ills, crons=0), world, FAULT)

    def _kill(self, scene: Scene, node: str) -> Scene:
        dead = self.actors[node].killed(scene.states[node], node)
        return replace(spent(scene), states={**scene.states, node: dead})

    def _step(self, scene: Scene, node: str) -> Scene:
        step = self.actors[node].step(scene.world, scene.states[node], node)
        crons = 0 if step.sent else scene.crons
        next_ = replace(scene, states={**scene.states, node: step.state}, crons=crons, said=step)
        deed = Deed("actor", node, step.sent, step.ends, step.run, step.took)
        return self.shifted(next_, step.world, deed)

    def _time(self, scene: Scene, at: float, *, deaf: bool = False, twice: bool = False) -> Scene:
        world = lab.advance(scene.world, at)
        return self.shifted(scene, world, TIME, deaf=deaf, twice=twice)

    def _cron(self, scene: Scene) -> Scene:
        """The rest until cron; if somebody is woken earlier, it ends there. A machine that takes
        minutes to boot is waited for: it is not at rest."""
        at = scene.world.now + CRON_S
        while scene.world.timers and (scene.world.timers[0].at < at or _boots(scene.world)):
            scene = self._time(scene, scene.world.timers[0].at)
            if any(self.due(scene, node) is not None for node in self.actors):
                return scene
        after = self._time(replace(scene, crons=scene.crons + 1), max(at, scene.world.now))
        return self.woken(after, [(n, "cron") for n in self.actors])

    def shifted(
        self, scene: Scene, world: World, deed: Deed, *, deaf: bool = False, twice: bool = False
    ) -> Scene:
        """The same with another world: who went down forgets, who is told wakes, clients write."""
        before = scene.world
        states = dict(scene.states)
        for node, actor in self.actors.items():
            was, now = before.machine(node), world.machine(node)
            if sights.went_down(was, now):
                states[node] = actor.killed(states[node], node)
        history = invariants.noted(scene.history, before, world, deed)
        world, history = self._written(world, history)
        holes = scene.holes | set(invariants.holes(world, history))
        after = replace(scene, world=world, states=states, history=history, holes=holes)
        told = [] if deaf else [(node, words) for _, node, words in woken(before, world)]
        return self.woken(after, told + told if twice else told)

    def woken(self, scene: Scene, told: Sequence[tuple[str, str]]) -> Scene:
        """Triggers arrive at whoever is there to hear them."""
        states = dict(scene.states)
        for node, words in told:
            machine = scene.world.machine(node)
            if sights.awake(machine) and (words != "cron" or sights.up(machine)):
                states[node] = self.actors[node].wake(states[node], node, words, scene.world.now)
        return replace(scene, states=states) if told else scene

    def _written(self, world: World, history: History) -> tuple[World, History]:
        """A client writes where he finds a server, if that row would tell both copies apart."""
        node = sights.serving(world, self.vip)
        if not node:
            return world, history
        for device, disk, datadir in self.devices:
            rows = [row for of, row in history.rows if of == device]
            last = max(rows, default="")
            both = all(last in rows_on_disk(world, n, disk, datadir) for n in self.actors)
            if last and (not both or not _parted(world, node, device)):
                continue
            row = f"row {len(rows):06}"
            after, acknowledged = put_row(world, node, row, device)
            if acknowledged:
                history = invariants.noted(history, world, after, CLIENT)
                return after, invariants.acknowledged(history, device, row)
        return world, history


def _boots(world: World) -> bool:
    return any(machine.booting for machine in world.machines.values())


def _parted(world: World, node: str, device: str) -> bool:
    """The primary writes alone: a row of now would tell both copies apart."""
    resource = sights.behind(world.machine(node), device)
    return resource is not None and not resource.connected and resource.stalled is None


def spent(scene: Scene) -> Scene:
    """One fault less is left."""
    return replace(scene, left=scene.left - 1, crons=0)


def _next_trigger(world: World) -> float | None:
    """When the next thing that time brings will be, if it brings triggers."""
    at = world.timers[0].at if world.timers else None
    return at if at is not None and woken(world, lab.advance(world, at)) else None
