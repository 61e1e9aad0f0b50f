"""A proof within a bound: what is explored, by whom, and how the work is shared out.

The first fault cuts the work into tasks: what follows after it is explored by workers, each with
a memory of its own of what it has seen. Which states are distinct is counted over all of them.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection, wait
from typing import Any

from converge.proving.prove.explore import Aim, Counter, Exploration, Found
from converge.proving.prove.scene import Ground, Scene

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
        if worker.exitcode:
            raise RuntimeError(f"a worker of the proof died ({worker.exitcode})")


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
