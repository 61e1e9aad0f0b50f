"""Files of this machine: read, replaced whole and at once, edited. Errors come out as answers."""

from __future__ import annotations

import errno
import grp
import os
import pwd
import stat
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from converge.core.errors import CannotWrite, DiskFull
from converge.core.host import (
    CANNOT_CREATE,
    IO_ERROR,
    Answer,
    Edit,
    Write,
    absent,
    changed_meanwhile,
    edited,
    unreadable,
    unwritable,
)
from converge.core.secret import reveal
from converge.hosts.answers import KEEP, decoded, encoded

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a path leads, symbolic links followed, and what is there; None for nothing."""

    path: Path
    old: os.stat_result | None


class _Changed(Exception):
    """Somebody else wrote the file between our reading and our writing."""


def read(path: str) -> Answer:
    """The text of a file; see `Read`. What is no plain file, or too large, is lost."""
    try:
        place = _find(path)
        data = _content(place, KEEP + 1)
    except (OSError, ValueError) as error:
        return unreadable(path, _why(error))
    if place.old is None:
        return absent()
    if len(data) > KEEP:
        return unreadable(path, f"it is larger than {KEEP} bytes")
    return Answer(0, decoded(data))


def write(effect: Write, *, lasting: bool = True) -> Answer:
    """Replace a file; see `Write`. A symbolic link stays: the file it leads to is replaced.

    Not `lasting`: it outlives this process, yet maybe no power cut of this machine.
    """
    try:
        place = _find(effect.path)
        mode = _mode(place) if effect.mode is None else int(effect.mode, 8)
        owner = _owner(place) if effect.owner is None else _named(effect.owner)
        data = encoded(reveal(effect.content))
        _replace(place, data, mode, owner, lambda: None, lasting=lasting)
    except (OSError, ValueError) as error:
        return _failed(effect.path, error)
    return Answer()


def edit(effect: Edit) -> Answer:
    """Replace a part of a file; see `Edit`. Mode and owner stay."""
    try:
        place = _find(effect.path)
        text = edited(decoded(_content(place)), reveal(effect.old), reveal(effect.new))
        if text is None:
            raise _Changed
        _replace(place, encoded(text), _mode(place), _owner(place), lambda: _expect(place))
    except _Changed:
        return changed_meanwhile(effect.path)
    except (OSError, ValueError) as error:
        return _failed(effect.path, error)
    return Answer()


def swap(path: str, old: str, new: str) -> Answer:
    """Replace all of a file, whose text is still `old`. Mode and owner stay. Code
    CHANGED_MEANWHILE when it is another."""
    try:
        place = _find(path)
        if decoded(_content(place)) != old:
            raise _Changed
        _replace(place, encoded(new), _mode(place), _owner(place), lambda: _expect(place))
    except _Changed:
        return changed_meanwhile(path)
    except (OSError, ValueError) as error:
        return _failed(path, error)
    return Answer()


def refusal(path: Path | str, error: OSError, hint: str = "") -> CannotWrite:
    """What to raise when a file of our own cannot be written: exit 74 for a full or failing disk,
    73 for the rest.
    """
    kind = DiskFull if error.errno in _FULL else CannotWrite
    return kind(f"{path}: {_why(error)}", hint)


def _find(path: str) -> _Place:
    # Through bytes, so that a name is the same whatever the locale.
    real = Path(os.path.realpath(os.fsdecode(encoded(path))))
    try:
        old = real.stat()
    except (FileNotFoundError, NotADirectoryError):
        return _Place(real, None)
    if stat.S_ISDIR(old.st_mode):
        raise IsADirectoryError(errno.EISDIR, "it is a directory")
    if not stat.S_ISREG(old.st_mode):
        raise OSError(errno.EINVAL, "it is not a plain file")
    return _Place(real, old)


def _content(place: _Place, most: int = -1) -> bytes:
    if place.old is None:
        return b""
    with place.path.open("rb") as file:
        return file.read(most)


def _mode(place: _Place) -> int:
    return 0o644 if place.old is None else stat.S_IMODE(place.old.st_mode)


def _owner(place: _Place) -> tuple[int, int]:
    """A new file is root:wheel, or where we are not root our own."""
    if place.old is not None:
        return place.old.st_uid, place.old.st_gid
    return (0, 0) if os.geteuid() == 0 else (os.geteuid(), os.getegid())


def _named(owner: str) -> tuple[int, int]:
    """Numbers of "user:group"; each may be a number already. OSError."""
    user, _, group = owner.partition(":")
    try:
        uid = int(user) if user.isdecimal() else pwd.getpwnam(user).pw_uid
        gid = int(group) if group.isdecimal() else grp.getgrnam(group).gr_gid
    except KeyError:
        raise OSError(errno.EINVAL, f"there is no user and group {owner}") from None
    return uid, gid


def _replace(
    place: _Place, data: bytes, mode: int, owner: tuple[int, int], check: Callable[[], None],
    *, lasting: bool = True,
) -> None:  # fmt: skip
    """Write beside it, fsync, rename over it, fsync the folder: it is old or new, never torn.

    `check` is asked at the last moment. OSError; then nothing has changed and nothing is left.
    """
    folder = place.path.parent
    beside = folder / f".converge-{os.urandom(6).hex()}"
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            made = os.fstat(descriptor)
            if (made.st_uid, made.st_gid) != owner:
                os.fchown(descriptor, *owner)
            os.fchmod(descriptor, mode)
            if lasting:
                os.fsync(descriptor)
        check()
        beside.replace(place.path)
    except BaseException:
        with suppress(OSError):
            beside.unlink()
        raise
    if lasting:
        _sync_folder(folder)


def _expect(place: _Place) -> None:
    """The file is still the one that was read. _Changed."""
    now = _find(decoded(os.fsencode(place.path))).old
    marks = [
        status and (status.st_ino, status.st_size, status.st_mtime_ns)
        for status in (place.old, now)
    ]
    if marks[0] != marks[1]:
        raise _Changed


def _sync_folder(folder: Path) -> None:
    """Only then the rename survives a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _failed(path: str, error: OSError | ValueError) -> Answer:
    full = isinstance(error, OSError) and error.errno in _FULL
    return unwritable(path, _why(error), IO_ERROR if full else CANNOT_CREATE)


def _why(error: OSError | ValueError) -> str:
    return getattr(error, "strerror", None) or str(error)
