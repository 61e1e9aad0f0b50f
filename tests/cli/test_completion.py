"""converge completion: what is offered, never a word too much, and the same in real shells."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import click
import pytest

from converge.cli import COMMANDS
from converge.cli.talk.completing import WORDS, metavar
from converge.core.exits import EXITS
from tests.cli import shells
from tests.cli.commands import MYSQL, Said, converge
from tests.cli.test_help import ALL

FREE = {
    "DURATION", "TEXT", "TIME", "NAME", "RUN", "SECONDS", "SPAN", "WORD", "WORDS", "KEY=TEXT",
    "K", "N", "START", "SEED", "JOBS", "LAST",
}  # fmt: skip
"""Metavars of what a person makes up, a number, or a choice that click itself offers."""


@pytest.fixture
def ask(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[str], list[str]]:
    """The words offered for a line, in a folder with a desired file, d.toml."""
    shutil.copy(MYSQL, tmp_path / "d.toml")

    def asked(line: str) -> list[str]:
        monkeypatch.setenv("_CONVERGE_COMPLETE", "bash")
        monkeypatch.setenv("COMP_WORDS", line)
        said = converge()
        assert said.err == ""
        return ["".join(one.split("\t")[:2]) for one in said.out.splitlines()]

    return asked


def plain(*words: str) -> list[str]:
    return [f"plain{word}" for word in words]


CASES = {
    "converge pla": plain("plan"),
    "converge s": plain("switchover", "show", "status", "schema"),
    "converge --": plain("--help"),
    "converge plan --co": plain("--config", "--color"),
    "converge plan --color a": plain("auto", "always"),
    "converge plan --color=n": plain("--color=never"),
    "converge completion ": plain("bash", "zsh", "fish"),
    "converge lab fa": plain("fault", "faults"),
    "converge lab fault power-o": plain("power-off", "power-on"),
    "converge plan -c ": ["file"],
    "converge plan --config=d": ["file--config="],
    "converge validate --pair one ": ["file"],
    "converge install --prefix ": ["dir"],
    "converge plan -c d.toml --node ": plain("hasta", "hastb"),
    "converge switchover -c d.toml --to hastb": plain("hastb"),
    "converge plan -c d.toml --host ": ["parthasta=", "parthastb="],
    "converge plan --host hasta=": ["plainhasta=local:", "parthasta=ssh://", "parthasta=lab:",
                                    "parthasta=bundle:"],
    "converge plan --host=hasta=lab:x": ["file--host=hasta=lab:"],
    "converge why -c d.toml mount": plain("mount./mysql"),
    "converge why -c d.toml hastb/mou": plain("hastb/mount./mysql"),
    'converge why -c "d.toml" "mount': plain("mount./mysql"),
    "converge why -c d.toml --host hasta=lab:lab.json mount": plain("mount./mysql"),
    "converge why -c d.toml setting.mysql_e": plain("setting.mysql_enable"),
    "converge repair -c d.toml ": plain("hast.test"),
    "converge explain peer-": plain("peer-silent", "peer-still-primary"),
    "converge explain 7": plain("7", "70", "73", "74", "75", "78"),
    "converge apply --override peer-": plain("peer-silent"),
    "converge rehearse --without peer-": plain("peer-silent", "peer-still-primary"),
}  # fmt: skip


@pytest.mark.parametrize("line", CASES)
def test_what_is_offered(line: str, ask: Callable[[str], list[str]]) -> None:
    assert ask(line) == CASES[line]


@pytest.mark.parametrize(
    "line",
    [
        "converge nonsense ",
        "converge plan --nonsense ",
        "converge why ",
        "converge why -c nothing.toml ",
        "converge why -c broken.toml ",
        "converge why -c pipe ",
        "converge why -c '' ",
        "converge show 2026",
        "converge why -c d.toml zzz",
        "",
    ],
)
def test_where_nothing_is_known_nothing_is_said(
    line: str, ask: Callable[[str], list[str]], tmp_path: Path
) -> None:
    (tmp_path / "broken.toml").write_text("schema = \n")
    os.mkfifo(tmp_path / "pipe")
    assert [one for one in ask(line) if not one.startswith("plain-")] == ([] if line else ask(""))


def test_what_is_wrong_is_told_by_the_code_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "broken.toml").write_text("schema = \n")
    monkeypatch.setenv("_CONVERGE_COMPLETE", "bash")
    monkeypatch.setenv("COMP_WORDS", "converge why -c broken.toml ")
    assert converge() == Said(65, "", "")
    monkeypatch.setenv("COMP_WORDS", "converge nonsense ")
    assert converge() == Said(64, "", "")


def test_no_secret_is_offered(ask: Callable[[str], list[str]]) -> None:
    assert "testpass" not in " ".join(ask("converge why -c d.toml "))


def test_every_command_is_offered(ask: Callable[[str], list[str]]) -> None:
    assert ask("converge ") == plain(*COMMANDS)


def test_every_exit_code_and_every_guard_is_offered(ask: Callable[[str], list[str]]) -> None:
    listed = [line.split()[0] for line in converge("explain").out.splitlines() if line[:1].strip()]
    assert {str(one.code) for one in EXITS} <= set(listed)
    assert set(plain(*listed)) == set(ask("converge explain "))


def test_of_each_word_it_is_known_what_it_may_be() -> None:
    unknown = {
        f"{' '.join(path)}: {metavar(parameter)}"
        for path, command in ALL.items()
        for parameter in command.params
        if not getattr(parameter, "is_flag", False)
        and not getattr(parameter, "count", False)
        and not isinstance(parameter.type, click.Choice)
        and metavar(parameter) not in {*WORDS, *FREE}
    }
    assert not unknown


@pytest.mark.parametrize("name", ["bash", "zsh", "fish"])
def test_the_script(name: str) -> None:
    said = converge("completion", name)
    assert (said.code, said.err) == (0, "")
    assert f"_CONVERGE_COMPLETE={name}" in said.out
    assert said.out.isascii()


def test_shellcheck_finds_no_fault(tmp_path: Path) -> None:
    script = shells.script_of("bash", tmp_path)
    check = [shells.need("shellcheck"), "-s", "bash", str(script)]
    done = subprocess.run(check, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_another_shell_is_a_usage_error() -> None:
    said = converge("completion", "csh")
    assert (said.code, said.out) == (64, "")
    assert "'csh'" in said.err


TYPED = [
    ("converge pla", ["plan"]),
    ("converge plan -c d.toml --color a", ["auto", "always"]),
    ("converge plan --color=a", ["auto", "always"]),
    ("converge plan --config=d.", ["--config=d.toml"]),
    ("converge plan --host=hasta=lab:l", ["lab:lab.json"]),
    ("converge plan -c d.toml --host hasta=l", ["local:", "lab:"]),
    ("converge why -c d.toml mount", ["mount./mysql"]),
    ("converge why -c d.toml --host hasta=lab:lab.json kernel_module.ca", ["kernel_module.carp"]),
    ("converge explain witn", ["witness-isolated"]),
]
"""A half-typed line, and what is on the screen behind it then: whole or in a list."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copy(MYSQL, tmp_path / "d.toml")
    (tmp_path / "lab.json").write_text("{}")
    return tmp_path


@pytest.mark.parametrize(("line", "expected"), TYPED, ids=[line for line, _ in TYPED])
@pytest.mark.parametrize("start", [shells.bash, shells.zsh], ids=["bash", "zsh"])
def test_a_tab_in_a_real_shell(
    start: Callable[[Path], shells.Shell], line: str, expected: list[str], folder: Path
) -> None:
    shell = start(folder)
    try:
        seen = shell.tab(line, *expected)
    finally:
        shell.close()
    assert not [word for word in expected if word not in seen], seen
    assert "Traceback" not in seen
    assert "rror" not in seen


def test_zsh_finds_the_script_in_its_path(folder: Path) -> None:
    shell = shells.zsh_with_path(folder)
    try:
        assert "history" in shell.tab("converge histo", "history")
    finally:
        shell.close()


@pytest.mark.parametrize(("line", "expected"), TYPED, ids=[line for line, _ in TYPED])
def test_a_tab_in_fish(line: str, expected: list[str], folder: Path) -> None:
    seen = [one.partition("\t")[0] for one in shells.fish(folder, line)]
    assert len(seen) == len(expected)
    assert all(one.endswith(word) for one, word in zip(seen, expected, strict=True))
