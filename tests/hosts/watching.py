"""Looking at the processes of this machine, behind the back of the host under test."""

import itertools
import os
import subprocess
import time
from collections.abc import Callable

_numbers = itertools.count(1)


def nap() -> str:
    """A command line that sleeps for a minute and that nobody else on this machine runs."""
    return f"sleep 60.{os.getpid()}0{next(_numbers)}"


def alive(marker: str) -> bool:
    """Whether a process has this in its command line; zombies are dead."""
    table = subprocess.run(["ps", "-A", "-o", "stat=,args="], capture_output=True, text=True)
    rows = [line for line in table.stdout.splitlines() if marker in line]
    return any(not row.startswith("Z") for row in rows)


def gone(marker: str) -> bool:
    """Whether it has ended, or does so within three seconds."""
    return _within_3_s(lambda: not alive(marker))


def come(marker: str) -> bool:
    """Whether it has begun, or does so within three seconds."""
    return _within_3_s(lambda: alive(marker))


def _within_3_s(so: Callable[[], bool]) -> bool:
    for _ in range(60):
        if so():
            return True
        time.sleep(0.05)  # noqa: TID251 - real processes take real time
    return False
