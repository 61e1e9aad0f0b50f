"""What each command prints, on one and the same pair: a file for each, to be read at a glance."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from converge.cli import COMMANDS
from tests.cli.commands import ROOT, Pair, converge

GALLERY = Path(__file__).parent / "gallery"

LOOKS = {
    "plan": (), "apply": ("-y",), "drift": ("-v",), "install": ("-n",), "hold": (),
    "release": (), "switchover": ("--to", "hastb", "-n"), "repair": ("hast.test",),
    "graph": (), "status": (), "doctor": ("-v",), "adopt": (),
    "why": ("carp.vip",), "observe": (),
}  # fmt: skip
"""Commands that are told of a pair, and with what words."""

PLAIN = {
    "explain": ("split-brain",),
    "completion": ("bash",),
    "version": (),
    "rehearse": (str(ROOT / "tests/scenarios/operator/switchover.toml"),),
    "prove": (
        "-c", str(ROOT / "desired/mysql-pair.toml"), "--faults", "0", "--start", "handing-over",
    ),
}  # fmt: skip

ELSEWHERE = {
    "schema": "test_schema.py",
    "init": "test_init.py",
    "lab": "test_commands.py",
    "validate": "test_pair_files.py",
}
"""Those with files or texts of their own."""


def masked(text: str, pair: Pair | None = None) -> str:
    """Without times, runs, processes and folders."""
    for path, name in ((str(ROOT), "ROOT"), (str(pair.config.parent) if pair else "", "HERE")):
        text = text.replace(path, name) if path else text
    text = re.sub(r"\d{4}-\d\d-\d\dT[\d:.+]+", "TIME", text)
    text = re.sub(r"\d{8}T\d{6}-\d+(\.\d+)? *", "RUN ", text)
    text = re.sub(r"\b\d\d:\d\d:\d\d\b", "TIME", text)
    text = re.sub(r"\b(\d+\.)?\d+ ?s\b", "N s", text)
    text = re.sub(r"\b[0-9a-f]{16,64}\b", "HASH", text)
    text = re.sub(r"\b(pid|until_s|version) [\d.]+|\b(owner) [^,]+", r"\1\2 N", text)
    return re.sub(
        r"(?m)^(converge|python|pydantic|networkx|tomlkit|loguru|click|rich) .*", r"\1 N", text
    )


@pytest.mark.parametrize("command", LOOKS)
def test_of_a_pair(command: str, pair: Pair, golden: Callable[[Path, str], None]) -> None:
    said = pair(command, *LOOKS[command])
    shown = f"exit code {said.code}\n--- stdout\n{said.out}--- stderr\n{said.err}"
    golden(GALLERY / f"{command}.txt", masked(shown, pair))


def test_of_a_run(pair: Pair, golden: Callable[[Path, str], None]) -> None:
    assert pair("switchover", "--to", "hastb", "-y").code == 0
    run = pair("history").out.split()[1]
    for words in (("history",), ("show", run), ("replay", run)):
        said = pair(*words)
        assert said.code == 0, said.err
        golden(GALLERY / f"{words[0]}.txt", masked(said.out, pair))


@pytest.mark.parametrize("command", PLAIN)
def test_of_no_pair(command: str, golden: Callable[[Path, str], None]) -> None:
    said = converge(command, *PLAIN[command])
    golden(GALLERY / f"{command}.txt", masked(f"exit code {said.code}\n{said.out}"))


def test_no_command_is_missing() -> None:
    assert {*LOOKS, *PLAIN, *ELSEWHERE, "history", "show", "replay"} == set(COMMANDS)
    assert all((Path(__file__).parent / name).is_file() for name in ELSEWHERE.values())
