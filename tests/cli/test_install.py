"""converge install: a plan of the triggers alone, carried out, looked after, and taken away."""

import stat
from pathlib import Path

import pytest

from converge.freebsd.trigger.texts import FILES, HOOK, WAKER
from tests.cli.commands import MYSQL, Pair, converge

OPERATED = MYSQL.with_name("operated-pair.toml")
TEXTS = [text for files in FILES.values() for text in files]
RULES = FILES["devd"][0].path


@pytest.fixture
def pair(mysql_pair: Pair) -> Pair:
    """A pair of its own that is set up and has no triggers."""
    return mysql_pair


def install(pair: Pair, *words: str) -> str:
    said = pair("install", *words, nodes=("hasta",))
    assert said.code == 0, said.err
    return said.out


def on_disk(pair: Pair) -> set[str]:
    """Which of our files the node has."""
    return {
        t.path for t in TEXTS if pair.on("hasta", f"test -e {t.path} && echo yes || true").strip()
    }


def test_a_dry_run_shows_the_plan_and_every_text_and_writes_nothing(pair: Pair) -> None:
    out = install(pair, "-n")
    for text in TEXTS:
        assert f"=== hasta/file.{text.path} (mode {text.mode})\n{text.content}" in out
    assert "/etc/hast.conf says of test" in out
    assert on_disk(pair) == set()


def test_it_is_installed_once_and_then_it_is_so(pair: Pair) -> None:
    assert "converged" in install(pair, "-y")
    assert on_disk(pair) == {t.path for t in TEXTS}
    assert f"exec {HOOK}" in pair.on("hasta", "cat /etc/hast.conf")
    assert "-r-xr-xr-x" in pair.on("hasta", f"ls -l {WAKER}")
    assert "(0 done in 1 pass)" in install(pair, "-y")
    history = pair("history", nodes=("hasta",)).out
    assert "manual" in history


def test_nothing_else_of_the_desired_file_is_touched(pair: Pair) -> None:
    pair.on("hasta", "sysctl net.inet.carp.preempt=1")
    assert "preempt" in pair("plan", nodes=("hasta",)).out
    assert "preempt" not in install(pair, "-n")


def test_what_is_declared_is_looked_after(pair: Pair) -> None:
    mine = Pair(OPERATED, pair.state)
    mine.settle()
    mine.on("hasta", f"rm {RULES}")
    mine.on("hasta", "echo '# nobody calls' > /usr/local/etc/cron.d/converge")
    shown = mine("plan").out
    assert f"{RULES} does not exist" in shown
    assert "/usr/local/etc/cron.d/converge has another content" in shown
    mine.settle()
    assert on_disk(mine) == {t.path for t in TEXTS}


def test_only_what_is_declared_is_installed(pair: Pair, tmp_path: Path) -> None:
    some = tmp_path / "some.toml"
    some.write_text(MYSQL.read_text() + "\n[trigger.cron]\n")
    install(Pair(some, pair.state), "-y")
    assert on_disk(pair) == {WAKER, FILES["cron"][0].path}


def test_it_is_taken_away_without_a_trace(pair: Pair) -> None:
    before = pair.on("hasta", "cat /etc/hast.conf")
    install(pair, "-y")
    assert "converged" in install(pair, "-y", "--uninstall")
    assert on_disk(pair) == set()
    assert pair.on("hasta", "cat /etc/hast.conf") == before
    assert "converge_enable" not in pair.on("hasta", "cat /etc/rc.conf")
    assert "is running" in pair.on("hasta", "service devd onestatus")
    assert "(0 done in 1 pass)" in install(pair, "-y", "--uninstall")


def test_nobody_there_to_be_asked_is_a_no(pair: Pair) -> None:
    assert pair("install", nodes=("hasta",)).code == 64
    install(pair, "-y")
    assert pair("install", "--uninstall", nodes=("hasta",)).code == 64
    assert on_disk(pair) == {t.path for t in TEXTS}


def test_for_a_package_the_files_alone_come_below_a_folder(tmp_path: Path) -> None:
    root = tmp_path / "stage"
    assert converge("install", "--prefix", str(root), "-n").code == 0
    assert not root.exists()
    said = converge("install", "--prefix", str(root))
    assert said.code == 0
    for text in TEXTS:
        path = root / text.path.lstrip("/")
        assert path.read_text() == text.content
        assert stat.S_IMODE(path.stat().st_mode) == int(text.mode, 8)
        assert str(path) in said.out
    assert converge("install", "--prefix", str(root), "--uninstall").code == 0
    assert not [path for path in root.rglob("*") if path.is_file()]


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    said = converge("install", "--prefix", str(tmp_path / "file"))
    assert said.code == 73
    assert "Not a directory" in said.err
