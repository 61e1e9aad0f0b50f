"""kldstat, kldload, kldunload."""

from __future__ import annotations

from collections.abc import Mapping

from converge.core.host import Answer
from converge.lab.machine.modules import (
    ALWAYS,
    EEXIST,
    KERNEL,
    NAMES,
    REFS,
    Kld,
    in_kernel,
    load,
    loaded,
    unload,
)
from converge.lab.net.links import major
from converge.lab.shell.getopt import getopt
from converge.lab.world import Machine, Program, Result, World, done, failed

HEADER = "Id Refs Address                Size Name\n"
OLD_HEADER = "Id Refs Address            Size     Name\n"


def kldstat(world: World, node: str, argv: tuple[str, ...], stdin: str) -> Result:
    options = getopt(argv, "hqvi:n:m:").given
    machine = world.machine(node)
    if "m" in options:
        return _module(world, machine, options["m"], quiet="q" in options)
    if "n" in options:
        name = options["n"].removesuffix(".ko")
        found = [k for k in _all(machine) if k.file == name]
        if not found and "q" in options:
            return failed(world, 1)
        if not found:
            text = f"kldstat: can't find file {options['n']}: No such file or directory\n"
            return failed(world, 1, text)
        return done(world, "" if "q" in options else _table(machine, found, options))
    return done(world, _table(machine, _all(machine), options))


def _all(machine: Machine) -> list[Kld]:
    size = 0xB8E538 if machine.compiled_in else 0xB8C5D8
    return [Kld(1, KERNEL, size, "kernel"), *loaded(machine)]


def _table(machine: Machine, klds: list[Kld], options: Mapping[str, str]) -> str:
    old = major(machine) < 12
    lines = [OLD_HEADER if old else HEADER]
    for kld in sorted(klds):
        refs = 1
        if kld.file == "kernel":
            refs += sum(REFS.get(file, 2) for file in machine.modules)
        size = f"{kld.size:<8x}" if old else f"{kld.size:8x}"
        name = kld.file if kld.file == "kernel" else f"{kld.file}.ko"
        line = f"{kld.id:2d} {refs:4d} {kld.address:#x} {size} {name}"
        if "v" in options:
            line += f" (/boot/kernel/{name})\n\tContains modules:\n\t\t Id Name"
            line += f"\n\t\t{_module_id(machine, kld.file):3d} {NAMES.get(kld.file, kld.file)}"
        lines.append(line + "\n")
    return "".join(lines)


def _module(world: World, machine: Machine, name: str, *, quiet: bool) -> Result:
    files = [f for f in ("carp", "if_carp", "geom_gate", *ALWAYS) if NAMES.get(f, f) == name]
    file = next((f for f in files if in_kernel(machine, f)), None)
    if file is None and quiet:
        return failed(world, 1)
    if file is None:
        text = f"kldstat: can't find module {name}: No such file or directory\n"
        return failed(world, 1, text)
    line = f"Id  Refs Name\n{_module_id(machine, file):3d} {1:4d} {name}\n"
    return done(world, "" if quiet else line)


def _module_id(machine: Machine, file: str) -> int:
    """The loader's modules come first, then those of the kernel, then those loaded later."""
    if file in ALWAYS:
        return ALWAYS[file]
    if file in machine.compiled_in:
        return 94
    for kld in loaded(machine):
        if kld.file == file:
            return kld.id - 1 if kld.address < 0xFFFFFFFF81000000 else 148 + kld.id
    return 150


def kldload(world: World, node: str, argv: tuple[str, ...], stdin: str) -> Result:
    options, names = getopt(argv, "nqv").given, getopt(argv, "nqv").rest
    if not names:
        return failed(world, 1, "usage: kldload [-nqv] file ...\n")
    out, err = "", ""
    for name in names:
        file = name.rsplit("/", 1)[-1].removesuffix(".ko")
        world, error = load(world, node, file)
        if error == EEXIST and "n" in options:
            continue
        if error:
            err += "" if "q" in options else f"kldload: can't load {name}: {error}\n"
            return Result(world, Answer(1, out, err))
        if "v" in options:
            out += f"Loaded {name}, id={world.machine(node).klds[file][0]}\n"
    return Result(world, Answer(0, out, err), 0.1)


def kldunload(world: World, node: str, argv: tuple[str, ...], stdin: str) -> Result:
    options, names = getopt(argv, "fvni:").given, getopt(argv, "fvni:").rest
    if not names:
        return failed(world, 1, "usage: kldunload [-fv] [-n] name ...\n")
    out = ""
    for name in names:
        file = name.removesuffix(".ko")
        kld = next((k for k in loaded(world.machine(node)) if k.file == file), None)
        if kld is None:
            return failed(world, 1, f"kldunload: can't find file {name}\n", out)
        if "v" in options:
            out += f"Unloading {file}.ko, id={kld.id}\n"
        world, error = unload(world, node, file)
        if error:
            return failed(world, 1, f"kldunload: can't unload file: {error}\n", out)
    return done(world, out, 0.1)


PROGRAMS: dict[str, Program] = {"kldstat": kldstat, "kldload": kldload, "kldunload": kldunload}
