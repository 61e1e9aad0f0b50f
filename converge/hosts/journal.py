"""The journal as a file: JSON lines, each on the disk before what it speaks of begins."""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from converge.core.errors import DiskFull
from converge.core.host import Clock
from converge.core.journal import UNFINISHED_BY, Entry, Line, unfinished
from converge.core.secret import Secret
from converge.hosts.disk import refusal

NAME = "journal.jsonl"
INPUTS = "inputs.jsonl"
"""What was decided upon, in a file of its own: it is long, and must not push the story out."""

FORMAT_VERSION = 1

SIZE_MAX = 5_000_000
"""Bytes. A larger journal becomes the old one, NAME.1, and the old one goes."""

HINT = "Nothing is done without a journal. Run as root, or name a folder with CONVERGE_STATE_DIR."


class FileJournal:
    """Entries of one run, at the end of FOLDER/journal.jsonl, or of another file of its form.

    The file is opened for each entry, so that whoever renames it takes no entry with it.
    """

    def __init__(self, folder: Path, run: str, clock: Clock, name: str = NAME) -> None:
        self._path, self._run, self._clock = folder / name, run, clock
        self._seq = 0

    def write(self, entry: Entry) -> None:
        """One line, in one write, and fsync. CannotWrite: then it may be there or not."""
        self._seq += 1
        form = {
            "format_version": FORMAT_VERSION,
            "run": self._run,
            "seq": self._seq,
            "time": self._clock.wall().isoformat(timespec="milliseconds"),
            "what": entry.what,
            "fields": entry.fields,
        }
        line = _dumps(form)
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            _append(self._path, line)
        except OSError as error:
            raise refusal(self._path, error, HINT) from error


def keep_small(folder: Path, size_max: int = SIZE_MAX, name: str = NAME) -> None:
    """Put a journal of more than `size_max` bytes aside as `name`.1; for the holder of the lock.

    What is unfinished comes along into the new one. Killed in the middle, both readings are
    whole: either nothing has happened, or `name`.1 holds everything. CannotWrite.
    """
    path, new = folder / name, folder / f"{name}.new"
    try:
        if not path.exists() or path.stat().st_size <= size_max:
            return
        new.unlink(missing_ok=True)
        for line in unfinished(read_journal(folder, UNFINISHED_BY, name)):
            _append(new, _dumps(_form(line) | {"carried": True}))
        path.replace(folder / f"{name}.1")
        if new.exists():
            new.replace(path)
        _sync(folder)
    except OSError as error:
        raise refusal(path, error, HINT) from error


def done_actions(folder: Path) -> Iterator[tuple[str, Line]]:
    """The key of each action that was done, and its outcome's line, in the order of the lines."""
    for line in read_journal(folder, ("outcome",)):
        if line.entry.fields.get("ending") == "done":
            yield str(line.entry.fields.get("action")), line


def read_journal(folder: Path, only: Collection[str] = (), name: str = NAME) -> Iterator[Line]:
    """All entries that are kept, oldest first; `only` of these sorts, which is much faster.

    What is no whole line of a form we know is passed over: a run was killed, or the power went,
    in the middle of a write. OSError when a journal is there but cannot be read.
    """
    sorts = [f'"what":"{what}"'.encode() for what in only]
    seen: set[tuple[str, int]] = set()
    for path in (folder / f"{name}.1", folder / name):
        try:
            file = path.open("rb")
        except FileNotFoundError:
            continue
        with file:
            for text in file:
                if sorts and not any(sort in text for sort in sorts):
                    continue
                form = _loads(text)
                line = form and _line(form)
                if not line or (form.get("carried") and (line.run, line.seq) in seen):
                    continue
                if line.entry.what == "intent":
                    seen.add((line.run, line.seq))
                yield line


def _append(path: Path, line: str) -> None:
    """OSError when the line is not whole on the disk."""
    flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
    made = not path.exists()
    descriptor = os.open(path, flags, 0o600)
    try:
        size = os.fstat(descriptor).st_size
        # Half a line of a run that was killed must not swallow the next one.
        torn = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
        data = ("\n" if torn else "").encode() + line.encode()
        if os.write(descriptor, data) != len(data):
            raise DiskFull(f"{path}: the disk is full", HINT)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    if made:
        _sync(path.parent)


def _sync(folder: Path) -> None:
    """Only then a new name survives a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _dumps(form: dict[str, Any]) -> str:
    """ASCII, so that no byte of a node's answer ends a line or breaks the text."""
    return json.dumps(form, separators=(",", ":"), sort_keys=True, default=_shown) + "\n"


def _shown(value: object) -> str:
    """A secret prints as `***`; anything else that JSON does not know is a bug of ours."""
    if isinstance(value, Secret):
        return str(value)
    raise TypeError(f"a {type(value).__name__} in the journal")


def _loads(text: bytes) -> dict[str, Any]:
    """{} for what is not whole, or of another form."""
    try:
        form = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    if isinstance(form, dict) and form.get("format_version") == FORMAT_VERSION:
        return form
    return {}


def _line(form: dict[str, Any]) -> Line | None:
    match form:
        case {
            "run": str(run), "seq": int(seq), "time": str(time), "what": str(what),
            "fields": dict(fields),
        }:  # fmt: skip
            return Line(run, seq, time, Entry(what, fields))
        case _:
            return None


def _form(line: Line) -> dict[str, Any]:
    return {
        "format_version": FORMAT_VERSION,
        "run": line.run,
        "seq": line.seq,
        "time": line.time,
        "what": line.entry.what,
        "fields": line.entry.fields,
    }
