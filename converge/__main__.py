"""The entry: imports as little as it can, because every trigger starts it."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line and leave with its exit code."""
    from converge.cli import run

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
