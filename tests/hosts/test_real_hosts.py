"""What hosts of real machines must do, seen behind the door: processes, owners, disks, time."""

import contextlib
import os
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from converge.core.host import (
    NO_SUCH_FILE,
    Answer,
    Command,
    Edit,
    Read,
    Run,
    Write,
)
from converge.hosts.answers import ENVIRONMENT, KEEP
from tests.hosts.conftest import Door
from tests.hosts.watching import alive, gone, nap

root_only = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


# --- Programs


def test_a_program_has_only_our_environment(
    real_door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LANG", "de_DE.UTF-8")
    monkeypatch.setenv("MYSQL_PWD", "x")
    (answer,) = real_door.host.ask([Run(("env",))])
    found = dict(line.split("=", 1) for line in answer.stdout.splitlines())
    of_the_shell = {"PWD", "OLDPWD", "SHLVL", "_"}
    assert {k: v for k, v in found.items() if k not in of_the_shell} == ENVIRONMENT


def test_a_program_starts_in_the_root_folder_with_an_empty_input(real_door: Door) -> None:
    old = os.umask(0o077)
    answers = real_door.host.ask([Run(("pwd",)), Run(("cat",)), Run(("sh", "-c", "umask"))])
    os.umask(old)
    assert [answer.stdout.strip() for answer in answers] == ["/", "", "0022"]


def test_a_program_that_may_not_run_is_126(real_door: Door) -> None:
    (answer,) = real_door.host.ask([Run(("/etc/passwd",))])
    assert (answer.code, answer.lost) == (126, "")


def test_a_killed_program_has_the_code_of_the_shell(real_door: Door) -> None:
    (answer,) = real_door.host.ask([Run(("sh", "-c", "echo so far; kill -KILL $$"))])
    assert answer == Answer(137, "so far\n")


def test_what_is_silent_is_lost_in_time_with_its_whole_group(real_door: Door) -> None:
    napping = nap()
    began = time.monotonic()
    (answer,) = real_door.host.ask(
        [Run(("sh", "-c", f"echo so far; {napping} & {napping}"), deadline_s=0.5)]
    )
    assert time.monotonic() - began < 2.0
    assert answer.lost == "no answer within 0.5 s (sh was killed)"
    assert gone(napping)


def test_what_ignores_term_is_killed(real_door: Door) -> None:
    napping = nap()
    began = time.monotonic()
    script = f"trap '' TERM; {napping} & {napping}"
    (answer,) = real_door.host.ask([Run(("sh", "-c", script), deadline_s=0.3)])
    assert 2.2 < time.monotonic() - began < 5.0
    assert answer.lost == "no answer within 0.3 s (sh was killed)"
    assert gone(napping)


def test_what_ignores_term_behind_a_program_that_does_not_is_killed(real_door: Door) -> None:
    napping = nap()
    script = f"(trap '' TERM; exec {napping}) & sleep 60"
    (answer,) = real_door.host.ask([Run(("sh", "-c", script), deadline_s=0.5)])
    assert answer.lost == "no answer within 0.5 s (sh was killed)"
    assert gone(napping)


def test_a_command_too_is_lost_at_its_deadline(real_door: Door) -> None:
    napping = nap()
    answer = real_door.do(Command(tuple(napping.split()), deadline_s=0.3))
    assert answer.lost == "no answer within 0.3 s (sleep was killed)"
    assert gone(napping)


def test_one_that_hangs_keeps_no_other_from_answering(real_door: Door) -> None:
    napping = nap()
    queries = [Run(tuple(napping.split()), 0.5), *[Run(("echo", "x"))] * 3]
    answers = real_door.host.ask(queries)
    assert answers[0].lost
    assert answers[1:] == [Answer(0, "x\n")] * 3


def test_a_daemon_that_keeps_the_pipe_does_not_keep_us_and_lives_on(real_door: Door) -> None:
    napping = nap()
    began = time.monotonic()
    (answer,) = real_door.host.ask([Run(("sh", "-c", f"{napping} & echo $!; exit 3"))])
    assert time.monotonic() - began < 3.0
    assert (answer.code, answer.lost) == (3, "")
    assert alive(napping)
    os.kill(int(answer.stdout), 9)


def test_a_batch_runs_side_by_side(real_door: Door) -> None:
    began = time.monotonic()
    assert real_door.host.ask([Run(("sleep", "1"))] * 12) == [Answer()] * 12
    assert time.monotonic() - began < 4.0


def test_a_large_batch_runs_in_bounds(real_door: Door, tmp_path: Path) -> None:
    script = 'cd "$1"; : >$$; ls | wc -l; sleep 0.3; rm $$'
    answers = real_door.host.ask([Run(("sh", "-c", script, "sh", str(tmp_path)))] * 40)
    most = [int(answer.stdout) for answer in answers]
    assert len(most) == 40
    assert 2 <= max(most) <= 16


def test_output_is_bounded(real_door: Door) -> None:
    sizes = (KEEP, KEEP + 1, 20 * KEEP)
    fits, too_much, far_too_much = (("head", "-c", str(size), "/dev/zero") for size in sizes)
    whole, *cut, other = real_door.host.ask(
        [Run(fits), Run(too_much), Run(far_too_much), Run(("echo", "x"))]
    )
    assert (len(whole.stdout), whole.lost) == (KEEP, "")
    assert [answer.lost for answer in cut] == [f"head printed more than {KEEP} bytes"] * 2
    assert other == Answer(0, "x\n")
    done = real_door.do(Command(too_much))
    assert (done.code, len(done.stdout), done.lost) == (0, KEEP, "")


def test_input_and_output_may_be_larger_than_a_pipe(real_door: Door) -> None:
    text = "0123456789abcde\n" * 20000
    assert real_door.do(Command(("cat",), stdin=text)) == Answer(0, text)
    assert real_door.do(Command(("true",), stdin=text)) == Answer()


def test_a_word_no_program_can_take_is_lost(real_door: Door) -> None:
    good, bad = real_door.host.ask([Run(("echo", "x")), Run(("echo", "a\0b"))])
    assert good == Answer(0, "x\n")
    assert bad.lost == "echo could not be started: embedded null byte"


# --- Files


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
