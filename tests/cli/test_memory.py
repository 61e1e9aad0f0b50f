"""A run under its lock: what it writes down, and what becomes of who comes meanwhile."""

import errno
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from converge.core.host import Effect, Ticket
from converge.hosts import journal as journals
from converge.hosts.clock import SystemClock
from converge.hosts.lock import LockHeld, NodeLock, take
from converge.lab.host import LabHost
from tests.cli.commands import Pair, converge

DOWN = "sh /usr/local/etc/rc.d/mysql-server onestop"


def folder(pair: Pair) -> Path:
    return Path(f"{pair.state}.state")


def journal(pair: Pair) -> list[dict[str, object]]:
    path = folder(pair) / "journal.jsonl"
    lines = path.read_text().splitlines() if path.exists() else []
    return [json.loads(line) for line in lines]


def test_a_run_is_written_down(pair: Pair) -> None:
    pair.on("hasta", DOWN)
    assert pair("apply", "-y").code == 0
    whats = [line["what"] for line in journal(pair)]
    assert whats[:3] == ["run", "input", "intent"]
    assert (whats[-1], whats.count("intent")) == ("end", whats.count("outcome"))
    row = pair("history").out.splitlines()[-1].split()
    assert row[2:] == ["manual", "converged", "1", "done"]
    shown = pair("show", row[1][:15]).out
    assert "hasta/mysqld.main start: done" in shown
    assert "hasta/mysqld.main start: mysqld is not running" in shown or "start: " in shown
    form = json.loads(pair("show", row[1], "--json").out)
    assert [entry["what"] for entry in form["entries"]] == whats
    assert json.loads(pair("history", "--json").out)["runs"][-1]["done"] == 1
    said = pair("show", "1999")
    assert (said.code, said.out) == (64, "")
    assert "no such run" in said.err


def test_a_look_takes_no_lock_and_writes_nothing(pair: Pair) -> None:
    pair.on("hasta", DOWN)
    with take(folder(pair), "lab", "cron", "apply", SystemClock()):
        assert pair("plan").code == 0
        assert pair("apply", "-n").code == 0
        assert pair("apply").code == 64
        assert pair("history").out == "no run has acted yet\n"
    assert journal(pair) == []


def test_75_while_another_run_is_at_work(pair: Pair) -> None:
    pair.on("hasta", DOWN)
    before = pair.state.read_text()
    with take(folder(pair), "lab", "hast", "apply", SystemClock()) as lock:
        said = pair("apply", "-y")
        assert (said.code, said.out) == (75, "")
        assert f"worked on by process {os.getpid()} since" in said.err
        assert "trigger hast" in said.err
        assert not (folder(pair) / "lab.again").exists()
        said = pair("apply", "--trigger", "cron")
        assert (said.code, said.out, said.err) == (75, "", "")
        assert pair("apply", "--trigger", "devd").code == 75
        came = lock.release()
        assert came
        assert came.trigger == "devd"
    assert pair.state.read_text() == before
    assert pair("apply", "-y", "--lock-timeout", "soon").code == 64


