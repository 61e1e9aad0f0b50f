"""What a command may import: converge is started by every trigger, and a start should be short."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.cli.commands import SEED, Pair, new_pair

DUMP = """
import sys
before = set(sys.modules)
from converge.cli import run
code = run(sys.argv[2:])
import json, pathlib
new = sorted(set(sys.modules) - before)
packages = {"site-packages", "dist-packages"}
foreign = [
    name for name in new
    if packages & set(pathlib.Path(getattr(sys.modules[name], "__file__", None) or "/").parts)
]
ours = [name for name in new if name.startswith("converge")]
pathlib.Path(sys.argv[1]).write_text(json.dumps([code, foreign, ours]))
"""

PYDANTIC = {
    "pydantic",
    "pydantic_core",
    "annotated_types",
    "typing_extensions",
    "typing_inspection",
}
THINK = {"click", "networkx", *PYDANTIC}
LOG = {"loguru"}
WRITE = {"tomlkit"}


@dataclass(frozen=True)
class Case:
    """A command, the packages it may import, and the parts of converge it must not."""

    words: tuple[str, ...]
    allowed: set[str]
    not_ours: tuple[str, ...] = ()


CONFIG = ("-c", str(SEED))
LAB = ("--host", "hasta=lab:lab.json", "--host", "hastb=lab:lab.json")
POWER = Path(__file__).parent / "scenarios" / "power" / "primary-off.toml"
BUNDLE = ("--host", "hasta=bundle:hasta.json")
DOMAIN = ("converge.freebsd", "converge.engine", "converge.reconcile", "converge.core.resource")
REAL = ("converge.hosts.ssh", "converge.hosts.local")

CASES = [
    Case(("version",), {"click"}, (*DOMAIN, "converge.lab", "converge.hosts")),
    Case(("--help",), {"click"}, (*DOMAIN, "converge.lab", "converge.hosts", "converge.cli.plan")),
    *(
        Case((name, "--help"), {"click"}, (*DOMAIN, "converge.lab", "converge.hosts"))
        for name in (
            "adopt",
            "init",
            "validate",
            "plan",
            "apply",
            "graph",
            "status",
            "doctor",
            "observe",
            "lab",
            "version",
            "install",
            "hold",
            "release",
            "history",
            "show",
            "replay",
            "why",
            "explain",
            "rehearse",
            "prove",
            "drift",
            "schema",
            "completion",
        )
    ),
    Case(("schema",), {"click", *PYDANTIC}, ("converge.lab", "converge.reconcile", *REAL)),
    Case(("completion", "bash"), {"click"}, (*DOMAIN, "converge.lab", "converge.hosts")),
    Case(("validate", *CONFIG), THINK, ("converge.lab", *REAL, "converge.reconcile")),
    Case(("graph", *CONFIG), THINK, ("converge.lab", *REAL)),
    Case(("plan", *CONFIG, *LAB), THINK, REAL),
    Case(("plan", *CONFIG, *LAB, "--json", "-o", "plan.json"), THINK, REAL),
    Case(("plan", *CONFIG, *BUNDLE), THINK, ("converge.lab", *REAL)),
    Case(("plan", *CONFIG, "--node", "hasta"), THINK, ("converge.lab",)),
    Case(("status", *CONFIG, *LAB), THINK, REAL),
    Case(("doctor", *CONFIG, *LAB), THINK, (*REAL, "converge.proving")),
    Case(("observe", *CONFIG, *LAB), THINK, (*REAL, "converge.freebsd.checkup.clock")),
    Case(("adopt", *CONFIG, *LAB), THINK | WRITE, REAL),
    Case(("init", *LAB), THINK | WRITE, (*REAL, "converge.reconcile")),
    *(
        Case(("drift", *CONFIG, *LAB, "--format", form), THINK, REAL)
        for form in ("text", "json", "html", "prometheus", "nagios")
    ),
    Case(("status", *CONFIG, *BUNDLE), THINK, ("converge.lab", *REAL)),
    Case(("why", "hast.test", *CONFIG, *LAB), THINK, REAL),
    Case(("explain",), {"click", *PYDANTIC}, ("converge.lab", "converge.reconcile", *REAL)),
    Case(("replay", *CONFIG, *LAB), THINK, ("converge.lab.hast", *REAL)),
    Case(("apply", *CONFIG, *LAB, "--trigger", "cron"), THINK | LOG, REAL),
    *(
        Case(words, {"click", *PYDANTIC}, ("converge.freebsd", "converge.reconcile", *REAL))
        for words in (
            ("hold", *LAB),
            ("hold", *LAB, "--for", "1s", "--reason", "test"),
            ("release", *LAB),
            ("history", *LAB),
            ("show", "20261123T045924", *LAB),
        )
    ),
    Case(("install", "-n", *CONFIG, *LAB), THINK | LOG, REAL),
    Case(("rehearse", str(POWER)), THINK, REAL),
    Case(("prove", *CONFIG, "--bound", "1", "--jobs", "1"), THINK, REAL),
    Case(("lab", "faults"), {"click", *PYDANTIC}, ("converge.engine", "converge.freebsd")),
    Case(("lab", "advance", "1s"), {"click", *PYDANTIC}, ("converge.engine", "converge.freebsd")),
]


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Pair:
    pair = new_pair(tmp_path_factory.mktemp("imports"), SEED)
    pair.settle()
    bundle = str(pair.state.with_name("hasta.json"))
    assert pair("observe", "--node", "hasta", "--bundle", bundle).code == 0
    return pair


@pytest.mark.parametrize("case", CASES, ids=lambda case: " ".join(case.words[:3]))
def test_what_a_command_imports(case: Case, pair: Pair, tmp_path: Path) -> None:
    dump = tmp_path / "modules.json"
    surroundings = {k: v for k, v in os.environ.items() if not k.startswith("CONVERGE_")}
    done = subprocess.run(
        [sys.executable, "-c", DUMP, str(dump), *case.words],
        capture_output=True, text=True, check=False, timeout=60,
        cwd=pair.state.parent, env=surroundings | {"CONVERGE_LOG": str(tmp_path / "log")},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    code, foreign, ours = json.loads(dump.read_text())
    assert code in (0, 6), done.stderr
    packages = {name.partition(".")[0] for name in foreign if not name.startswith("__editable__")}
    assert packages <= case.allowed
    assert not [name for name in ours if name.startswith(case.not_ours)] or not case.not_ours
    assert f"converge.cli.{case.words[0].removeprefix('--')}" in [*ours, "converge.cli.help"]


LIGHT = (*DOMAIN, "converge.lab", "converge.hosts", "converge.core.pair")
LOOKED_UP = ("converge.lab", "converge.reconcile", *REAL)

LINES = [
    ("converge ", {"click"}, (*LIGHT, "converge.cli.plan")),
    ("converge pl", {"click"}, (*LIGHT, "converge.cli.plan")),
    ("converge plan --col", {"click"}, LIGHT),
    ("converge plan --color a", {"click"}, LIGHT),
    ("converge plan --color always -c ", {"click"}, LIGHT),
    ("converge lab fau", {"click"}, LIGHT),
    ("converge explain pe", {"click", *PYDANTIC}, LOOKED_UP),
    (f"converge plan -c {SEED} --node h", THINK, LOOKED_UP),
    (f"converge why -c {SEED} mo", THINK, LOOKED_UP),
]
"""A half-typed line, the packages that completing it may import, and what of ours it must not."""


@pytest.mark.parametrize(("line", "allowed", "not_ours"), LINES, ids=[one[0] for one in LINES])
def test_what_completing_a_line_imports(
    line: str, allowed: set[str], not_ours: tuple[str, ...], tmp_path: Path
) -> None:
    dump = tmp_path / "modules.json"
    subprocess.run(
        [sys.executable, "-c", DUMP, str(dump)], check=True, timeout=60, capture_output=True,
        env=os.environ | {"_CONVERGE_COMPLETE": "bash", "COMP_WORDS": line},
    )  # fmt: skip
    code, foreign, ours = json.loads(dump.read_text())
    assert code == 0
    packages = {name.partition(".")[0] for name in foreign if not name.startswith("__editable__")}
    assert packages <= allowed
    assert not [name for name in ours if name.startswith(not_ours)]
    assert "converge.cli.talk.completing" in ours
