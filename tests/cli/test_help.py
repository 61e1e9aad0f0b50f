"""Help: every command has an example that can be typed and its exit codes, and fits a terminal."""

import re
import shlex
from collections.abc import Iterator

import click
import pytest

from converge.cli import COMMANDS, group
from converge.core.exits import EXITS
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


def commands(
    command: click.Command = group, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command with its words, groups and what is in them."""
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below
            yield from commands(below, (*path, name))


ALL = dict(commands())
named = pytest.mark.parametrize("path", [path for path in ALL if path], ids=" ".join)


def parsed(words: list[str]) -> tuple[str, ...]:
    """The command of a line, which is not run; a usage error when click would not take it."""
    path: tuple[str, ...] = ()
    rest = words
    while rest and (*path, rest[0]) in ALL:
        path, rest = (*path, rest[0]), rest[1:]
    ALL[path].make_context(" ".join(path), list(rest), resilient_parsing=False)
    return path


@named
def test_its_examples_can_be_typed(path: tuple[str, ...]) -> None:
    epilog = ALL[path].epilog or ""
    assert epilog.startswith("Example: ")
    lines = epilog.removeprefix("Example: ").split("; ")
    assert lines[0].startswith(f"converge {' '.join(path)}")
    for line in lines:
        words = shlex.split(line.partition(" > ")[0])
        assert words[0] == "converge"
        assert parsed(words[1:])[:1] == path[:1]


def test_a_line_that_cannot_be_typed_is_found() -> None:
    for line in ("plan --hots x", "lab fault", "apply --trigger moon", "hold --until"):
        with pytest.raises(click.UsageError):
            parsed(line.split())


@named
def test_its_exit_codes_are_told_and_known(path: tuple[str, ...]) -> None:
    text = " ".join((ALL[path].help or "").split())
    assert "Exit codes: " in text
    told = text.partition("Exit codes: ")[2]
    numbers = {int(n) for n in re.findall(r"(?:^|; )(\d+)\b", told)}
    assert numbers or told.startswith("the program's own")
    assert numbers <= {one.code for one in EXITS}
