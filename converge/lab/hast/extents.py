"""Which 2 MiB extents of a HAST device a file system lies on: enough for `dirty` to be counted.

A rough picture of UFS: directories are spread over cylinder groups of 64 MB, the small files of
a directory share an extent, a big file is spread in chunks (newfs-U, hast-degraded-dirty-list).
"""

from __future__ import annotations

from zlib import crc32

from converge.lab.world import File, Ufs

EXTENT = 2 * 1024 * 1024
GROUP = 64 * 1024 * 1024
CHUNK = 16
"""Extents of a big file that lie together; then it goes on in the next cylinder group."""

REQUEST = 1024 * 1024
"""Bytes of the largest single request of 64-bit FreeBSD 13 and later (MAXPHYS)."""


def length(file: File) -> int:
    """Bytes of a file."""
    return len(file.text) + file.zeros


def count(size: int) -> int:
    """Extents of a device of `size` bytes."""
    return max(1, -(-size // EXTENT))


def headers(size: int) -> frozenset[int]:
    """Extents that begin a cylinder group; the first holds the superblock too."""
    return frozenset(start // EXTENT for start in range(0, size, GROUP))


def of_file(path: str, file: File, size: int, skip: int = 0) -> frozenset[int]:
    """Extents of a file: of its inode, and of its bytes after the first `skip`."""
    total = count(size)
    starts = sorted(headers(size))
    home = starts[crc32(path.rpartition("/")[0].encode()) % len(starts)]
    if length(file) <= REQUEST:
        return frozenset({home, min(home + 1, total - 1)})
    found = {home, (home + 1) % total}
    for nth in range(skip // EXTENT, (length(file) - 1) // EXTENT + 1):
        chunk, offset = divmod(nth, CHUNK)
        start = starts[(starts.index(home) + chunk) % len(starts)]
        found |= {start, (start + 2 + offset + chunk // len(starts) * CHUNK) % total}
    return frozenset(found)


def used(ufs: Ufs | None, size: int) -> frozenset[int]:
    """Extents that hold anything at all."""
    if ufs is None:
        return frozenset()
    of_files = (of_file(path, file, size) for path, file in ufs.files.items())
    return headers(size).union(*of_files)


def changed_paths(old: Ufs | None, new: Ufs | None) -> frozenset[str]:
    """Files and directories that are not the same in both."""
    before = {} if old is None else old.files
    after = {} if new is None else new.files
    return frozenset(p for p in {*before, *after} if before.get(p) != after.get(p))


def touched(old: Ufs | None, new: Ufs | None, size: int) -> frozenset[int]:
    """Extents that a change of the content writes to."""
    if old == new:
        return frozenset()
    if old is None or new is None:
        return headers(size)
    marks = (old.clean, old.last_mounted) != (new.clean, new.last_mounted)
    found: frozenset[int] = frozenset({0}) if marks else frozenset()
    for path in changed_paths(old, new):
        before, after = old.files.get(path), new.files.get(path)
        if before is None or after is None:
            found |= of_file(path, after or before or File(), size)
        else:
            grown = after.text.startswith(before.text) and length(after) > length(before)
            found |= of_file(path, after, size, length(before) if grown else 0)
    return found or frozenset({0})
