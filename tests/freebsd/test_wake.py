"""`wake`, under every shell there is: it returns at once, nothing is lost, a burst is two runs."""

import re
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from converge.freebsd.trigger.scripts import HAST_EVENT, PERIODIC, RC, WAKE
from tests.freebsd.wakes import CLINGING, SHELLS, Place, place

SCRIPTS = {"wake": WAKE, "hast-event": HAST_EVENT, "rc": RC, "periodic": PERIODIC}
BURST = 1000


@pytest.fixture(params=SHELLS)
def here(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    assert shutil.which(request.param), f"{request.param} is not installed: see .ci/run"
    return place(tmp_path, request.param)


# --- how it is written -------------------------------------------------------------------------


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("script", SCRIPTS)
def test_every_shell_understands_it(shell: str, script: str) -> None:
    words = ["busybox", "sh"] if shell == "busybox" else [shell]
    done = subprocess.run(
        [*words, "-n"], input=SCRIPTS[script], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("script", SCRIPTS)
def test_shellcheck_finds_nothing(script: str, tmp_path: Path) -> None:
    """But that rc.subr's variables are set for somebody else, and that its file is not here."""
    path = tmp_path / script
    path.write_text(SCRIPTS[script])
    excused = "SC1091,SC2034" if script in ("rc", "periodic") else "SC1091"
    done = subprocess.run(
        ["shellcheck", "-s", "sh", "-e", excused, str(path)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, "")


NOTED = """#!/bin/sh
echo "${0##*/} $*" >>"$PLACE/called"
"""


@pytest.mark.parametrize("trigger", ["devd", "hast", "boot"])
def test_in_the_foreground_is_one_daemon_and_no_converge(here: Place, trigger: str) -> None:
    """What devd waits for. Here nothing is detached, so whatever is called is called in front."""
    for program in ("daemon", "lockf", "converge", "mv", "sleep", "logger"):
        (here.folder / "bin" / program).write_text(NOTED)
        (here.folder / "bin" / program).chmod(0o755)
    assert here.call(trigger).returncode == 0
    (line,) = here.text("called").splitlines()
    assert re.fullmatch(rf"daemon -f \S+( sh)? {here.folder}/wake turns", line)


# --- what it does ------------------------------------------------------------------------------


def test_a_call_is_one_run_that_nobody_waits_for(here: Place) -> None:
    here.busy(on=True)
    done = here.call("devd")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    here.until(lambda: here.runs)
    here.busy(on=False)
    here.until(lambda: here.at_rest)
    assert here.runs == ["apply --wait --trigger devd --lock-timeout 600s"]
    assert here.text("wrong") == here.text("log") == ""


def test_a_burst_of_a_thousand_is_two_runs_and_the_last_one_has_been_seen(here: Place) -> None:
    here.busy(on=True)
    here.truth("before\n")
    here.call("devd")
    here.until(lambda: len(here.runs) == 1)
    with ThreadPoolExecutor(4) as pool:
        codes = {done.returncode for done in pool.map(here.call, ["devd", "hast"] * (BURST // 2))}
    assert codes == {0}
    assert len(here.runs) == 1, "one run at a time, and the others wait as one mark"
    here.truth("after\n")
    here.call("devd")
    here.busy(on=False)
    here.until(lambda: here.at_rest and len(here.runs) == 2)
    assert here.text("seen") == "after\n"


def test_no_call_is_lost_whenever_it_comes(here: Place) -> None:
    """Calls while runs begin and end by themselves: after each the truth of its moment is seen."""
    for n in range(25):
        here.truth(f"{n}\n")
        here.call(("devd", "hast", "boot")[n % 3])
    here.until(lambda: here.at_rest and here.text("seen") == "24\n")
    assert len(here.runs) <= 26
    assert here.text("wrong") == ""


def test_a_call_between_the_last_look_and_the_free_lock_is_not_lost(here: Place) -> None:
    (here.folder / "bin" / "lockf").write_text(CLINGING)
    here.call("devd")
    here.until(lambda: here.text("ended"))
    here.truth("late\n")
    here.call("hast")
    assert len(here.runs) == 1, "the lock is still held: this call cannot begin a run itself"
    here.until(lambda: here.at_rest and here.text("seen") == "late\n")
    assert len(here.runs) == 2


def test_cron_waits_for_its_run_and_says_what_it_says(here: Place) -> None:
    here.truth("cron\n")
    assert here.call("cron").returncode == 0
    assert here.text("seen") == "cron\n"
    assert here.runs == ["apply --wait --trigger cron --lock-timeout 600s"]


def test_a_mark_that_a_killed_one_left_is_worked_off_by_cron(here: Place) -> None:
    (here.folder / "run").mkdir()
    (here.folder / "run" / "wake").write_text("devd\n")
    here.call("cron")
    assert here.at_rest
    assert len(here.runs) == 1


def test_a_run_that_fails_is_in_the_systems_log_and_stops_nobody(here: Place) -> None:
    (here.folder / "code").write_text("4\n")
    here.call("cron")
    assert here.text("log") == "-t converge apply --trigger cron: exit code 4\n"
    (here.folder / "code").write_text("0\n")
    here.call("cron")
    assert len(here.runs) == 2


def test_a_word_in_the_mark_that_is_none_of_ours_is_not_passed_on(here: Place) -> None:
    (here.folder / "run").mkdir()
    (here.folder / "run" / "wake").write_text("manual --override S1\n")
    done = here.call("turns")
    assert done.returncode == 0
    assert here.runs == ["apply --wait --trigger cron --lock-timeout 600s"]


def test_other_words_are_refused(here: Place) -> None:
    assert here.call("manual").returncode == 64
    assert here.call().returncode == 64
    assert here.runs == []


@pytest.mark.parametrize(
    ("event", "runs"),
    [
        ("role test secondary primary", 1),
        ("connect test", 1),
        ("disconnect test", 1),
        ("syncdone test", 1),
        ("split-brain test", 1),
        ("syncstart test", 0),
        ("syncintr test", 0),
        ("", 0),
    ],
)
def test_the_hook_of_hast_wakes_for_what_can_change_a_decision(
    event: str, runs: int, tmp_path: Path
) -> None:
    here = place(tmp_path, "dash")
    assert here.call(*event.split(), script="hast-event").returncode == 0
    if runs:
        here.until(lambda: here.runs)
        here.until(lambda: here.at_rest)
    assert here.runs == ["apply --wait --trigger hast --lock-timeout 600s"] * runs


DRIFTING = """#!/bin/sh
[ "$*" = "drift -q" ] || exit 64
[ -s "$PLACE/differs" ] && cat "$PLACE/differs"
read -r code <"$PLACE/code"
exit "$code"
"""


@pytest.mark.parametrize(("code", "ends"), [(0, 0), (2, 1), (6, 2), (70, 2)])
def test_the_daily_mail_speaks_only_when_something_differs(
    code: int, ends: int, here: Place
) -> None:
    """periodic(8): 1 is worth a line, 2 is wrong."""
    (here.folder / "bin" / "converge").write_text(DRIFTING)
    text = PERIODIC.replace("PATH=$PATH:", "PATH=$PLACE/bin:$PATH:")
    (here.folder / "periodic").write_text(text)
    (here.folder / "code").write_text(f"{code}\n")
    (here.folder / "differs").write_text("~ sysctl.x value\n" if code else "")
    done = here.call(script="periodic")
    assert (done.returncode, done.stderr) == (ends, "")
    assert done.stdout.splitlines()[1:] == (
        ["What differs from the desired file (converge drift):", "~ sysctl.x value"]
        if code
        else []
    )
