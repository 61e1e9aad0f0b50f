"""The ledger as a file: replaced whole and at once, and changed by one process at a time."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from converge.core.errors import CannotWrite, ConvergeError, DiskFull
from converge.core.host import IO_ERROR, Write
from converge.core.ids import ResourceId
from converge.core.ledger import Handover, Ledger, Note, Notes, Pause
from converge.hosts.disk import refusal, write
from converge.hosts.lock import alone

NAME = "ledger.json"
FORMAT_VERSION = 1


class BadLedger(ConvergeError):
    """The ledger is damaged, or another version of converge wrote it.

    It is not taken for an empty one: that would forget the holds, the write errors of a disk and
    the budget against flapping, all of which stand *against* an action. Only a person knows
    whether that may be.
    """

    exit_code = 65

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(
            f"{path}: {why}; nothing is done without it",
            f"To begin anew: mv {path} {path}.bad. That forgets the holds: set them again with "
            "`converge hold`.",
        )


def load(folder: Path) -> Ledger:
    """The ledger in that folder; an empty one when there is none yet. BadLedger."""
    path = folder / NAME
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        return Ledger()
    except OSError as error:
        raise BadLedger(path, f"it cannot be read: {error.strerror}") from error
    try:
        return parse_ledger(text.decode())
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        said = str(error) if isinstance(error, _Unknown) else "it is damaged"
        raise BadLedger(path, said) from None


def change(folder: Path, changed: Callable[[Ledger], Ledger]) -> Ledger:
    """Replace the ledger by what `changed` makes of it, so that nobody's change is lost.

    What runs remember and what people hold are changed by different processes at any time: each
    changes its part only. CannotWrite (then the old one is whole), BadLedger.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise refusal(folder, error) from error
    with alone(folder / "ledger.lock"):
        old = load(folder)
        new = changed(old)
        if ledger_text(new) != ledger_text(old):
            _save(folder / NAME, new)
    return new


def _save(path: Path, ledger: Ledger) -> None:
    owner = f"{os.geteuid()}:{os.getegid()}"
    answer = write(Write(str(path.absolute()), ledger_text(ledger), mode="0600", owner=owner))
    if answer.code or answer.lost:
        kind = DiskFull if answer.code == IO_ERROR else CannotWrite
        raise kind(answer.said, "The old ledger is unchanged.")


def ledger_text(ledger: Ledger) -> str:
    """JSON with sorted keys. ValueError for a number that JSON does not know."""
    form = {
        "format_version": FORMAT_VERSION,
        "boot": ledger.boot,
        "notes": {str(id): dict(notes) for id, notes in ledger.notes.items() if notes},
        "pauses": [
            {
                "owner": p.owner, "reason": p.reason, "nodes": p.nodes,
                "since_s": p.since_s, "until_s": p.until_s,
            }
            for p in ledger.pauses
        ],
        "handover": asdict(ledger.handover) if ledger.handover else None,
    }  # fmt: skip
    return json.dumps(form, indent=1, sort_keys=True, allow_nan=False) + "\n"


class _Unknown(ValueError):
    """A form of another version."""


def parse_ledger(text: str) -> Ledger:
    """The ledger of a text that `ledger_text` made; an exception for any other text."""
    form = json.loads(text, parse_constant=_no_number)
    version = form["format_version"]
    if version != FORMAT_VERSION:
        raise _Unknown(f"it has format_version {version!r}, this converge knows {FORMAT_VERSION}")
    notes = {_id(name): _notes(found) for name, found in form["notes"].items()}
    pauses = tuple(map(_pause, form["pauses"]))
    return Ledger(notes, pauses, _handover(form.get("handover")), str(form.get("boot", "")))


def _no_number(word: str) -> float:
    raise ValueError(word)


def _id(text: str) -> ResourceId:
    """`hasta/mount./hast/test`; neither a node nor a kind has a dot or a slash."""
    node, _, ref = text.partition("/")
    kind, _, name = ref.partition(".")
    if not (node and kind and name):
        raise ValueError(text)
    return ResourceId(node, kind, name)


def _notes(form: Mapping[str, Any]) -> Notes:
    return {name: _note(value) for name, value in form.items()}


def _note(value: Any) -> Note:
    if isinstance(value, list):
        return tuple(map(_seconds, value))
    if isinstance(value, bool | int | float | str):
        return value
    raise TypeError


def _pause(form: Mapping[str, Any]) -> Pause:
    until_s, nodes = form["until_s"], form["nodes"]
    words = [form["owner"], form["reason"], *nodes]
    if not isinstance(nodes, list) or not all(isinstance(word, str) for word in words):
        raise TypeError
    until = None if until_s is None else _seconds(until_s)
    return Pause(form["owner"], form["reason"], _seconds(form["since_s"]), until, tuple(nodes))


def _handover(form: Mapping[str, Any] | None) -> Handover | None:
    if form is None:
        return None
    words = {name: value for name, value in form.items() if name != "until_s"}
    if not all(isinstance(word, str) for word in words.values()):
        raise TypeError
    return Handover(**words, until_s=_seconds(form["until_s"]))


def _seconds(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError
    return float(value)
