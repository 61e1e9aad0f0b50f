"""A day on the lab as installed: the reports tell the truth, and who changed what is right.

Runs come from devd, hastd's hook, cron and rc as they are installed in the simulated machines;
some of these are taken away by hand, and cron or a look brings them back.
"""

from pathlib import Path

import pytest

from tests.drift.mischief import Mischief
from tests.drift.operated import Day, new_day

DAY_S = 86400.0


def lived(folder: Path, seed: int, events: int, span_s: float) -> Day:
    day = new_day(folder, seed)
    Mischief(day, events, span_s).play()
    woken = {run.trigger for actor in day.actors.values() for run in actor.runs}
    assert woken <= {"devd", "hast", "cron", "boot", "shutdown", "again"}
    assert {"devd", "hast", "cron"} <= woken
    # With one network for all a pulled cable can part the pair: a known hole, and the only one.
    assert not day.drive.broken or set(day.drive.holes) == {"partition"}, day.drive.broken
    told = day.told
    assert told["past somebody_else"] > told["past unknown"]
    assert told["ended converge"] > told["ended unknown"]
    return day


@pytest.mark.parametrize("seed", [1, 2])
def test_some_hours_of_a_pair_that_runs_by_itself(seed: int, tmp_path: Path) -> None:
    day = lived(tmp_path, seed, 20, DAY_S / 24)
    assert day.told["not missed"] > 0, day.told


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, 5))
def test_a_day_of_two_hundred_events(seed: int, tmp_path: Path) -> None:
    day = lived(tmp_path, seed, 200, DAY_S)
    assert sum(map(len, day.looks.values())) > 500
    for who in ("somebody_else", "converge", "follows", "desired_file"):
        assert day.told[who] + day.told[f"past {who}"] > 0, (who, day.told)
    assert day.told["peer missed"] > 0
    assert day.told["degraded"] > 0
    assert day.told["not missed"] > 20
