"""Old decisions made again: the same by the same code; what a changed one would do otherwise."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from converge.core.plan import Action, Allow, Hold
from converge.freebsd import kinds
from tests.cli.commands import Pair, converge
from tests.cli.test_inputs import FOREIGN, STOP, folder

GOLDEN = Path(__file__).parent / "golden"


def runs(pair: Pair) -> list[str]:
    return [row["run"] for row in json.loads(pair("history", "--json").out)["runs"]]


def failover(pair: Pair) -> None:
    pair.lab("fault", "power-off", "hasta")
    pair.lab("advance", "5s")
    assert pair("apply", "--trigger", "devd", nodes=("hastb",)).code == 0


def test_every_run_of_a_failover_and_back_is_decided_the_same_again(fresh: Pair) -> None:
    fresh.settle()
    fresh.learn()
    failover(fresh)
    fresh.lab("fault", "power-on", "hasta")
    fresh.lab("advance", "90s")
    fresh("apply", "-y")
    said = [fresh("replay", run) for run in runs(fresh)]
    assert {one.code for one in said if "so it kept nothing" not in one.err} == {0}
    passes = [line for one in said for line in one.out.splitlines() if line.startswith("= ")]
    assert len(passes) >= 8
    assert all(line.endswith(": the same") for line in passes)


def test_what_is_said(pair: Pair, golden: Callable[[Path, str], None]) -> None:
    pair.on("hasta", FOREIGN)
    assert pair("apply", "--trigger", "cron").code == 4
    said = pair("replay", "-v")
    (run,) = runs(pair)
    assert (said.code, said.err) == (0, "")
    golden(GOLDEN / "replay-same.txt", said.out.replace(run, "RUN"))


def test_a_guard_that_is_gone_makes_a_difference(
    pair: Pair, monkeypatch: pytest.MonkeyPatch, golden: Callable[[Path, str], None]
) -> None:
    pair.on("hasta", FOREIGN)
    assert pair("apply", "--trigger", "cron").code == 4
    (run,) = runs(pair)
    guards = kinds()["mysqld"].guards
    less = tuple(
        replace(g, judge=lambda *_: Allow()) if g.code == "datadir-identity" else g for g in guards
    )
    monkeypatch.setattr(kinds()["mysqld"], "guards", less)
    said = pair("replay")
    assert (said.code, said.err) == (2, "")
    golden(GOLDEN / "replay-otherwise.txt", said.out.replace(run, "RUN"))
    form = json.loads(pair("replay", run[:15], "--json").out)
    assert (form["kind"], form["same"]) == ("replay", False)
    one = form["passes"][0]["differences"][0]
    assert (one["then"]["code"], one["now"]["code"]) == ("datadir-identity", "")


def test_another_guard_in_the_way_is_a_difference_too(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair.on("hasta", STOP)
    assert pair("apply", "--trigger", "cron").code == 0

    def held(action: Action, _: object) -> Hold:
        return Hold("datadir-identity", "today it is held")

    less = tuple(replace(g, judge=held) for g in kinds()["mysqld"].guards)
    monkeypatch.setattr(kinds()["mysqld"], "guards", less)
    said = pair("replay")
    assert said.code == 2
    assert "+ hasta/mysqld.main start: held by datadir-identity: today it is held" in said.out


def test_todays_desired_file_decides_unless_the_old_one_is_asked_for(
    pair: Pair, tmp_path: Path
) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text(pair.config.read_text())
    pair = replace(pair, config=mine)
    pair.on("hasta", STOP)
    assert pair("apply", "--trigger", "cron").code == 0
    text = pair.config.read_text()
    pair.config.write_text(text.replace("192.168.1.50/24", "192.168.1.60/24"))
    said = pair("replay")
    assert said.code == 2
    assert "+ hasta/carp.vip add: 192.168.1.60/24" in said.out
    assert pair("replay", "--desired", "old").code == 0
    pair.config.write_text(text.replace("hastb", "hastc"))
    said = converge("replay", "-c", str(pair.config), *pair.doors()[2:])
    assert (said.code, said.out) == (64, "")
    assert "knows no node hastb" in said.err
    pair.config.unlink()
    said = pair("replay", "--desired", "old")
    assert said.err == "converge: of the old desired file not all could be read again\n"


def test_no_node_is_touched_and_nothing_is_written(pair: Pair) -> None:
    pair.on("hasta", STOP)
    assert pair("apply", "--trigger", "cron").code == 0
    before = {p: p.read_bytes() for p in [pair.state, *folder(pair).iterdir()]}
    assert pair("replay").code == 0
    assert {p: p.read_bytes() for p in [pair.state, *folder(pair).iterdir()]} == before


def test_what_cannot_be_decided_again_is_told(pair: Pair) -> None:
    said = pair("replay")
    assert (said.code, said.out) == (66, "")
    assert "no run has decided anything yet" in said.err
    assert pair("apply", "--trigger", "cron").code == 0
    (quiet,) = runs(pair)
    assert "had nothing to do" in pair("replay", quiet).err
    assert pair("replay", "1999").code == 64
    pair.on("hasta", STOP)
    assert pair("apply", "--trigger", "cron").code == 0
    path = folder(pair) / "inputs.jsonl"
    whole = path.read_text()
    path.write_text(whole.replace('"input_version":1', '"input_version":7'))
    said = pair("replay")
    assert (said.code, "format 7" in said.err) == (65, True)
    path.unlink()
    said = pair("replay")
    assert (said.code, "too old" in said.err) == (66, True)


def test_the_ways_to_the_peer_are_part_of_what_was_decided_upon(pair: Pair) -> None:
    failover(pair)
    assert pair("replay").code == 0
    path = folder(pair) / "inputs.jsonl"
    kept = path.read_text()
    assert '"silent":true' in kept
    path.write_text(kept.replace('"silent":true', '"silent":false'))
    said = pair("replay")
    assert said.code == 2
    assert "held by peer-silent" in said.out
