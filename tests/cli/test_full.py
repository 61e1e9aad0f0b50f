"""Output that cannot be written: one line on stderr and exit code 74, never a bug of ours."""

import os
import subprocess
import sys

import pytest

from tests.cli.commands import SEED, Pair

CLOSED = "import os, sys; os.close(1); os.execv(sys.argv[1], sys.argv[1:])"
CONVERGE = (sys.executable, "-m", "converge")


@pytest.fixture(autouse=True, params=["buffered", "unbuffered"])
def _buffered(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Python meets a full disk when it writes or when it ends; the same must come of both."""
    if request.param == "buffered":
        monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)
    else:
        monkeypatch.setenv("PYTHONUNBUFFERED", "1")


@pytest.mark.parametrize("words", [("version",), ("plan",), ("--help",), ("lab", "faults")])
def test_a_full_disk_and_a_closed_output_are_exit_code_74(
    words: tuple[str, ...], fresh: Pair
) -> None:
    argv = [*CONVERGE, *words, *(fresh.doors() if words == ("plan",) else ())]
    with open("/dev/full", "wb") as full:  # noqa: PTH123 - a device
        done = subprocess.run(
            argv, stdout=full, stderr=subprocess.PIPE, text=True, check=False, timeout=30
        )
    said = "converge: cannot write the output: No space left on device\n"
    assert (done.returncode, done.stderr) == (74, said)
    argv = [sys.executable, "-c", CLOSED, *argv]
    done = subprocess.run(argv, stderr=subprocess.PIPE, text=True, check=False, timeout=30)
    said = "converge: cannot write the output: Bad file descriptor\n"
    assert (done.returncode, done.stderr) == (74, said)


def test_a_closed_output_becomes_no_other_file(fresh: Pair) -> None:
    before = fresh.state.read_text()
    argv = [sys.executable, "-c", CLOSED, *CONVERGE, "plan", *fresh.doors()]
    subprocess.run(argv, stderr=subprocess.PIPE, check=False, timeout=30)
    assert fresh("plan").code == 0
    assert len(fresh.state.read_text()) == pytest.approx(len(before), rel=0.1)


@pytest.mark.parametrize(
    ("words", "code"), [(("aply",), 64), (("graph", "-c", "no"), 66), (("plan", "-c", "/"), 66)]
)
def test_a_full_stderr_changes_no_exit_code(words: tuple[str, ...], code: int) -> None:
    with open("/dev/full", "wb") as full:  # noqa: PTH123 - a device
        done = subprocess.run(
            [*CONVERGE, *words], stdout=subprocess.PIPE, stderr=full, check=False, timeout=30
        )
    assert (done.returncode, done.stdout) == (code, b"")


def test_neither_stream_takes_a_word() -> None:
    with open("/dev/full", "wb") as full:  # noqa: PTH123 - a device
        argv = [*CONVERGE, "version"]
        done = subprocess.run(argv, stdout=full, stderr=full, check=False, timeout=30)
    assert done.returncode == 74


def test_what_nobody_hears_out_is_no_failure_of_the_disk() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as out:
        argv = [*CONVERGE, "validate", "-c", str(SEED)]
        done = subprocess.run(argv, stdout=out, stderr=subprocess.PIPE, check=False, timeout=30)
    assert (done.returncode, done.stderr) == (1, b"")
