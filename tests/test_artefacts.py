"""No artefact of a rehearsal, a proof or a run that is kept shows the password of the desired file
(S8).

Plans, journals, ledgers and bundles of runs by hand are in tests/test_secrets.py.
"""

import json
from pathlib import Path

import pytest

from converge.cli.ground.stage import ACTORS, played
from converge.cli.reach.site import read_desired
from converge.proving.rehearse.rehearsal import form, report
from tests.cli.commands import Pair, converge
from tests.test_secrets import TOKEN

ROOT = Path(__file__).parents[1]
DESIRED = sorted((ROOT / "desired").glob("*.toml"))
LIKE_SEED = [path for path in DESIRED if "hasta" in path.read_text()]
SCENARIOS = sorted((ROOT / "tests/scenarios").rglob("*.toml"))
TYPED = ROOT / "tests/scenarios/carp/address-added-again.toml"
"""In this one somebody types the password on a command line."""

KEPT = ("/etc/rc.conf",)
"""Where FreeBSD itself keeps it on a node."""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """The examples with a password that is easy to find again."""
    (tmp_path / "desired").mkdir()
    for path in DESIRED:
        text = path.read_text().replace('"testpass"', f'"{TOKEN}"')
        (tmp_path / "desired" / path.name).write_text(text)
    return tmp_path


def there(scenario: Path, place: Path) -> Path:
    path = place / scenario.name
    path.write_text(scenario.read_text().replace("testpass", TOKEN))
    return path


def shows_nothing(scenario: Path, place: Path) -> None:
    told = played(str(there(scenario, place)), ACTORS["converge"])
    assert TOKEN in {secret.value for secret in told.drive.secrets}
    for text in (report(told), json.dumps(form(told))):
        assert TOKEN not in text
    for machine in told.drive.world.machines.values():
        shown = [path for path, file in machine.files.items() if TOKEN in file.text]
        assert set(shown) <= set(KEPT)
    assert not [b for b in told.drive.broken if b.code == "S8"]


@pytest.mark.parametrize("path", sorted({*SCENARIOS[::20], TYPED}), ids=lambda p: p.stem)
def test_a_rehearsal_shows_none(path: Path, place: Path) -> None:
    shows_nothing(path, place)


@pytest.mark.slow
@pytest.mark.parametrize("path", SCENARIOS, ids=lambda p: f"{p.parent.name}/{p.stem}")
def test_no_rehearsal_shows_any(path: Path, place: Path) -> None:
    shows_nothing(path, place)


def test_no_expected_timeline_shows_any() -> None:
    secrets = {s.value for path in DESIRED for s in read_desired(str(path)).secrets}
    assert secrets
    for path in (ROOT / "tests/scenarios").rglob("*.txt"):
        assert not [word for word in secrets if word in path.read_text()], path


def test_the_command_and_a_counter_example_that_is_saved_show_none(place: Path) -> None:
    config, saved = place / "desired" / "mysql-pair.toml", place / "counter.toml"
    proof = converge(
        "prove", "-c", str(config), "--actor", "classic", "--faults", "1", "--jobs", "1",
        "--save", str(saved),
    )  # fmt: skip
    assert proof.code == 7, proof.err
    said = [
        proof,
        converge("rehearse", str(saved)),
        converge("rehearse", str(there(TYPED, place))),
    ]
    assert "pass ***" in said[-1].out
    for one in said:
        assert TOKEN not in one.out + one.err
    assert TOKEN not in saved.read_text()


@pytest.mark.parametrize("example", LIKE_SEED, ids=lambda path: path.stem)
def test_what_runs_decided_upon_shows_none(example: Path, place: Path) -> None:
    """Also not where it stands in an answer, by a hand that converge does not know."""
    pair = Pair(place / "desired" / example.name, place / "lab.json")
    pair.lab("new", "-c", str(pair.config))
    pair("apply", "-y")
    line = f'ifconfig_em9_alias0="inet vhid 9 pass {TOKEN}9 alias 192.168.1.99/32"'
    pair.on("hasta", f"sysrc -x hastd_enable; echo '{line}' >> /etc/rc.conf")
    pair("apply", "-y")
    kept = (Path(f"{pair.state}.state") / "inputs.jsonl").read_text()
    assert kept.count('"what":"input"') > 1
    assert "pass *** alias" in kept
    said = [pair("replay", *form) for form in ((), ("-v",), ("--json",), ("--desired", "old"))]
    assert [one.code for one in said] == [0] * 4
    for text in (kept, *(one.out + one.err for one in said)):
        assert TOKEN not in text
