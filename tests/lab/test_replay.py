"""Every recording is printed by the lab byte for byte, or a table says why it cannot be."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from converge.lab.shell import sh
from tests.lab import replay_fs, replay_hast, replay_net
from tests.lab.replay import Case, masked
from tests.recorded import Recording, recordings

PARTS = (replay_net, replay_hast, replay_fs)
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


LIST = Path(__file__).parents[2] / "docs/reference/lab-recordings.md"


def test_the_list_of_what_is_not_reproduced_is_current(
    golden: Callable[[Path, str], None],
) -> None:
    golden(LIST, _list())


def _list() -> str:
    """The reference page: what the lab does not reproduce and why, what may differ and where."""
    lines = [
        "# The lab and the recordings",
        "",
        f"Of the {len(recordings())} recordings of a real pair in `tests/recordings/` the lab",
        f"reproduces {len(CASES)}: a test puts a machine in the state that the recording names,",
        "runs its command and compares exit code, stdout and stderr byte for byte. Written by the",
        "test (`make golden`); do not edit.",
        "",
        "## Not reproduced",
        "",
        "| recording | why |",
        "|---|---|",
        *(f"| {name} | {why} |" for name, why in sorted(NOT_REPLAYED.items())),
        "",
        "## Fields that may differ",
        "",
        "Pids, times and the like cannot be the same. Masked on both sides before comparing, as",
        "regular expressions:",
        "",
        "| recordings | masked |",
        "|---|---|",
    ]
    lines += _grouped({name: case.free for name, case in CASES.items()})
    lines += [
        "",
        "## Lines left out on both sides",
        "",
        "| recordings | lines with |",
        "|---|---|",
    ]
    lines += _grouped({name: case.without for name, case in CASES.items()})
    lines += ["", "## Another command for a recorder's own tool", "", "| recording | command |"]
    lines += ["|---|---|", *_grouped({n: (c.cmd,) for n, c in CASES.items() if c.cmd})]
    return "\n".join(lines) + "\n"


def _grouped(words: dict[str, tuple[str, ...]]) -> list[str]:
    """A row for each set of words, with all recordings that have it."""
    names: dict[tuple[str, ...], list[str]] = {}
    for name in sorted(words):
        if words[name]:
            names.setdefault(words[name], []).append(name)
    shown = {w: " ".join(f"`{one}`".replace("|", "\\|") for one in w) for w in names}
    return [f"| {', '.join(names[w])} | {shown[w]} |" for w in sorted(names)]
