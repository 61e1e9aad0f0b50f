"""`apply --trigger shutdown`: the node's part is given up, and nobody takes it up again."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from converge.cli.running.turns import SHUTDOWN
from tests.cli.commands import Pair


@pytest.fixture
def pair(mysql_pair: Pair) -> Pair:
    return mysql_pair


def leave(pair: Pair, *words: str, node: str = "hasta", code: int = 0) -> list[str]:
    """What is done, in its order."""
    said = pair("apply", "--trigger", SHUTDOWN, *words, nodes=(node,))
    assert said.code == code, said.err
    return [
        line.split(": done")[0].split("/", 1)[1]
        for line in said.err.splitlines()
        if "done" in line
    ]


def test_it_goes_down_by_the_ladder_and_nothing_comes_up(pair: Pair) -> None:
    assert leave(pair) == ["mysqld.main stop", "mount./mysql unmount", "hast.test demote"]
    status = pair("status").out
    assert "secondary" in status
    assert "mounted" not in status
    assert leave(pair) == []


def test_what_is_amiss_beside_it_is_left_alone(pair: Pair) -> None:
    pair.on("hasta", "sysctl net.inet.carp.preempt=1; rm /etc/sysctl.conf || true")
    assert "preempt" in pair("plan", nodes=("hasta",)).out
    assert [verb.split()[0] for verb in leave(pair)] == [
        "mysqld.main",
        "mount./mysql",
        "hast.test",
    ]


def test_a_secondary_has_nothing_to_give_up(pair: Pair) -> None:
    assert leave(pair, node="hastb") == []


def test_without_a_hastd_it_is_over(pair: Pair) -> None:
    pair.on("hastb", "service hastd onestop")
    assert leave(pair, node="hastb") == []


def test_a_server_that_does_not_stop_is_killed_in_time(pair: Pair) -> None:
    """rc.shutdown has 90 s for all of its scripts."""
    pair.lab("fault", "slow", "hasta", "service:300")
    before = at(pair)
    assert leave(pair)[-1] == "hast.test demote"
    assert at(pair) - before < 85


def at(pair: Pair) -> int:
    """Seconds of the day in the lab."""
    hours, minutes, seconds = pair.on("hasta", "date +%H:%M:%S").strip().split(":")
    return int(hours) * 3600 + int(minutes) * 60 + int(seconds)


def test_a_maintenance_hold_does_not_hold_it(pair: Pair) -> None:
    assert pair("hold", "--for", "1h", "--reason", "disk", nodes=("hasta",)).code == 0
    assert leave(pair)[-1] == "hast.test demote"


def test_it_is_about_one_node(pair: Pair) -> None:
    said = pair("apply", "--trigger", SHUTDOWN)
    assert said.code == 64
    assert "one node" in said.err


def test_write_errors_of_the_copy_are_remembered(pair: Pair) -> None:
    pair.lab("fault", "disk-write-error", "hasta")
    pair.lab("advance", "30s")
    leave(pair)
    ledger = json.loads((Path(f"{pair.state}.state") / "ledger.json").read_text())
    assert ledger["notes"]["hasta/hast.test"]["write_errors"] > 0


HOLDER = """
import sys, pathlib, signal
from converge.hosts.clock import SystemClock
from converge.hosts.lock import take
lock = take(pathlib.Path(sys.argv[1]), "lab", "cron", "apply", SystemClock())
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
print("held", flush=True)
SystemClock().sleep(60)
"""


def test_a_run_that_is_under_way_is_told_to_end(pair: Pair) -> None:
    beside = Path(f"{pair.state}.state")
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(beside)], stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout
        assert other.stdout.readline() == "held\n"
        assert leave(pair)[-1] == "hast.test demote"
        assert other.wait(10) == 0


def test_until_the_next_boot_no_trigger_begins_a_run(pair: Pair) -> None:
    """On a real node; the file is in /var/run, which a boot empties."""
    beside = Path(f"{pair.state}.state")
    leave(pair)
    assert not (beside / SHUTDOWN).exists(), "a lab's folder is emptied by no boot"
    (beside / SHUTDOWN).touch()
    for trigger in ("devd", "hast", "cron", "boot"):
        said = pair("apply", "--trigger", trigger, nodes=("hasta",))
        assert (said.code, said.out) == (0, "")
    assert "secondary" in pair("status").out
    (beside / SHUTDOWN).unlink()
    assert pair("apply", "--trigger", "cron").code == 0
    assert "mounted" in pair("status").out


def test_a_dry_run_shows_what_would_be_given_up_and_gives_up_nothing(pair: Pair) -> None:
    said = pair("apply", "-n", "--trigger", SHUTDOWN, nodes=("hasta",))
    assert said.code == 0
    wanted = ["mysqld.main", "mount./mysql", "hast.test"]
    assert all(word in said.out for word in wanted), said.out
    form = json.loads(pair("apply", "-n", "--json", "--trigger", SHUTDOWN, nodes=("hasta",)).out)
    assert [one["id"].partition("/")[2] for one in form["actions"]] == wanted
    assert "nothing to do" in pair("plan", nodes=("hasta",)).out
    assert pair("apply", "-n", "--trigger", SHUTDOWN).code == 64
