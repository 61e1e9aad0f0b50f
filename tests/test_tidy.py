"""Code about the code: what the house rules say and a program can check."""

import ast
import importlib
import pkgutil
import re
import runpy
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import converge.lab.programs
from converge.cli import COMMANDS
from converge.freebsd import kinds
from tests.recorded import recordings

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "converge"
DOCS = ROOT / "docs"
ARCHITECTURE = DOCS / "explanation" / "architecture.md"

SOURCES = sorted(PACKAGE.rglob("*.py"))
PAGES = sorted([ROOT / "README.md", *DOCS.rglob("*.md")])


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def short(path: Path) -> str:
    """converge/cli/plan.py."""
    return path.relative_to(ROOT).as_posix()


def module(path: Path) -> str:
    """converge.cli.plan."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def dotted(node: ast.expr) -> str:
    """`os.path.join` of the expression that says so; '' of others."""
    if isinstance(node, ast.Attribute):
        left = dotted(node.value)
        return f"{left}.{node.attr}" if left else ""
    return node.id if isinstance(node, ast.Name) else ""


def calls(path: Path) -> Iterator[tuple[str, int]]:
    """(what is called, line)."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Call) and dotted(node.func):
            yield dotted(node.func), node.lineno


@cache
def imports(path: Path) -> frozenset[str]:
    """Modules that a file imports, anywhere in it; of `from a import b` both a and a.b."""
    found: set[str] = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{short(path)}: a relative import"
            found.add(node.module or "")
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return frozenset(found)


BANNED = {
    r"time\.sleep": ("Clock.sleep", "hosts/"),
    r"time\.(time|monotonic)(_ns)?": ("Clock.elapsed", "hosts/"),
    r"(.+\.)?datetime\.(now|utcnow|today)": ("Clock.wall", "hosts/clock.py"),
    r"random\..*": ("a seeded Random as an argument", ""),
    r"print|pprint\.pprint": ("text as a value; converge/cli shows it with click.echo", ""),
    r"input": ("click.confirm in converge/cli", ""),
    r"open|.*\.(read_text|write_text|read_bytes|write_bytes)": ("a Host", "hosts/ cli/"),
    r"os\.(system|popen)|subprocess\.(call|run|check_.*)": ("an argv through a Host", ""),
    r"os\.(getenv|environ\.get)": ("an argument", "hosts/ cli/"),
    r"eval|exec|compile|__import__|pickle\..*": ("nothing of the kind", ""),
    r"sys\.exit|exit|quit|os\._exit": ("an exit code as a value", "__main__.py"),
}
"""What is not called in converge/, the word to use instead, and where it may be called."""


@pytest.mark.parametrize("pattern", BANNED)
def test_banned_calls(pattern: str) -> None:
    instead, allowed = BANNED[pattern]
    found = [
        f"{short(path)}:{line}: {name}; take {instead}"
        for path in SOURCES
        if not any(short(path).startswith(f"converge/{where}") for where in allowed.split())
        for name, line in calls(path)
        if re.fullmatch(pattern, name)
    ]
    assert not found


def test_only_the_command_line_catches_everything() -> None:
    found = [
        f"{short(path)}:{node.lineno}"
        for path in SOURCES
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or dotted(node.type) in ("Exception", "BaseException"))
        and not (isinstance(node.body[-1], ast.Raise) and node.body[-1].exc is None)
    ]
    assert [place.partition(":")[0] for place in found] == ["converge/cli/__init__.py"]


def test_no_shell() -> None:
    found = [
        f"{short(path)}:{node.lineno}"
        for path in SOURCES
        for node in ast.walk(tree(path))
        if isinstance(node, ast.keyword) and node.arg == "shell"
    ]
    assert not found


def test_a_file_has_at_most_250_lines() -> None:
    lengths = {short(path): len(path.read_text().splitlines()) for path in SOURCES}
    assert not {path: n for path, n in lengths.items() if n > 250}


