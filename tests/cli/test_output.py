"""How output looks: colours only where they are meant, plain ASCII, JSON for machines."""

import json
import os
import re
import subprocess
import sys
from typing import Any

import pytest

from tests.cli.commands import Pair, Terminal, converge

LOOKS = ["plan", "status", "observe"]


def every(pair: Pair) -> list[str]:
    """What the commands print, in all their forms."""
    said = [pair(command) for command in (*LOOKS, "graph")]
    said += [pair(command, "--json") for command in LOOKS]
    said += [pair("plan", "-v"), converge("validate", "-c", str(pair.config))]
    said += [pair("graph", "--state", "--format", f) for f in ("text", "dot", "mermaid", "svg")]
    said += [pair("apply", "-y", "-vv")]
    return [s.out + s.err for s in said]


def test_no_colour_without_a_terminal_and_ascii_only(fresh: Pair, pair: Pair) -> None:
    for text in (*every(fresh), *every(pair)):
        assert text.isascii()
        assert "\x1b" not in text


def colours(pair: Pair, *words: str) -> set[bool]:
    """Are there colours in the output of the commands that know them?"""
    return {"\x1b[" in pair(command, *words).out for command in ("plan", "status", "graph")}


@pytest.mark.parametrize("encoding", ["utf-8:strict", "ascii:strict"])
def test_bytes_that_no_locale_can_show(encoding: str, pair: Pair) -> None:
    state = pair.state.read_text()
    assert state.count('hastd_enable=\\"YES\\"') == 2
    pair.state.write_text(state.replace('hastd_enable=\\"YES\\"', 'hastd_enable=\\"\\udce4\\"'))
    argv = [sys.executable, "-m", "converge", "plan", *pair.doors()]
    env = {**os.environ, "PYTHONIOENCODING": encoding}
    done = subprocess.run(argv, capture_output=True, check=False, timeout=60, env=env)
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"hastd_enable is \\udce4 in /etc/rc.conf" in done.stdout


