"""Every code has a page: what stops an action, and what a command ends with."""

import ast
import importlib
import json
import re
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from converge.cli.explain import pages
from converge.core.errors import ConvergeError
from converge.core.exits import EXITS
from converge.engine.run.handover import UNFIT_PAIR
from converge.engine.show.codes import prose
from tests.cli.commands import ROOT, converge

GOLDEN = Path(__file__).parent / "golden"
PAGES = pages()
STOPPING = {code: page for code, page in PAGES.items() if page.sort != "exit code"}
MODES = tomllib.loads((ROOT / "docs/frames/failure-scenarios.toml").read_text())


def given_codes() -> Iterator[tuple[str, str]]:
    """(code, file) of each Hold, Refuse and Guard that is made anywhere."""
    for path in sorted((ROOT / "converge").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.Call(func=ast.Name(id="Hold" | "Refuse" | "Guard"), args=[first, *_]):
                    yield _text(first, path), path.name


def _text(node: ast.expr, path: Path) -> str:
    match node:
        case ast.Constant(value=str(code)):
            return code
        case ast.Name(id=name):
            parts = path.relative_to(ROOT).with_suffix("").parts
            return str(getattr(importlib.import_module(".".join(parts)), name))
    raise AssertionError(f"{path}:{node.lineno}: the code is no word")


def errors(above: type[ConvergeError]) -> Iterator[type[ConvergeError]]:
    for error in above.__subclasses__():
        yield error
        yield from errors(error)


def test_no_code_without_a_page_and_no_page_without_a_code() -> None:
    given = {code for code, _ in given_codes()}
    assert len(given) > 25
    assert given | {UNFIT_PAIR} == set(STOPPING)  # which refuses a whole command


def test_no_exit_code_without_a_page() -> None:
    for path in (ROOT / "converge").rglob("*.py"):
        if "exit_code" in path.read_text():
            importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
    assert {error.exit_code for error in errors(ConvergeError)} <= {one.code for one in EXITS}
    assert [one.code for one in EXITS] == sorted({one.code for one in EXITS})


@pytest.mark.parametrize("code", STOPPING)
def test_a_page_says_everything(code: str) -> None:
    page = STOPPING[code]
    assert all((page.means, page.seen, page.todo, page.shown))
    assert not re.search(r"\bF\d\d\b|Seen:|To do:|Shown:", page.means + page.seen + page.todo)
    named = re.findall(r"--override ([a-z-]+)", page.todo)
    assert set(named) <= {code}
    assert page.override or not named


@pytest.mark.parametrize("code", PAGES)
def test_it_happens_where_the_page_says(code: str) -> None:
    path, _, function = PAGES[code].shown.partition("::")
    text = (ROOT / path).read_text()
    if function:
        names = {n.name for n in ast.parse(text).body if isinstance(n, ast.FunctionDef)}
        assert function in names
    if code in STOPPING and code not in UNNAMED:
        assert code in text


UNNAMED = ("maintenance-hold",)
"""Whose test names a constant instead."""


@pytest.mark.parametrize("code", STOPPING)
def test_the_failures_are_those_of_the_catalogue(code: str) -> None:
    listed = {mode for mode, row in MODES.items() if code in row.get("guards", ())}
    assert set(STOPPING[code].modes) == listed


def test_the_reference_has_a_section_for_each() -> None:
    text = (ROOT / "docs/reference/codes.md").read_text()
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == list(PAGES)


def test_a_page_and_the_list(golden: Callable[[Path, str], None]) -> None:
    for words in ((), ("peer-silent",), ("no-way-back",), ("75",)):
        said = converge("explain", *words)
        assert (said.code, said.err) == (0, "")
        lines = [line for line in said.out.splitlines() if "::test_" not in line]
        assert max(map(len, lines)) <= 80
        assert said.out.isascii()
        golden(GOLDEN / f"explain{''.join('-' + word for word in words)}.txt", said.out)


def test_it_needs_no_desired_file_and_knows_a_slip() -> None:
    assert converge("explain", "Split-Brain").code == 0
    said = converge("explain", "splitbrain")
    assert (said.code, said.out) == (64, "")
    assert "Did you mean split-brain?" in said.err


def test_as_json() -> None:
    (one,) = json.loads(converge("explain", "peer-silent", "--json").out)["codes"]
    assert (one["override"], one["protects"]) == (True, [])
    assert one["behind"] == [["S1", "peer-still-primary"]]
    every = json.loads(converge("explain", "--json").out)
    assert (every["format_version"], every["kind"]) == (1, "codes")
    assert [one["code"] for one in every["codes"]] == list(PAGES)


def test_prose_is_what_stands_before_the_labels() -> None:
    text = "Holds it (F01, a\nreason). More (F02).\n\nSeen: x (F03)\nTo do: y"
    assert prose(text) == "Holds it (a reason). More."
