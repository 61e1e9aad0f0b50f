"""The prover can fail: it finds what the article's script does wrong, and the page shows it.

`pytest tests/proving/test_classic_hazards.py --update` rewrites its page in docs/explanation/.
"""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from converge.cli.ground.proofs import Inquiry
from converge.proving.prove.explore import Aim, Exploration
from converge.proving.prove.way import Question, timeline

FRAME = Path("docs/frames/classic-script.md")
PAGE = Path("docs/explanation/classic-script.md")

HAZARDS = {
    "S1": (1, ("cable-out",)),
    "S2": (2, ("cable-out", "mount-elsewhere")),
    "S3": (2, ("power-off",)),
    "S5": (2, ("disk-read-error", "power-off")),
    "S6": (2, ("damage", "power-off")),
}
"""How many faults of which kinds it takes."""


@cache
def found(code: str) -> str:
    """The timeline of the first way to break it; '' where there is none."""
    faults, ills = HAZARDS[code]
    question = Question("desired/mysql-pair.toml", "classic", faults=faults, ills=ills)
    ground, start = Inquiry(question).prepared
    proof = Exploration(ground, Aim(all=True, forgiving=False))
    tally = proof.run(start, lambda found, waiting: code not in found.broken, every=10)
    if code not in tally.broken:
        return ""
    text, broken = timeline(ground, start, tally.broken[code].moves)
    assert code in {one.code for one in broken}
    return text


@pytest.mark.parametrize("code", HAZARDS)
def test_the_prover_finds(code: str) -> None:
    assert f"*** {code} ***" in found(code)


def test_the_page_shows_what_is_found(golden: Callable[[Path, str], None]) -> None:
    text = FRAME.read_text()
    for code in HAZARDS:
        text = text.replace(f"{{{{{code}}}}}", f"```text\n{found(code).rstrip()}\n```")
    golden(PAGE, text)


def test_what_is_said_again_and_again_is_said_once() -> None:
    lines = [line for line in found("S1").splitlines() if "sleep" in line]
    assert len(lines) < 6
    assert "times)" in found("S1")
