"""The faults that an exploration may put in anywhere, and what mends them."""

from __future__ import annotations

from typing import NamedTuple


class Ill(NamedTuple):
    """A fault that is explored: its words, those that mend it ('' where nothing has to)."""

    fault: str
    mend: str = ""
    word: str = ""


ILLS = {
    ill.fault: ill
    for ill in (
        Ill("power-off", "power-on"),
        Ill("reset"),
        Ill("reboot"),
        Ill("cable-out", "cable-in"),
        Ill("isolate", "heal"),
        Ill("one-way", "heal"),
        Ill("hang", "unhang", "hastctl"),
        Ill("disk-write-error", "disk-ok"),
        Ill("disk-read-error", "disk-ok"),
        Ill("disk-full", "disk-free", "/"),
        Ill("slow", "slow", "service:20"),
        Ill("clock-jump", "", "-3600"),
        Ill("hastd-dies"),
        Ill("mysqld-dies"),
        Ill("damage"),
        Ill("mount-elsewhere"),
    )
}
"""Of the lab's faults those that a pair meets; beside them dying runs and lost or doubled
triggers. `hang hastctl` stands for every program that gives no answer."""

USUAL = (
    "power-off", "reset", "reboot", "cable-out", "isolate", "one-way", "hang",
    "disk-write-error", "disk-full",
)  # fmt: skip
"""What is explored unless others are asked for: what a pair meets without a person's doing."""
