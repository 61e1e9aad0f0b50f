"""This machine as a host: what cannot be seen through the common door."""

import fcntl
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from converge.core.host import Answer, Command, Read, Run
from converge.hosts.clock import SystemClock
from converge.hosts.local import LocalHost, LocalReader

LEASE = """
import fcntl, os, signal, sys, time
signal.signal(signal.SIGIO, signal.SIG_IGN)
fcntl.fcntl(os.open(sys.argv[1], os.O_RDONLY), fcntl.F_SETLEASE, fcntl.F_WRLCK)
print("held", flush=True)
time.sleep(60)
"""


def possessions() -> tuple[int, int]:
    """Our open files and our zombies."""
    table = subprocess.run(["ps", "-A", "-o", "ppid=,stat="], capture_output=True, text=True)
    rows = [row.split() for row in table.stdout.splitlines()]
    zombies = [row for row in rows if row[0] == str(os.getpid()) and row[1].startswith("Z")]
    return len(list(Path("/dev/fd").iterdir())), len(zombies)


@pytest.fixture
def host() -> LocalHost:
    return LocalHost(SystemClock())


@pytest.mark.skipif(not hasattr(fcntl, "F_SETLEASE"), reason="only Linux has leases on files")
def test_a_file_that_cannot_even_be_opened_in_time_is_lost(tmp_path: Path) -> None:
    """Another process holds a lease on the file: whoever opens it hangs, as on a dead disk."""
    path = tmp_path / "f"
    path.write_text("x")
    holder = subprocess.Popen([sys.executable, "-c", LEASE, str(path)], stdout=subprocess.PIPE)
    assert holder.stdout is not None
    try:
        if holder.stdout.readline() != b"held\n":
            pytest.skip("this file system knows no leases")
        began = time.monotonic()
        reader = LocalReader(SystemClock(), read_within_s=0.5)
        hanging, other = reader.ask([Read(str(path)), Read("/etc/passwd")])
        assert time.monotonic() - began < 2.0
    finally:
        holder.kill()
        holder.wait()
        holder.stdout.close()
    assert hanging.lost == f"{path} cannot be read: no answer within 0.5 s"
    assert other.stdout


def test_nothing_is_left_behind(host: LocalHost) -> None:
    """Neither open files nor zombies, however the programs end."""
    queries = [
        Run(("true",)),
        Run(("no-such-program",)),
        Run(("echo", "x\0")),
        Run(("sleep", "60"), 0.1),
        Run(("sh", "-c", "sleep 0.5 & exit 1")),
        Read("/etc/passwd"),
        Read("/"),
    ]
    host.ask(queries)
    before = possessions()
    for _ in range(3):
        host.ask(queries)
    assert possessions() == before


def test_words_that_are_too_long_are_lost_and_not_an_error(host: LocalHost) -> None:
    (answer,) = host.ask([Run(("echo", "x" * 10_000_000))])
    assert answer.lost == "echo could not be started: Argument list too long"


def test_deadlines_are_kept_while_another_is_waited_for(host: LocalHost) -> None:
    hanging = host.begin(Command(("sleep", "60"), deadline_s=0.3))
    other = host.begin(Command(("sleep", "1")))
    now_s = SystemClock().elapsed()
    assert host.wait([other], now_s + 10) == {other: Answer()}
    ended = host.wait([hanging], now_s)
    assert ended[hanging].lost == "no answer within 0.3 s (sleep was killed)"


def test_an_answer_is_handed_out_once(host: LocalHost) -> None:
    ticket = host.begin(Command(("true",)))
    until_s = SystemClock().elapsed() + 10
    assert host.wait([ticket], until_s) == {ticket: Answer()}
    assert host.wait([ticket], until_s) == {}
    assert SystemClock().elapsed() < until_s - 5


def test_signals_that_we_ignore_are_not_ignored_by_programs(host: LocalHost) -> None:
    """Python ignores SIGPIPE, cron and nohup others; a program must start like from init."""
    old = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        (answer,) = host.ask([Run(("sh", "-c", "kill -HUP $$; kill -PIPE $$; echo alive"))])
    finally:
        signal.signal(signal.SIGHUP, old)
    assert answer.code == 128 + signal.SIGHUP
