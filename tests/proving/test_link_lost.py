"""A link that is lost before the primary dies, and no event: no acknowledged row is lost."""

from pathlib import Path

import pytest

from converge.cli.ground.stage import ACTORS, played
from converge.proving.rehearse.rehearsal import Rehearsal

STORY = """
schema = 1
title  = "The link is lost {early} s before the machine that serves dies"
until  = "120s"
rows   = "1s"
{override}

[[step]]
at   = "1s"
lose = "devd MASTER hastb"

[[step]]
at    = "{cut}s"
fault = "{fault}"

[[step]]
at    = "{dies}s"
fault = "power-off hasta"
"""
TWO_NETWORKS = """
[override]
node.hasta.replication_address = "10.0.0.1"
node.hastb.replication_address = "10.0.0.2"
"""


def play(path: Path, early: float, *, dies: float, fault: str, override: str = "") -> Rehearsal:
    cut = f"{dies - early:g}"
    text = STORY.format(early=early, cut=cut, dies=dies, fault=fault, override=override)
    path.joinpath("story.toml").write_text(text)
    return played(str(path / "story.toml"), ACTORS["converge"])


@pytest.mark.parametrize("early", [0.5, 3, 6, 9, 12, 15, 18, 19.5, 20.5, 21, 22, 24, 27, 33])
@pytest.mark.parametrize("dies", [35, 37.5])
def test_no_acknowledged_row_is_lost(tmp_path: Path, early: float, dies: float) -> None:
    fault, two = "cut hastb storage", TWO_NETWORKS
    told = play(tmp_path, early, dies=dies, fault=fault, override=two)
    assert told.broken == ()
    if early > 20:
        assert told.served == ""
    if early < 9:
        assert told.served == "hastb"


@pytest.mark.parametrize(("ahead", "served"), [("0", "hastb"), ("10", ""), ("-3", "")])
def test_a_clock_that_is_set_meanwhile_makes_the_log_worthless(
    tmp_path: Path, ahead: str, served: str
) -> None:
    told = play(tmp_path, -6, dies=10, fault=f"clock-jump hastb {ahead}")
    assert told.broken == ()
    assert told.served == served
