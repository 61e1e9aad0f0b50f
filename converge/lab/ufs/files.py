"""How a file is shown: its type, its mode in letters, its dates, its row in `ls -l`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zlib import crc32

from converge.lab.ufs import checking, list_dir, normal, read_file
from converge.lab.world import EPOCH, File, World

KINDS = {
    "01": ("p", "Fifo File"),
    "02": ("c", "Character Device"),
    "04": ("d", "Directory"),
    "10": ("-", "Regular File"),
    "12": ("l", "Symbolic Link"),
    "14": ("s", "Socket"),
}

IDS = {"root": 0, "wheel": 0, "daemon": 1, "operator": 5, "mysql": 88, "nobody": 65534}
SCHG = 0x20000
HALF_A_YEAR_S = 180 * 86400


@dataclass(frozen=True, slots=True)
class Shown:
    """A file with everything that stat(2) says about it."""

    path: str
    file: File
    links: int = 1

    @property
    def kind(self) -> str:
        """The type bits of st_mode as two octal digits."""
        digits = self.file.mode
        if self.file.is_dir:
            return "04"
        return digits[:-4].rjust(2, "0") if len(digits) > 4 else "10"

    @property
    def permissions(self) -> str:
        """Four octal digits: set-id and sticky bits first."""
        return self.file.mode[-4:].rjust(4, "0")

    @property
    def letters(self) -> str:
        """As ls shows it: drwxr-xr-x."""
        bits = int(self.permissions, 8)
        rwx = "".join("rwxrwxrwx"[n] if bits >> (8 - n) & 1 else "-" for n in range(9))
        return KINDS[self.kind][0] + rwx

    @property
    def user(self) -> str:
        return self.file.owner.partition(":")[0]

    @property
    def group(self) -> str:
        return self.file.owner.partition(":")[2] or "wheel"

    @property
    def size(self) -> int:
        return 0 if self.kind in ("02", "14") else checking.length(self.file)

    @property
    def blocks(self) -> int:
        """Blocks of 512 bytes."""
        return 0 if self.kind in ("02", "14") else checking.fragments(self.file) * 8

    @property
    def inode(self) -> int:
        """Made up, but always the same for a path."""
        return crc32(self.path.encode()) % 90000 + 2

    @property
    def rdev(self) -> int:
        """The number of a device, made up for all but the first HAST device (hast-stat-dev)."""
        if self.kind != "02":
            return 0
        return 0x53 if self.path.startswith("/dev/hast/") else 0x60 + self.inode % 32


def look(world: World, node: str, path: str) -> Shown | None:
    """The file at an absolute path, ready to be shown."""
    file = read_file(world, node, path)
    if file is None:
        return None
    names = list_dir(world, node, path) if file.is_dir else ()
    below = [read_file(world, node, f"{path}/{name}") for name in names]
    folders = sum(1 for f in below if f is not None and f.is_dir)
    return Shown(normal(path), file, 2 + folders if file.is_dir else 1)


def moment(seconds: float) -> datetime:
    """Wall clock of a world time. The machines run in UTC."""
    return datetime.fromtimestamp(EPOCH, UTC) + timedelta(seconds=seconds)


def short_date(seconds: float, now: float) -> str:
    """The date of `ls -l`: the year stands in the place of the hour after half a year."""
    far = abs(now - seconds) > HALF_A_YEAR_S
    return f"{moment(seconds):%b %e  %Y}" if far else f"{moment(seconds):%b %e %H:%M}"


def long_rows(shown: list[tuple[str, Shown]], now: float, *, flags: bool = False) -> str:
    """`ls -l` of names and files, without the total."""
    sizes = [f"{s.rdev:#x}" if s.kind == "02" else str(s.size) for _, s in shown]
    links = max((len(str(s.links)) for _, s in shown), default=1)
    user = max((len(s.user) for _, s in shown), default=0)
    group = max((len(s.group) for _, s in shown), default=0)
    size = max((len(text) for text in sizes), default=0)
    flag = max((len(s.file.flags or "-") for _, s in shown), default=0) if flags else 0
    rows = ""
    for (name, s), text in zip(shown, sizes, strict=True):
        mark = f"{s.file.flags or '-':{flag}} " if flags else ""
        date = short_date(s.file.mtime, now)
        rows += f"{s.letters}  {s.links:>{links}} {s.user:{user}}  {s.group:{group}}  "
        rows += f"{mark}{text:>{size}} {date} {name}\n"
    return rows


def total(shown: list[tuple[str, Shown]]) -> str:
    """The first line of `ls -l` of a directory, in blocks of 1024 bytes."""
    return f"total {sum(s.blocks for _, s in shown) // 2}\n"
