"""time(1): runs another program and says how long it took."""

from __future__ import annotations

from dataclasses import replace

from converge.lab.machine import run
from converge.lab.world import Program, Result, World, failed


def time(world: World, node: str, argv: tuple[str, ...], stdin: str) -> Result:
    """`time [-p] program ...` (hast-role-primary-first)."""
    words = argv[2:] if argv[1:2] == ("-p",) else argv[1:]
    if not words:
        return failed(world, 1, "usage: time [-al] [-h | -p] [-o file] utility [argument ...]\n")
    result = run(world, node, words, stdin)
    spent = f"real {result.took_s:.2f}\nuser 0.03\nsys 0.00\n"
    answer = replace(result.answer, stderr=result.answer.stderr + spent)
    return replace(result, answer=answer)


PROGRAMS: dict[str, Program] = {"time": time}
