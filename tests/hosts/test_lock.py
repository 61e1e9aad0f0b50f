"""The lock of a node with real processes: who gets it, who is told, who is woken."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from converge.core.errors import CannotWrite
from converge.hosts import lock as locks
from converge.hosts.clock import SystemClock
from converge.hosts.lock import LockHeld, NodeLock, take

CLOCK = SystemClock()

HOLD = """
import sys, time
from pathlib import Path
from converge.hosts.clock import SystemClock
from converge.hosts.lock import take
lock = take(Path(sys.argv[1]), "hasta", "cron", "apply", SystemClock())
print("held", flush=True)
time.sleep(60)
"""

TRIGGER = """
import sys, time
from pathlib import Path
from converge.hosts.clock import SystemClock
from converge.hosts.lock import LockHeld, take
folder, event = Path(sys.argv[1]), sys.argv[2]
(folder / f"event-{event}").touch()
try:
    lock = take(folder, "hasta", "devd", "apply", SystemClock())
except LockHeld:
    sys.exit(75)
while True:
    seen = len(list(folder.glob("event-*")))
    time.sleep(float(sys.argv[3]))
    with (folder / "runs").open("a") as file:
        file.write(f"{seen}\\n")
    if lock.release() is None:
        break
"""


def start(code: str, *words: object) -> subprocess.Popen[str]:
    argv = [sys.executable, "-c", code, *map(str, words)]
    return subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the lock until it is killed."""
    process = start(HOLD, tmp_path)
    assert process.stdout
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


def test_who_finds_it_held_is_told_by_whom(tmp_path: Path, holder: subprocess.Popen[str]) -> None:
    with pytest.raises(LockHeld) as held:
        take(tmp_path, "hasta", "devd", "apply", CLOCK)
    found = held.value.holder
    assert (held.value.exit_code, found.pid, found.trigger) == (75, holder.pid, "cron")
    assert f"hasta is being worked on by process {holder.pid} since 20" in str(held.value)
    mark = json.loads((tmp_path / "hasta.again").read_text())
    assert (mark["trigger"], mark["pid"]) == ("devd", os.getpid())
    take(tmp_path, "hastb", "devd", "apply", CLOCK).close()


def test_without_a_mark_nobody_is_woken(tmp_path: Path, holder: subprocess.Popen[str]) -> None:
    with pytest.raises(LockHeld):
        take(tmp_path, "hasta", "manual", "apply", CLOCK, mark=False)
    assert not (tmp_path / "hasta.again").exists()


def test_it_dies_with_its_process(tmp_path: Path, holder: subprocess.Popen[str]) -> None:
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    with take(tmp_path, "hasta", "devd", "apply", CLOCK) as lock:
        assert lock.held_by().pid == os.getpid()


def test_it_is_waited_for(tmp_path: Path, holder: subprocess.Popen[str]) -> None:
    before = time.monotonic()
    with pytest.raises(LockHeld):
        take(tmp_path, "hasta", "manual", "apply", CLOCK, wait_s=0.4)
    assert 0.4 <= time.monotonic() - before < 5
    subprocess.Popen(["sh", "-c", f"sleep 0.3; kill -9 {holder.pid}"]).wait()
    take(tmp_path, "hasta", "manual", "apply", CLOCK, wait_s=30).close()


def test_no_child_keeps_it(tmp_path: Path) -> None:
    lock = take(tmp_path, "hasta", "cron", "apply", CLOCK)
    pid = os.posix_spawn("/bin/sleep", ["sleep", "30"], {})
    try:
        lock.close()
        # Linux lets the parent go on a moment before it closes the child's descriptors.
        take(tmp_path, "hasta", "devd", "apply", CLOCK, wait_s=5).close()
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def test_who_comes_meanwhile_is_found_at_the_end(tmp_path: Path) -> None:
    lock = take(tmp_path, "hasta", "cron", "apply", CLOCK)
    with pytest.raises(LockHeld):
        take(tmp_path, "hasta", "devd", "apply", CLOCK)
    came = lock.release()
    assert came
    assert came.trigger == "devd"
    with pytest.raises(LockHeld):
        take(tmp_path, "hasta", "manual", "apply", CLOCK, mark=False)
    assert lock.release() is None
    take(tmp_path, "hasta", "manual", "apply", CLOCK).close()


