"""A proof within a bound: what is explored, by whom, and how the work is shared out.

The first fault cuts the work into tasks: what follows after it is explored by workers, each with
a memory of its own of what it has seen. Which states are distinct is counted over all of them.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection
from typing import Any

from converge.core.graph import Graph
from converge.lab.fresh import Blueprint
from converge.lab.world import World
from converge.proving.actors.actor import Actor
from converge.proving.judge.sights import HAST
from converge.proving.prove.explore import Aim, Counter, Exploration, Found
from converge.proving.prove.ills import USUAL
from converge.proving.prove.scene import Ground, Scene
from converge.proving.story.driver import Drive
from converge.proving.story.starts import STARTS, WORDS, unsealed

WARM_S = 180.0
"""So long the actors live with the pair before anything fails: what they learn is theirs."""

UNTOUCHED = ("setting", "file", "sysctl", "hast_entry", "kernel_module")
"""Kinds that no fault of the exploration changes; they are left out of its graph."""

Way = tuple[str, ...]


@dataclass(slots=True)
class Tally:
    """What is known so far. `tasks` of `of` are done; `states` are distinct ones when it ends."""

    tasks: int = 0
    of: int = 0
    states: int = 0
    moves: int = 0
    ends: int = 0
    held: dict[str, int] = field(default_factory=dict)
    broken: dict[str, Counter] = field(default_factory=dict)
    holes: dict[str, Counter] = field(default_factory=dict)
    complete: bool = False

    def add(self, found: Found, before: Way) -> None:
        """A task's result; its ways begin with what led to it."""
        self.moves += found.moves
        self.ends += found.ends
        for code, times in found.held.items():
            self.held[code] = self.held.get(code, 0) + times
        for code, counter in found.broken.items():
            self.broken[code] = _shorter(self.broken.get(code), _behind(before, counter))
        for hole, counter in found.holes.items():
            best = _shorter(self.holes.get(hole), _behind(before, counter))
            self.holes[hole] = best


def _behind(before: Way, counter: Counter) -> Counter:
    return replace(counter, moves=before + counter.moves)


def _shorter(one: Counter | None, other: Counter) -> Counter:
    return other if one is None or len(other.moves) < len(one.moves) else one


def explored_graph(graph: Graph) -> Graph:
    """The resources that a fault can touch."""
    return graph.only([id for id in graph.order if id.kind not in UNTOUCHED])


def prepared(
    graph: Graph, plan: Blueprint, bare: World, actor: Actor, vip: str,
    *, start: str = "served", faults: int = 2, late: int = 0, ills: Sequence[str] = USUAL,
    sealed: bool = True,
) -> tuple[Ground, Scene]:  # fmt: skip
    """The ground and the scene to start from: a pair on which its actors have lived a while.

    converge seals mount points, whoever acts afterwards; not `sealed` are those of others.
    """
    actors: Mapping[str, Actor] = {node: actor for node in graph.pair.nodes}
    world = STARTS[start](bare, graph)
    world = world if sealed else unsealed(world, graph)
    drive = Drive(world=world, actors=actors, vip=vip)
    drive.warm_up(WARM_S)
    if word := WORDS.get(start):
        first, second = graph.pair.nodes
        now, state = drive.world.now, drive.states[first]
        drive.states[first] = actor.wake(state, first, f"{word} {second}", now)
    disks = {v.name: (HAST + v.name, v.devices[min(v.devices)], v.mount) for v in plan.volumes}
    devices = [
        (device, disk, d.datadir.removeprefix(f"{mount}/"))
        for d in plan.databases
        for device, disk, mount in [disks[d.volume]]
    ]
    scene = Scene(drive.world, dict(drive.states), drive.history, faults, late)
    return Ground(actors, vip, devices, ills), scene


Progress = Callable[[Tally, int], bool]
"""Told now and then: the tally, and how many states all workers have seen. False ends it."""


def prove(
    ground: Ground, start: Scene, aim: Aim, jobs: int, progress: Progress,
    done: frozenset[str] = frozenset(), finished: Callable[[str], object] = lambda way: None,
) -> Tally:  # fmt: skip
    """Explore all of it. `done` are ways of tasks that an earlier proof has finished; `finished`
    is told of each that this one does."""
    tally = Tally()
    first = Exploration(ground, aim, start.left - 1 if start.left else -1)
    tally.add(first.run(start), ())
    tasks = [(way, scene) for way, scene in first.handed if " > ".join(way) not in done]
    tally.of, tally.states = len(tasks), len(first.keys)
    if (aim.all or not tally.broken) and tasks:
        keys = set(first.keys)
        _shared_out(ground, aim, tasks, jobs, progress, tally, keys, finished)
        tally.states = len(keys)
    tally.complete = tally.tasks == tally.of
    return tally


def _shared_out(
    ground: Ground, aim: Aim, tasks: list[tuple[Way, Scene]], jobs: int, progress: Progress,
    tally: Tally, keys: set[int], finished: Callable[[str], object],
) -> None:  # fmt: skip
    context = multiprocessing.get_context("fork")
    turn, seen = context.Value("l", 0), context.Value("l", len(keys))
    stop = context.Event()
    workers, ears = [], []
    for _ in range(min(jobs, len(tasks))):
        ear, mouth = context.Pipe(duplex=False)
        args = (ground, aim, tasks, turn, seen, stop, mouth)
        worker = context.Process(target=_work, args=args, daemon=True)
        worker.start()
        mouth.close()
        workers.append(worker)
        ears.append(ear)
    _listen(ears, aim, tasks, progress, tally, keys, finished, lambda: seen.value, stop)
    for worker in workers:
        worker.join()


def _listen(
    ears: list[Connection], aim: Aim, tasks: list[tuple[Way, Scene]], progress: Progress,
    tally: Tally, keys: set[int], finished: Callable[[str], object], seen: Callable[[], int],
    stop: Any,
) -> None:  # fmt: skip
    """Until every worker has said all it has to say."""
    from multiprocessing.connection import wait

    while ears:
        for ear in wait(ears, timeout=1.0):
            assert isinstance(ear, Connection)
            try:
                told = ear.recv()
            except EOFError:
                ears.remove(ear)
                continue
            if isinstance(told, frozenset):
                keys |= told
                continue
            n, found = told
            tally.add(found, tasks[n][0])
            if found.complete:
                tally.tasks += 1
                finished(" > ".join(tasks[n][0]))
            if tally.broken and not aim.all:
                stop.set()
        if not progress(tally, seen()):
            stop.set()


def _work(
    ground: Ground, aim: Aim, tasks: list[tuple[Way, Scene]], turn: Any, seen: Any, stop: Any,
    mouth: Connection,
) -> None:  # fmt: skip
    """One worker: the next task, as long as there is one."""
    exploration, told = Exploration(ground, aim), 0

    def tick(found: Found, waiting: int) -> bool:
        nonlocal told
        with seen.get_lock():
            seen.value += exploration.seen - told
        told = exploration.seen
        return not stop.is_set()

    while not stop.is_set():
        with turn.get_lock():
            n = turn.value
            turn.value += 1
        if n >= len(tasks):
            break
        exploration.begin_anew()
        found = exploration.run(tasks[n][1], tick, every=200)
        tick(found, 0)
        mouth.send((n, found))
    mouth.send(exploration.keys)
    mouth.close()
