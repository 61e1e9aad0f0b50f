"""What drift remembers, as a file: replaced whole. It is worth little: a damaged one is begun
anew, and nothing that acts on a node ever asks it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from converge.core.drift import DriftMemory
from converge.core.errors import CannotWrite, DiskFull
from converge.core.host import IO_ERROR, Write
from converge.hosts.disk import refusal, write
from converge.hosts.lock import alone

NAME = "drift.json"

_FORM = TypeAdapter(DriftMemory)


def load(folder: Path) -> tuple[DriftMemory, str]:
    """The memory in that folder, and why it is an empty one though there is a file."""
    path = folder / NAME
    try:
        return _FORM.validate_json(path.read_bytes()), ""
    except FileNotFoundError:
        return DriftMemory(), ""
    except OSError as error:
        return DriftMemory(), f"{path} cannot be read ({error.strerror}): since when is not known"
    except (ValidationError, RecursionError):
        return DriftMemory(), f"{path} is damaged, or of another version: it is begun anew"


def change(folder: Path, changed: Callable[[DriftMemory], DriftMemory]) -> None:
    """Replace the memory by what `changed` makes of it. CannotWrite; then the old one is whole."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise refusal(folder, error) from error
    with alone(folder / "drift.lock"):
        text = _FORM.dump_json(changed(load(folder)[0]), indent=1).decode() + "\n"
        owner = f"{os.geteuid()}:{os.getegid()}"
        path = str((folder / NAME).absolute())
        answer = write(Write(path, text, mode="0600", owner=owner))
    if answer.code or answer.lost:
        raise (DiskFull if answer.code == IO_ERROR else CannotWrite)(answer.said)
