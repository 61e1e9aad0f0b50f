"""Help: every command has an example, and fits a terminal."""

import pytest

from converge.cli import COMMANDS
from tests.cli.commands import converge

LAB = ("new", "run", "advance", "fault", "faults", "demo")
EVERY = [(name,) for name in COMMANDS] + [("lab", name) for name in LAB]


@pytest.mark.parametrize("columns", ["", "80", "200"])
@pytest.mark.parametrize("words", EVERY, ids=" ".join)
def test_help_has_an_example_and_fits(
    words: tuple[str, ...], columns: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if columns:
        monkeypatch.setenv("COLUMNS", columns)
    said = converge(*words, "--help")
    assert (said.code, said.err) == (0, "")
    assert said.out.startswith(f"Usage: converge {' '.join(words)}")
    assert max(map(len, said.out.splitlines())) <= 100
    assert said.out.isascii()
    flat = " ".join(said.out.split())
    assert f"Example: converge {' '.join(words)}" in flat
    assert said == converge(*words, "-h")


def test_the_commands_of_the_lab_are_all_here() -> None:
    listed = converge("lab", "--help").out.partition("Commands:\n")[2].partition("\n\n")[0]
    assert sorted(line.split()[0] for line in listed.splitlines()) == sorted(LAB)
    assert "..." not in listed


def test_the_overview_names_every_command() -> None:
    said = converge("--help")
    assert said.code == 0
    assert all(f"\n  {name} " in said.out for name in COMMANDS)
    assert "converge lab demo" in said.out
    assert max(map(len, said.out.splitlines())) <= 100


def test_no_command_at_all_is_help() -> None:
    assert "Commands:" in "".join((converge().out, converge().err))
