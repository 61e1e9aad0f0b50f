"""A UFS as a value: its sizes, how newfs lays it out, what fsck finds in it and leaves of it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from converge.lab.world import File, Table, Ufs

FRAGMENT = 4096
PER_BLOCK = 8
"""Fragments per block of 32 kB."""

INODE = 256
DENSITY = 2 * FRAGMENT
"""newfs(8): one inode per so many bytes."""

GROUP_FRAGMENTS_MAX = 160280
"""newfs makes no cylinder group larger than 626.09 MB at this block size."""

PHASES = (
    "** Phase 1 - Check Blocks and Sizes\n",
    "** Phase 2 - Check Pathnames\n",
    "** Phase 3 - Check Connectivity\n",
    "** Phase 4 - Check Reference Counts\n",
    "** Phase 5 - Check Cyl groups\n",
)

MISCOUNTED = (
    "FREE BLK COUNT(S) WRONG IN SUPERBLK",
    "SUMMARY INFORMATION BAD",
    "BLK(S) MISSING IN BIT MAPS",
)
"""What every UFS shows that lost its machine while it was mounted (dirty-fsck-n)."""


@dataclass(frozen=True, slots=True)
class Layout:
    """How newfs lays a file system out on so many bytes. Counts of 4 kB fragments."""

    size: int
    """Bytes of the device."""

    @property
    def fragments(self) -> int:
        return self.size // FRAGMENT

    @property
    def sectors(self) -> int:
        return self.fragments * FRAGMENT // 512

    @property
    def per_group(self) -> int:
        quarter = -(-self.fragments // 4)
        return min(-(-quarter // PER_BLOCK) * PER_BLOCK, GROUP_FRAGMENTS_MAX)

    @property
    def groups(self) -> int:
        return -(-self.fragments // self.per_group)

    @property
    def inodes(self) -> int:
        """Per cylinder group; whole fragments of sixteen of them, in eights."""
        wanted = self.per_group * FRAGMENT // DENSITY
        return -(-wanted // 128) * 128

    @property
    def data(self) -> int:
        """Fragments for files: without super-blocks, group blocks and inodes (newfs.c)."""
        inode_fragments = self.inodes * INODE // FRAGMENT
        summary = -(-self.groups * 16 // FRAGMENT)
        return self.fragments - 24 - self.groups * (inode_fragments + 16) - summary


def length(file: File) -> int:
    """Bytes of a file as ls shows them; a directory has 512."""
    return 512 if file.is_dir else len(file.text.encode(errors="surrogateescape")) + file.zeros


def fragments(file: File) -> int:
    """4 kB fragments that a file takes; beyond twelve blocks there is an indirect block too."""
    needed = -(-length(file) // FRAGMENT)
    if needed <= 12 * PER_BLOCK:
        return needed
    return (-(-needed // PER_BLOCK) + 1) * PER_BLOCK


def used(ufs: Ufs) -> int:
    """Fragments in use, the root directory's included."""
    return 1 + sum(fragments(f) for k, f in ufs.files.items() if k)


def free(ufs: Ufs, size: int) -> int:
    """Fragments that are left on a device of `size` bytes, the reserve of 8 % included."""
    return Layout(size).data - used(ufs)


def tally(ufs: Ufs, size: int) -> str:
    """The last line of a check. How the free ones lie is a guess: three blocks are begun."""
    left = free(ufs, size)
    loose = min(left, left % PER_BLOCK + 3 * PER_BLOCK)
    share = loose * 100 / Layout(size).data
    count = 1 + sum(1 for k in ufs.files if k)
    return (
        f"{count} files, {used(ufs)} used, {left} free ({loose} frags, "
        f"{(left - loose) // PER_BLOCK} blocks, {share:.1f}% fragmentation)"
    )


def tally_clean(ufs: Ufs, size: int) -> str:
    """The same as preen says it of a file system that it did not have to check."""
    return "clean, " + tally(ufs, size).split(" used, ")[1]


def new_ufs(now: float) -> Ufs:
    """What newfs leaves: `.snap` and nothing else. `now` is world seconds."""
    snap = File(mode="775", owner="root:operator", mtime=now, is_dir=True, born=now)
    return Ufs(files=Table({".snap": snap}))


def dirty(ufs: Ufs) -> bool:
    """fsck has to look at it: not unmounted, torn, or worse."""
    return not ufs.clean or ufs.torn or ufs.broken


def repaired(ufs: Ufs) -> Ufs:
    """What a check that repairs leaves. A torn copy loses its files (hast-midsync-*)."""
    files = ufs.files
    if ufs.torn or ufs.broken:
        files = Table({k: f for k, f in files.items() if f.is_dir or not length(f)})
    return replace(ufs, files=files, clean=True, torn=False, broken=False)


def lost(ufs: Ufs) -> tuple[tuple[int, File], ...]:
    """Inode numbers (made up) and files that `repaired` throws away, in order."""
    gone = sorted(set(ufs.files) - set(repaired(ufs).files))
    return tuple((4 + n, ufs.files[key]) for n, key in enumerate(gone))
