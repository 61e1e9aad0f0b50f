"""Programs that make and remove files: touch, mkdir, install, rm, rmdir, cp, mv."""

from __future__ import annotations

from dataclasses import replace

from converge.lab.shell.getopt import getopt
from converge.lab.shell.operands import each, tree
from converge.lab.ufs import (
    NO_SUCH,
    Written,
    absolute,
    change_file,
    read_file,
    remove,
    write_file,
)
from converge.lab.world import File, Program, Result, World, done, failed


def _touch(world: World, node: str, argv: tuple[str, ...], stdin: str) -> Result:
    words = getopt(argv, "acmt:")

    def step(world: World, node: str, path: str) -> Written:
        file = read_file(world, node, path)
        if file is None and words.has("c"):
            return Written(world)
        return write_file(world, node, path, file or File())

    return each(world, node, "touch", words.rest, step)


def _mkdir(world: World, node: str, argv: tuple[str, ...], stdin: str) -> Result:
    """mkdir [-p] [-m MODE] DIR ..."""
    words = getopt(argv, "pm:v")
    file = File(mode=words.given.get("m", "755").lstrip("0") or "0", is_dir=True)

    def step(world: World, node: str, path: str) -> Written:
        if words.has("p"):
            return _with_parents(world, node, path, file)
        if read_file(world, node, path) is not None:
            return Written(world, "File exists")
        return write_file(world, node, path, file)

    return each(world, node, "mkdir", words.rest, step)


def _with_parents(world: World, node: str, path: str, file: File) -> Written:
    """A directory and those above it that are missing."""
    took_s = 0.0
    parts = path.strip("/").split("/")
    for count in range(1, len(parts) + 1):
        there = "/" + "/".join(parts[:count])
        if read_file(world, node, there) is not None:
            continue
        wanted = file if count == len(parts) else File(mode="755", is_dir=True)
        written = write_file(world, node, there, wanted)
        if written.error:
            return written
        world, took_s = written.world, took_s + written.took_s
    return Written(world, took_s=took_s)


def _install(world: World, node: str, argv: tuple[str, ...], stdin: str) -> Result:
    """install -d [-m MODE] [-o OWNER] [-g GROUP] DIR ...; install [...] FILE TARGET."""
    words = getopt(argv, "bCcdm:o:g:pSsv")
    if words.bad or not words.rest:
        return failed(world, 64, "usage: install -d [-v] [-g group] [-m mode] directory ...\n")
    owner = f"{words.given.get('o', 'root')}:{words.given.get('g', 'wheel')}"
    mode = words.given.get("m", "755").lstrip("0") or "0"
    if not words.has("d"):
        return _installed(world, node, words.rest, mode, owner)

    def step(world: World, node: str, path: str) -> Written:
        made = _with_parents(world, node, path, File(mode=mode, owner=owner, is_dir=True))
        if made.error:
            return made
        changed = change_file(made.world, node, path, mode=mode, owner=owner)
        return replace(changed, took_s=changed.took_s + made.took_s)

    return each(world, node, "install", words.rest, step)


def _installed(world: World, node: str, words: tuple[str, ...], mode: str, owner: str) -> Result:
    source = read_file(world, node, absolute(world.machine(node), words[0]))
    if source is None or len(words) != 2:
        return failed(world, 71, f"install: {words[0]}: {NO_SUCH}\n")
    file = replace(source, mode=mode, owner=owner)

    def step(world: World, node: str, path: str) -> Written:
        return write_file(world, node, _into(world, node, path, words[0]), file)

    return each(world, node, "install", words[1:], step)


def _into(world: World, node: str, path: str, source: str) -> str:
    """A copy into a directory keeps its name."""
    target = read_file(world, node, path)
    name = source.rstrip("/").rsplit("/", 1)[-1]
    return f"{path}/{name}" if target is not None and target.is_dir else path


def _rm(world: World, node: str, argv: tuple[str, ...], stdin: str) -> Result:
    words = getopt(argv, "dfirRvP")
    deep = words.has("r") or words.has("R")

    def step(world: World, node: str, path: str) -> Written:
        file = read_file(world, node, path)
        if file is None:
            return Written(world, "" if words.has("f") else NO_SUCH)
        if file.is_dir and not deep:
            return Written(world, "is a directory")
        written = Written(world)
        for inner in tree(world, node, path):
            written = remove(written.world, node, inner)
            if written.error:
                return written
        return written

    return each(world, node, "rm", words.rest, step)


def _rmdir(world: World, node: str, argv: tuple[str, ...], stdin: str) -> Result:
    return each(world, node, "rmdir", getopt(argv, "pv").rest, remove)


def _copied(world: World, node: str, words: tuple[str, ...], name: str) -> Result:
    """Copy one file; directories are not copied."""
    usage = f"usage: {name} source_file target\n"
    if len(words) != 2:
        return failed(world, 64, usage)
    source = read_file(world, node, absolute(world.machine(node), words[0]))
    if source is None or source.is_dir:
        why = "is a directory (not copied)." if source else NO_SUCH
        return failed(world, 1, f"{name}: {words[0]}: {why}\n")

    def step(world: World, node: str, path: str) -> Written:
        return write_file(world, node, _into(world, node, path, words[0]), source)

    return each(world, node, name, words[1:], step)


def _cp(world: World, node: str, argv: tuple[str, ...], stdin: str) -> Result:
    return _copied(world, node, getopt(argv, "fpiv").rest, "cp")


def _mv(world: World, node: str, argv: tuple[str, ...], stdin: str) -> Result:
    words = getopt(argv, "fivn").rest
    copied = _copied(world, node, words, "mv")
    if copied.answer.code:
        return copied
    gone = remove(copied.world, node, absolute(world.machine(node), words[0]))
    return replace(copied, world=gone.world)


def _nothing(world: World, node: str, argv: tuple[str, ...], stdin: str) -> Result:
    """sync, fsync: everything is written through as it comes."""
    return done(world)


PROGRAMS: dict[str, Program] = {
    "touch": _touch,
    "mkdir": _mkdir,
    "install": _install,
    "rm": _rm,
    "rmdir": _rmdir,
    "cp": _cp,
    "mv": _mv,
    "sync": _nothing,
    "fsync": _nothing,
}
