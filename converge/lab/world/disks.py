"""Values of a machine's disks: files, file systems, HAST metadata. Nothing in here behaves."""

from __future__ import annotations

from dataclasses import dataclass, field

from converge.lab.world.table import Table


@dataclass(frozen=True, slots=True)
class File:
    """A file or directory of any file system. `mode` is octal digits, `mtime` world seconds.

    Six digits say the type too, as st_mode does: a socket is 140755.
    """

    text: str = ""
    mode: str = "644"
    owner: str = "root:wheel"
    flags: str = ""
    mtime: float = 0.0
    is_dir: bool = False
    born: float = 0.0
    """When it was made. Young directories do not survive a power cut (recordings, fact 36)."""
    zeros: int = 0
    """So many zero bytes follow the text: a big file need not be kept."""


@dataclass(frozen=True, slots=True)
class Ufs:
    """A UFS as it lies on a disk. Paths are relative to its root, without a leading slash.

    `clean` is the superblock's mark. `broken` means that `fsck -p` gives up (exit 8).
    `torn`: a half-synchronised mixture of old and new blocks; the next check throws files away.
    """

    files: Table[str, File] = field(default_factory=Table)
    clean: bool = True
    broken: bool = False
    torn: bool = False
    last_mounted: str = ""


@dataclass(frozen=True, slots=True)
class Metadata:
    """What `hastctl create` wrote and hastd keeps (`hastctl dump`)."""

    resuid: int = 0
    localcnt: int = 0
    remotecnt: int = 0
    prevrole: str = "init"
    marked: tuple[int, ...] = ()
    """Extents that the on-disk bitmap marks as not known to be on the peer, last used last."""
    resource: str = ""
    """The name it was created for; '' fits any."""
    datasize: int = 268430848
    extentsize: int = 2097152
    keepdirty: int = 64
    localoff: int = 4608

    @property
    def dirty(self) -> int:
        return len(self.marked)


@dataclass(frozen=True, slots=True)
class Queued:
    """The last write to a disk, received but not yet on it. `before`: what it replaces."""

    before: Ufs | None
    at: float


@dataclass(frozen=True, slots=True)
class Disk:
    """A local disk: its size in bytes, HAST metadata if created, and what lies on it."""

    size: int = 268435456
    metadata: Metadata | None = None
    ufs: Ufs | None = None
    fails: str = ""
    """'' healthy, 'read' or 'write': such requests end in an I/O error."""
    queued: Queued | None = None
    """What a power cut within milliseconds takes away again."""
    unlike: bool = False
    """Its peer was believed to hold the same and did not (blind spot B3)."""
    sector: int = 512
    """Bytes of a sector, as diskinfo(8) tells them."""
