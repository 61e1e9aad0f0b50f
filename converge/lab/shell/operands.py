"""Programs that do the same to every file that is named."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from converge.core.host import Answer
from converge.lab.ufs import Written, absolute, list_dir, read_file
from converge.lab.world import Result, World, done, failed

Step = Callable[[World, str, str], Written]


def each(world: World, node: str, name: str, words: tuple[str, ...], step: Step) -> Result:
    """Do `step` to every operand; complaints as `NAME: WORD: why`, code 1 if there was one."""
    error, took_s = "", 0.05
    for word in words:
        written = step(world, node, absolute(world.machine(node), word))
        world, took_s = written.world, took_s + written.took_s
        error += f"{name}: {word}: {written.error}\n" if written.error else ""
    if took_s == float("inf"):
        return Result(world, Answer(lost="the disk does not answer"), took_s)
    return replace(failed(world, 1, error) if error else done(world), took_s=took_s)


def tree(world: World, node: str, path: str) -> list[str]:
    """A path and everything below it, deepest first."""
    file = read_file(world, node, path)
    below = list_dir(world, node, path) if file is not None and file.is_dir else ()
    return [p for name in below for p in tree(world, node, f"{path}/{name}")] + [path]
