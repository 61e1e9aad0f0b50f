"""Files of a machine as its programs see them: the root file system and what is mounted on it."""

from __future__ import annotations

from dataclasses import dataclass

from converge.lab.world import File, World


@dataclass(frozen=True, slots=True)
class Written:
    """The world after a write; `error` is the kernel's phrase, empty when it worked."""

    world: World
    error: str = ""
    took_s: float = 0.0


def read_file(world: World, node: str, path: str) -> File | None:
    """The file or directory at an absolute path, through mounts; None when there is none."""
    return world.machine(node).files.get(path)


def write_file(world: World, node: str, path: str, file: File) -> Written:
    """Put a file (or directory) at an absolute path, through mounts."""
    machine = world.machine(node)
    return Written(world.change(node, files=machine.files.put(path, file)))


def list_dir(world: World, node: str, path: str) -> tuple[str, ...]:
    """Names in a directory, sorted; empty when it is none."""
    start = path.rstrip("/") + "/"
    names = (p[len(start) :] for p in world.machine(node).files if p.startswith(start))
    return tuple(sorted(n for n in names if n and "/" not in n))
