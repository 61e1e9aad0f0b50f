"""Typing into real shells: half a line and a tab, and what is on the screen then."""

import os
import pty
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.commands import ROOT, converge

PATIENCE_S = 30.0
"""For one tab, on a busy machine."""
READY, CLEAR_LINE = "ready>", b"\x15"


class Shell:
    """A shell at a prompt, in a folder, that knows how to complete converge."""

    def __init__(self, argv: list[str], folder: Path, setup: str, surroundings: dict[str, str]):
        self.ours, theirs = pty.openpty()
        self.child = subprocess.Popen(
            argv, stdin=theirs, stdout=theirs, stderr=theirs, cwd=folder,
            env=surroundings, start_new_session=True,
        )  # fmt: skip
        os.close(theirs)
        # The word is put together by the shell, so that the echo of this line is not taken for it.
        os.write(self.ours, f"{setup}; echo set-'up'\n".encode())
        self.until(lambda seen: "set-up" in seen)

    def until(self, done: Callable[[str], bool]) -> str:
        """What the screen says, once it says what is waited for, or when patience is over."""
        seen, end = b"", time.monotonic() + PATIENCE_S
        while time.monotonic() < end and not done(seen.decode(errors="replace")):
            if select.select([self.ours], [], [], 0.1)[0]:
                seen += os.read(self.ours, 65536)
        return seen.decode(errors="replace")

    def tab(self, line: str, *expected: str) -> str:
        """The screen after the line and two tabs; the line is thrown away then."""
        os.write(self.ours, line.encode() + b"\t\t")
        seen = self.until(lambda seen: all(word in seen for word in expected))
        os.write(self.ours, CLEAR_LINE)
        return seen

    def close(self) -> None:
        self.child.kill()
        self.child.wait()
        os.close(self.ours)


def surroundings(folder: Path) -> dict[str, str]:
    """With a `converge` in PATH, which is this checkout's."""
    bin = folder / "bin"
    bin.mkdir(exist_ok=True)
    program = bin / "converge"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m converge "$@"\n')
    program.chmod(0o755)
    return {
        "PATH": f"{bin}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT), "HOME": str(folder),
        "TERM": "dumb", "LC_ALL": "C.UTF-8", "COLUMNS": "200", "LINES": "100", "PS1": READY,
    }  # fmt: skip


def need(name: str) -> str:
    """The path of a shell; without it the test is skipped, or fails where CI wants it."""
    path = shutil.which(name)
    if not path and not os.environ.get("CONVERGE_REQUIRE_SHELLS"):
        pytest.skip(f"there is no {name} on this machine")
    assert path, f"CONVERGE_REQUIRE_SHELLS is set and there is no {name}"
    return path


def script_of(name: str, folder: Path) -> Path:
    """The shell's script in a file."""
    said = converge("completion", name)
    assert (said.code, said.err) == (0, "")
    path = folder / f"converge.{name}"
    path.write_text(said.out)
    return path


def bash(folder: Path) -> Shell:
    quiet = ("completion-query-items 0", "page-completions off", "bell-style none")
    setup = "; ".join(f"bind 'set {one}'" for one in (*quiet, "enable-bracketed-paste off"))
    setup += f"; source {script_of('bash', folder)}"
    return Shell([need("bash"), "--norc", "-i"], folder, setup, surroundings(folder))


def zsh(folder: Path) -> Shell:
    setup = "autoload -Uz compinit; compinit -u -D; LISTMAX=9999"
    setup += f"; source {script_of('zsh', folder)}"
    return Shell([need("zsh"), "-f", "-i"], folder, setup, surroundings(folder))


def zsh_with_path(folder: Path) -> Shell:
    """As it is installed: a file _converge that compinit finds and loads when it is needed."""
    script_of("zsh", folder).rename(folder / "_converge")
    setup = f"fpath=({folder} $fpath); autoload -Uz compinit; compinit -u -D"
    return Shell([need("zsh"), "-f", "-i"], folder, setup, surroundings(folder))


def fish(folder: Path, line: str) -> list[str]:
    """fish says itself what it would offer."""
    ask = f"source {script_of('fish', folder)}; complete -C '{line}'"
    done = subprocess.run(
        [need("fish"), "--no-config", "-c", ask], cwd=folder, env=surroundings(folder),
        capture_output=True, text=True, check=True, timeout=PATIENCE_S,
    )  # fmt: skip
    assert done.stderr == ""
    return done.stdout.splitlines()
