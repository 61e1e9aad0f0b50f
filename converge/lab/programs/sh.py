"""sh itself, scripts by their path, and sleep."""

from __future__ import annotations

from converge.core.host import Answer
from converge.lab.programs.service import run_script
from converge.lab.shell import sh
from converge.lab.shell.getopt import getopt
from converge.lab.ufs import absolute, read_file
from converge.lab.world import Program, Result, World, done, failed


def _sh(world: World, node: str, argv: tuple[str, ...], stdin: str) -> Result:
    """sh -c LINE; sh SCRIPT [WORD ...], whatever the script's mode is."""
    words = getopt(argv, "cex")
    if words.has("c") and words.rest:
        return sh(world, node, words.rest[0], stdin, *words.rest[2:])
    if not words.rest:
        return sh(world, node, stdin)
    path = absolute(world.machine(node), words.rest[0])
    file = read_file(world, node, path)
    if file is None:
        error = f"sh: cannot open {words.rest[0]}: No such file or directory\n"
        return failed(world, 2, error)
    if "/rc.d/" in path:
        return run_script(world, node, path, " ".join(words.rest[1:2]))
    return sh(world, node, file.text, stdin, *words.rest[1:])


def _sleep(world: World, node: str, argv: tuple[str, ...], stdin: str) -> Result:
    try:
        return done(world, took_s=float(argv[1]))
    except (IndexError, ValueError):
        return failed(world, 1, "usage: sleep number[unit] [...]\n")


def _script(world: World, node: str, argv: tuple[str, ...], stdin: str) -> Result:
    """A file that is run by its path: 126 without the executable bit."""
    file = read_file(world, node, argv[0])
    if file is None or file.is_dir or not int(file.mode, 8) & 0o111:
        code = 127 if file is None else 126
        why = "not found" if file is None else "Permission denied"
        return Result(world, Answer(code, "", f"sh: {argv[0]}: {why}\n"))
    return _sh(world, node, ("sh", *argv), stdin)


PROGRAMS: dict[str, Program] = {"sh": _sh, "sleep": _sleep, "script": _script}
