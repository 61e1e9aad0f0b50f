"""A small sh: enough for the recorded commands and for a person at the lab's prompt."""

from __future__ import annotations

import shlex

from converge.lab.machine import run
from converge.lab.world import Result, World


def sh(world: World, node: str, line: str, stdin: str = "") -> Result:
    """Run one line as root's `/bin/sh -c` does. Time passes as its commands take time."""
    return run(world, node, tuple(shlex.split(line)), stdin)
