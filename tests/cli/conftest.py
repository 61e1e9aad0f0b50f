"""Pairs to play commands on: one just booted, one that is converged."""

import os
from pathlib import Path

import pytest

from tests.cli.commands import MYSQL, SEED, Pair, new_pair


@pytest.fixture(autouse=True)
def _plain_surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No setting of whoever runs the tests, and no file of theirs."""
    for name in os.environ:
        if name.startswith("CONVERGE_") or name in ("NO_COLOR", "CLICOLOR_FORCE", "COLUMNS"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def fresh(tmp_path: Path) -> Pair:
    """The article's pair, two machines that have just booted."""
    return new_pair(tmp_path, SEED)


@pytest.fixture(scope="session")
def _settled(tmp_path_factory: pytest.TempPathFactory) -> Pair:
    pair = new_pair(tmp_path_factory.mktemp("settled"), SEED)
    pair.settle()
    pair.learn()
    return pair


@pytest.fixture
def pair(_settled: Pair, tmp_path: Path) -> Pair:
    """The article's pair, converged: hasta serves. A copy for this test alone."""
    return _settled.copied(tmp_path)


@pytest.fixture(scope="session")
def _mysql_settled(tmp_path_factory: pytest.TempPathFactory) -> Pair:
    pair = new_pair(tmp_path_factory.mktemp("mysql"), MYSQL)
    pair.settle()
    pair.learn()
    return pair


@pytest.fixture
def mysql_pair(_mysql_settled: Pair, tmp_path: Path) -> Pair:
    """The pair of desired/mysql-pair.toml, converged. A copy for this test alone."""
    return _mysql_settled.copied(tmp_path)
