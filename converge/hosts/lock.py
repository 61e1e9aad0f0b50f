"""One run at a time: a kernel lock that dies with its process, and the mark of who came meanwhile.

Who finds the lock held leaves a mark and goes; the holder makes one more run for all of them.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from converge.core.errors import ConvergeError
from converge.core.host import Clock
from converge.hosts.disk import refusal

POLL_S = 0.1
"""How often a lock that is waited for is tried."""

HINT = "Run as root, or name another folder with CONVERGE_RUN_DIR."


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds the lock, or came while it was held: process, since when (ISO), trigger, why."""

    pid: int = 0
    since: str = ""
    trigger: str = ""
    why: str = ""

    def __str__(self) -> str:
        if not self.pid:
            return "another process"
        return f"process {self.pid} since {self.since} ({self.why}, trigger {self.trigger})"


class LockHeld(ConvergeError):
    """Another run is at work; nothing was done (EX_TEMPFAIL, sysexits(3))."""

    exit_code = 75

    def __init__(self, node: str, holder: Holder) -> None:
        super().__init__(f"{node} is being worked on by {holder}", "Try again when it has ended.")
        self.holder = holder


class NodeLock:
    """A held lock: FOLDER/NODE.lock, with the mark FOLDER/NODE.again beside it.

    No wake-up is lost, and this is why. Who comes, L, tries the lock, leaves the mark, and tries
    the lock once more; who holds it, H, takes the mark away *before* it looks at the nodes.

    - L's second try succeeds: L makes the run itself.
    - It fails: at that moment, after the mark was left, somebody holds the lock. Either that
      holder has not yet taken the marks away for its last look: then its look comes after L's
      event. Or it has: then it finds the mark at its end, in `release`, which checks once more
      *after* unlocking, because L's second try may have come before that.
    - In that last check the mark is there but the lock is not to be had: then it has a new
      holder, for whom the same two cases hold.

    A holder that is killed leaves the mark to whoever comes next, at the latest cron. The lock's
    file is never removed: two processes could then hold locks on two files of one name.
    """

    def __init__(self, folder: Path, node: str, holder: Holder) -> None:
        self.node, self.holder = node, holder
        self._file = folder / f"{node}.lock"
        self._mark = folder / f"{node}.again"
        with _said(self._file):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            # Only for the owner, because a reader could lock us out. Closed in every child
            # (O_CLOEXEC is Python's default), so that no daemon we start keeps the lock.
            self._descriptor = os.open(self._file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def try_(self) -> bool:
        """Take the lock if nobody has it. What was marked until now is done by this run."""
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError as error:
            raise refusal(self._file, error) from error
        self._write(json.dumps(asdict(self.holder)) + "\n")
        return True

    def held_by(self) -> Holder:
        """Who says that they hold it; nobody in particular in the moment of a change."""
        with _said(self._file):
            return _read(os.pread(self._descriptor, 4096, 0))

    def leave_mark(self) -> None:
        """Somebody came. The mark is there whole or not at all; a later one replaces it."""
        beside = self._mark.with_name(f"{self._mark.name}.{os.getpid()}")
        with _said(self._mark):
            beside.write_text(json.dumps(asdict(self.holder)) + "\n")
            beside.replace(self._mark)

    def take_mark(self) -> Holder | None:
        """Who came last since we began to look, if anybody; from now on we have heard them."""
        with _said(self._mark):
            try:
                text = self._mark.read_bytes()
            except FileNotFoundError:
                return None
            self._mark.unlink(missing_ok=True)
        return _read(text)

    def release(self) -> Holder | None:
        """None: the lock is free. Somebody: they came meanwhile, and the lock is still held."""
        while True:  # Goes round only when another process took the mark between two lines.
            came = self.take_mark()
            if came is not None:
                return came
            self._write("")
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)
            if not self._mark.exists() or not self.try_():
                self.close()
                return None

    def close(self) -> None:
        """Free the lock without a look at the mark: for who ends before its time."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _write(self, text: str) -> None:
        """In place: the lock is on this very file."""
        with _said(self._file):
            os.ftruncate(self._descriptor, 0)
            os.pwrite(self._descriptor, text.encode(), 0)


def take(
    folder: Path, node: str, trigger: str, why: str, clock: Clock,
    *, wait_s: float = 0.0, mark: bool = True,
) -> NodeLock:  # fmt: skip
    """The lock of a node, waited for at most `wait_s` seconds by a real `clock`.

    LockHeld when another process has it: with `mark` it will make one more run for us.
    CannotWrite when the folder is not ours to write in.
    """
    holder = Holder(os.getpid(), clock.wall().isoformat(timespec="seconds"), trigger, why)
    lock = NodeLock(folder, node, holder)
    try:
        until_s = clock.elapsed() + wait_s
        while not (held := lock.try_()) and clock.elapsed() < until_s:
            clock.sleep(POLL_S)
        if not held and mark:
            lock.leave_mark()
            held = lock.try_()
        if not held:
            raise LockHeld(node, lock.held_by())
        lock.take_mark()
    except BaseException:
        lock.close()
        raise
    return lock


@contextlib.contextmanager
def alone(path: Path) -> Iterator[None]:
    """For a moment the only process in here: waits its turn. For milliseconds of file work."""
    with _said(path):
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def one_in(folder: Path) -> Iterator[None]:
    """As `alone`, by the lock on a folder, where no other file should come to be."""
    with _said(folder):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _read(text: bytes) -> Holder:
    try:
        found = json.loads(text)
        return Holder(
            int(found["pid"]), str(found["since"]), str(found["trigger"]), str(found["why"])
        )
    except (ValueError, TypeError, KeyError):
        return Holder()


@contextlib.contextmanager
def _said(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise refusal(path, error, HINT) from error