def test_colours_when_asked_for(fresh: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    assert colours(fresh) == {False}
    assert colours(fresh, "--color", "always") == {True}
    monkeypatch.setenv("NO_COLOR", "1")
    assert colours(fresh, "--color", "always") == {True}
    monkeypatch.setenv("CLICOLOR_FORCE", "1")
    assert colours(fresh) == {False}
    monkeypatch.delenv("NO_COLOR")
    assert colours(fresh) == {True}
    assert colours(fresh, "--color", "never") == {False}
    monkeypatch.setenv("TERM", "dumb")
    assert colours(fresh) == {False}


def test_colours_change_nothing_but_colours(fresh: Pair) -> None:
    plain, painted = fresh("graph").out, fresh("graph", "--color", "always").out
    assert re.sub(r"\x1b\[[0-9;]*m", "", painted) == plain


def sorted_pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    keys = [key for key, _ in pairs]
    assert keys == sorted(keys)
    return dict(pairs)


def form(text: str) -> dict[str, Any]:
    """JSON as it is promised: an object, keys sorted at every level, its version in it."""
    found: dict[str, Any] = json.loads(text, object_pairs_hook=sorted_pairs)
    assert found["format_version"] == 1
    assert "testpass" not in text
    return found


def test_the_plan_as_json(fresh: Pair) -> None:
    plan = form(fresh("plan", "--json").out)
    assert (plan["kind"], plan["empty"]) == ("plan", False)
    actions = {action["key"]: action for action in plan["actions"]}
    assert set(actions["hasta/carp.vip create"]) >= {"why", "effect", "after", "verdict"}
    assert actions["hasta/carp.vip create"]["verdict"] == {"verdict": "allow"}
    assert "pass ***" in fresh("plan", "--json").out
    assert {d["id"] for d in plan["deferred"]} >= {"hasta/hast.test", "hastb/mysqld.main"}
    assert form(fresh("apply", "--dry-run", "--json").out)["actions"] == plan["actions"]


def test_the_run_as_json(fresh: Pair) -> None:
    run = form(fresh("apply", "-y", "--json").out)
    assert (run["kind"], run["end"]) == ("run", "converged")
    assert run["passes"][-1]["outcomes"] == []
    assert {o["ending"] for p in run["passes"] for o in p["outcomes"]} == {"done"}


@pytest.mark.parametrize("command", ["status", "observe"])
def test_observations_as_json(command: str, pair: Pair) -> None:
    seen = form(pair(command, "--json").out)["observed"]
    assert seen["hasta/hast.test"]["state"]["role"] == "primary"
    assert seen["hastb/mysqld.main"] == {"is": "absent"}
    pair.lab("fault", "power-off", "hastb")
    seen = form(pair(command, "--json").out)["observed"]
    assert seen["hastb/hast.test"]["is"] == "unknown"


def test_the_version_as_json() -> None:
    assert set(form(converge("version", "--json").out)) >= {"converge", "python", "system"}


def test_cron_tells_what_was_done_and_is_silent_when_there_was_nothing(pair: Pair) -> None:
    said = pair("apply", "--trigger", "cron")
    assert (said.code, said.out, said.err) == (0, "", "")
    pair.on("hasta", "sysrc -x hastd_enable")
    said = pair("apply", "--trigger", "cron")
    assert said.code == 0
    assert "hasta/setting.hastd_enable set: done" in said.err
    assert said.out == "converged: the next plan is empty (1 done in 2 passes)\n"
    said = pair("apply", "--trigger", "cron")
    assert (said.code, said.out, said.err) == (0, "", "")
    assert pair.on("hasta", "sysrc -n hastd_enable") == "YES\n"


def test_cron_tells_what_went_wrong(pair: Pair) -> None:
    pair.lab("fault", "power-off", "hastb")
    said = pair("apply", "--trigger", "cron")
    assert said.code == 6
    assert "hastb does not answer" in said.out


def test_quiet_tells_only_what_went_wrong(fresh: Pair) -> None:
    said = fresh("apply", "-y", "-q")
    assert (said.code, said.out, said.err) == (0, "", "")
    fresh.lab("fault", "power-off", "hastb")
    said = fresh("apply", "-y", "-q")
    assert said.code == 6
    assert "hastb does not answer" in said.out


def test_a_person_is_asked_on_a_terminal(fresh: Pair) -> None:
    before = fresh.state.read_text()
    said = converge("apply", *fresh.doors(), stdin=Terminal("n\n"))
    assert said.code == 0
    assert "hast_entry.test add" in said.out
    assert "Carry it out?" in said.err
    assert before.count("/etc/hast.conf") == fresh.state.read_text().count("/etc/hast.conf") == 0
    assert converge("apply", *fresh.doors(), stdin=Terminal("")).code == 130
    said = converge("apply", *fresh.doors(), stdin=Terminal("y\n"))
    assert said.code == 0
    assert "converged" in said.out
    assert "/etc/hast.conf" in fresh.state.read_text()


def test_nobody_is_asked_when_there_is_nothing_to_do(pair: Pair) -> None:
    said = pair("apply")
    assert said.code == 0
    assert "0 done" in said.out


def test_the_log_has_a_line_an_event(fresh: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    log = fresh.state.with_name("logs") / "converge.log"
    monkeypatch.setenv("CONVERGE_LOG", str(log))
    fresh("apply", "-y")
    lines = log.read_text().splitlines()
    assert "run begins: hasta, hastb; 31 actions" in lines[0]
    assert lines[-1].endswith("exit 0")
    form = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d INFO run=2026\S+ \S.*")
    assert all(form.fullmatch(line) for line in lines)
    assert len({line.split("run=")[1].split()[0] for line in lines}) == 1
    assert sum(" begin " in line for line in lines) >= 31


def test_a_log_that_cannot_be_written_stops_nothing(
    fresh: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONVERGE_LOG", "/dev/null/converge.log")
    said = fresh("apply", "-y")
    assert said.code == 0
    assert said.err.startswith("converge: no log in /dev/null/converge.log: ")
