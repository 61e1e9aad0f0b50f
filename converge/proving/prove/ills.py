"""The faults that an exploration may put in anywhere, and what mends them."""

from __future__ import annotations

from typing import NamedTuple

from converge.lab import mishaps


class Ill(NamedTuple):
    """A fault that is explored: its words, those that mend it ('' where nothing has to).

    `kill` (the run dies), `lose` and `double` (a trigger) are no faults of the lab's. `aside`: it
    does not come in the tenth of a second between a look and what is done upon it, in which no
    guard can see it (docs/explanation/residual-holes.md).
    """

    fault: str
    mend: str = ""
    word: str = ""
    aside: bool = False


ILLS = {
    ill.fault: ill
    for ill in (
        Ill("kill"),
        Ill("lose"),
        Ill("double"),
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
        Ill("hastd-dies", aside=True),
        Ill("mysqld-dies"),
        Ill("worker-dies", aside=True),
        *(Ill(name, aside=True) for name, _, _ in mishaps.ALL),
    )
}
"""Of the lab's faults those that a pair meets. `hang hastctl` stands for every program that gives
no answer."""

OWN = ("kill", "lose", "double")
"""Those that the lab does not know; they come on any node."""

USUAL = (
    *OWN, "power-off", "reset", "reboot", "cable-out", "isolate", "one-way", "hang",
    "disk-write-error", "disk-full",
)  # fmt: skip
"""What is explored unless others are asked for: what a pair meets without a person's doing."""


def placed(words: str) -> tuple[str, str]:
    """Of "power-off" or "hasta:power-off": where it may come ('' on any node), and its name."""
    node, _, name = words.rpartition(":")
    return node, name