def test_what_was_marked_before_a_run_is_done_by_it(tmp_path: Path) -> None:
    (tmp_path / "hasta.again").write_text("half a li")
    assert take(tmp_path, "hasta", "cron", "apply", CLOCK).release() is None
    lock = take(tmp_path, "hasta", "cron", "apply", CLOCK)
    (tmp_path / "hasta.again").write_text("half a li")
    assert lock.release() is not None


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[int, Callable[[], None]], None]:
    """`at(flag, act)`: something happens right before the next flock with that flag."""

    def between(flag: int, act: Callable[[], None]) -> None:
        real = locks.fcntl.flock

        def flock(descriptor: int, operation: int) -> None:
            if operation == flag:
                monkeypatch.setattr(locks.fcntl, "flock", real)
                act()
            real(descriptor, operation)

        monkeypatch.setattr(locks.fcntl, "flock", flock)

    return between


def test_who_comes_after_the_last_check_and_before_the_unlock(
    tmp_path: Path, at: Callable[[int, Callable[[], None]], None]
) -> None:
    lock = take(tmp_path, "hasta", "cron", "apply", CLOCK)

    def come() -> None:
        with pytest.raises(LockHeld):
            take(tmp_path, "hasta", "devd", "apply", CLOCK)

    at(locks.fcntl.LOCK_UN, come)
    came = lock.release()
    assert came
    assert came.trigger == "devd"
    with pytest.raises(LockHeld):
        take(tmp_path, "hasta", "manual", "apply", CLOCK, mark=False)
    assert lock.release() is None


def test_who_comes_before_the_unlock_and_marks_after_the_last_check(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The holder is gone before the mark is there: who marked gets the lock itself."""
    lock = take(tmp_path, "hasta", "cron", "apply", CLOCK)
    real = NodeLock.leave_mark

    def slowly(self: NodeLock) -> None:
        assert lock.release() is None
        real(self)

    monkeypatch.setattr(NodeLock, "leave_mark", slowly)
    mine = take(tmp_path, "hasta", "devd", "apply", CLOCK)
    assert not (tmp_path / "hasta.again").exists()
    assert mine.release() is None


def test_fifty_triggers_cost_few_runs_and_none_is_lost(tmp_path: Path) -> None:
    started = [start(TRIGGER, tmp_path, n, 0.2) for n in range(50)]
    codes = [process.wait(60) for process in started]
    for process in started:
        process.communicate()
    assert set(codes) <= {0, 75}
    runs = [int(line) for line in (tmp_path / "runs").read_text().split()]
    assert runs[-1] == 50, "the last look must have seen every event"
    assert len(runs) <= 30
    assert not (tmp_path / "hasta.again").exists()


@pytest.mark.parametrize("round_", range(3))
def test_triggers_that_race_with_the_end_of_a_run_are_never_lost(
    tmp_path: Path, round_: int
) -> None:
    started = [start(TRIGGER, tmp_path, n, 0.0) for n in range(12)]
    assert {process.wait(60) for process in started} <= {0, 75}
    for process in started:
        process.communicate()
    assert int((tmp_path / "runs").read_text().split()[-1]) == 12


def test_a_folder_that_takes_nothing_is_no_lock(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CannotWrite, match="file") as wrong:
        take(tmp_path / "file" / "run", "hasta", "cron", "apply", CLOCK)
    assert "CONVERGE_RUN_DIR" in wrong.value.hint


def test_files_are_for_the_owner_only(tmp_path: Path) -> None:
    """Whoever can open the file can hold the lock."""
    folder = tmp_path / "run"
    with take(folder, "hasta", "cron", "apply", CLOCK):
        assert folder.stat().st_mode & 0o777 == 0o700
        assert (folder / "hasta.lock").stat().st_mode & 0o777 == 0o600
