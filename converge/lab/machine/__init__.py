"""Running a program on a machine, and letting time pass. Finds programs and timers by scanning.

Physics is level-triggered: after every program and every timer the world is handed to `react`,
where net (links, CARP) and storage (HAST, devices) adjust what must follow from what is so.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import replace
from functools import cache

from converge.core.host import Answer
from converge.lab import programs
from converge.lab.world import Handler, Program, Result, World

AT_ONCE = 1000
"""More timers than this at one instant are a mistake in the lab: each brings the next."""


@cache
def all_programs() -> dict[str, Program]:
    """Every program of the lab, by name."""
    found: dict[str, Program] = {}
    for module in pkgutil.iter_modules(programs.__path__, programs.__name__ + "."):
        found.update(getattr(importlib.import_module(module.name), "PROGRAMS", {}))
    return found


@cache
def all_timers() -> dict[str, Handler]:
    """Every timer handler of the lab, by name."""
    found: dict[str, Handler] = {}
    for name in ("net", "hast.storage", "machine.boot", "machine.shutdown"):
        found.update(importlib.import_module(f"converge.lab.{name}").TIMERS)
    for module in pkgutil.iter_modules(programs.__path__, programs.__name__ + "."):
        found.update(getattr(importlib.import_module(module.name), "TIMERS", {}))
    return found


def run(world: World, node: str, argv: tuple[str, ...], stdin: str = "") -> Result:
    """Run one program. A machine that is off or booting gives no answer."""
    machine = world.machine(node)
    stopped = machine.halting and not machine.leaving
    if not machine.powered or machine.booting or stopped:
        return Result(world, Answer(lost=f"{node} does not answer"), 0.0)
    name = argv[0].rsplit("/", 1)[-1]
    if name in machine.hangs:
        return Result(world, Answer(lost=f"{name} gave no answer"), float("inf"))
    if "/" in argv[0]:
        name = "rc.d" if "/rc.d/" in argv[0] else name if name in all_programs() else "script"
    program = all_programs().get(name)
    if program is None:
        answer = Answer(127, stderr=f"sh: {argv[0]}: not found\n")
        return Result(world, answer)
    result = program(world, node, argv, stdin)
    late_s = machine.slow.get(argv[0].rsplit("/", 1)[-1], 0.0)
    if late_s:
        result = replace(result, took_s=result.took_s + late_s)
    if result.world is world:
        return result  # it only looked: nothing can follow from that
    return replace(result, world=react(result.world))


@cache
def _physics() -> tuple[Callable[[World], World], ...]:
    names = ("net", "hast.storage")
    return tuple(importlib.import_module(f"converge.lab.{name}").react for name in names)


def react(world: World) -> World:
    """What follows at once from what is so now. Also called after every fault."""
    for follow in _physics():
        world = follow(world)
    return world


def advance(world: World, to: float) -> World:
    """Let time pass until `to`; every timer on the way happens in its order."""
    at_once = 0
    while world.timers and world.timers[0].at <= to:
        timer, rest = world.timers[0], world.timers[1:]
        at_once = at_once + 1 if timer.at <= world.now else 0
        if at_once > AT_ONCE:
            raise RuntimeError(f"the lab turns in circles at {world.now}: {timer}")
        world = replace(world, now=max(world.now, timer.at), timers=rest)
        if world.machine(timer.node).powered:
            world = react(all_timers()[timer.what](world, timer.node, timer.args))
    return replace(world, now=max(world.now, to))
