"""converge status: the pair at a glance, once or again and again."""

import io
import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from converge.hosts.clock import SystemClock
from tests.cli.commands import Pair, converge
from tests.cli.test_inputs import STOP, folder

GOLDEN = Path(__file__).parent / "golden"


def glance(pair: Pair, *words: str) -> str:
    said = pair("status", *words)
    assert (said.code, said.err) == (0, "")
    return said.out


def test_in_sync_held_and_left_unfinished(pair: Pair, golden: Callable[[Path, str], None]) -> None:
    pair.lab("advance", "60s")
    pair("apply", "--trigger", "cron")
    calm = glance(pair)
    assert calm.endswith("= nothing to do\n")
    golden(GOLDEN / "status-calm.txt", calm)
    pair.on("hasta", STOP)
    words = ("--for", "1h", "--owner", "ann", "--reason", "new disk")
    converge("hold", *words, "--host", f"hasta=lab:{pair.state}")
    with (folder(pair) / "journal.jsonl").open("a") as file:
        line = {
            "format_version": 1, "run": "R1", "seq": 2, "time": "2026-11-23T05:00:00.000+00:00",
            "what": "intent", "fields": {"n": 1, "action": "hasta/hast.test demote"},
        }  # fmt: skip
        file.write(json.dumps(line, separators=(",", ":")) + "\n")
    held = glance(pair)
    assert re.search(r"^! 0 actions, 1 held$", held, re.MULTILINE)
    golden(GOLDEN / "status-held.txt", held)
    form = json.loads(glance(pair, "--json"))
    assert (form["kind"], form["in_sync"], form["marks"]["hasta/mysqld.main"]) == (
        "status", False, "!",
    )  # fmt: skip
    assert form["holds"][0]["owner"] == "ann"
    assert form["unfinished"][0]["action"] == "hasta/hast.test demote"
    assert form["last_run"]["end"] == "converged"
    assert {a["code"] for a in form["plan"]["actions"]} == {"maintenance-hold"}


def test_what_is_to_be_done_and_what_cannot_be_seen(pair: Pair) -> None:
    assert json.loads(glance(pair, "--json"))["in_sync"] is True
    pair.on("hasta", STOP)
    assert glance(pair).splitlines()[-1].startswith("~ 1 action")
    pair.lab("fault", "power-off", "hastb")
    assert glance(pair).splitlines()[-1].startswith("? ")


def test_who_may_not_read_the_memory_sees_the_nodes(pair: Pair) -> None:
    (folder(pair) / "ledger.json").write_text("{")
    (folder(pair) / "journal.jsonl").mkdir()
    said = glance(pair)
    assert "hast.test         = primary complete" in said
    assert "? what is remembered and held is not known: " in said
    assert "? the last run is not known: " in said


def test_blocks_where_there_is_no_terminal(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []

    def sleep(self: SystemClock, span_s: float) -> None:
        slept.append(span_s)
        if span_s == 7.0 and len(slept) == 2:
            pair.on("hasta", STOP)
        if len(slept) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(SystemClock, "sleep", sleep)
    said = pair("status", "--watch", "7")
    assert (said.code, said.err.strip()) == (130, "")
    assert slept == [7.0] * 3
    blocks = said.out.split("\n\n2026-")
    assert len(blocks) == 3
    assert blocks[1].endswith("= nothing to do")
    assert "~ 1 action" in blocks[2]
    slept.clear()
    assert pair("status", "--watch", "--json").code == 130
    assert slept == [2.0] * 3
    assert pair("status", "--watch", "soon").code == 64


def argv(pair: Pair) -> list[str]:
    return [sys.executable, "-m", "converge", "status", *pair.doors(), "--watch", "0.2"]


def test_ctrl_c_ends_it_without_a_word(pair: Pair) -> None:
    with subprocess.Popen(argv(pair), stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stderr
        assert process.stdout.readline().startswith(b"2026-")
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 130
        assert process.stderr.read().strip() == b""


def test_on_a_terminal_it_is_drawn_in_place_and_leaves_the_cursor(pair: Pair) -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(argv(pair), stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    seen, until = b"", time.monotonic() + 30
    while seen.count(b"mysqld.main") < 3 and time.monotonic() < until:
        seen += os.read(ours, 4096)
    process.send_signal(signal.SIGINT)
    with io.BytesIO(seen) as kept:
        kept.seek(0, io.SEEK_END)
        try:
            while part := os.read(ours, 4096):
                kept.write(part)
        except OSError:  # the other end is closed
            pass
        seen = kept.getvalue()
    assert process.wait(30) == 130
    os.close(ours)
    assert b"\x1b[2K" in seen
    assert b"Traceback" not in seen
    assert seen.rindex(b"\x1b[?25h") > seen.rindex(b"\x1b[?25l")
