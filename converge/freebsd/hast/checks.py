"""What a doctor asks of a HAST resource: does hastd of this release work, do the disks fit?"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from converge.core.check import Asked, Check, Found, notice, ok, wrong
from converge.core.host import Run

if TYPE_CHECKING:
    from converge.freebsd.hast import Hast

BROKEN = 15
"""In 15.0 a worker waits for ever for its connection: bug 292322, reviews D57511 and D59521."""


def checks(hast: Hast) -> Iterator[Check]:
    yield Check("hastd of this release", (Run(("uname", "-r")),), hastd)
    yield Check("disk", (Run(("diskinfo", "-v", hast.device)),), disk)


def hastd(here: Asked, there: Asked | None) -> Found:
    major, minor = re.findall(r"^(\d+)\.(\d+)", here.text)[0]
    if int(major) < BROKEN:
        return ok(f"hastd of {here.text} replicates")
    if (int(major), int(minor)) == (BROKEN, 0):
        return wrong(
            "hastd of 15.0 does not replicate: its worker waits for ever, the primary stays "
            "degraded and its device silent (bug 292322)",
            "take 14, or a hastd with the changes of D57511 and D59521",
        )
    return notice(f"hastd of 15.0 does not replicate (bug 292322); of {here.text} it is not known")


def disk(here: Asked, there: Asked | None) -> Found:
    """hastd compares what the metadata say of the size, and never the sectors (F40)."""
    answer = here.answers[0]
    if answer.code:
        return wrong(f"the disk cannot be asked: {answer.said}", "see dmesg and the device's name")
    sector, size = _geometry(here)
    seen = f"{size} bytes in sectors of {sector}"
    if there is None or there.answers[0].code:
        return ok(seen)
    other, other_size = _geometry(there)
    if other != sector:
        return wrong(
            f"{seen}, on the other node in sectors of {other}: after a failover its file system "
            "cannot be read",
            "take disks of one kind, or gnop(8) with the larger sectors below HAST on both",
        )
    if other_size != size:
        return notice(f"{seen}, on the other node {other_size}: hastctl create -m the smaller one")
    return ok(seen)


def _geometry(asked: Asked) -> tuple[int, int]:
    """Sector and media size in bytes, of `diskinfo -v` (hast-diskinfo)."""
    text = asked.answers[0].stdout
    sector = re.findall(r"(\d+)\s+# sectorsize", text)[0]
    size = re.findall(r"(\d+)\s+# mediasize in bytes", text)[0]
    return int(sector), int(size)
