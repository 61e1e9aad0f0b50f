"""A terminal shows each running action with its time; elsewhere there are plain, timed lines."""

import os
import pty
import re
import subprocess
import sys

from tests.cli.commands import Pair


def on_a_terminal(*words: str) -> str:
    """What a command writes to a terminal as its stderr."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "converge", *words]
    with subprocess.Popen(command, stderr=theirs, stdout=subprocess.DEVNULL) as process:
        os.close(theirs)
        written = b""
        while chunk := _read(ours):
            written += chunk
    os.close(ours)
    assert process.returncode == 0
    return written.decode()


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 65536)
    except OSError:  # Linux says EIO when the last writer has gone
        return b""


def test_long_actions_show_elapsed_and_deadline_on_a_terminal(pair: Pair) -> None:
    pair.lab("fault", "power-off", "hasta")
    pair.lab("advance", "8s")
    shown = on_a_terminal("apply", "-y", *pair.doors("hastb"))
    waits = re.findall(r"hastb/hast_device\.test wait  ([\d.]+)s / 30s", shown)
    assert len(waits) > 5
    assert float(waits[-1]) > 15
    assert re.search(r"\d\d:\d\d:\d\d \x1b\[32m\+\x1b\[0m hastb/mysqld\.main start: done", shown)


def test_elsewhere_every_end_is_a_plain_line_with_its_time(pair: Pair) -> None:
    pair.lab("fault", "power-off", "hasta")
    pair.lab("advance", "8s")
    lines = pair("apply", "-y", nodes=("hastb",)).err.splitlines()
    assert len(lines) == 5
    assert all(re.fullmatch(r"\d\d:\d\d:\d\d [+^~] hastb/\S+ \w+: done.*", line) for line in lines)
