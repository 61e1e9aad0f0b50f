"""What converge keeps on a node: its folder, room for it, and what a killed write left behind."""

from __future__ import annotations

from collections.abc import Iterator

from converge.core.check import Asked, Check, Found, notice, ok, unknown, wrong
from converge.core.host import Run
from converge.core.ledger import LEDGER
from converge.core.pair import Node

FOLDER = LEDGER.rpartition("/")[0]
WRITTEN = ("/etc", "/boot", "/usr/local/etc", FOLDER, "/var/run/converge")
"""Where converge writes files, apart from those that [file] names elsewhere."""

LEAST_KB, LITTLE_KB = 1024, 65536
"""A ledger and a journal take some 100 kB; the rest is for whoever else writes there."""


def checks(node: Node) -> Iterator[Check]:
    shown = Run(("stat", "-f", "%Sp %Su", FOLDER))
    yield Check("state folder", (shown, Run(("test", "-w", FOLDER))), folder)
    yield Check("room", (Run(("df", "-k", "/var/db"), volatile=(r"\d+",)),), room)
    # A write that is under way has such a file, too: only older ones are asked for.
    find = Run(("find", *WRITTEN, "-type", "f", "-name", ".converge-*", "-mmin", "+1"))
    yield Check("left behind", (find,), left_behind)


def folder(here: Asked, there: Asked | None) -> Found:
    shown, writable = here.answers
    if shown.code:
        return notice(f"{FOLDER} is not there: no run has acted on this node yet")
    mode, owner = shown.stdout.split()
    if (mode, owner) != ("drwx------", "root"):
        return wrong(
            f"{FOLDER} is {mode} of {owner}: who writes there decides who may lead",
            f"chown root:wheel {FOLDER}; chmod 700 {FOLDER}",
        )
    if writable.code:
        return wrong(f"{FOLDER} cannot be written", "see whether its file system is read-only")
    return ok(f"{FOLDER} is {mode} of {owner}")


def room(here: Asked, there: Asked | None) -> Found:
    """The fourth column of df(1) from the left, third from the right (df-mounted)."""
    if here.answers[0].code:
        return unknown(here.answers[0].said)
    *_, free, _, path = here.text.splitlines()[-1].split()
    seen = f"{int(free) >> 10} MB are free on {path}"
    if int(free) < LEAST_KB:
        return wrong(f"{seen}: without a journal nothing is begun (exit 74)", f"du -xh {path}")
    return notice(seen) if int(free) < LITTLE_KB else ok(seen)


def left_behind(here: Asked, there: Asked | None) -> Found:
    """find(1) complains of folders that are not there, and ends with 1."""
    files = here.text.splitlines()
    if not files:
        return ok("no write was cut off")
    return wrong(
        f"a write was cut off and left {', '.join(files)}: the file itself is whole, old or new",
        f"rm {' '.join(files)}",
    )
