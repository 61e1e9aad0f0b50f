"""Every failure mode of the catalogue has its row, and what the row names is there."""

import ast
import runpy
import tomllib
from pathlib import Path

import pytest

from converge.cli.ground.stage import ACTORS, played
from converge.engine.run.guards import MAINTENANCE_HOLD
from converge.engine.run.handover import UNFIT_PAIR
from converge.freebsd import kinds
from converge.proving.rehearse.rehearsal import report

MODES = tomllib.loads(Path("docs/frames/failure-scenarios.toml").read_text())
CODES = [f"F{n:02}" for n in range(1, 66)]
HOLES = sorted(Path("tests/scenarios/holes").glob("*.toml"))
PAGE = Path("docs/explanation/residual-holes.md")
covering = runpy.run_path("docs/generate.py")["_covering"]()


def test_there_is_a_row_for_each_and_no_other() -> None:
    assert list(MODES) == CODES
    for mode in MODES.values():
        assert set(mode) <= {"what", "does", "guards", "tests"}
        assert mode["what"]
        assert mode["does"]


@pytest.mark.parametrize("code", CODES)
def test_something_shows_it(code: str) -> None:
    assert covering.get(code) or MODES[code].get("tests")


@pytest.mark.parametrize("code", CODES)
def test_the_tests_it_names_are_there(code: str) -> None:
    for name in MODES[code].get("tests", ()):
        path, _, function = name.partition("::")
        nodes = ast.parse(Path(path).read_text()).body
        found = {node.name for node in nodes if isinstance(node, ast.FunctionDef)}
        assert function in found, name


@pytest.mark.parametrize("code", CODES)
def test_the_guards_it_names_are_there(code: str) -> None:
    known = {guard.code for kind in kinds().values() for guard in kind.guards}
    assert set(MODES[code].get("guards", ())) <= known | {MAINTENANCE_HOLD, UNFIT_PAIR}


def test_no_scenario_is_about_something_that_is_not_in_the_catalogue() -> None:
    assert set(covering) <= set(CODES)


@pytest.mark.parametrize("path", HOLES, ids=lambda path: path.stem)
def test_a_hole_is_as_the_page_shows_it(path: Path) -> None:
    assert report(played(str(path), ACTORS["converge"])).rstrip() in PAGE.read_text()
