"""What hosts of real machines must do with files, seen behind the door: owners, disks."""

import contextlib
import os
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from converge.core.host import (
    NO_SUCH_FILE,
    Answer,
    Edit,
    Read,
    Write,
)
from converge.hosts.answers import KEEP
from tests.hosts.conftest import Door

root_only = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


def test_what_cannot_be_read_is_not_absent(real_door: Door) -> None:
    fifo = f"{real_door.folder}/fifo"
    os.mkfifo(fifo)
    Path(real_door.folder, "dangling").symlink_to("nowhere")
    pipe, memory, below, dangling = real_door.host.ask(
        [
            Read(fifo),
            Read("/proc/self/mem"),
            Read("/etc/passwd/x"),
            Read(f"{real_door.folder}/dangling"),
        ]
    )
    assert pipe.lost == f"{fifo} cannot be read: it is not a plain file"
    if Path("/proc/self/mem").exists():
        assert memory.lost == "/proc/self/mem cannot be read: Input/output error"
    assert below == dangling == Answer(NO_SUCH_FILE)


def test_a_file_too_large_to_be_read_is_lost(real_door: Door) -> None:
    path = Path(real_door.folder, "large")
    path.write_bytes(b"x" * (KEEP + 1))
    assert real_door.host.ask([Read(str(path))])[0].lost.endswith(
        f"it is larger than {KEEP} bytes"
    )


@pytest.mark.parametrize("mode", [0o600, 0o755, 0o4711])
def test_mode_stays_unless_it_is_given(real_door: Door, mode: int) -> None:
    path = Path(real_door.folder, "f")
    path.write_text("a\n")
    path.chmod(mode)
    for effect in (Write(str(path), "b\n"), Edit(str(path), "b\n", "c\n")):
        assert real_door.do(effect) == Answer()
        assert path.stat().st_mode & 0o7777 == mode
    assert real_door.do(Write(str(path), "d\n", mode="0640")) == Answer()
    assert path.stat().st_mode & 0o7777 == 0o640


@root_only
def test_owner_stays_unless_it_is_given(real_door: Door) -> None:
    path = Path(real_door.folder, "f")
    path.write_text("a\n")
    os.chown(path, 1234, 5678)
    for effect in (Write(str(path), "b\n"), Edit(str(path), "b\n", "c\n")):
        assert real_door.do(effect) == Answer()
        assert (path.stat().st_uid, path.stat().st_gid) == (1234, 5678)
    assert real_door.do(Write(str(path), "d\n", owner="daemon:4321")) == Answer()
    assert (path.owner(), path.stat().st_gid) == ("daemon", 4321)
    answer = real_door.do(Write(str(path), "e\n", owner="no-such-user:daemon"))
    assert answer.code == 73
    assert path.read_text() == "d\n"


def test_a_new_file_is_0644_and_ours(real_door: Door) -> None:
    path = Path(real_door.folder, "f")
    assert real_door.do(Write(str(path), "a\n")) == Answer()
    assert path.stat().st_mode & 0o7777 == 0o644
    assert path.stat().st_uid == os.geteuid()


def test_a_link_stays_and_what_it_leads_to_is_replaced(real_door: Door) -> None:
    real, link = Path(real_door.folder, "real"), Path(real_door.folder, "link")
    real.write_text("a\n")
    link.symlink_to("real")
    assert real_door.do(Write(str(link), "b\n")) == Answer()
    assert real_door.do(Edit(str(link), "b\n", "c\n")) == Answer()
    assert link.is_symlink()
    assert real.read_text() == "c\n"


def test_a_folder_is_not_replaced(real_door: Door) -> None:
    for effect in (Write(real_door.folder, "x"), Edit(real_door.folder, "", "x\n")):
        answer = real_door.do(effect)
        assert (answer.code, answer.lost) == (73, "")
        assert "it is a directory" in answer.said
    assert Path(real_door.folder).is_dir()


def test_a_file_is_old_or_new_and_never_torn(real_door: Door) -> None:
    path = Path(real_door.folder, "f")
    contents = {letter * 300_000 for letter in "ab"}
    path.write_text(min(contents))
    seen: set[str] = set()
    stop = threading.Event()

    def look() -> None:
        while not stop.is_set():
            seen.add(path.read_text())

    looking = threading.Thread(target=look)
    looking.start()
    for n in range(8):
        assert real_door.do(Write(str(path), "ab"[n % 2] * 300_000)) == Answer()
    stop.set()
    looking.join()
    assert seen == contents
    assert list(Path(real_door.folder).iterdir()) == [path]


@contextlib.contextmanager
def mounted(folder: Path, options: str) -> Iterator[None]:
    """A small file system in memory; skips where that is not allowed."""
    mount = ["mount", "-t", "tmpfs", "-o", options, "none", str(folder)]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("file systems cannot be mounted here")
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def test_on_a_full_disk_the_old_file_stays(real_door: Door) -> None:
    folder = Path(real_door.folder)
    with mounted(folder, "size=128k"):
        path = folder / "f"
        path.write_text("old\n")
        for effect in (Write(str(path), "x" * 500_000), Edit(str(path), "", "x" * 500_000)):
            answer = real_door.do(effect)
            assert (answer.code, answer.lost) == (74, "")
            assert answer.said == f"{path} cannot be written: No space left on device"
        assert path.read_text() == "old\n"
        assert list(folder.iterdir()) == [path]


def test_in_a_read_only_folder_nothing_is_written(real_door: Door) -> None:
    folder = Path(real_door.folder)
    with mounted(folder, "ro"):
        answer = real_door.do(Write(f"{folder}/f", "x"))
        assert answer.code == 73
        assert answer.said == f"{folder}/f cannot be written: Read-only file system"
