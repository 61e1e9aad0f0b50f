"""Logging, built in this one place: a line an event, the run's id on every line, no secret.

What is logged are actions and outcomes as the engine shows them, so that a secret has no way in.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from loguru import Logger

LOG = "/var/log/converge.log"
FORMAT = "{time:YYYY-MM-DDTHH:mm:ss.SSSZ} {level} run={extra[run]} {message}"


def log_for(run: str, *, verbose: int, real: bool) -> Logger:
    """The log of one run: a file on a real node (CONVERGE_LOG elsewhere), stderr with -v.

    A log that cannot be written is said on stderr and stops nothing.
    """
    from loguru import logger

    logger.remove()
    log = logger.bind(run=run)
    if verbose:
        logger.add(sys.stderr, format=FORMAT, level="DEBUG" if verbose > 1 else "INFO")
    path = os.environ.get("CONVERGE_LOG", LOG if real else "")
    if path:
        try:
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            logger.add(path, format=FORMAT, level="INFO", diagnose=False, backtrace=False)
        except OSError as wrong:
            sys.stderr.write(f"converge: no log in {path}: {wrong.strerror}\n")
    return log
