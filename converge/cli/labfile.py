"""The lab in its state file: opened once a command, saved when it ends."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

from converge.core.duration import parse_duration
from converge.core.errors import CannotWrite, NoSuchFile, UsageError
from converge.core.host import Clock, Host, Write
from converge.hosts import disk
from converge.lab.host import Lab, LabClock, LabHost
from converge.lab.store import load, save
from converge.lab.world import World

DEFAULT = "lab.json"

DAYS_MAX = 366
"""As much time may pass at once; a calendar ends somewhere, and so does a person's patience."""


class LabFile:
    """A lab and the file that it lives in."""

    def __init__(self, path: str, world: World, *, new: bool = False) -> None:
        self.path = path
        self.lab = Lab(world)
        self._kept = None if new else world
        self._stamp = _stamp(path)
        self.clock: Clock = LabClock(self.lab)

    def host(self, node: str) -> Host:
        return LabHost(self.lab, node)

    def save(self) -> None:
        """Keep the world as it is now. One that did not change is not written: who only waited
        for the lock must not undo what its holder did."""
        if self.lab.world is self._kept:
            return
        answer = disk.write(Write(str(Path(self.path).absolute()), save(self.lab.world)))
        if answer.code or answer.lost:
            raise CannotWrite(answer.said)
        self._kept, self._stamp = self.lab.world, _stamp(self.path)

    def refresh(self) -> None:
        """The world as the file has it, when another process wrote it since we read it."""
        if _stamp(self.path) != self._stamp:
            self._stamp = _stamp(self.path)
            self._kept = self.lab.world = load(_text(self.path))


def _stamp(path: str) -> tuple[int, int]:
    """Changes with each writing of the file."""
    try:
        status = Path(path).stat()
    except OSError:
        return 0, 0
    return status.st_ino, status.st_mtime_ns


def lab_path(path: str | None) -> str:
    """The state file: as named, else CONVERGE_LAB, else lab.json here."""
    return path or os.environ.get("CONVERGE_LAB") or DEFAULT


def new_lab(path: str, world: World) -> LabFile:
    """A lab with this world, in that file from now on."""
    made = LabFile(path, world, new=True)
    made.save()
    _opened.cache_clear()
    return made


def open_lab(path: str) -> LabFile:
    """The lab in that file; everybody in this process gets the same one."""
    return _opened(lab_path(path))


def read_span(text: str) -> float:
    """Seconds that should pass. UsageError for no span of time, or for too long a one."""
    try:
        span_s = parse_duration(text)
    except ValueError as wrong:
        raise UsageError(f"{text}: {wrong}") from wrong
    if span_s > DAYS_MAX * 86400:
        raise UsageError(f"{text}: at most {DAYS_MAX}d can pass at once")
    return span_s


@cache
def _opened(path: str) -> LabFile:
    return LabFile(path, load(_text(path)))


def _text(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8", errors="surrogateescape")
    except OSError as wrong:
        hint = "Make one with: converge lab new -c desired/seed-pair.toml"
        raise NoSuchFile(f"{path}: there is no lab ({wrong.strerror})", hint) from wrong


def close_labs() -> None:
    """Forget what is open; the next command reads its file."""
    _opened.cache_clear()
