"""How one recording is replayed: the world it starts from and what may differ."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from converge.lab.world import World


@dataclass(frozen=True)
class Case:
    """`world`: makes the world of the recording's state, by commands and faults in the lab.

    `free`: regular expressions of what may differ on both sides (pids, times, inode numbers);
    each match is masked before comparing. `cmd` stands in for a recorder's own tool.
    `without`: lines with a match are left out on both sides (logged by the recorder's tools).
    """

    world: Callable[[], World]
    free: tuple[str, ...] = ()
    cmd: str | None = None
    without: tuple[str, ...] = ()


def masked(text: str, case: Case) -> str:
    """`text` with every match of `free` made the same, and without the lines of `without`."""
    for pattern in case.without:
        lines = text.splitlines(keepends=True)
        text = "".join(line for line in lines if not re.search(pattern, line))
    for pattern in case.free:
        text = re.sub(pattern, "<free>", text, flags=re.MULTILINE)
    return text