@pytest.mark.parametrize("form", [(), ("--json",)])
def test_one_more_run_for_all_who_come_meanwhile(
    pair: Pair, form: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    begin = LabHost.begin

    def begin_and_come(self: LabHost, effect: Effect) -> Ticket:
        for _ in range(3):
            with pytest.raises(LockHeld):
                take(folder(pair), "lab", "devd", "apply", SystemClock())
        return begin(self, effect)

    pair.on("hasta", DOWN)
    monkeypatch.setattr(LabHost, "begin", begin_and_come)
    said = pair("apply", "-y", *form)
    assert said.code == 0
    assert not form or json.loads(said.out)["end"] == "converged"
    rows = [line.split() for line in pair("history").out.splitlines()]
    assert [row[2:4] for row in rows] == [["manual", "converged"], ["devd", "converged"]]
    assert rows[1][1] == f"{rows[0][1]}.2"
    assert not (folder(pair) / "lab.again").exists()


def test_nothing_is_begun_that_cannot_be_written_down(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk is full from the n-th line on: run, what it decides upon (which the second time
    stands in the file of the inputs already), intent, outcome, ..."""
    pair.on("hasta", DOWN)
    begin, write = LabHost.begin, os.write
    begun: list[Effect] = []

    def begin_and_count(self: LabHost, effect: Effect) -> Ticket:
        begun.append(effect)
        return begin(self, effect)

    def full(descriptor: int, data: bytes) -> int:
        nonlocal left
        left -= 1
        if left < 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(descriptor, data)

    monkeypatch.setattr(LabHost, "begin", begin_and_count)
    for lines_that_fit, may_begin in ((0, 0), (1, 0), (2, 0), (2, 0), (3, 1)):
        begun.clear()
        left = lines_that_fit
        monkeypatch.setattr(journals.os, "write", full)
        said = pair("apply", "-y")
        monkeypatch.setattr(journals.os, "write", write)
        assert said.code == 74
        assert "No space left on device" in said.err
        assert len(begun) == may_begin


def test_73_when_there_is_no_place_for_a_lock(pair: Pair) -> None:
    folder(pair).rename(folder(pair).with_suffix(".moved"))
    folder(pair).touch()
    said = pair("apply", "-y")
    assert (said.code, said.out) == (73, "")
    assert "lab.json.state" in said.err


KILLED = """
import os, sys
from converge.cli import run
from converge.lab.host import LabHost

begin, count = LabHost.begin, 0

def begin_and_die(self, effect):
    global count
    count += 1
    ticket = begin(self, effect)
    if count == 3:
        os.kill(os.getpid(), 9)
    return ticket

LabHost.begin = begin_and_die
sys.exit(run(sys.argv[1:]))
"""


def test_what_a_killed_run_left_is_told_once(fresh: Pair) -> None:
    argv = [sys.executable, "-c", KILLED, "apply", "-y", *fresh.doors()]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=30)
    assert done.returncode == -signal.SIGKILL
    assert [line["what"] for line in journal(fresh)] == [
        "run",
        "input",
        "intent",
        "intent",
        "intent",
    ]
    assert "no end" in fresh("history").out
    said = fresh("apply", "-y")
    assert said.code == 0
    cut_off = [line for line in said.err.splitlines() if "was cut off" in line]
    assert len(cut_off) == 3
    assert "nobody wrote down how it ended" in cut_off[0]
    assert "was cut off" not in fresh("apply", "-y").err


def test_a_damaged_ledger_stops_a_run_before_it_looks(pair: Pair) -> None:
    assert pair("apply", "-y").code == 0
    before = pair.state.read_text()
    (folder(pair) / "ledger.json").write_text("{")
    said = pair("apply", "-y")
    assert (said.code, said.out) == (65, "")
    assert "converge hold" in said.err
    assert pair.state.read_text() == before


def test_a_real_node_keeps_its_memory_in_its_own_folders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from converge.cli.reach.places import Place, place_of

    def pair() -> str:
        return "mysql"

    state, run = Path("/var/db/converge"), Path("/var/run/converge")
    far = {"hasta": "ssh://hasta", "hastb": "ssh://hastb"}
    assert place_of({"hasta": "local:"}, ["hasta"], pair) == Place(state, run, "hasta")
    near = {"hasta": "local:", "hastb": "ssh://hastb"}
    assert place_of(near, far, pair) == Place(state, run, "hasta")
    monkeypatch.setenv("CONVERGE_STATE_DIR", "/a")
    monkeypatch.setenv("CONVERGE_RUN_DIR", "/b")
    assert place_of(far, far, pair) == Place(Path("/a/mysql"), Path("/b/mysql"), "pair")
    lab = {"hasta": "lab:x.json", "hastb": "lab:x.json"}
    beside = tmp_path / "x.json.state"
    assert place_of(lab, ["hastb"], pair) == Place(beside, beside, "lab", "x.json")


def test_a_run_with_nothing_to_do_remembers_what_it_saw(pair: Pair) -> None:
    """Cron's quiet runs are those by which a secondary learns that it has everything."""
    kept = folder(pair) / "ledger.json"
    before = kept.read_text()
    pair.lab("advance", "60s")
    assert pair("plan").out.endswith("nothing to do\n")
    assert pair("apply", "-n").code == 0
    assert kept.read_text() == before
    said = pair("apply", "--trigger", "cron")
    assert (said.code, said.out, said.err) == (0, "", "")
    assert kept.read_text() != before


def test_a_hold_that_comes_during_a_run_is_not_lost(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    from converge.cli.reach.places import named_place
    from converge.cli.running.memory import Memory
    from converge.core.ids import ResourceId
    from converge.core.ledger import Ledger
    from converge.hosts.ledgerfile import load

    place = named_place("", pair.doors()[3::2], ())
    notes = {ResourceId("hasta", "hast", "test"): {"errors": 1}}
    with Memory(place, ["hasta"], SystemClock(), trigger="manual") as memory:
        memory.begin("r1")
        assert converge("hold", "--forever", "--reason", "x", *pair.doors()[2:]).code == 0
        memory.save(Ledger(notes))
        memory.end("converged", code=0, done=0)
        assert memory.again() is None
    assert load(place.state).notes == notes
    assert len(load(place.state).pauses) == 1


def test_after_an_outcome_that_could_not_be_written_nothing_more_begins(
    fresh: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk is full for one line only, and that is an outcome."""
    begin, write = LabHost.begin, os.write
    begun: list[Effect] = []
    after: list[int] = []

    def begin_and_count(self: LabHost, effect: Effect) -> Ticket:
        begun.append(effect)
        return begin(self, effect)

    def full_once(descriptor: int, data: bytes) -> int:
        if b'"what":"outcome"' in data and not after:
            after.append(len(begun))
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(descriptor, data)

    monkeypatch.setattr(LabHost, "begin", begin_and_count)
    monkeypatch.setattr(journals.os, "write", full_once)
    said = fresh("apply", "-y")
    assert said.code == 74
    assert "No space left on device" in said.err
    assert after == [len(begun)]
    assert "was cut off" in fresh("apply", "-y").err


def test_who_waited_sees_the_lab_as_it_is_now(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lab was read before the lock was ours; its holder has written it since."""
    from converge.cli.ground.labfile import LabFile
    from converge.cli.running import memory
    from converge.lab.store import load

    def waited(*words: object, **options: object) -> NodeLock:
        theirs = LabFile(str(pair.state), load(pair.state.read_text()))
        theirs.clock.sleep(3600.0)
        theirs.save()
        return take(*words, **options)  # type: ignore[arg-type]

    before = load(pair.state.read_text()).now
    monkeypatch.setattr(memory, "take", waited)
    assert pair("apply", "-y").code == 0
    assert load(pair.state.read_text()).now >= before + 3600.0
