"""The reports tell the truth at every point, and who changed what is right."""

from pathlib import Path

import pytest

from tests.drift.day import new_day


@pytest.mark.parametrize("seed", [1, 2])
def test_a_day_of_meddling(seed: int, tmp_path: Path) -> None:
    day = new_day(tmp_path, seed)
    day.play(50)
    assert day.told.total() > 5, day.told


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 112))
def test_a_long_day(seed: int, tmp_path: Path) -> None:
    day = new_day(tmp_path, seed)
    day.play(400)
    assert day.reports > 80
    assert day.told["past somebody_else"] > 20
