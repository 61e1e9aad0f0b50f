"""The man pages: current, without a fault that mandoc(1) finds, and nothing left out."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from converge.core.exits import EXITS
from converge.freebsd import kinds
from converge.freebsd.trigger.texts import FILES
from tests.cli.commands import ROOT
from tests.cli.test_help import ALL

PAGES = sorted((ROOT / "docs" / "man").iterdir())
SECTIONS = {
    "converge.8": [
        "NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "COMMANDS", "ENVIRONMENT", "FILES",
        "EXIT STATUS", "EXAMPLES", "DIAGNOSTICS", "SEE ALSO", "CAVEATS",
    ],
    "converge.toml.5": [
        "NAME", "DESCRIPTION", "TABLES", "RESOURCES", "FILES", "EXAMPLES", "SEE ALSO",
    ],
}  # fmt: skip


def mandoc(*words: str) -> subprocess.CompletedProcess[str]:
    if not shutil.which("mandoc") and not os.environ.get("CONVERGE_REQUIRE_MANDOC"):
        pytest.skip("there is no mandoc on this machine")
    return subprocess.run(["mandoc", *words], capture_output=True, text=True, check=False)


def rendered(page: Path) -> str:
    """As a terminal shows it, without what makes letters bold."""
    shown = mandoc("-T", "ascii", "-O", "width=78", str(page))
    assert (shown.returncode, shown.stderr) == (0, "")
    return re.sub(r".\x08", "", shown.stdout)


named = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


def test_they_are_current() -> None:
    check = [sys.executable, str(ROOT / "docs" / "man.py"), "--check"]
    done = subprocess.run(
        check, capture_output=True, text=True, check=False,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")


@named
def test_mandoc_finds_no_fault(page: Path) -> None:
    done = mandoc("-T", "lint", "-W", "warning", str(page))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@named
def test_its_sections_stand_in_the_order_of_mdoc(page: Path) -> None:
    found = re.findall(r"^([A-Z][A-Z ]+)$", rendered(page), re.MULTILINE)
    assert found == SECTIONS[page.name]


@named
def test_no_mark_of_another_language_is_left(page: Path) -> None:
    text = rendered(page)
    before, _, _ = text.partition("\nEXAMPLES\n")
    assert not [mark for mark in ("**", "{{", "](", "\\(", "\\e", "\\&") if mark in before]
    assert max(map(len, before.splitlines())) <= 100


def page(name: str) -> str:
    return " ".join(rendered(ROOT / "docs" / "man" / name).split())


def test_every_command_and_every_option_is_told() -> None:
    raw = (ROOT / "docs" / "man" / "converge.8").read_text()
    heads = re.findall(r"^\.It Xo\n\.Cm ([\w ]+)\n((?:\.O.*\n|\.F.*\n|\.A.*\n|\.C.*\n)*)\.Xc$",
                       raw, re.MULTILINE)  # fmt: skip
    assert sorted(name for name, _ in heads) == sorted(" ".join(path) for path in ALL if path)
    for name, head in heads:
        command = ALL[tuple(name.split())]
        flags = [min(one.opts, key=len) for one in command.params if one.opts[0][0] == "-"]
        assert not [flag for flag in flags if not re.search(rf"Fl {flag[1:]}(?![\w-])", head)]
        longest = [max(one.opts, key=len) for one in command.params if one.opts[0][0] == "-"]
        assert not [flag for flag in longest if f"Fl {flag[1:]}" not in raw]


def test_every_exit_code_surrounding_and_file_is_told() -> None:
    text = page("converge.8")
    status = text.partition("EXIT STATUS")[2].partition("EXAMPLES")[0]
    assert not [one.code for one in EXITS if f" {one.code} " not in status]
    asked = {
        name
        for path in (ROOT / "converge").rglob("*.py")
        for name in re.findall(r"""["'](CONVERGE_[A-Z_]+)["']""", path.read_text())
    }
    assert len(asked) > 5
    assert not [name for name in asked if name not in text]
    assert not [one.path for texts in FILES.values() for one in texts if one.path not in text]


def test_every_guard_is_a_diagnostic() -> None:
    told = page("converge.8").partition("DIAGNOSTICS")[2]
    assert not {g.code for kind in kinds().values() for g in kind.guards if g.code not in told}


def test_every_field_of_every_kind_is_told() -> None:
    raw = (ROOT / "docs" / "man" / "converge.toml.5").read_text()
    sections = dict(re.findall(r"^\.Ss \[(\w+)\.NAME\]\n(.*?)(?=^\.S|\Z)", raw, re.M | re.S))
    assert set(sections) == {"node", *kinds()}
    for name, kind in kinds().items():
        fields = set(kind.model_fields) - {"id", "needs"}
        assert not [field for field in fields if f".It Ic {field}\n" not in sections[name]]


def test_they_are_installed_where_man_looks() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    files = project["tool"]["setuptools"]["data-files"]
    assert sorted(one for names in files.values() for one in names) == [
        path.relative_to(ROOT).as_posix() for path in PAGES
    ]
    assert all(one.endswith(folder[-1]) for folder, names in files.items() for one in names)
