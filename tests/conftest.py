"""What all tests share: the option that rewrites expected texts."""

from collections.abc import Callable
from pathlib import Path

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update",
        action="store_true",
        help="rewrite the expected texts; read the diff before you commit it",
    )


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[Path, str], None]:
    """`golden(path, text)`: the text is what the file holds; with --update it is made so."""

    def compare(path: Path, text: str) -> None:
        if request.config.getoption("--update"):
            path.write_bytes(text.encode())
        assert text == (path.read_bytes().decode() if path.exists() else "")

    return compare
