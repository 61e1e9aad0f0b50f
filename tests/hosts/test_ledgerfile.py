"""The ledger's file: old or new, never torn, never silently empty."""

import errno
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from converge.core.errors import CannotWrite, DiskFull
from converge.core.ids import ResourceId
from converge.core.ledger import Ledger, Note, Pause
from converge.core.secret import Secret
from converge.hosts import disk
from converge.hosts.ledgerfile import BadLedger, change, ledger_text, load, parse_ledger

HAST = ResourceId("hasta", "hast", "test")
MOUNT = ResourceId("hastb", "mount", "/hast/test.d")
HELD = Pause("ann", "new disk", 1000.0, 2000.0, ("hasta",))
LEDGER = Ledger(
    {HAST: {"errors": 3, "when": (1.5, 2.0), "clean": True}, MOUNT: {"x": "y"}}, (HELD,)
)

numbers = st.floats(allow_nan=False, allow_infinity=False)
texts = st.text(max_size=8)
names = st.from_regex(r"[a-z][a-z0-9_]{0,5}", fullmatch=True)
values = st.one_of(
    st.booleans(), st.integers(), numbers, texts, st.lists(numbers).map(tuple)
)  # fmt: skip
ids = st.builds(ResourceId, names, names, st.text(min_size=1, max_size=8))
pauses = st.builds(
    Pause, texts, texts, numbers, st.none() | numbers, st.lists(names, max_size=2).map(tuple)
)
ledgers = st.builds(
    Ledger,
    st.dictionaries(ids, st.dictionaries(texts, values, min_size=1, max_size=3), max_size=3),
    st.lists(pauses, max_size=3).map(tuple),
)


@given(ledgers)
def test_what_is_written_is_what_is_read(ledger: Ledger) -> None:
    text = ledger_text(ledger)
    assert parse_ledger(text) == ledger
    assert ledger_text(parse_ledger(text)) == text
    assert text.isascii()


def test_a_missing_one_is_empty(tmp_path: Path) -> None:
    assert load(tmp_path / "nowhere") == Ledger()


def test_it_is_kept_for_the_owner_only(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    assert change(folder, lambda _: LEDGER) == LEDGER
    assert load(folder) == LEDGER
    assert (folder / "ledger.json").stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700
    assert sorted(p.name for p in folder.iterdir()) == ["ledger.json", "ledger.lock"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "damaged"),
        ("{", "damaged"),
        ("[1]", "damaged"),
        ("{}", "damaged"),
        ("[" * 9999, "damaged"),
        ('{"format_version": 2, "notes": {}, "pauses": []}', "format_version 2"),
        ('{"format_version": 1, "notes": {}}', "damaged"),
        ('{"format_version": 1, "notes": {"hasta": {}}, "pauses": []}', "damaged"),
        ('{"format_version": 1, "notes": {"a/b.c": {"x": null}}, "pauses": []}', "damaged"),
        ('{"format_version": 1, "notes": {"a/b.c": {"x": NaN}}, "pauses": []}', "damaged"),
        ('{"format_version": 1, "notes": {"a/b.c": {"x": ["y"]}}, "pauses": []}', "damaged"),
        ('{"format_version": 1, "notes": [], "pauses": []}', "damaged"),
        ('{"format_version": 1, "notes": {}, "pauses": [{"owner": 1}]}', "damaged"),
    ],
)
def test_a_damaged_one_is_no_empty_one(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "ledger.json").write_text(text)
    with pytest.raises(BadLedger, match=says) as wrong:
        load(tmp_path)
    assert wrong.value.exit_code == 65
    assert f"mv {tmp_path}/ledger.json" in wrong.value.hint
    with pytest.raises(BadLedger):
        change(tmp_path, lambda _: LEDGER)
    assert (tmp_path / "ledger.json").read_text() == text


def test_any_torn_text_is_an_error(tmp_path: Path) -> None:
    text = ledger_text(LEDGER)
    for length in range(len(text.rstrip())):
        (tmp_path / "ledger.json").write_text(text[:length])
        with pytest.raises(BadLedger):
            load(tmp_path)


def test_a_full_disk_leaves_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    change(tmp_path, lambda _: LEDGER)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(disk.os, "fsync", full)
    with pytest.raises(DiskFull, match="No space left"):
        change(tmp_path, lambda _: Ledger())
    monkeypatch.undo()
    assert load(tmp_path) == LEDGER
    (tmp_path / "file").touch()
    with pytest.raises(CannotWrite):
        change(tmp_path / "file" / "state", lambda _: LEDGER)


def test_what_did_not_change_is_not_written(tmp_path: Path) -> None:
    change(tmp_path, lambda _: LEDGER)
    before = (tmp_path / "ledger.json").stat().st_ino
    empty = {ResourceId("a", "b", "c"): {}}
    change(tmp_path, lambda old: Ledger({**old.notes, **empty}, old.pauses))
    assert (tmp_path / "ledger.json").stat().st_ino == before


@pytest.mark.parametrize("note", [float("nan"), float("inf"), Secret("Zq7xTOKEN")])
def test_what_is_no_note_is_not_written(tmp_path: Path, note: Note) -> None:
    with pytest.raises((ValueError, TypeError)):
        change(tmp_path, lambda _: Ledger({HAST: {"x": note}}))
    assert not (tmp_path / "ledger.json").exists()


ADD = """
import sys
from pathlib import Path
from converge.core.ledger import Ledger, Pause
from converge.hosts.ledgerfile import change
for n in range(20):
    new = Pause(sys.argv[2], str(n), 0.0)
    change(Path(sys.argv[1]), lambda old: Ledger(old.notes, (*old.pauses, new)))
"""


def test_nobodys_change_is_lost(tmp_path: Path) -> None:
    argv = [sys.executable, "-c", ADD, str(tmp_path)]
    started = [subprocess.Popen([*argv, str(n)]) for n in range(4)]
    assert [process.wait(60) for process in started] == [0] * 4
    found = load(tmp_path).pauses
    assert len(found) == len({(p.owner, p.reason) for p in found}) == 80
