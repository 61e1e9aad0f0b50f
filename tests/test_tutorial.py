"""The commands in the docs, run in order: what they print is what the docs show.

A line `...` in the docs stands for any number of lines. `pytest tests/test_tutorial.py --update`
writes what is printed into the docs; read the diff before you commit it.
"""

import contextlib
import io
import re
import shlex
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

import pytest

from converge.cli import run
from converge.cli.ground.labfile import close_labs

ROOT = Path(__file__).parents[1]
DOCS = [
    "README.md",
    "docs/tutorial/first-pair.md",
    "docs/tutorial/first-night.md",
    "docs/how-to/recover-from-split-brain.md",
    "docs/how-to/switch-over.md",
]
BLOCK = re.compile(r"^```\n(\$ (?:converge|cp) .*?)^```$", re.MULTILINE | re.DOTALL)
TYPED = re.compile(r"^(?:Type the name of .*|.*\? \[y/N\]): (\w+)$", re.MULTILINE)
"""A question, and what a person answers in the page."""


@dataclass(frozen=True)
class Step:
    """A command as typed, and what the page shows below it."""

    command: str
    shown: str


def steps(block: str) -> Iterator[Step]:
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        command, _, shown = part.partition("\n")
        yield Step(command, shown)


class Person(io.StringIO):
    """Who types at a terminal; what is typed shows on it."""

    def __init__(self, typed: str, screen: io.StringIO) -> None:
        super().__init__(typed)
        self.screen = screen

    def isatty(self) -> bool:
        return bool(self.getvalue())

    def readline(self, size: int | None = -1) -> str:
        line = super().readline(-1 if size is None else size)
        self.screen.write(line)
        return line


def printed(step: Step) -> str:
    """What a person would see in the terminal, stdout and stderr as they come."""
    program, *words = shlex.split(step.command)
    if program == "cp":
        shutil.copy(*words)
        return ""
    out = io.StringIO()
    person = Person("".join(f"{one}\n" for one in TYPED.findall(step.shown)), out)
    close_labs()
    with (
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(out),
        patch("sys.stdin", person),
    ):
        run(words)
    return out.getvalue()


def masked(text: str) -> str:
    """Without times, durations and process numbers, which may differ."""
    text = re.sub(r"\d{4}-\d\d-\d\dT[0-9:+.]+|\d\d:\d\d:\d\d", "TIME", text)
    text = re.sub(r"\b\d{8}T\d{6}-\d+\b *", "RUN ", text)
    text = re.sub(r"\b(in|for) [0-9.]+ ?s\b", r"\1 SPAN", text)
    text = re.sub(r"\b(pid) [0-9]+( and [0-9]+)*", r"\1 N", text)
    return re.sub(r"\b(pid)=[0-9]+", r"\1=N", text)


def agrees(shown: str, text: str) -> bool:
    """Is `text` what is shown? `...` on a line of its own is whatever stands there."""
    parts = [re.escape(part) for part in re.split(r"^ *\.\.\.\n", masked(shown), flags=re.M)]
    return re.fullmatch("(?s:.*)".join(parts), masked(text)) is not None


@pytest.mark.parametrize("page", DOCS)
def test_the_commands_of_a_page_print_what_it_shows(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    shutil.copytree(ROOT / "desired", tmp_path / "desired")  # adopt may write into it
    monkeypatch.chdir(tmp_path)
    for name in ("CONVERGE_LAB", "CONVERGE_CONFIG", "CONVERGE_NODE", "CLICOLOR_FORCE"):
        monkeypatch.delenv(name, raising=False)
    update = request.config.getoption("--update")
    text = (ROOT / page).read_text()
    wrong: list[str] = []

    def played(block: re.Match[str]) -> str:
        lines = ""
        for step in steps(block[1]):
            real = printed(step)
            right = agrees(step.shown, real)
            if not right:
                wrong.append(f"$ {step.command}\n{real}")
            lines += f"$ {step.command}\n{step.shown if right else real}"
        return f"```\n{lines}```"

    new, blocks = BLOCK.subn(played, text)
    assert blocks
    if update:
        (ROOT / page).write_text(new)
    else:
        assert not wrong, "the page shows something else than:\n" + "\n".join(wrong)


@pytest.mark.parametrize(
    ("shown", "text", "is_right"),
    [
        ("a\nb\n", "a\nb\n", True),
        ("a\nb\n", "a\nc\n", False),
        ("a\n...\nd\n", "a\nb\nc\nd\n", True),
        ("a\n...\nd\n", "b\nc\nd\n", False),
        ("a\n...\n", "b\n", False),
        ("...\nd\n", "c\nd\n", True),
        ("12:00:00 done in 0.3s\n", "12:00:01 done in 10.3s\n", True),
        ("", "a\n", False),
    ],
)
def test_what_agrees_with_what(shown: str, text: str, is_right: bool) -> None:  # noqa: FBT001 - a table
    assert agrees(shown, text) is is_right
