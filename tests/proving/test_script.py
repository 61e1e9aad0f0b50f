"""Mistakes in a scenario are told with file, line and key; what was meant is guessed."""

import pytest

from converge.core.errors import BadDesired
from converge.engine.show.problems import render
from converge.proving.rehearse.script import read_script
from converge.proving.story.cues import Cue
from converge.proving.story.starts import STARTS

HEAD = 'schema = 1\ntitle = "A story"\n'


def cues(text: str) -> tuple[Cue, ...]:
    return read_script(HEAD + text, "story.toml", STARTS).cues(["hasta", "hastb"])


@pytest.mark.parametrize(
    ("text", "said", "guess"),
    [
        ("[[step]]\nat = '1s'\nfault = 'power-of hasta'", 'no fault', "power-off"),
        ("[[step]]\nat = '1s'\nfault = 'power-off hostb'", "no node", "hastb"),
        ("[[step]]\nat = '1s'\nfault = 'power-off'", "a node of the pair is missing", ""),
        ("[[step]]\nat = '1s'\nfalt = 'power-off hasta'", 'no key "falt"', "fault"),
        ("[[step]]\nat = '1s'\nrun = 'hasta'\nkill = 'hasta'", "run and kill; it is one", ""),
        ("[[step]]\nat = '1s'", "does nothing", ""),
        ("[[step]]\nrun = 'hasta'", "has no time", ""),
        ("[[step]]\nat = '1s'\nwhen = 'x'\nrun = 'hasta'", "at and when; it has one", ""),
        ("[[step]]\nat = '1s'\nlose = 'hastb'", "needs more words", ""),
        ("[[step]]\nat = 1\nrun = 'hasta'", "expected a duration", ""),
        ("start = 'servd'", "no way to start", "served"),
        ("[expect]\nserving = 'nobdy'", "no node", "nobody"),
        ("[expect]\nnever = ['s3']", "not known here", "S3"),
        ("[expect.phase]\nfsk = '1s'", "no key", "fsck"),
        ("hole = 'partitoin'", "not known here", "partition"),
        ("covers = ['25']", "does not have the form", ""),
    ],
)  # fmt: skip
def test_a_mistake(text: str, said: str, guess: str) -> None:
    with pytest.raises(BadDesired) as bad:
        cues(text)
    shown = render(bad.value.problems)
    assert shown.startswith("story.toml:")
    assert said in shown
    assert (f'did you mean "{guess}"' if guess else "") in shown


def test_another_schema_is_not_taken_apart() -> None:
    with pytest.raises(BadDesired) as bad:
        read_script("schema = 2\nnonsense = 1", "story.toml", STARTS)
    assert len(bad.value.problems) == 1


def test_the_words_of_a_step() -> None:
    at, lab, late = cues(
        "[[step]]\nat = '1s'\nfault = 'cable-out hasta lan'\n"
        "[[step]]\nwhen = 'hastb promote'\nlab = 'hasta: ls /tmp; true'\n"
        "[[step]]\nat = '2s'\ndelay = 'hast disconnect hastb'\nby = '9s'\ntimes = 2\n"
    )
    assert (at.node, at.words, at.at) == ("hasta", "cable-out lan", 1.0)
    assert (lab.node, lab.words, lab.when) == ("hasta", "ls /tmp; true", "hastb promote")
    assert (late.node, late.words, late.by_s, late.times) == ("hastb", "hast disconnect", 9, 2)
