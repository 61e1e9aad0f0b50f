"""A proof within a bound: what is explored, by whom, and how the work is shared out.

The first fault cuts the work into tasks: what follows after it is explored by workers, each with
a memory of its own of what it has seen. Which states are distinct is counted over all of them.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection, wait
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
class Tally(Found):
    """What all have found so far. `tasks` of `of` are done; `states` are distinct at the end."""

    tasks: int = 0
    of: int = 0

    def add(self, found: Found, before: Way) -> None:
        """A task's result; its ways begin with what led to it."""
        self.moves += found.moves
        self.ends += found.ends
        for code, times in found.held.items():
            self.held[code] = self.held.get(code, 0) + times
        for kept, new in ((self.broken, found.broken), (self.holes, found.holes)):
            for name, counter in new.items():
                kept[name] = _shorter(kept.get(name), _behind(before, counter))


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
    keys = set(first.keys)
    tally.of = len(tasks)
    if aim.all or not tally.broken:
        work = _Work(ground, aim, tasks, seen=_shared(len(keys)))
        for told in _worked(work, jobs):
            if told is None:
                if not progress(tally, work.seen.value):
                    work.stop.set()
            elif isinstance(told, frozenset):
                keys |= told
            else:
                n, found = told
                way = tasks[n][0]
                tally.add(found, way)
                if found.complete:
                    tally.tasks += 1
                    finished(" > ".join(way))
                if tally.broken and not aim.all:
                    work.stop.set()
    tally.states, tally.complete = len(keys), tally.tasks == tally.of
    return tally


_PROCESSES = multiprocessing.get_context("fork")


def _shared(count: int = 0) -> Any:
    return _PROCESSES.Value("l", count)


@dataclass(frozen=True, slots=True)
class _Work:
    """What all workers have: the tasks, whose turn it is, how many states all have seen, and
    whether to stop."""

    ground: Ground
    aim: Aim
    tasks: Sequence[tuple[Way, Scene]]
    seen: Any
    turn: Any = field(default_factory=_shared)
    stop: Any = field(default_factory=_PROCESSES.Event)


_Told = frozenset[int] | tuple[int, Found]
"""Of a worker: what came of a task; at its end the keys of all that it has seen."""


def _worked(work: _Work, jobs: int) -> Iterator[_Told | None]:
    """What the workers tell, and None now and then, until each has said all it has to say."""
    workers, ears = [], []
    for _ in range(min(jobs, len(work.tasks))):
        ear, mouth = _PROCESSES.Pipe(duplex=False)
        worker = _PROCESSES.Process(target=_worker, args=(work, mouth), daemon=True)
        worker.start()
        mouth.close()
        workers.append(worker)
        ears.append(ear)
    while ears:
        for heard in wait(ears, timeout=1.0):
            assert isinstance(heard, Connection)
            try:
                yield heard.recv()
            except EOFError:
                ears.remove(heard)
        yield None
    for worker in workers:
        worker.join()


def _worker(work: _Work, mouth: Connection) -> None:
    """One worker: the next task, as long as there is one."""
    exploration, told = Exploration(work.ground, work.aim), 0

    def tick(found: Found, waiting: int) -> bool:
        nonlocal told
        with work.seen.get_lock():
            work.seen.value += exploration.seen - told
        told = exploration.seen
        return not work.stop.is_set()

    while not work.stop.is_set():
        with work.turn.get_lock():
            n = work.turn.value
            work.turn.value += 1
        if n >= len(work.tasks):
            break
        exploration.begin_anew()
        found = exploration.run(work.tasks[n][1], tick, every=200)
        tick(found, 0)
        mouth.send((n, found))
    mouth.send(exploration.keys)
    mouth.close()
