"""The machine's clock."""

from datetime import UTC, datetime

from converge.hosts.clock import SystemClock


def test_the_wall_clock_says_its_offset() -> None:
    wall = SystemClock().wall()
    assert wall.utcoffset() is not None
    assert abs((datetime.now(UTC) - wall).total_seconds()) < 5  # noqa: TID251 - to compare with


def test_sleep_passes_elapsed_time_and_knows_no_past() -> None:
    clock = SystemClock()
    began_s = clock.elapsed()
    clock.sleep(0.05)
    assert clock.elapsed() - began_s >= 0.05
    clock.sleep(-1)
