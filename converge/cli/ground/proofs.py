"""A proof at work: the pair prepared, the workers' progress told, what is done kept in a file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path
from random import Random

import click

from converge.cli.ground.blueprint import blueprint
from converge.cli.ground.stage import ACTORS
from converge.cli.reach.site import graph_of, read_desired
from converge.core.errors import CannotWrite, UsageError
from converge.hosts.clock import SystemClock
from converge.lab.fresh import fresh
from converge.proving.actors.actor import Actor
from converge.proving.actors.reconciler import Reconciler
from converge.proving.prove.explore import Aim, walk
from converge.proving.prove.ills import OWN, USUAL, placed
from converge.proving.prove.opening import explored_graph, prepared
from converge.proving.prove.proof import Tally, prove
from converge.proving.prove.scene import Ground, Scene
from converge.proving.prove.way import Question
from converge.proving.story.clients import shared_address

POLL_S = 4.0
"""How often a settling resource is looked at while exploring: less often, fewer states."""


class Inquiry:
    """One question, from its desired file to its tally."""

    def __init__(self, question: Question, *, limit_s: float = 0.0, live: bool = False) -> None:
        self.question = question
        self._clock = SystemClock()
        self._began_s = self._told_s = self._clock.elapsed()
        self._limit_s = limit_s
        self._live = live

    @cached_property
    def prepared(self) -> tuple[Ground, Scene]:
        """The ground and the first scene."""
        desired = read_desired(self.question.desired)
        graph = graph_of(desired)
        plan = blueprint(desired, graph)
        question = self.question
        _check_places(question.ills, list(graph.pair.nodes))
        actor: Actor
        if question.actor == "converge":
            explored = explored_graph(graph, question.start)
            actor = Reconciler(explored, frozenset(question.without), POLL_S)
        else:
            actor = ACTORS[question.actor](graph, plan)
        return prepared(
            graph, plan, fresh(plan), actor, shared_address(graph),
            start=question.start, faults=question.faults, late=question.late,
            ills=question.ills or USUAL, sealed=question.actor == "converge",
        )  # fmt: skip

    def proof(self, aim: Aim, jobs: int, resume: str | None) -> Tally:
        """Explore all; what a file says to be done is not done again."""
        ground, scene = self.prepared
        done = self._done(resume)

        def finished(way: str) -> None:
            if resume:
                _append(resume, {"question": self._name, "task": way})

        tally = prove(ground, scene, aim, jobs, self._progress, done, finished)
        self._clear()
        return tally

    def walks(self, count: int, steps: int, seed: int) -> Tally:
        """So many walks; the first that breaks something is the last."""
        ground, scene = self.prepared
        tally, luck = Tally(of=count), Random(seed)
        for _ in range(count):
            went, counter = walk(ground, scene, luck, steps)
            tally.moves += went
            tally.tasks += 1
            if counter is not None:
                tally.broken[counter.broken[0].code] = counter
                break
            if not self._progress(tally, tally.moves):
                break
        tally.complete = tally.tasks == count and not tally.broken
        self._clear()
        return tally

    @cached_property
    def _name(self) -> str:
        """Of the question and of what was desired then."""
        text = Path(self.question.desired).read_text(encoding="utf-8")
        whole = f"{self.question}{text}"
        return hashlib.sha256(whole.encode()).hexdigest()[:16]

    def _done(self, resume: str | None) -> frozenset[str]:
        if not resume or not Path(resume).is_file():
            return frozenset()
        found = set()
        for line in Path(resume).read_text(encoding="utf-8").splitlines():
            try:
                entry = json.loads(line)
            except ValueError:
                continue  # torn by an interruption: that part is done again
            if entry.get("question") == self._name:
                found.add(str(entry.get("task")))
        return frozenset(found)

    def _progress(self, tally: Tally, seen: int) -> bool:
        now_s = self._clock.elapsed()
        spent_s = now_s - self._began_s
        if now_s - self._told_s >= (1.0 if self._live else 30.0):
            self._told_s = now_s
            done = tally.tasks / tally.of if tally.of else 0.0
            bar = "#" * int(20 * done)
            line = (
                f"[{bar:<20}] {tally.tasks}/{tally.of} parts, {seen} states, "
                f"{seen / max(0.1, spent_s):.0f}/s, {spent_s:.0f} s"
            )
            click.echo(f"\r{line}" if self._live else line, err=True, nl=not self._live)
        return not self._limit_s or spent_s < self._limit_s

    def _clear(self) -> None:
        if self._live:
            click.echo("\r" + " " * 79 + "\r", err=True, nl=False)


def _check_places(ills: Iterable[str], nodes: Sequence[str]) -> None:
    for words in ills:
        node, name = placed(words)
        if node not in ("", *nodes):
            there = " and ".join(nodes)
            raise UsageError(f"--ill {words}: {node} is no node of the pair; there is {there}")
        if node and name in OWN:
            raise UsageError(f"--ill {words}: {name} comes on any node; say --ill {name}")


def _append(path: str, entry: dict[str, str]) -> None:
    try:
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(json.dumps(entry) + "\n")
    except OSError as wrong:
        raise CannotWrite(f"{path}: {wrong.strerror}") from wrong
