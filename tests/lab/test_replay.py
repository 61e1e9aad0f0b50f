"""Every recording is printed by the lab byte for byte, or a table says why it cannot be."""

import importlib.util
from collections import Counter

import pytest

from converge.lab.shell import sh
from tests.lab.replay import Case, masked
from tests.recorded import Recording, recordings

PARTS = [
    importlib.import_module(f"tests.lab.replay_{part}")
    for part in ("net", "hast", "fs")
    if importlib.util.find_spec(f"tests.lab.replay_{part}")
]
CASES: dict[str, Case] = {name: case for part in PARTS for name, case in part.CASES.items()}
NOT_REPLAYED: dict[str, str] = {n: why for part in PARTS for n, why in part.NOT_REPLAYED.items()}


def test_every_recording_stands_in_exactly_one_table() -> None:
    said = Counter(name for part in PARTS for name in (*part.CASES, *part.NOT_REPLAYED))
    assert sorted(set(recordings()) - set(said)) == []
    assert sorted(set(said) - set(recordings())) == []
    assert sorted(name for name, times in said.items() if times > 1) == []


@pytest.mark.parametrize("name", sorted(CASES))
def test_the_lab_prints_what_the_machine_printed(name: str) -> None:
    recording, case = recordings()[name], CASES[name]
    result = sh(case.world(), recording.node, case.cmd or recording.cmd)
    got, wanted = result.answer, recording.answer
    assert not got.lost
    assert masked(got.stdout, case) == masked(wanted.stdout, case)
    assert masked(got.stderr, case) == masked(wanted.stderr, case)
    assert got.code == wanted.code
    assert _about(result.took_s, recording)


def _about(took_s: float, recording: Recording) -> bool:
    """Short commands say little (an emulated machine); long ones within 1 s or a factor of 2."""
    real = recording.duration_s
    return real <= 1.0 or abs(took_s - real) <= 1.0 or real / 2 <= took_s <= real * 2


def test_every_reason_is_a_sentence() -> None:
    assert [name for name, why in NOT_REPLAYED.items() if len(why.split()) < 4] == []
