"""test(1), also under its name [."""

from __future__ import annotations

import re

from converge.lab.ufs import absolute
from converge.lab.ufs.files import look
from converge.lab.world import Program, Result, World, done, failed


def _test(world: World, node: str, argv: tuple[str, ...], stdin: str) -> Result:
    """test and [: 0 true, 1 false, 2 not understood."""
    words = list(argv[1:])
    if argv[0].endswith("["):
        if words[-1:] != ["]"]:
            return failed(world, 2, "[: missing ]\n")
        words.pop()
    said = _truth(world, node, words)
    if said is None:
        name = argv[0].rsplit("/", 1)[-1]
        return failed(world, 2, f"{name}: {words[0]}: unexpected operator\n")
    return done(world) if said else failed(world, 1)


def _truth(world: World, node: str, words: list[str]) -> bool | None:
    if not words:
        return False
    for join in ("-o", "-a"):
        if join in words[1:-1]:
            at = words.index(join, 1)
            left, right = (_truth(world, node, part) for part in (words[:at], words[at + 1 :]))
            if left is None or right is None:
                return None
            return left or right if join == "-o" else left and right
    if words[0] == "!" and len(words) > 1:
        inner = _truth(world, node, words[1:])
        return None if inner is None else not inner
    if len(words) == 1:
        return words[0] != ""
    if len(words) == 2:
        return _file_truth(world, node, words[0], words[1])
    return _compared(*words) if len(words) == 3 else None


def _file_truth(world: World, node: str, operator: str, word: str) -> bool | None:
    if operator in ("-n", "-z"):
        return (word != "") == (operator == "-n")
    shown = look(world, node, absolute(world.machine(node), word)) if word else None
    kinds = {"-d": "04", "-f": "10", "-c": "02", "-S": "14", "-p": "01", "-L": "12"}
    if operator in kinds:
        return shown is not None and shown.kind == kinds[operator]
    if operator == "-x":
        return shown is not None and bool(int(shown.permissions, 8) & 0o111)
    if operator == "-s":
        return shown is not None and shown.size > 0
    return shown is not None if operator in ("-e", "-r", "-w") else None


def _compared(left: str, operator: str, right: str) -> bool | None:
    if operator in ("=", "==", "!="):
        return (left == right) == (operator != "!=")
    if not re.fullmatch(r"-?\d+", left) or not re.fullmatch(r"-?\d+", right):
        return None
    a, b = int(left), int(right)
    numbers = {"-eq": a == b, "-ne": a != b, "-lt": a < b, "-le": a <= b, "-gt": a > b}
    return a >= b if operator == "-ge" else numbers.get(operator)


PROGRAMS: dict[str, Program] = {"test": _test, "[": _test}
