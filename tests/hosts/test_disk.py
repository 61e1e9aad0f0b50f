"""Files of this machine: what cannot be arranged through a door."""

import contextlib
import os
import resource
from collections.abc import Iterator
from pathlib import Path

import pytest

from converge.core.host import CHANGED_MEANWHILE, Answer, Edit, Write
from converge.hosts import disk


@contextlib.contextmanager
def small_files() -> Iterator[None]:
    """No file may grow beyond 1000 bytes: to a process that is as good as a full disk.

    Only around one call: the log that the tests write is a file as well.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_what_does_not_fit_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_text("old\n")
    with small_files():
        answer = disk.write(Write(str(path), "x" * 2000))
    assert answer == Answer(74, stderr=f"{path} cannot be written: File too large")
    assert path.read_text() == "old\n"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("saved", ["a=1\ntheirs=1\n", None])
def test_a_save_between_our_reading_and_writing_is_not_undone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, saved: str | None
) -> None:
    """An operator's editor saves, or removes the file, while the new one is being synced."""
    path = tmp_path / "f"
    path.write_text("a=1\n")

    def save(descriptor: int) -> None:
        path.unlink()
        if saved is not None:
            path.write_text(saved)

    monkeypatch.setattr(os, "fsync", save)
    assert disk.edit(Edit(str(path), "a=1\n", "a=2\n")).code == CHANGED_MEANWHILE
    assert (path.read_text() if path.exists() else None) == saved
    assert len(list(tmp_path.iterdir())) == (saved is not None)


def test_file_and_folder_are_on_disk_before_the_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file before the rename, the folder after it: else a power cut could lose both."""
    path = tmp_path / "f"
    synced: list[tuple[bool, bool]] = []
    fsync = os.fsync

    def watch(descriptor: int) -> None:
        synced.append((Path(f"/dev/fd/{descriptor}").is_dir(), path.exists()))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", watch)
    assert disk.write(Write(str(path), "x")) == Answer()
    assert synced == [(False, False), (True, True)]


@pytest.mark.parametrize("path", ["/proc/self/no\0where", "loop"])
def test_a_path_that_leads_nowhere_is_an_answer(tmp_path: Path, path: str) -> None:
    (tmp_path / "loop").symlink_to("loop")
    where = str(tmp_path / path)
    assert disk.read(where).lost
    assert disk.write(Write(where, "x")).code == 73
    assert disk.edit(Edit(where, "", "x\n")).code == 73
