"""Files of a machine as its programs see them: the root file system and what is mounted on it.

Mounting is in mounting, checking and sizes are in checking, how files are shown is in files.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from converge.lab.ufs import checking
from converge.lab.world import File, Machine, Mount, Table, Ufs, World

NO_SUCH = "No such file or directory"
NOT_PERMITTED = "Operation not permitted"

SPECIAL = ("/dev/console", "/dev/null", "/dev/random", "/dev/zero")
"""Device nodes that are no disks."""


@dataclass(frozen=True, slots=True)
class Written:
    """The world after a write; `error` is the kernel's phrase, empty when it worked.

    `took_s` is how long the writing process stood still, in seconds.
    """

    world: World
    error: str = ""
    took_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Place:
    """Where a path lies: in which files, under which key, on which mount (None: the root)."""

    mount: Mount | None
    files: Table[str, File]
    key: str

    @property
    def top(self) -> str:
        """The key of the file system's own root."""
        return "" if self.mount else "/"

    @property
    def parent(self) -> str:
        return self.key.rpartition("/")[0] or self.top

    def within(self, key: str) -> str:
        """What every key below `key` begins with."""
        return "" if not key else key.rstrip("/") + "/"


def normal(path: str) -> str:
    """An absolute path without `.`, `..` and double slashes."""
    parts: list[str] = []
    for part in path.split("/"):
        if part == "..":
            del parts[-1:]
        elif part not in ("", "."):
            parts.append(part)
    return "/" + "/".join(parts)


def absolute(machine: Machine, path: str) -> str:
    """`path` as seen from the directory in which the running shell stands."""
    if path.startswith("/"):
        return normal(path)
    shells = [p.data["cwd"] for p in machine.processes.values() if "cwd" in p.data]
    return normal(f"{shells[-1] if shells else '/root'}/{path}")


def place(machine: Machine, path: str) -> Place:
    """Where an absolute path lies; the latest mount on a directory covers what was there."""
    best: Mount | None = None
    for mount in machine.mounts:
        covers = path == mount.path or path.startswith(mount.path + "/")
        if mount.ufs and covers and (not best or len(mount.path) >= len(best.path)):
            best = mount
    if best is None or best.ufs is None:
        return Place(None, machine.files, path)
    return Place(best, best.ufs.files, path[len(best.path) :].lstrip("/"))


def read_file(world: World, node: str, path: str) -> File | None:
    """The file or directory at an absolute path, through mounts; None when there is none.

    A mount whose device is gone is read from memory (mounted-role-secondary-ls).
    """
    path = normal(path)
    if path.startswith("/dev/"):
        return _device_node(world, node, path)
    spot = place(world.machine(node), path)
    found = spot.files.get(spot.key)
    if found is None and (spot.key == spot.top or _has_children(spot)):
        found = File(mode="755", is_dir=True)
    return found


def list_dir(world: World, node: str, path: str) -> tuple[str, ...]:
    """Names in a directory, sorted; empty when it is none."""
    path = normal(path)
    spot = place(world.machine(node), path)
    start = spot.within(spot.key)
    names = {k[len(start) :].split("/")[0] for k in spot.files if k.startswith(start)}
    if path == "/dev" or path.startswith("/dev/"):
        nodes = (*SPECIAL, *_disk_nodes(world, node))
        names |= {n[len(path) + 1 :].split("/")[0] for n in nodes if n.startswith(path + "/")}
    return tuple(sorted(name for name in names if name))


def write_file(world: World, node: str, path: str, file: File) -> Written:
    """Put a file (or directory) at an absolute path, through mounts; its times become now."""
    path = normal(path)
    if path.startswith("/dev/"):
        return Written(world, "" if path in SPECIAL else "Operation not supported")
    spot = place(world.machine(node), path)
    error = _refusal(world, node, spot, file)
    if error:
        return Written(world, error)
    old = spot.files.get(spot.key)
    new = replace(file, mtime=world.now, born=old.born if old else world.now)
    files = spot.files.put(spot.key, new)
    parent = files.get(spot.parent)
    if old is None and parent is not None and spot.key != spot.top:
        files = files.put(spot.parent, replace(parent, mtime=world.now))
    return _store(world, node, spot, files)