def test_a_function_has_at_most_40_lines() -> None:
    found = {
        f"{short(path)}: {node.name}": node.end_lineno - node.lineno + 1
        for path in SOURCES
        for node in ast.walk(tree(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno
    }
    assert not {name: n for name, n in found.items() if n > 40}


def test_every_module_begins_with_what_lives_in_it() -> None:
    wrong = []
    for path in SOURCES:
        first = (ast.get_docstring(tree(path)) or "").partition("\n")[0]
        if not re.search(r"[.:?;,]$|\w$", first) or len(first.split()) < 2:
            wrong.append(short(path))
    assert not wrong


def scanned() -> set[str]:
    """What is found by scanning or by name at run time."""
    found = {"converge.__main__"} | {f"converge.cli.{name}" for name in COMMANDS}
    for folder in ("freebsd", "freebsd/checkup", "lab/programs"):
        found |= {module(path) for path in (PACKAGE / folder).glob("*.py")}
        found |= {module(path) for path in (PACKAGE / folder).glob("*/__init__.py")}
    return found


def test_no_module_that_nothing_imports() -> None:
    used = scanned()
    for path in SOURCES:
        used |= imports(path) - {module(path)}
    packages = {module(path) for path in SOURCES if path.name == "__init__.py"}
    used |= {p for p in packages for other in used if other.startswith(p + ".")}
    assert not {module(path) for path in SOURCES} - used


HOMES = {
    "tomllib": ["engine/desired/", "proving/prove/way.py"],
    "tomlkit": ["engine/desired/"],
    "networkx": ["engine/graph.py"],
    "loguru": ["cli/running/logs.py"],
    "rich": ["cli/talk/progress.py", "cli/talk/watch.py"],
    "click": ["cli/"],
    "subprocess": ["hosts/", "cli/"],
    "socket": ["hosts/", "cli/"],
    "signal": ["hosts/", "cli/"],
    "os": ["hosts/", "cli/"],
    "fcntl": ["hosts/"],
    "sys": ["hosts/", "cli/", "__main__.py"],
    "time": ["hosts/"],
    "random": ["cli/ground/proofs.py", "proving/prove/explore.py"],
    "threading": ["hosts/"],
    "asyncio": [],
    "logging": [],
    "pytest": [],
    "hypothesis": [],
}
"""Where in converge/ a library may be imported."""


@pytest.mark.parametrize("library", HOMES)
def test_one_home_for_each_library(library: str) -> None:
    homes = tuple(f"converge/{home}" for home in HOMES[library])
    found = [
        short(path)
        for path in SOURCES
        if any(name.partition(".")[0] == library for name in imports(path))
        and not short(path).startswith(homes)
    ]
    assert not found


def test_the_engine_speaks_no_freebsd() -> None:
    """Generic stages: the words of the domain belong to the kinds."""
    words = re.compile(r"\b(hast\w*|carp\w*|mysqld?|ifconfig|sysrc|zfs|ufs|devd)\b", re.IGNORECASE)
    found = []
    for path in sorted((PACKAGE / "engine").rglob("*.py")):
        for node in ast.walk(tree(path)):
            names = [getattr(node, field, None) for field in ("id", "name", "attr", "arg")]
            found += [
                f"{short(path)}: {n}" for n in names if isinstance(n, str) and words.search(n)
            ]
    assert not found


FORBIDDEN = {"util", "utils", "helper", "helpers", "manager", "handler", "common", "base"}


def test_forbidden_names() -> None:
    files = [path for path in [*SOURCES, *(ROOT / "tests").rglob("*.py")]]
    found = [short(p) for p in files if FORBIDDEN & set(re.split(r"[_\W]+", p.stem.lower()))]
    for path in SOURCES:
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.ClassDef):
                words = {word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+", node.name)}
                found += [f"{short(path)}: {node.name}"] if FORBIDDEN & words else []
    assert not found


# The lab.


def programs() -> set[str]:
    """Names of all programs that the lab knows."""
    found: set[str] = set()
    package = converge.lab.programs
    for one in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        found |= set(getattr(importlib.import_module(one.name), "PROGRAMS", {}))
    return {name.rpartition("/")[2] for name in found}


FOR_SCRIPTS = "prints nothing or a word; there for scripts and for people at the prompt"
EFFECT_ONLY = (
    "prints nothing when it works; what it leaves behind is seen by ls and stat, recorded"
)
NOT_RECORDED = {
    **dict.fromkeys(["basename", "date", "egrep", "false", "fgrep", "true", "wc"], FOR_SCRIPTS),
    **dict.fromkeys(
        ["chflags", "chmod", "chown", "cp", "install", "mv", "rm", "rmdir"], EFFECT_ONLY
    ),
    "id": "one number, id(1); the numbers are those that stat prints in recordings",
    "fsck_ffs": "another name of fsck_ufs, which is recorded",
    "mysqladmin": "texts from MySQL 8.0's own messages; the recorded pair had a stand-in server",
    "pkill": "prints nothing; finds what pgrep finds, which is recorded",
    "reboot": "no answer comes back; the boot after it is recorded",
    "script": "stands for a file with #! that is run by its path",
    "sh": "the shell in which all recorded commands were run",
    "shutdown": "no answer comes back; the boot after it is recorded",
}
"""Programs of the lab that no recorded command names, and why the lab may have them."""


def test_every_program_of_the_lab_is_backed_by_a_recording() -> None:
    recorded = " ".join(one.cmd for one in recordings().values())
    missing = {
        name for name in programs() if not re.search(rf"(?<![\w-]){re.escape(name)}\b", recorded)
    }
    assert missing == set(NOT_RECORDED)


# The docs.


def test_every_kind_is_documented() -> None:
    text = (DOCS / "reference" / "kinds.md").read_text()
    sections = dict(re.findall(r"^## (\w+)\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL))
    assert sorted(sections) == sorted(kinds())
    for name, kind in kinds().items():
        fields = set(kind.model_fields) - {"id", "needs"}
        assert not {f for f in fields if f"`{f}`" not in sections[name]}
        assert not {g.code for g in kind.guards if f"`{g.code}`" not in sections[name]}
        assert kind.__doc__
        assert all(kind.model_fields[f].description for f in fields)


def test_the_generated_reference_is_current(capsys: pytest.CaptureFixture[str]) -> None:
    code = runpy.run_path(str(DOCS / "generate.py"))["main"](["--check"])
    assert (code, capsys.readouterr().err) == (0, "")


def _names(row: str, folder: str) -> bool:
    """`converge/lab/hast/` in full, or `hast/` beside another one of converge/lab/."""
    parent, _, name = folder.rpartition("/")
    return f"`{folder}/`" in row or (f"`{parent}/" in row and f"`{name}/`" in row)


def test_the_architecture_names_every_folder() -> None:
    text = ARCHITECTURE.read_text()
    folders = sorted({short(path.parent) for path in SOURCES} - {"converge"})
    kept_together = tuple(f"converge/freebsd/{name}" for name in kinds())
    rows = [line for line in text.splitlines() if line.startswith("| `")]
    missing = [f for f in folders if not any(_names(row, f) for row in rows)]
    missing = [f for f in missing if f not in kept_together]
    assert not missing


def test_the_architecture_names_nothing_that_is_gone() -> None:
    named = re.findall(r"`(converge/[\w/.]*|desired/)`", ARCHITECTURE.read_text())
    assert len(named) > 10
    assert not [name for name in named if not (ROOT / name).exists()]


def test_the_architecture_is_two_screens() -> None:
    assert len(ARCHITECTURE.read_text().splitlines()) <= 110


def anchors(path: Path) -> set[str]:
    """The anchors of a page's headings, as forges make them."""
    headings = re.findall(r"^#+ (.+)$", path.read_text(), re.MULTILINE)
    plain = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings)
    return {heading.strip().replace(" ", "-") for heading in plain}


def test_links_within_the_docs_lead_somewhere() -> None:
    broken = []
    for page in PAGES:
        for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
            if re.match(r"[a-z]+://|mailto:", target):
                continue
            file, _, anchor = target.partition("#")
            place = page.parent / file if file else page
            if not place.exists() or (anchor and anchor not in anchors(place)):
                broken.append(f"{short(page)}: {target}")
    assert not [b for b in broken if not b.startswith("docs/frames/")]


def test_every_page_can_be_reached_from_the_index() -> None:
    reached, todo = set(), [DOCS / "index.md", ROOT / "README.md"]
    for _ in range(1000):
        if not todo:
            break
        page = todo.pop().resolve()
        if page in reached or not page.exists():
            continue
        reached.add(page)
        if page.is_dir():
            todo += page.glob("*.md")
        elif page.suffix == ".md":
            links = re.findall(r"\]\(([^)\s#]+)", page.read_text())
            near = [page.parent / link for link in dict.fromkeys(links) if "://" not in link]
            todo += [link for link in near if link.suffix in ("", ".md")]
    lost = [short(page) for page in PAGES if page.resolve() not in reached]
    assert not [page for page in lost if not page.startswith("docs/frames/")]


# The repository.

FOREIGN = [
    "/" + "work/(?:main|shared)", "/tmp/" + "(?:brief|now|rec)", "sub" + "-?agents?",
    r"\b" + "LLM" + r"s?\b", "Claude", "ChatGPT", "Anthropic", "OpenAI", "Copilot",
]  # fmt: skip
"""Where and with what somebody worked; written so that this file does not find itself."""

TEXTS = ["converge", "desired", "docs", "tests", ".ci", "README.md", "Makefile", "pyproject.toml"]


def texts() -> Iterator[Path]:
    for name in TEXTS:
        top = ROOT / name
        inside = sorted(top.rglob("*")) if top.is_dir() else [top]
        yield from (p for p in inside if p.is_file() and "__pycache__" not in p.parts)


def test_nothing_names_the_place_where_it_was_made() -> None:
    pattern = re.compile("|".join(FOREIGN), re.IGNORECASE)
    found = []
    for path in texts():
        for n, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
            if path != Path(__file__) and (hit := pattern.search(line)):
                found.append(f"{short(path)}:{n}: {hit[0]}")
    assert not found


def test_no_leftovers() -> None:
    pattern = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X)\b")
    code = [
        path
        for path in texts()
        if path.suffix in (".py", ".md") and "recordings" not in path.parts
    ]
    assert not [short(p) for p in code if pattern.search(p.read_text())]


def test_no_pattern_is_possessive() -> None:
    """Python 3.11.2, which is in use, matches `*+`, `++`, `?+` and `(?>` wrongly, or for ever."""
    found = [
        f"{short(path)}:{node.lineno}: {node.value}"
        for path in SOURCES
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        if re.search(r"[\])][*+?]\+|\(\?>", node.value)
    ]
    assert not found
