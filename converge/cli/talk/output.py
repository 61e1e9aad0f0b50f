"""What happens when stdout takes nothing: it is closed, or its disk is full."""

from __future__ import annotations

import contextlib
import os
import sys

import click

CANNOT_SAY = 74
"""The output cannot be written (EX_IOERR, sysexits(3)). A pipe that was closed is 1, silently."""


def keep_closed() -> None:
    """A closed stdout must not become the next file that is opened: it takes nothing."""
    if sys.stdout is None:
        os.dup2(os.open(os.devnull, os.O_RDONLY), 1)
        sys.stdout = os.fdopen(1, "w", encoding="utf-8")


def flushed(code: int) -> int:
    """The exit code when all is written; what cannot be is dropped, or Python would try again."""
    try:
        sys.stdout.flush()
    except OSError as wrong:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        if code == 0:
            cannot_say(wrong)
        code = code or CANNOT_SAY
    try:
        if sys.stderr is not None:
            sys.stderr.flush()
    except OSError:  # The code alone must say it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    return code


def cannot_say(wrong: OSError) -> None:
    """One line on stderr, when that takes it."""
    with contextlib.suppress(OSError):
        click.echo(f"converge: cannot write the output: {wrong.strerror}", err=True)


def while_saying(wrong: OSError) -> bool:
    """Did this come of printing? Every other failure of a file is told by whoever met it."""
    trace = wrong.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return trace is not None and trace.tb_frame.f_globals.get("__name__") == click.utils.__name__
