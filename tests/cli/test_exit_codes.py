"""The exit codes that scripts, cron and devd rely on."""

import contextlib
import errno
import io
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from converge.cli import run
from converge.cli.ground.labfile import close_labs
from tests.cli.commands import SEED, Pair, converge

DOWN = "sh /usr/local/etc/rc.d/mysql-server onestop"
"""The article's script is not executable."""


def test_0_and_2_with_detailed_exitcode(fresh: Pair, pair: Pair) -> None:
    assert pair("plan", "--detailed-exitcode").code == 0
    pair.on("hasta", DOWN)
    assert pair("plan").code == 0
    assert pair("plan", "--detailed-exitcode").code == 2


def test_1_when_the_only_action_fails_and_3_when_some_are_done(pair: Pair) -> None:
    pair.on("hasta", DOWN)
    pair.lab("fault", "hang", "hasta", "mysqladmin")
    said = pair("apply", "-y")
    assert said.code == 1
    assert "hasta/mysqld.main start: failed" in said.out
    pair.on("hasta", "sysrc -x hastd_enable")
    said = pair("apply", "-y")
    assert said.code == 3
    assert "hasta/mysqld.main wait: failed" in said.out
    assert "hasta/setting.hastd_enable set: done" in said.err
    pair.lab("fault", "unhang", "hasta", "mysqladmin")
    assert pair("apply", "-y").code == 0


def test_4_when_a_guard_stands_in_the_way(pair: Pair) -> None:
    pair.on("hasta", f"{DOWN}; echo other/main > /hast/test/mysql/converge.id")
    planned, applied = pair("plan"), pair("apply", "-y")
    assert (planned.code, applied.code) == (4, 4)
    for said in (planned, applied):
        assert "refused by datadir-identity: the volume says" in said.out
    assert "datadir-identity" in applied.err
    assert '"code": "datadir-identity"' in pair("plan", "--json").out
    assert "other/main" in pair.on("hasta", "cat /hast/test/mysql/converge.id")


def test_6_when_a_node_is_silent(pair: Pair) -> None:
    pair.lab("fault", "power-off", "hastb")
    for said in (pair("plan"), pair("apply", "-y")):
        assert said.code == 6
        assert "hastb does not answer" in said.out


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("aply",), "there is no command 'aply'. Did you mean 'apply'?"),
        (("zzz",), "there is no command 'zzz'."),
        (("plan", "--hots", "x"), "--host"),
        (("plan", "--color", "blue"), "always"),
        (("apply", "--trigger", "moon"), "cron"),
        (("lab", "falt"), "fault"),
        (("lab", "run"), "NODE"),
        (("graph", "--format", "png"), "svg"),
    ],
)
def test_64_for_a_command_line_that_makes_no_sense(words: tuple[str, ...], says: str) -> None:
    said = converge(*words)
    assert (said.code, said.out) == (64, "")
    assert says in said.err


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("hasat=lab:", "the pair has the nodes hasta, hastb"),
        ("hasta", "write NODE=URL"),
        ("hasta=", "write NODE=URL"),
        ("hasta=telnet:hasta", "ssh://user@host:port"),
        ("hasta=ssh://", "does not name a host"),
        ("hasta=ssh://root@:22", "does not name a host"),
    ],
)
@pytest.mark.parametrize("command", ["plan", "apply", "status", "observe"])
def test_64_for_a_door_that_cannot_be(command: str, url: str, says: str) -> None:
    said = converge(command, "-c", str(SEED), "--host", url)
    assert (said.code, said.out) == (64, "")
    assert says in said.err


def test_64_for_a_node_without_a_door(fresh: Pair) -> None:
    assert "--node hastb: no --host" in fresh("plan", "--node", "hastb", nodes=("hasta",)).err
    said = converge("plan", "-c", str(SEED))
    assert said.code == 64
    assert "name one with --node" in said.err


def test_64_for_a_lab_and_the_world_in_one_run(fresh: Pair) -> None:
    said = fresh("plan", "--host", "hastb=ssh://hastb", nodes=("hasta",))
    assert said.code == 64
    assert "in the same lab" in said.err


def test_64_for_applying_without_a_word_of_agreement(fresh: Pair) -> None:
    before = fresh.state.read_text()
    for words in ((), ("--no-input",)):
        said = fresh("apply", *words)
        assert said.code == 64
        assert "say -y" in said.err
    assert '"/etc/hast.conf"' not in fresh.state.read_text()
    assert '"/etc/hast.conf"' not in before


def test_64_for_acting_on_a_bundle(pair: Pair, tmp_path: Path) -> None:
    bundle = tmp_path / "hasta.json"
    assert pair("observe", "--node", "hasta", "--bundle", str(bundle)).code == 0
    said = converge("apply", "-y", "-c", str(SEED), "--host", f"hasta=bundle:{bundle}")
    assert said.code == 64
    assert "can only be read" in said.err


