"""All scenarios of tests/scenarios: as expected, and the same text as the golden one beside it.

`pytest tests/proving/test_scenarios.py --update` rewrites the texts; read the diff.
"""

from collections.abc import Callable
from pathlib import Path

import pytest

from converge.cli.ground.stage import ACTORS, played
from converge.proving.rehearse.rehearsal import report
from tests.proving.actors import Plain

SCENARIOS = sorted(Path("tests/scenarios").rglob("*.toml"))
each = pytest.mark.parametrize("path", SCENARIOS, ids=lambda p: f"{p.parent.name}/{p.stem}")


@each
def test_it_comes_out_as_expected(path: Path, golden: Callable[[Path, str], None]) -> None:
    pytest.importorskip("converge.proving.actors.reconciler")
    told = played(str(path), ACTORS["converge"])
    golden(path.with_suffix(".txt"), report(told))
    assert not told.broken


@each
def test_plain_runs_break_no_invariant(path: Path) -> None:
    told = played(str(path), Plain)
    assert not [f for f in told.broken if f.what.startswith("never")]
    text = report(told)
    assert text.isascii()
    assert max(len(line) for line in text.splitlines() if not line.startswith(("=", "!"))) <= 100
