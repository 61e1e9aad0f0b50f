"""A saved plan: applied exactly and once, or refused."""

import json
from pathlib import Path

import pytest

from tests.cli.commands import Pair, outcomes


def test_it_is_carried_out_exactly_and_once(fresh: Pair, tmp_path: Path) -> None:
    saved = tmp_path / "plan.json"
    fresh("plan", "-o", str(saved))
    keys = [action["key"] for action in json.loads(saved.read_text())["actions"]]
    first = fresh("apply", "-y", str(saved))
    assert first.code == 0
    assert first.out.startswith(f"carried out: the saved plan ({len(keys)} done)\n")
    assert sorted(key for key, _ in outcomes(first.err)) == sorted(keys)
    again = fresh("apply", "-y", str(saved))
    assert (again.code, again.out) == (5, "")
    assert "no longer what this plan was made for" in again.err


def test_quiet_says_nothing_of_a_plan_that_was_carried_out(fresh: Pair, tmp_path: Path) -> None:
    saved = tmp_path / "plan.json"
    fresh("plan", "-o", str(saved))
    said = fresh("apply", "-y", "-q", str(saved))
    assert (said.code, said.out) == (0, "")


@pytest.mark.parametrize(
    "change",
    ["sysrc hastd_enable=YES", "kldload if_carp", "echo >/etc/hast.conf; service hastd onestart"],
)
def test_it_is_stale_after_a_change_on_a_node(change: str, fresh: Pair, tmp_path: Path) -> None:
    saved = tmp_path / "plan.json"
    fresh("plan", "-o", str(saved))
    fresh.on("hastb", change)
    before = fresh.state.read_text()
    said = fresh("apply", "-y", str(saved))
    assert said.code == 5
    assert "converge plan -o FILE" in said.err
    assert before.count('"/etc/hast.conf"') == fresh.state.read_text().count('"/etc/hast.conf"')


def test_it_is_stale_after_a_change_of_the_desired_file(fresh: Pair, tmp_path: Path) -> None:
    saved = tmp_path / "plan.json"
    fresh("plan", "-o", str(saved))
    text = fresh.config.read_text()
    fresh.config.write_text(text.replace("advskew = 100", "advskew = 50"))
    assert fresh("apply", "-y", str(saved)).code == 5
    fresh.config.write_text(text + "\n# a remark\n")
    assert fresh("apply", "-y", str(saved)).code == 0


def test_time_alone_makes_nothing_stale(fresh: Pair, tmp_path: Path) -> None:
    saved = tmp_path / "plan.json"
    fresh("plan", "-o", str(saved))
    fresh.lab("advance", "1h")
    assert fresh("apply", "-y", str(saved)).code == 0


def test_a_plan_for_one_node_is_none_for_two(fresh: Pair, tmp_path: Path) -> None:
    saved = tmp_path / "plan.json"
    fresh("plan", "--node", "hasta", "-o", str(saved))
    assert fresh("apply", "-y", str(saved)).code == 5
    assert fresh("apply", "-y", "--node", "hasta", str(saved)).code == 0


def test_what_stands_in_it_is_never_carried_out(fresh: Pair, tmp_path: Path) -> None:
    """The file is compared; an action slipped into it, or another command, gets nowhere."""
    saved = tmp_path / "plan.json"
    fresh("plan", "-o", str(saved))
    form = json.loads(saved.read_text())
    evil = {**form["actions"][0], "key": "hasta/evil.x run"}
    saved.write_text(json.dumps({**form, "actions": [*form["actions"], evil]}))
    assert fresh("apply", "-y", str(saved)).code == 5
    for action in form["actions"]:
        action["effect"] = {"command": ["touch", "/tmp/evil"], "deadline_s": 1.0}
    saved.write_text(json.dumps(form))
    assert fresh("apply", "-y", str(saved)).code == 0
    assert "/tmp/evil" not in fresh.state.read_text()


@pytest.mark.parametrize(
    "damage", [{"kind": "observation"}, {"format_version": 2}, {"actions": 3}, {"actions": [3]}]
)
def test_a_damaged_one(damage: dict[str, object], fresh: Pair, tmp_path: Path) -> None:
    saved = tmp_path / "plan.json"
    fresh("plan", "-o", str(saved))
    saved.write_text(json.dumps({**json.loads(saved.read_text()), **damage}))
    assert fresh("apply", "-y", str(saved)).code == 65


@pytest.mark.parametrize("depth", [700, 900, 100_000])
def test_a_deeply_nested_one(depth: int, fresh: Pair, tmp_path: Path) -> None:
    saved = tmp_path / "plan.json"
    deep = "[" * depth + "]" * depth
    for text in (deep, f'{{"kind": "plan", "format_version": {deep}}}'):
        saved.write_text(text)
        said = fresh("apply", "-y", str(saved))
        assert (said.code, said.out) == (65, "")
