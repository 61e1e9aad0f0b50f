"""chmod, chown, chflags."""

from __future__ import annotations

import re

from converge.lab.shell.getopt import getopt
from converge.lab.shell.operands import each, tree
from converge.lab.ufs import NO_SUCH, Written, change_file, read_file
from converge.lab.world import File, Program, Result, World, failed


def _new_mode(old: str, wanted: str, *, is_dir: bool) -> str | None:
    """chmod's first word: octal digits, or u+x,go-w."""
    if re.fullmatch(r"[0-7]{1,4}", wanted):
        return wanted.lstrip("0") or "0"
    bits = int(old, 8)
    for part in wanted.split(","):
        match = re.fullmatch(r"([ugoa]*)([-+=])([rwxX]*)", part)
        if match is None:
            return None
        shifts = [{"u": 6, "g": 3, "o": 0}[w] for w in match[1].replace("a", "ugo") or "ugo"]
        given = sum({"r": 4, "w": 2, "x": 1, "X": int(is_dir)}[c] for c in set(match[3]))
        for shift in shifts:
            cleared = bits & ~(7 << shift) if match[2] == "=" else bits
            bits = cleared & ~(given << shift) if match[2] == "-" else cleared | given << shift
    return f"{bits:o}"


def _change(world: World, node: str, argv: tuple[str, ...], field: str) -> Result:
    """chmod, chown, chflags: the first operand is the new value; -R goes into directories."""
    name = argv[0].rsplit("/", 1)[-1]
    words = getopt(argv, "fhRvHLP")
    if words.bad or len(words.rest) < 2:
        return failed(world, 64, f"usage: {name} [-fhv] [-R] {field} file ...\n")
    wanted = words.rest[0]

    def step(world: World, node: str, path: str) -> Written:
        written = Written(world)
        for inner in tree(world, node, path) if words.has("R") else [path]:
            old = read_file(written.world, node, inner)
            if old is None:
                return Written(world, NO_SUCH)
            value = _value(old, field, wanted)
            if value is None:
                return Written(world, f"invalid file {field}: {wanted}")
            written = change_file(written.world, node, inner, **{field: value})
            if written.error:
                return written
        return written

    return each(world, node, name, words.rest[1:], step)


def _value(old: File, field: str, wanted: str) -> str | None:
    if field == "mode":
        return _new_mode(old.mode, wanted, is_dir=old.is_dir)
    if field == "owner":
        user, _, group = wanted.partition(":")
        was, _, were = old.owner.partition(":")
        return f"{user or was}:{group or were}"
    flags = set(old.flags.split(",")) - {""}
    for flag in wanted.split(","):
        known = {"schg": True, "schange": True, "simmutable": True}
        known |= {"noschg": False, "noschange": False, "nosimmutable": False, "0": False}
        if flag not in known:
            return None
        flags = flags | {"schg"} if known[flag] else flags - {"schg"}
    return ",".join(sorted(flags))


def _chmod(world: World, node: str, argv: tuple[str, ...], stdin: str) -> Result:
    return _change(world, node, argv, "mode")


def _chown(world: World, node: str, argv: tuple[str, ...], stdin: str) -> Result:
    return _change(world, node, argv, "owner")


def _chflags(world: World, node: str, argv: tuple[str, ...], stdin: str) -> Result:
    return _change(world, node, argv, "flags")


PROGRAMS: dict[str, Program] = {"chmod": _chmod, "chown": _chown, "chflags": _chflags}