def change_file(world: World, node: str, path: str, **fields: str) -> Written:
    """Change mode, owner or flags of a file; no other time than that of the inode changes."""
    spot = place(world.machine(node), normal(path))
    old = read_file(world, node, path)
    if old is None:
        return Written(world, NO_SUCH)
    if "schg" in old.flags and "flags" not in fields:
        return Written(world, NOT_PERMITTED)
    if _read_only(spot):
        return Written(world, "Read-only file system")
    new = replace(old, **fields)  # type: ignore[arg-type]
    return _store(world, node, spot, spot.files.put(spot.key, new))


def remove(world: World, node: str, path: str) -> Written:
    """Take a file or an empty directory away."""
    spot = place(world.machine(node), normal(path))
    old, parent = spot.files.get(spot.key), spot.files.get(spot.parent)
    if old is None:
        return Written(world, NO_SUCH)
    if old.is_dir and _has_children(spot):
        return Written(world, "Directory not empty")
    if "schg" in old.flags or (parent and "schg" in parent.flags):
        return Written(world, NOT_PERMITTED)
    if _read_only(spot):
        return Written(world, "Read-only file system")
    files = spot.files.drop(spot.key)
    if parent is not None:
        files = files.put(spot.parent, replace(parent, mtime=world.now))
    return _store(world, node, spot, files)


def _refusal(world: World, node: str, spot: Place, file: File) -> str:
    old = spot.files.get(spot.key)
    top = spot.key == spot.top
    parent = None if top else read_file(world, node, _path_of(spot, spot.parent))
    if old is not None and old.is_dir != file.is_dir:
        return "Is a directory" if old.is_dir else "Not a directory"
    if old is None and not top and parent is None:
        return NO_SUCH
    if parent is not None and not parent.is_dir:
        return "Not a directory"
    guard = old or parent
    if guard is not None and "schg" in guard.flags:
        return NOT_PERMITTED
    return "Read-only file system" if _read_only(spot) else ""


def _path_of(spot: Place, key: str) -> str:
    return f"{spot.mount.path}/{key}" if spot.mount else key


def _read_only(spot: Place) -> bool:
    return spot.mount is not None and "ro" in spot.mount.options.split(",")


def _has_children(spot: Place) -> bool:
    start = spot.within(spot.key)
    return any(k.startswith(start) and k != spot.key for k in spot.files)


def _no_room(machine: Machine, spot: Place, files: Table[str, File]) -> bool:
    """Whether the file system cannot take more than it holds; a fault or a real lack of room."""
    grown = checking.used(Ufs(files)) > checking.used(Ufs(spot.files))
    if (spot.mount.path if spot.mount else "/") in machine.full:
        return grown or len(files) > len(spot.files)
    size = spot.mount.size if spot.mount else 0
    return grown and size > 0 and checking.used(Ufs(files)) > checking.Layout(size).data


def _failing(world: World, node: str, device: str) -> bool:
    """Whether a write to that device ends in an I/O error."""
    from converge.lab.hast import storage  # storage reads its configuration through this module

    found = storage.device(world, node, device)
    return found is not None and found.fails == "write"


def _store(world: World, node: str, spot: Place, files: Table[str, File]) -> Written:
    """Keep the new files: on the root, or in the mount's memory and through it on the device."""
    machine = world.machine(node)
    if _no_room(machine, spot, files):
        return Written(world, "No space left on device")
    if spot.mount is None or spot.mount.ufs is None:
        return Written(world.change(node, files=files))
    ufs = replace(spot.mount.ufs, files=files)
    changed = replace(spot.mount, ufs=ufs)
    mounts = tuple(changed if m is spot.mount else m for m in machine.mounts)
    world = world.change(node, mounts=mounts)
    if spot.mount.gone:
        return Written(world)
    from converge.lab.hast import storage  # storage reads its configuration through this module

    failing = _failing(world, node, spot.mount.device)
    world, stall_s = storage.write(world, node, spot.mount.device, ufs)
    return Written(world, "Input/output error" if failing else "", stall_s)


def _disk_nodes(world: World, node: str) -> tuple[str, ...]:
    from converge.lab.hast import storage  # storage reads its configuration through this module

    return storage.device_nodes(world, node)


def _device_node(world: World, node: str, path: str) -> File | None:
    if path in SPECIAL:
        return File(mode="020666")
    nodes = _disk_nodes(world, node)
    if path in nodes:
        return File(mode="020640", owner="root:operator", mtime=world.machine(node).booted)
    if any(n.startswith(path + "/") for n in nodes):
        return File(mode="555", is_dir=True)
    return None
