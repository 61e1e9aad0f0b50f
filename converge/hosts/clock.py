"""The machine's clock. The only place that asks the operating system for the time."""

from __future__ import annotations

import time
from datetime import UTC, datetime


class SystemClock:
    """Time as it passes here. `elapsed` does not jump when somebody sets the wall clock."""

    def wall(self) -> datetime:
        """Now, with the local offset."""
        return datetime.fromtimestamp(time.time(), UTC).astimezone()

    def elapsed(self) -> float:
        """Seconds since some fixed moment; monotonic."""
        return time.monotonic()

    def sleep(self, span_s: float) -> None:
        time.sleep(max(0.0, span_s))  # noqa: TID251 - this is what stands behind Clock.sleep
