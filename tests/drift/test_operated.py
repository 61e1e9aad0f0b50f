"""A day on the lab as installed: the reports tell the truth, and who changed what is right."""

from pathlib import Path

import pytest

from tests.drift.mischief import Mischief
from tests.drift.operated import long_day

DAY_S = 86400.0


@pytest.mark.parametrize("seed", [1])
def test_some_hours_of_an_operated_pair(seed: int, tmp_path: Path) -> None:
    day = long_day(tmp_path, seed)
    Mischief(day, 24, DAY_S / 10).play()
    print(day.told)
