"""The entry: imports as little as it can, because every trigger starts it."""

from __future__ import annotations

import io
import sys


def main() -> None:
    """Run the command line and leave with its exit code."""
    from converge.cli import run
    from converge.cli.talk.output import flushed, keep_closed

    keep_closed()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # Files of a node may have bytes that no locale can show; that must not end a run.
            stream.reconfigure(errors="backslashreplace")
    sys.exit(flushed(run(sys.argv[1:])))


if __name__ == "__main__":
    main()
