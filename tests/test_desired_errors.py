"""Broken desired files and what a person is told: `desired_errors/NAME/desired.toml, error.txt`.

`pytest tests/test_desired_errors.py --update` writes the texts anew: read the diff.
"""

from pathlib import Path

import pytest

from converge.core.errors import BadDesired
from converge.engine.desired import load
from converge.engine.desired.toml import decoded
from converge.engine.show.problems import render
from converge.freebsd import kinds

FOLDER = Path(__file__).parent / "desired_errors"
CASES = sorted(path.name for path in FOLDER.iterdir())
SECRETS = {"/usr/local/etc/converge/carp.pass": "testpass\n", "/etc/long": "x" * 30}


def read(name):
    text = decoded((FOLDER / name / "desired.toml").read_bytes(), "desired.toml")
    return load(text, "desired.toml", kinds(), SECRETS.get)


def told(name):
    with pytest.raises(BadDesired) as caught:
        read(name)
    return render(caught.value.problems)


@pytest.mark.parametrize("name", CASES)
def test_what_a_person_is_told(name, golden):
    text = told(name)
    assert "testpass" not in text
    assert max(map(len, text.splitlines())) < 400
    golden(FOLDER / name / "error.txt", text)


@pytest.mark.parametrize("name", CASES)
def test_no_word_of_the_machinery_is_in_it(name):
    text = told(name).lower()
    for word in ("pydantic", "traceback", "validation", "type=", "<class", "jsondecode", "regex"):
        assert word not in text


def test_there_are_enough_of_them():
    assert len(CASES) >= 40
