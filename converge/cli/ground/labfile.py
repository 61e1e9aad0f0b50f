"""The lab in its state file: opened once a command, saved after whatever is done to it."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator, Sequence
from functools import cache
from pathlib import Path

from converge.cli.reach.places import lab_path as lab_path
from converge.core.duration import parse_duration
from converge.core.errors import CannotWrite, DiskFull, NoSuchFile, UsageError
from converge.core.host import IO_ERROR, Answer, Clock, Effect, Host, Query, Ticket, Write
from converge.hosts import disk
from converge.hosts.lock import one_in
from converge.lab.host import Lab, LabClock, LabHost
from converge.lab.store import load, save
from converge.lab.world import World

DAYS_MAX = 366
"""As much time may pass at once; a calendar ends somewhere, and so does a person's patience."""

Stamp = tuple[int, int, int]


class LabFile:
    """A lab and the file that it lives in, which other processes may have open, too.

    As on real machines an effect stays, whatever becomes of who began it: it is in the file
    before its answer is heard, and nobody undoes what another process did meanwhile.
    """

    def __init__(
        self, path: str, world: World, stamp: Stamp | None = None, *, new: bool = False
    ) -> None:
        self.path = path
        self.lab = Lab(world)
        self._kept = None if new else world
        self._stamp = stamp or _stamp(path)
        self._inside, self._lasting = False, not new
        self.clock: Clock = _FileClock(self)

    def host(self, node: str) -> Host:
        return _FileHost(self, node)

    @contextlib.contextmanager
    def turn(self, *, lasting: bool = False) -> Iterator[None]:
        """Something is done to the world as it is now, and kept; one process at a time."""
        if self._inside:
            yield
            return
        with one_in(Path(self.path).resolve().parent):
            self.refresh()
            self._inside = True
            try:
                yield
            finally:
                self._inside = False
            self._keep(lasting=lasting)

    def save(self) -> None:
        """Keep also that time has passed since the last turn, and for good."""
        with self.turn(lasting=True):
            pass

    def refresh(self) -> None:
        """The world as the file has it, when another process wrote it since we read it. Our time
        has passed there, too; a look leaves nothing else behind."""
        if (stamp := _stamp(self.path)) == self._stamp:
            return
        now = self.lab.world.now
        self.lab.world = self._kept = load(_text(self.path))
        self._stamp, self._lasting = stamp, True
        self.lab.pass_until(now)

    def _keep(self, *, lasting: bool) -> None:
        """A world that did not change is not written. Only what is done is put down for good, as
        it is long: 130 times in a first run, 7 ms each."""
        if self.lab.world is self._kept and (self._lasting or not lasting):
            return
        write = Write(str(Path(self.path).absolute()), save(self.lab.world))
        answer = disk.write(write, lasting=lasting)
        if answer.code or answer.lost:
            raise (DiskFull if answer.code == IO_ERROR else CannotWrite)(answer.said)
        self._kept, self._lasting, self._stamp = self.lab.world, lasting, _stamp(self.path)


class _FileHost(LabHost):
    """A machine of a lab in a file."""

    def __init__(self, file: LabFile, node: str) -> None:
        super().__init__(file.lab, node)
        self._file = file

    def ask(self, queries: Sequence[Query]) -> list[Answer]:
        self._file.refresh()
        return super().ask(queries)

    def begin(self, effect: Effect) -> Ticket:
        with self._file.turn():
            return super().begin(effect)

    def wait(self, tickets: Collection[Ticket], until_s: float) -> dict[Ticket, Answer]:
        with self._file.turn():
            return super().wait(tickets, until_s)


class _FileClock(LabClock):
    """The time of a lab in a file."""

    def __init__(self, file: LabFile) -> None:
        super().__init__(file.lab)
        self._file = file

    def sleep(self, span_s: float) -> None:
        with self._file.turn():
            super().sleep(span_s)


def _stamp(path: str) -> Stamp:
    """Changes with each writing of the file."""
    try:
        status = Path(path).stat()
    except OSError:
        return 0, 0, 0
    return status.st_ino, status.st_mtime_ns, status.st_size


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
    stamp = _stamp(path)  # first: whoever writes it meanwhile is noticed at the next turn
    return LabFile(path, load(_text(path)), stamp)


def _text(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8", errors="surrogateescape")
    except OSError as wrong:
        hint = "Make one with: converge lab new -c desired/seed-pair.toml"
        raise NoSuchFile(f"{path}: there is no lab ({wrong.strerror})", hint) from wrong


def close_labs() -> None:
    """Forget what is open; the next command reads its file."""
    _opened.cache_clear()
