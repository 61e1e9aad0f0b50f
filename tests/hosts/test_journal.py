"""The journal's file: whole lines, whatever kills the writer; no secret; not for ever."""

import errno
import json
import os
import random
import re
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from converge.core.errors import CannotWrite, DiskFull
from converge.core.ids import ResourceId
from converge.core.journal import Entry, Json, unfinished
from converge.core.secret import Secret
from converge.hosts import journal as journals
from converge.hosts.bundle import BundleClock
from converge.hosts.clock import SystemClock
from converge.hosts.journal import FileJournal, keep_small, read_journal
from converge.hosts.ledgerfile import load

CLOCK = BundleClock(datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC))


def write(folder: Path, run: str, *entries: tuple[str, dict[str, Json]]) -> None:
    journal = FileJournal(folder, run, CLOCK)
    for what, fields in entries:
        journal.write(Entry(what, fields))


def intents(folder: Path) -> list[Json]:
    return [line.entry.fields["action"] for line in unfinished(read_journal(folder))]


def test_a_line_says_which_run_when_and_what(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    write(folder, "r1", ("run", {"trigger": "cron"}), ("end", {"exit": 0}))
    first, second = map(json.loads, (folder / "journal.jsonl").read_text().splitlines())
    assert first == {
        "format_version": 1, "run": "r1", "seq": 1, "time": "2026-03-01T12:00:00.000+00:00",
        "what": "run", "fields": {"trigger": "cron"},
    }  # fmt: skip
    assert second["seq"] == 2
    assert [(x.run, x.seq, x.entry.what) for x in read_journal(folder)] == [
        ("r1", 1, "run"), ("r1", 2, "end"),
    ]  # fmt: skip
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / "journal.jsonl").stat().st_mode & 0o777 == 0o600


def test_no_journal_has_no_entries(tmp_path: Path) -> None:
    assert list(read_journal(tmp_path / "nowhere")) == []


@pytest.mark.parametrize("torn", [b'{"form', b'{"a": 1}', b"\xff\xfe", b'{"format_version":1}'])
def test_half_a_line_is_passed_over_and_swallows_no_other(tmp_path: Path, torn: bytes) -> None:
    write(tmp_path, "r1", ("run", {}))
    with (tmp_path / "journal.jsonl").open("ab") as file:
        file.write(torn)
    assert [line.run for line in read_journal(tmp_path)] == ["r1"]
    write(tmp_path, "r2", ("run", {}))
    assert [line.run for line in read_journal(tmp_path)] == ["r1", "r2"]


@pytest.mark.parametrize(
    "text",
    [
        '{"format_version": 2, "run": "x", "seq": 1, "time": "", "what": "run", "fields": {}}',
        "[" * 5000, "null", "", "[1]", '{"format_version": 1, "run": 7}',
    ],
)  # fmt: skip
def test_a_line_of_another_form_is_passed_over(tmp_path: Path, text: str) -> None:
    (tmp_path / "journal.jsonl").write_text(text + "\n")
    write(tmp_path, "r2", ("run", {}))
    assert [line.run for line in read_journal(tmp_path)] == ["r2"]


def test_no_secret_gets_in(tmp_path: Path) -> None:
    secret = Secret("Zq7xTOKEN", "pass ***")
    entry = Entry("intent", {"a": secret, "b": [secret], "c": {"d": secret}})  # type: ignore[list-item, dict-item]
    FileJournal(tmp_path, "r1", CLOCK).write(entry)
    text = (tmp_path / "journal.jsonl").read_text()
    assert "Zq7xTOKEN" not in text
    assert text.count("pass ***") == 3


def test_bytes_of_no_encoding_and_ends_of_lines_stay_one_line(tmp_path: Path) -> None:
    said = "bad \udcff byte\nand \u2028 a line\r\x00\x1b[0m"
    write(tmp_path, "r1", ("outcome", {"detail": said}))
    (line,) = read_journal(tmp_path)
    assert line.entry.fields["detail"] == said
    assert (tmp_path / "journal.jsonl").read_bytes().isascii()


def test_an_intent_without_outcome_is_told_once(tmp_path: Path) -> None:
    write(
        tmp_path, "r1",
        ("intent", {"n": 1, "action": "a start"}), ("outcome", {"n": 1}),
        ("intent", {"n": 2, "action": "b start"}),
        ("outcome", {"action": "c start"}),
    )  # fmt: skip
    write(tmp_path, "r2", ("intent", {"n": 1, "action": "d start"}), ("outcome", {"n": 1}))
    assert intents(tmp_path) == ["b start"]
    (line,) = unfinished(read_journal(tmp_path, journals.UNFINISHED_BY))
    assert (line.run, line.seq, line.time) == ("r1", 3, "2026-03-01T12:00:00.000+00:00")
    write(tmp_path, "r3", ("unfinished", {"of": "r1", "n": 2}))
    assert intents(tmp_path) == []


