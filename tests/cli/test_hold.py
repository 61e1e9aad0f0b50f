"""converge hold and release: maintenance with an owner, a reason and an end."""

import json
from pathlib import Path

import pytest

from converge.core.ledger import Ledger
from converge.hosts.ledgerfile import load
from tests.cli.commands import Pair, converge

TWO_HOURS = ("--for", "2h", "--reason", "new disk", "--owner", "ann")


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The memory of this machine."""
    monkeypatch.setenv("CONVERGE_STATE_DIR", str(tmp_path / "db"))
    return tmp_path / "db"


def test_on_a_real_node(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("USER", "root")
    monkeypatch.setenv("SUDO_USER", "ann")
    assert converge("hold").out == "nothing is held\n"
    assert not state.exists()
    said = converge("hold", "--for", "2h", "--reason", "new disk")
    assert (said.code, said.err) == (0, "")
    assert said.out.startswith("held until 20")
    assert said.out.endswith(" by ann: new disk\n")
    assert converge("hold").out == said.out
    (pause,) = load(state).pauses
    assert pause.until_s
    assert pause.until_s - pause.since_s == pytest.approx(7200)
    assert (state / "ledger.json").stat().st_mode & 0o777 == 0o600
    assert converge("release").out == f"released: {said.out}"
    assert converge("release").out == "nothing is held\n"
    assert load(state) == Ledger()
    lines = (state / "journal.jsonl").read_text().splitlines()
    assert [json.loads(line)["what"] for line in lines] == ["hold", "release"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--for", "2h"), "needs a --reason"),
        (("--for", "2h", "--reason", " "), "needs a --reason"),
        (("--reason", "x"), "--for, --until or --forever"),
        (("--reason", "x", "--for", "1h", "--forever"), "one of them"),
        (("--reason", "x", "--for", "soon"), "write a duration"),
        (("--reason", "x", "--for", "0s"), "over already"),
        (("--reason", "x", "--until", "2001-01-01T00:00Z"), "over already"),
        (("--reason", "x", "--until", "noon"), "write a time like"),
        (("--host", "hasta", "--forever", "--reason", "x"), "write NODE=URL"),
    ],
)
def test_64_for_a_hold_that_nobody_could_understand(
    words: tuple[str, ...], says: str, state: Path
) -> None:
    said = converge("hold", *words)
    assert (said.code, said.out) == (64, "")
    assert says in said.err
    assert not state.exists()


def test_the_lab_has_its_own_time_and_memory(pair: Pair, state: Path) -> None:
    assert pair("hold", *TWO_HOURS).code == 0
    assert "by ann: new disk (hasta, hastb)" in pair("hold").out
    assert "new disk" in pair("hold", nodes=("hasta",)).out
    pair.lab("advance", "119m")
    assert "new disk" in pair("hold").out
    pair.lab("advance", "2m")
    assert pair("hold").out == "nothing is held\n"
    assert pair("release").out == "nothing is held\n"
    assert not state.exists()


def test_one_node_is_released_and_the_other_stays(pair: Pair) -> None:
    pair("hold", *TWO_HOURS)
    assert pair("release", "--node", "hasta").out.endswith("new disk (hasta)\n")
    for nodes in ((), ("hastb",)):
        assert pair("hold", nodes=nodes).out.endswith("new disk (hastb)\n")
    pair("hold", "--forever", "--reason", "y", "--owner", "bob", "--node", "hasta")
    assert "held until it is released by bob: y (hasta)" in pair("hold").out
    assert "by ann" in pair("release", "--owner", "ann").out
    assert pair("hold").out == "held until it is released by bob: y (hasta)\n"


def test_until_is_in_the_time_of_the_nodes(pair: Pair) -> None:
    said = pair("hold", "--until", "2099-01-01T12:00", "--reason", "x", "--owner", "ann")
    assert said.out.startswith("held until 2099-01-01T12:00:00+00:00 by ann")
    again = pair("hold", "--until", "2099-01-01T12:00+02:00", "--reason", "x", "--owner", "bob")
    assert again.out.startswith("held until 2099-01-01T10:00:00+00:00 by bob")


def test_65_for_a_damaged_ledger_that_says_what_to_do(state: Path) -> None:
    state.mkdir()
    (state / "ledger.json").write_text("{")
    for words in ((), TWO_HOURS):
        said = converge("hold", *words)
        assert (said.code, said.out) == (65, "")
        assert f"mv {state}/ledger.json" in said.err


def test_73_when_it_cannot_be_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("CONVERGE_STATE_DIR", str(tmp_path / "file" / "db"))
    assert converge("hold", *TWO_HOURS).code in (65, 73)
