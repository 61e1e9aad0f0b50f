"""Kernel modules: what is loaded or compiled in, loading and unloading."""

from __future__ import annotations

from typing import NamedTuple

from converge.lab.net.links import major
from converge.lab.world import File, Machine, Table, World

ALWAYS = {"ufs": 95, "ffs": 96, "devfs": 5, "g_part": 20, "tcp": 30}
"""Modules that every kernel has compiled in, with their ids."""

NAMES = {"geom_gate": "g_gate", "if_carp": "carp"}
"""Module name by file name where they differ (recordings, fact 25)."""

SIZES = {"carp": 0x7840, "if_carp": 0x7840, "geom_gate": 0x4538}
PRELOADED = {"carp": 0xF610, "if_carp": 0xF610, "geom_gate": 0x8A00}
REFS = {"geom_gate": 3}
"""How often a file refers to the kernel; others twice."""

KERNEL = 0xFFFFFFFF80200000
PRELOAD_AT = 0xFFFFFFFF80D8D000
LOAD_AT = 0xFFFFFFFF81118000
PAGE = 0x1000

EEXIST = "module already loaded or in kernel"
ENOENT = "No such file or directory"


class Kld(NamedTuple):
    """One line of kldstat(8)."""

    id: int
    address: int
    size: int
    file: str


def carp_file(machine: Machine) -> str:
    """The file that holds CARP: renamed in FreeBSD 10."""
    return "carp" if major(machine) >= 10 else "if_carp"


def in_kernel(machine: Machine, file: str) -> bool:
    """Loaded from that file or compiled in."""
    return file in machine.modules or file in machine.compiled_in or file in ALWAYS


def has_carp(machine: Machine) -> bool:
    """The kernel knows CARP."""
    return in_kernel(machine, carp_file(machine))


def loaded(machine: Machine) -> list[Kld]:
    """The loaded files in order, without the kernel itself."""
    found: list[Kld] = []
    for file in machine.modules:
        known = machine.klds.get(file)
        found.append(Kld(*known, file) if known else _next(found, file))
    return found


def _next(found: list[Kld], file: str) -> Kld:
    """The next id and the first gap that is large enough."""
    size = SIZES.get(file, 0x6000)
    address = LOAD_AT
    for kld in sorted(found, key=lambda k: k.address):
        if kld.address >= address and address + size > kld.address:
            address = kld.address + -(-kld.size // PAGE) * PAGE
    return Kld(max([1, *(k.id for k in found)]) + 1, address, size, file)


def load(world: World, node: str, file: str) -> tuple[World, str]:
    """Load a file as kldload(2); the reason if it cannot be."""
    machine = world.machine(node)
    if in_kernel(machine, file):
        return world, EEXIST
    if f"/boot/kernel/{file}.ko" not in machine.files:
        return world, ENOENT
    new = _next(loaded(machine), file)
    klds = _known(machine).put(file, (new.id, new.address, new.size))
    return world.change(node, modules=(*machine.modules, file), klds=klds), ""


def preload(files: tuple[str, ...]) -> dict[str, tuple[int, int, int]]:
    """Where the loader puts what loader.conf names."""
    table, address = {}, PRELOAD_AT
    for i, file in enumerate(files):
        size = PRELOADED.get(file, 0x6000)
        table[file] = (2 + i, address, size)
        address += -(-size // PAGE) * PAGE
    return table


def unload(world: World, node: str, file: str) -> tuple[World, str]:
    """Unload a file as kldunload(2); the reason if it cannot be."""
    machine = world.machine(node)
    if busy(machine, file):
        return world, "Device busy"
    sysctls = machine.sysctls
    if file == carp_file(machine):
        sysctls = sysctls.drop(*(k for k in sysctls if k.startswith("net.inet.carp.")))
    modules = tuple(m for m in machine.modules if m != file)
    klds = _known(machine).drop(file)
    return world.change(node, modules=modules, klds=klds, sysctls=sysctls), ""


def _known(machine: Machine) -> Table[str, tuple[int, int, int]]:
    """Where everything that is loaded lies now."""
    return Table({k.file: (k.id, k.address, k.size) for k in loaded(machine)})


def busy(machine: Machine, file: str) -> bool:
    """Something uses it: a group, a /dev/hast device."""
    if file in ("carp", "if_carp"):
        return any(i.vhids for i in machine.interfaces.values())
    if file == "geom_gate" and machine.hastd is not None:
        return any(r.device for r in machine.hastd.resources.values())
    return False


def kernel_files(release: str) -> dict[str, File]:
    """The module files of an installed system."""
    carp = "carp" if int(release.partition(".")[0]) >= 10 else "if_carp"
    return {f"/boot/kernel/{name}.ko": File(mode="555") for name in (carp, "geom_gate")}