def test_it_is_on_the_disk_when_write_returns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[bytes] = []
    real = os.fsync

    def fsync(descriptor: int) -> None:
        real(descriptor)
        path = Path(f"/proc/self/fd/{descriptor}").resolve()
        synced.append(path.read_bytes() if path.is_file() else b"folder")

    monkeypatch.setattr(journals.os, "fsync", fsync)
    write(tmp_path, "r1", ("run", {}), ("end", {}))
    assert [b"folder" if s == b"folder" else s.count(b"\n") for s in synced] == [1, b"folder", 2]


def test_a_full_disk_is_74_and_a_folder_that_is_not_ours_73(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CannotWrite) as refused:
        write(tmp_path / "file", "r1", ("run", {}))
    assert refused.value.exit_code == 73
    assert "CONVERGE_STATE_DIR" in refused.value.hint

    real = os.write
    monkeypatch.setattr(journals.os, "write", lambda fd, data: real(fd, data[:10]))
    with pytest.raises(DiskFull, match="full"):
        write(tmp_path, "r1", ("run", {}))

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(journals.os, "write", full)
    with pytest.raises(DiskFull, match="No space left") as no_space:
        write(tmp_path, "r1", ("run", {}))
    assert no_space.value.exit_code == 74
    monkeypatch.undo()
    write(tmp_path, "r2", ("run", {}))
    assert [line.run for line in read_journal(tmp_path)] == ["r2"]


def test_it_does_not_grow_for_ever_and_forgets_nothing_unfinished(tmp_path: Path) -> None:
    for n in range(200):
        keep_small(tmp_path, 2000)
        open_, done = ("intent", {"n": 1, "action": f"a{n}"}), ("outcome", {"n": 1})
        write(tmp_path, f"r{n}", open_, *([] if n in (3, 150) else [done]))
        sizes = [path.stat().st_size for path in tmp_path.iterdir()]
        assert sum(sizes) < 6000
    assert intents(tmp_path) == ["a3", "a150"]
    runs = [line.run for line in read_journal(tmp_path, ["intent"])]
    assert len(runs) == len(set(runs))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["journal.jsonl", "journal.jsonl.1"]


def test_putting_aside_can_be_killed_between_any_two_steps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    steps = 0
    real = Path.replace

    def replace(self: Path, target: Path) -> Path:
        nonlocal steps
        steps -= 1
        if steps < 0:
            raise Killed
        return real(self, target)

    for steps_max in range(3):
        folder = tmp_path / str(steps_max)
        write(folder, "r1", ("intent", {"n": 1, "action": "a"}), ("run", {"x": "y" * 3000}))
        monkeypatch.setattr(Path, "replace", replace)
        steps = steps_max
        if steps_max < 2:
            with pytest.raises(Killed):
                keep_small(folder, 2000)
        else:
            keep_small(folder, 2000)
        monkeypatch.undo()
        assert intents(folder) == ["a"]
        write(folder, "r2", ("intent", {"n": 1, "action": "b"}), ("run", {"x": "y" * 3000}))
        keep_small(folder, 2000)
        assert sorted(map(str, intents(folder))) == ["a", "b"]


HAST = ResourceId("hasta", "hast", "test")

WRITER = """
import sys
from pathlib import Path
from converge.core.ids import ResourceId
from converge.core.journal import Entry
from converge.core.ledger import Ledger
from converge.hosts.clock import SystemClock
from converge.hosts.clock import SystemClock
from converge.hosts.journal import FileJournal, keep_small
from converge.hosts.ledgerfile import change
folder, run = Path(sys.argv[1]), sys.argv[2]
journal = FileJournal(folder, run, SystemClock())
print("ready", flush=True)
for n in range(10**6):
    keep_small(folder, 60000)
    journal.write(Entry("intent", {"n": n, "action": "a" * (n * 37 % 3000)}))
    notes = {ResourceId("hasta", "hast", "test"): {"run": run, "n": n, "pad": "x" * (n % 5000)}}
    change(folder, lambda old: Ledger(notes, old.pauses))
    journal.write(Entry("outcome", {"n": n}))
"""


def test_a_writer_that_is_killed_at_any_moment_leaves_whole_files(tmp_path: Path) -> None:
    luck = random.Random(7)
    for round_ in range(15):
        argv = [sys.executable, "-c", WRITER, str(tmp_path), f"r{round_}"]
        process = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        SystemClock().sleep(luck.uniform(0.0, 0.12))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        if round_ % 3 == 0:  # a power cut in the middle of a write, which a kill seldom hits
            path = tmp_path / "journal.jsonl"
            if path.exists():
                os.truncate(path, max(0, path.stat().st_size - luck.randint(1, 40)))
        ledger = load(tmp_path)
        lines = list(read_journal(tmp_path))
        last = max((x.entry.fields["n"] for x in lines if x.run == f"r{round_}"), default=-1)
        if ledger.notes and ledger.of(HAST)["run"] == f"r{round_}" and round_ % 3:
            assert ledger.of(HAST)["n"] == last or ledger.of(HAST)["n"] == last - 1
        open_ = [line for line in unfinished(lines) if line.run == f"r{round_}"]
        assert len(open_) <= 2
        for path in tmp_path.glob("journal.jsonl*"):
            for text in path.read_bytes().splitlines():
                glued = len(re.findall(rb'"format_version":', text)) > 1
                assert not glued
