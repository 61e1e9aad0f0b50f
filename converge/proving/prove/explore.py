"""Every way in which a pair can go on from one scene, within a bound: breadth first, so that what
breaks an invariant first is among the shortest ways to break one.
"""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from random import Random

from converge.proving.judge import invariants, sights
from converge.proving.judge.history import Broken
from converge.proving.prove.alike import abstract
from converge.proving.prove.scene import Ground, Scene

CRONS_MAX = 3
"""So many times in a row nothing but cron comes; then the pair is at its end."""


@dataclass(frozen=True, slots=True)
class Counter:
    """A way to something that must not be: the labels of its moves, and what was broken."""

    moves: tuple[str, ...]
    broken: tuple[Broken, ...]
    holes: frozenset[str] = frozenset()


@dataclass(slots=True)
class Found:
    """What an exploration has found so far."""

    states: int = 0
    moves: int = 0
    ends: int = 0
    """Scenes in which nothing changes any more, and every fault is mended."""
    held: dict[str, int] = field(default_factory=dict)
    """Of those that do not serve in sync: the guards that say what a person must do."""
    broken: dict[str, Counter] = field(default_factory=dict)
    """Of each invariant that can be broken the shortest way to it that was found."""
    holes: dict[str, Counter] = field(default_factory=dict)
    """Of each residual hole the shortest way to something broken in it."""
    complete: bool = False


@dataclass(frozen=True, slots=True)
class Aim:
    """How far to look. `bound`: so many moves at most, 0 for no bound. `all`: do not stop at what
    is broken first. `forgiving`: what cannot be promised in an open hole is told apart."""

    bound: int = 0
    all: bool = False
    forgiving: bool = True


Tick = Callable[[Found, int], bool]
"""Told now and then: what was found, how many scenes wait. False ends the exploration."""


class Exploration:
    """Breadth first over all moves."""

    def __init__(self, ground: Ground, aim: Aim = Aim(), hand_over_at: int = -1) -> None:
        self.ground = ground
        self.aim = aim
        self.found = Found()
        self.handed: list[tuple[tuple[str, ...], Scene]] = []
        """Scenes with only `hand_over_at` faults left: somebody else goes on from them."""
        self._hand_over_at = hand_over_at
        self._seen: set[int] = set()
        self._queue: deque[tuple[Scene, int, int]] = deque()
        self._parents = array("q")
        self._labels: list[str] = []
        self._names: dict[str, int] = {}
        self._label_of = array("i")

    @property
    def keys(self) -> frozenset[int]:
        """What was seen, each state once."""
        return frozenset(self._seen)

    @property
    def seen(self) -> int:
        """How many those are."""
        return len(self._seen)

    def begin_anew(self) -> None:
        """For another start: only what was seen is kept."""
        self.found = Found()
        self._queue.clear()
        self._parents = array("q")
        self._label_of = array("i")

    def run(
        self, start: Scene, tick: Tick = lambda found, waiting: True, every: int = 500
    ) -> Found:
        """Explore from there until all is seen, something is broken, or `tick` says no. What an
        earlier start has seen is not explored again."""
        turns = 0
        self._enter(start, -1, "", 0)
        while self._queue and not self._over:
            turns += 1
            if turns % every == 0 and not tick(self.found, len(self._queue)):
                return self.found
            scene, index, depth = self._queue.popleft()
            self._expand(scene, index, depth)
        self.found.complete = not self._queue
        return self.found

    def _expand(self, scene: Scene, index: int, depth: int) -> None:
        if self.aim.bound and depth >= self.aim.bound:
            return
        for label, act in self.ground.moves(scene):
            if label == "cron" and scene.crons >= CRONS_MAX:
                if not scene.ills:
                    self._end(scene, index)
                continue
            self.found.moves += 1
            self._enter(act(), index, label, depth + 1)
            if self._over:
                return

    @property
    def _over(self) -> bool:
        return bool(self.found.broken) and not self.aim.all

    def _enter(self, scene: Scene, parent: int, label: str, depth: int) -> None:
        broken = self._judged(scene)
        key = hash(abstract(self.ground, scene))
        if key in self._seen and not broken:
            return
        self._seen.add(key)
        index = len(self._parents)
        self._parents.append(parent)
        self._label_of.append(self._number(label))
        self.found.states += 1
        if broken:
            self._note(Counter(self._way(index), broken, scene.holes))
            return
        if scene.left == self._hand_over_at:
            self.handed.append((self._way(index), scene))
        else:
            self._queue.append((scene, index, depth))

    def _judged(self, scene: Scene) -> tuple[Broken, ...]:
        return invariants.broken(scene.world, scene.history)

    def _note(self, counter: Counter) -> None:
        """In an open hole that cannot be promised is told apart, and not explored further."""
        if not self.aim.forgiving:
            counter = replace(counter, holes=frozenset())
        for one in _hard(counter):
            self.found.broken.setdefault(one.code, replace(counter, broken=(one,)))
        for hole in counter.holes:
            self.found.holes.setdefault(hole, counter)

    def _end(self, scene: Scene, index: int) -> None:
        """Liveness: served and in sync, or a named guard says what stands in the way."""
        self.found.ends += 1
        why = stuck(self.ground, scene)
        if why is None:
            return
        if why:
            self.found.held[why] = self.found.held.get(why, 0) + 1
            return
        said = "nobody serves, or the copies differ, and no guard says why"
        stuck_here = Counter(self._way(index), (Broken("live", "", said),))
        self.found.broken.setdefault("live", stuck_here)

    def _number(self, label: str) -> int:
        if label not in self._names:
            self._names[label] = len(self._labels)
            self._labels.append(label)
        return self._names[label]

    def _way(self, index: int) -> tuple[str, ...]:
        """The labels from the start to here."""
        labels = []
        while self._parents[index] >= 0:
            labels.append(self._labels[self._label_of[index]])
            index = self._parents[index]
        return tuple(reversed(labels))


