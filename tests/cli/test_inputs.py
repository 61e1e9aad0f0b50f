"""What runs decided upon: kept once a decision, and nothing where nothing was decided."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from converge.cli.reach.site import desired_of, read_desired
from converge.core.host import Answer, Run
from converge.core.input import Given
from converge.core.ledger import Ledger, Now
from converge.hosts import inputs
from converge.hosts.bundle import BundleClock
from converge.hosts.inputs import BadInput, given_of, input_form, keep, read_inputs
from tests.cli.commands import SEED, Pair
from tests.hosts.test_bundle import TAKEN

STOP = "sh /usr/local/etc/rc.d/mysql-server onestop"
FOREIGN = f"{STOP}; echo other/main > /hast/test/mysql/converge.id"
CLOCK = BundleClock(TAKEN)
GIVEN = Given("d1", "5e", "schema = 1\n", "0.1.0", "cron", ("hasta",), TAKEN, Now(5.0, 9.0), 4.0,
              Ledger())  # fmt: skip
HEARD = {"hasta": [(Run(("mount", "-p")), Answer(0, "/dev/x / ufs rw 1 1\n"))]}


def folder(pair: Pair) -> Path:
    return Path(f"{pair.state}.state")


def sizes(pair: Pair) -> dict[str, int]:
    return {path.name: path.stat().st_size for path in folder(pair).glob("*.jsonl")}


def entries(pair: Pair, name: str = "journal.jsonl") -> list[dict[str, object]]:
    lines = (folder(pair) / name).read_text().splitlines()
    return [line["fields"] for line in map(json.loads, lines) if line["what"] == "input"]


def cron(pair: Pair, times: int) -> None:
    for _ in range(times):
        pair.lab("advance", "60s")
        pair("apply", "--trigger", "cron")


def test_a_run_with_nothing_to_do_keeps_nothing(pair: Pair) -> None:
    cron(pair, 3)
    assert entries(pair) == []
    assert not (folder(pair) / "inputs.jsonl").exists()


def test_what_is_held_for_long_is_kept_once(pair: Pair) -> None:
    pair.on("hasta", FOREIGN)
    cron(pair, 1)
    one = sizes(pair)
    assert 8_000 < one["inputs.jsonl"] < 25_000
    cron(pair, 5)
    assert sizes(pair)["inputs.jsonl"] == one["inputs.jsonl"]
    assert sizes(pair)["journal.jsonl"] < 6 * 1_500
    decisions = [entry["decision"] for entry in entries(pair)]
    assert (len(decisions), len(set(decisions))) == (6, 1)


def test_each_pass_that_decides_something_else_is_kept(fresh: Pair) -> None:
    assert fresh("apply", "-y").code == 0
    decisions = [entry["decision"] for entry in entries(fresh)]
    kept = entries(fresh, "inputs.jsonl")
    assert [form["decision"] for form in kept] == decisions
    assert len(set(decisions)) == len(decisions) > 2
    first = kept[0]
    assert (first["trigger"], first["acting"], first["lifted"]) == (
        "manual",
        ["hasta", "hastb"],
        [],
    )
    assert sorted(first["nodes"]) == ["hasta", "hastb"]  # type: ignore[call-overload]
    assert first["plan"]["actions"][0]["verdict"] == "allow"  # type: ignore[index]


def test_an_override_is_part_of_the_decision(pair: Pair) -> None:
    pair.on("hasta", STOP)
    pair("apply", "-y", "--override", "peer-silent", "--reason", "a test")
    assert entries(pair, "inputs.jsonl")[0]["lifted"] == ["peer-silent"]


def test_it_is_read_as_it_was_written(tmp_path: Path) -> None:
    keep(tmp_path, "r1", CLOCK, GIVEN, HEARD, ())
    keep(tmp_path, "r2", CLOCK, GIVEN, HEARD, ())
    keep(tmp_path, "r3", CLOCK, replace(GIVEN, decision="d2"), HEARD, ())
    found = read_inputs(tmp_path)
    assert {name: line.run for name, line in found.items()} == {"d1": "r1", "d2": "r3"}
    given = given_of(found["d1"].entry.fields)
    assert replace(given, readers={}) == GIVEN
    assert given.readers["hasta"].ask([Run(("mount", "-p"))])[0].stdout.startswith("/dev/x")


def test_a_line_that_was_cut_off_is_not_taken_for_kept(tmp_path: Path) -> None:
    keep(tmp_path, "r1", CLOCK, GIVEN, HEARD, ())
    path = tmp_path / inputs.INPUTS
    path.write_bytes(path.read_bytes()[:-40])
    keep(tmp_path, "r2", CLOCK, GIVEN, HEARD, ())
    assert read_inputs(tmp_path)["d1"].run == "r2"


def test_after_a_rotation_it_is_kept_again(tmp_path: Path) -> None:
    """What a line points to does not go before the line's own file does."""
    keep(tmp_path, "r1", CLOCK, GIVEN, HEARD, ())
    path = tmp_path / inputs.INPUTS
    with path.open("ab") as file:
        file.write(b" " * 5_000_001 + b"\n")
    keep(tmp_path, "r2", CLOCK, GIVEN, HEARD, ())
    assert path.stat().st_size < 5_000
    assert read_inputs(tmp_path)["d1"].run == "r2"


def test_of_what_is_too_long_the_answers_are_left_out(tmp_path: Path) -> None:
    said = {"hasta": [(Run(("cat",)), Answer(0, "x" * 1_000_001))]}
    form = input_form(GIVEN, said, ())
    assert len(json.dumps(form)) < 2_000
    assert given_of(form).left_out.startswith("the answers were 1000")


@pytest.mark.parametrize(
    "damage",
    [{"input_version": 2}, {"now": 3}, {"nodes": {"hasta": {}}}, {"paths": {"a": [{}]}},
     {"ledger": {}}, {"taken": "noon"}, {"acting": 3}],
)  # fmt: skip
def test_what_is_damaged_is_told(damage: dict[str, object]) -> None:
    with pytest.raises((BadInput, inputs.BadBundle)):
        given_of(input_form(GIVEN, HEARD, ()) | damage)


def test_the_desired_text_can_be_read_again_with_the_secrets_of_today() -> None:
    desired = read_desired(str(SEED))
    old = "\n".join(desired.source.lines)
    assert "testpass" not in old
    again = desired_of(inputs.filled(old, SEED.read_text()), "old")
    assert (again.digest, again.secrets) == (desired.digest, desired.secrets)
    alone = desired_of(inputs.filled(old, ""), "old")
    assert [secret.value for secret in alone.secrets] == ["masked"]