@pytest.mark.parametrize("what", ["desired", "plan", "bundle", "lab"])
@pytest.mark.parametrize("text", ["garbage", "[1]", '{"format_version": 99}', "\x00", ""])
def test_65_for_a_damaged_file(what: str, text: str, fresh: Pair, tmp_path: Path) -> None:
    path = tmp_path / "damaged"
    path.write_text(text)
    lines = {
        "desired": ("validate", "-c", str(path)),
        "plan": ("apply", "-y", *fresh.doors(), str(path)),
        "bundle": ("plan", "-c", str(SEED), "--host", f"hasta=bundle:{path}"),
        "lab": ("plan", "-c", str(SEED), "--host", f"hasta=lab:{path}"),
    }
    said = converge(*lines[what])
    assert (said.code, said.out) == (65, "")
    assert said.err.startswith(str(path) if what == "desired" else "converge: ")
    assert "Traceback" not in said.err


@pytest.mark.parametrize(
    "words",
    [
        ("validate", "-c", "missing.toml"),
        ("apply", "-y", "-c", str(SEED), "--host", "hasta=lab:missing.json"),
        ("plan", "-c", str(SEED), "--host", "hasta=bundle:missing.json"),
        ("lab", "run", "--lab", "missing.json", "hasta", "uname"),
    ],
)
def test_66_for_a_missing_file(words: tuple[str, ...]) -> None:
    said = converge(*words)
    assert (said.code, said.out) == (66, "")
    assert "missing." in said.err
    assert "o such file" in said.err


def test_66_for_a_saved_plan_that_is_not_there(fresh: Pair) -> None:
    assert fresh("apply", "-y", "missing.json").code == 66


def test_69_when_the_machine_is_off(fresh: Pair) -> None:
    fresh.lab("fault", "power-off", "hasta")
    said = converge("lab", "run", "--lab", str(fresh.state), "hasta", "uname")
    assert (said.code, said.out, said.err) == (69, "", "hasta does not answer\n")


def test_70_for_a_bug_of_ours_is_one_line(fresh: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise KeyError("testpass")

    monkeypatch.setattr("converge.reconcile.run.decide", broken)
    monkeypatch.setattr("converge.reconcile.passes.decide", broken)
    for command in ("plan", "status", "apply"):
        said = fresh(command)
        assert (said.code, said.out) == (70, "")
        assert said.err.startswith("converge: this is a bug in converge (KeyError at tests.")
        assert "Traceback" not in said.err
        assert "testpass" not in said.err
    monkeypatch.setenv("CONVERGE_DEBUG", "1")
    with pytest.raises(KeyError):
        fresh("plan")


def test_73_when_the_result_cannot_be_written(fresh: Pair, tmp_path: Path) -> None:
    for target in ("nowhere/plan.json", str(tmp_path)):
        assert fresh("plan", "-o", target).code == 73
        said = fresh("observe", "--node", "hasta", "--bundle", target)
        assert said.code == 73
        assert target in said.err
    said = converge("lab", "new", "-c", str(SEED), "--lab", "nowhere/lab.json")
    assert said.code == 73


SIGNALLED = """
import os, sys
from converge.cli import run
from converge.lab.host import LabHost

begin, count = LabHost.begin, 0

def begin_and_signal(self, effect):
    global count
    count += 1
    if count == 3:
        os.kill(os.getpid(), int(sys.argv[1]))
    return begin(self, effect)

LabHost.begin = begin_and_signal
sys.exit(run(sys.argv[2:]))
"""


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_lets_the_running_actions_end(number: int, code: int, fresh: Pair) -> None:
    argv = [sys.executable, "-c", SIGNALLED, str(int(number)), "apply", "-y", *fresh.doors()]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=30)
    assert done.returncode == code, done.stderr
    assert done.stdout.startswith("interrupted: what was running has ended")
    assert "Traceback" not in done.stderr
    assert 3 <= done.stderr.count(": done") < 31
    assert "/etc/hast.conf" in fresh.state.read_text()
    fresh.settle()


class NobodyListens(io.StringIO):
    """A pipe whose other end is closed."""

    def write(self, text: str) -> int:
        raise BrokenPipeError(errno.EPIPE, "Broken pipe")


def test_a_run_goes_on_when_nobody_listens(fresh: Pair) -> None:
    close_labs()
    with contextlib.redirect_stderr(NobodyListens()), contextlib.redirect_stdout(io.StringIO()):
        assert run(["apply", "-y", *fresh.doors()]) == 0
    assert "nothing to do" in fresh("plan").out


def test_a_closed_pipe_is_no_traceback() -> None:
    argv = [sys.executable, "-m", "converge", "graph", "-c", str(SEED)]
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as out:
        done = subprocess.run(argv, stdout=out, stderr=subprocess.PIPE, check=False, timeout=30)
    assert (done.returncode, done.stderr) == (1, b"")
