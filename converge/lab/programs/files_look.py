"""Programs that only look at files: cat, ls, find, basename, dirname."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from converge.lab.shell.getopt import getopt
from converge.lab.ufs import NO_SUCH, absolute, list_dir
from converge.lab.ufs.files import Shown, long_rows, look, total
from converge.lab.world import Program, Result, World, done, failed


def _look(world: World, node: str, word: str) -> Shown | None:
    return look(world, node, absolute(world.machine(node), word))


def _cat(world: World, node: str, argv: tuple[str, ...], stdin: str) -> Result:
    words = getopt(argv, "belnstuv")
    out = error = ""
    for word in words.rest or ("-",):
        shown = None if word == "-" else _look(world, node, word)
        if word == "-":
            out += stdin
        elif shown is None:
            error += f"cat: {word}: {NO_SUCH}\n"
        elif shown.file.is_dir:
            error += f"cat: {word}: Is a directory\n"
        else:
            out += shown.file.text
    return failed(world, 1, error, out) if error else done(world, out)


def _ls(world: World, node: str, argv: tuple[str, ...], stdin: str) -> Result:
    """ls [-1aAdlo] [WORD ...]: files first, then directories with a heading if there are more."""
    words = getopt(argv, "1AadFhlortS")
    if words.bad:
        return failed(world, 1, f"ls: invalid option -- {words.bad}\nusage: ls [-1AadFhlort]\n")
    given = sorted(words.rest or (".",))
    found = [(word, _look(world, node, word)) for word in given]
    error = "".join(f"ls: {word}: {NO_SUCH}\n" for word, shown in found if shown is None)
    there = [(word, shown) for word, shown in found if shown is not None]
    plain = [(w, s) for w, s in there if words.has("d") or not s.file.is_dir]
    parts = [_rows(plain, world.now, words.given)] if plain else []
    for word, shown in [pair for pair in there if pair not in plain]:
        inside = _inside(world, node, shown, words.given)
        text = total(inside) if words.has("l") and inside else ""
        text += _rows(inside, world.now, words.given)
        parts.append(f"{word}:\n{text}" if len(given) > 1 else text)
    out = "\n".join(parts)
    return failed(world, 1, error, out) if error else done(world, out)


def _inside(
    world: World, node: str, shown: Shown, given: Mapping[str, str]
) -> list[tuple[str, Shown]]:
    """What a directory shows: names beginning with a dot for root too, `.` and `..` with -a."""
    names = [*((".", "..") if "a" in given else ()), *list_dir(world, node, shown.path)]
    found = [(name, look(world, node, f"{shown.path}/{name}")) for name in names]
    return [(name, s) for name, s in found if s is not None]


def _rows(shown: list[tuple[str, Shown]], now: float, given: Mapping[str, str]) -> str:
    if "l" in given:
        return long_rows(shown, now, flags="o" in given)
    return "".join(f"{name}\n" for name, _ in shown)


def _find(world: World, node: str, argv: tuple[str, ...], stdin: str) -> Result:
    """find PATH ... [-type f|d] [-name PATTERN] [-mmin +N]: names in the order of the alphabet.

    What is not there is told and ends it with 1; the others are searched all the same.
    """
    first = next((n for n, word in enumerate(argv) if word.startswith("-")), len(argv))
    paths, wanted = argv[1:first], dict(zip(argv[first::2], argv[first + 1 :: 2], strict=False))
    if not paths:
        return failed(world, 1, "usage: find path ... [expression]\n")
    lacking = [path for path in paths if _look(world, node, path) is None]
    error = "".join(f"find: {path}: {NO_SUCH}\n" for path in lacking)
    found = [line for path in paths for line in _below(world, node, path, wanted)]
    out = "".join(f"{line}\n" for line in found)
    return failed(world, 1, error, out) if error else done(world, out)


def _below(world: World, node: str, path: str, wanted: Mapping[str, str]) -> Iterator[str]:
    """The names at and below a path that the expression means."""
    pattern = re.escape(wanted.get("-name", "*")).replace(r"\*", ".*").replace(r"\?", ".")
    kind = {"f": "10", "d": "04", "c": "02"}.get(wanted.get("-type", ""))
    older_s = 60.0 * float(wanted.get("-mmin", "-1").lstrip("+"))
    waiting = [path]
    while waiting:
        word = waiting.pop(0)
        shown = _look(world, node, word)
        if shown is None:
            continue
        name = word.rstrip("/").rsplit("/", 1)[-1]
        old = world.now - shown.file.mtime > older_s
        if kind in (None, shown.kind) and old and re.fullmatch(pattern, name):
            yield word
        if shown.file.is_dir:
            below = list_dir(world, node, shown.path)
            waiting = [f"{word.rstrip('/')}/{inner}" for inner in below] + waiting


def _basename(world: World, node: str, argv: tuple[str, ...], stdin: str) -> Result:
    word = "".join(argv[1:2])
    return done(world, word.rstrip("/").rsplit("/", 1)[-1] + "\n")


def _dirname(world: World, node: str, argv: tuple[str, ...], stdin: str) -> Result:
    word = "".join(argv[1:2])
    return done(world, (word.rstrip("/").rpartition("/")[0] or ".") + "\n")


PROGRAMS: dict[str, Program] = {
    "cat": _cat,
    "ls": _ls,
    "find": _find,
    "basename": _basename,
    "dirname": _dirname,
}