def _hard(counter: Counter) -> tuple[Broken, ...]:
    """What is broken and no open hole excuses."""
    forgiven = {c for hole in counter.holes for c in invariants.HOLES.get(hole, ())}
    return tuple(b for b in counter.broken if b.code not in forgiven)


def stuck(ground: Ground, scene: Scene) -> str | None:
    """None: one node serves and both copies are connected. Else the codes of the guards that
    hold, '' where none does."""
    world = scene.world
    node = sights.serving(world, ground.vip)
    if node:
        resources = list(sights.volumes(world.machine(node)))
        if all(r.connected and r.sync is None for r in resources):
            return None
    codes = {code for state in scene.states.values() for code in getattr(state, "stands", ())}
    return ", ".join(sorted(codes))


def walk(ground: Ground, start: Scene, luck: Random, steps: int) -> tuple[int, Counter | None]:
    """One deep walk by luck beyond the bound: how far it came, and what was broken."""
    scene, labels = start, []
    for n in range(steps):
        moves = [
            m for m in ground.moves(scene) if not (m[0] == "cron" and scene.crons >= CRONS_MAX)
        ]
        likely = [m for m in moves if not m[0].startswith(("fault", "kill", "lose", "double"))]
        pool = moves if not likely or luck.random() < 0.1 else likely
        if not pool:
            return n, None
        label, act = luck.choice(pool)
        labels.append(label)
        scene = act()
        broken = invariants.broken(scene.world, scene.history)
        hard = _hard(Counter((), broken, scene.holes))
        if hard:
            return n, Counter(tuple(labels), hard, scene.holes)
        if broken:
            return n, None
    return steps, None


def replayed(ground: Ground, start: Scene, labels: tuple[str, ...]) -> Iterator[tuple[str, Scene]]:
    """The scenes of a way, one after the other. LookupError where a move is not there."""
    scene = start
    for label in labels:
        act = dict(ground.moves(scene)).get(label)
        if act is None:
            raise LookupError(label)
        scene = act()
        yield label, scene
