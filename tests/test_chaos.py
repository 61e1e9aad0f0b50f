"""The real command, killed anywhere, on a full disk, beside another one: nothing is lost by it.

The short form takes a sample of the instants (SEED chooses another), the long one (`make sim`)
takes all.
"""

import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest

from converge.hosts.clock import SystemClock
from converge.lab.store import load
from tests.chaos import (
    Story,
    accounted,
    after_the_kill,
    begun,
    count_traces,
    essence,
    forked,
    journal,
    mended,
    no_secret,
    played,
    secret_pair,
    small_disk,
    torn_lines,
    traced,
)
from tests.cli.commands import MYSQL, SEED, converge

SAMPLE = 10
STORIES = ("bare", "failover")


@pytest.fixture(autouse=True)
def _plain_surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [n for n in os.environ if n.startswith("CONVERGE_")]:
        monkeypatch.delenv(name)


@pytest.fixture(scope="module")
def stories(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Story]:
    """A bare pair, both nodes at once; and hastb alone, 8 s after hasta has lost its power."""
    pair = secret_pair(tmp_path_factory.mktemp("bare"), SEED)
    both = Story(pair, ("-y",), ("hasta", "hastb"))
    pair = secret_pair(tmp_path_factory.mktemp("failover"), MYSQL)
    pair.settle()
    pair.lab("advance", "90s")
    assert pair.put("hasta", "before") > 0
    assert pair("apply", "-y").code == 0
    for words in (("fault", "power-off", "hasta"), ("advance", "8s")):
        pair.lab(*words)
    rows = frozenset({("/dev/hast/test", "before")})
    return {
        "bare": both,
        "failover": Story(pair, ("--trigger", "devd", "--wait"), ("hastb",), rows),
    }


@pytest.fixture(scope="module")
def ends(stories: dict[str, Story], tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """What undisturbed runs come to."""
    found = {}
    for name, story in stories.items():
        here = story.at(tmp_path_factory.mktemp(f"end-{name}"))
        found[name] = essence(mended(here, []))
    return found


def traces(story: Story, folder: Path) -> list[str]:
    """Those that an undisturbed run leaves."""
    log = folder / "traces"

    def note(n: int, name: str) -> bool:
        with log.open("a") as file:
            file.write(f"{name}\n")
        return False

    assert traced(story.at(folder), folder / "said", note) == 0
    return log.read_text().split()


def boundaries(names: list[str]) -> list[int]:
    """Before and after whatever a next run can see: lines, files put in place of others."""
    seen = ("write", "fsync", "replace")
    around = zip(names, ["", *names], strict=False)
    return [n for n, (name, last) in enumerate(around, 1) if name in seen or last in seen]


def killed(story: Story, folder: Path, at: int, end: object) -> None:
    """Killed before that trace, mended, and the same in the end."""
    here = story.at(folder)
    code = traced(here, folder / "said", lambda n, _: n == at)
    assert code == -signal.SIGKILL
    assert not (folder / "said.broken").exists(), (folder / "said.broken").read_text()
    began = folder / "said.begun"
    if began.exists():
        intents = [x for x in journal(here)[len(journal(story)) :] if x.entry.what == "intent"]
        assert began.stat().st_size <= len(intents), "an effect without an intent"
    world = mended(here, after_the_kill(here))
    assert essence(world) == end


def written(story: Story) -> int:
    """Lines of the journal and of what its runs were decided upon."""
    inputs = story.state() / "inputs.jsonl"
    return len(journal(story)) + (inputs.read_bytes().count(b"\n") if inputs.exists() else 0)


def test_what_is_written_is_on_the_disk_before_anything_else(
    stories: dict[str, Story], tmp_path: Path
) -> None:
    """Killing a process cannot show it, as only a power cut would: what follows what."""
    names = traces(stories["failover"], tmp_path)
    here = stories["failover"].of(tmp_path)
    assert names.count("write") == written(here) - written(stories["failover"])
    assert {after for name, after in pairwise(names) if name == "write"} == {"fsync"}


def sample(name: str, count: int) -> list[int]:
    return sorted(
        Random(f"{os.environ.get('SEED', '')}{name}").sample(range(1, count + 1), SAMPLE)
    )


@pytest.mark.parametrize("name", STORIES)
def test_killed_before_some_of_its_traces(
    name: str, stories: dict[str, Story], ends: dict[str, object], tmp_path: Path
) -> None:
    (tmp_path / "whole").mkdir()
    count = len(traces(stories[name], tmp_path / "whole"))
    assert count > 100
    for at in sample(name, count):
        folder = tmp_path / str(at)
        folder.mkdir()
        killed(stories[name], folder, at, ends[name])


@pytest.mark.slow
@pytest.mark.parametrize("name", STORIES)
def test_killed_at_each_of_its_boundaries(
    name: str, stories: dict[str, Story], ends: dict[str, object], tmp_path: Path
) -> None:
    (tmp_path / "whole").mkdir()
    for at in boundaries(traces(stories[name], tmp_path / "whole")):
        folder = tmp_path / str(at)
        folder.mkdir()
        killed(stories[name], folder, at, ends[name])
        shutil.rmtree(folder)


def torn(story: Story, at: int) -> int:
    """The command, dead within that line of its journal; 0 when it has fewer."""

    def work() -> int:
        torn_lines(at)
        return converge(*story.line).code

    return forked(work)


@pytest.mark.parametrize("at", [1, 2, 3, 6, 9])
def test_killed_within_a_line_of_its_journal(
    at: int, stories: dict[str, Story], ends: dict[str, object], tmp_path: Path
) -> None:
    here = stories["failover"].at(tmp_path)
    assert torn(here, at) == -signal.SIGKILL
    assert essence(mended(here, after_the_kill(here))) == ends["failover"]


def test_a_journal_line_seen_from_outside_is_the_last_thing_it_did(
    stories: dict[str, Story], ends: dict[str, object], tmp_path: Path
) -> None:
    """A real process, watched from outside and killed as soon as its n-th line is there."""
    for n in (1, 2, 5):
        folder = tmp_path / str(n)
        folder.mkdir()
        here = stories["failover"].at(folder)
        path, process = here.state() / "journal.jsonl", begun(here)
        before = path.read_bytes().count(b"\n")
        while path.read_bytes().count(b"\n") < before + n and process.poll() is None:
            pass
        process.kill()
        process.communicate(timeout=60)
        assert essence(mended(here, after_the_kill(here))) == ends["failover"]


@pytest.mark.parametrize("rounds", [4, pytest.param(60, marks=pytest.mark.slow)])
def test_killed_at_any_instant_and_again(
    rounds: int, stories: dict[str, Story], ends: dict[str, object], tmp_path: Path
) -> None:
    """A real process by the clock of this machine; those that follow are killed, too."""
    luck = Random(os.environ.get("SEED", ""))
    for n in range(rounds):
        folder = tmp_path / str(n)
        folder.mkdir()
        name = STORIES[n % 2]
        here, told = stories[name].at(folder), 0
        for _ in range(2):
            process = begun(here)
            with contextlib.suppress(Exception):
                process.wait(luck.uniform(0.2, 1.4))
            process.kill()
            _, err = process.communicate(timeout=60)
            told += err.count("was cut off")
            left = after_the_kill(here)
        assert essence(mended(here, left)) == ends[name]
        assert told <= sum(line.entry.what == "unfinished" for line in journal(here))


def test_the_lock_is_free_and_the_mark_is_left_when_its_holder_dies(
    stories: dict[str, Story], ends: dict[str, object], tmp_path: Path
) -> None:
    here = stories["failover"].at(tmp_path)
    with held_up(here) as process:
        came = begun(here, "--trigger", "hast")
        _, err = came.communicate(timeout=60)
        assert came.returncode == 75, err
        assert (here.state() / "lab.again").exists()
        os.kill(process, signal.SIGKILL)
    left = after_the_kill(here)
    assert essence(mended(here, left)) == ends["failover"]
    assert not (here.state() / "lab.again").exists()


def test_two_triggers_at_once_are_one_run_and_one_more(
    stories: dict[str, Story], ends: dict[str, object], tmp_path: Path
) -> None:
    here = stories["failover"].at(tmp_path)
    before = len(journal(here))
    with held_up(here) as process:
        came = [begun(here, "--trigger", "hast") for _ in range(2)]
        for one in came:
            _, err = one.communicate(timeout=60)
            assert one.returncode == 75
            assert "being worked on by process" in err
        os.kill(process, signal.SIGCONT)
        assert os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == 0
    runs = [line for line in journal(here)[before:] if line.entry.what == "run"]
    assert [line.entry.fields["trigger"] for line in runs] == ["devd", "hast"]
    assert runs[1].run == f"{runs[0].run}.2"
    assert not (here.state() / "lab.again").exists()
    accounted(journal(here))
    assert essence(load(here.pair.state.read_text())) == ends["failover"]


@contextlib.contextmanager
def held_up(story: Story) -> Iterator[int]:
    """The command in a process that stops by itself in the middle, the lock in its hands."""
    child = os.fork()
    if not child:

        def stop(n: int, name: str) -> bool:
            if n == 30:
                os.kill(os.getpid(), signal.SIGSTOP)
            return False

        count_traces(stop)
        os._exit(converge(*story.line).code)
    os.waitpid(child, os.WUNTRACED)
    try:
        yield child
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(child, 0)


@pytest.mark.parametrize("rounds", [2, pytest.param(40, marks=pytest.mark.slow)])
def test_no_event_is_lost_whoever_has_the_lock(
    rounds: int, stories: dict[str, Story], tmp_path: Path
) -> None:
    """Each of three stops the database on its way in; whoever comes last, it runs in the end."""
    here = stories["failover"].at(tmp_path)
    mended(here, [])
    for n in range(rounds):
        luck = Random(n)
        codes = together(here, [luck.uniform(0, 0.15) for _ in range(3)])
        # Not 0 where the database was stopped by the next one while it was started.
        assert set(codes) <= {0, 1, 3, 75}, codes
        assert set(codes) != {75}
        assert not (here.state() / "lab.again").exists()
        assert "(0 done" in played(here).out
        accounted(journal(here))
    no_secret(here)


def together(story: Story, delays_s: list[float]) -> list[int]:
    """The exit codes of processes which begin so late after each other."""

    def work(delay_s: float) -> int:
        SystemClock().sleep(delay_s)
        script = "/usr/local/etc/rc.d/mysql-server"
        converge("lab", "run", "--lab", str(story.pair.state), "hastb", "sh", script, "onestop")
        return converge(*story.line).code

    children = []
    for delay_s in delays_s:
        child = os.fork()
        if not child:
            code = 99
            try:
                code = work(delay_s)
            finally:
                os._exit(code)
        children.append(child)
    return [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]


@contextlib.contextmanager
def _small(size: str) -> Iterator[Path]:
    with contextlib.ExitStack() as stack:
        try:
            folder = stack.enter_context(small_disk(size))
        except OSError as wrong:
            pytest.skip(f"no file system may be mounted here: {wrong}")
        yield folder


PAGE = 4096


@pytest.mark.parametrize("fits", [50, 300, 600, 1000, 4200])
def test_a_full_disk_under_the_state_folder(
    fits: int, stories: dict[str, Story], ends: dict[str, object], tmp_path: Path
) -> None:
    """So many bytes of the journal still fit, down to not even its first line."""
    here = stories["failover"].at(tmp_path)
    with _small("256k") as disk:
        kept = tmp_path / "kept"
        here.state().rename(kept)
        for path in kept.iterdir():
            (disk / path.name).write_bytes(path.read_bytes())
        here.state().symlink_to(disk)
        with (disk / "journal.jsonl").open("ab") as file:
            file.write(b"#" * ((-file.tell() - fits % PAGE - 1) % PAGE) + b"\n")
        fill(disk, fits // PAGE)
        world = here.pair.state.read_text()
        intents = sum(line.entry.what == "intent" for line in journal(here))
        said = played(here)
        assert said.code == 74, said
        assert "No space left on device" in said.err or "disk is full" in said.err
        left = after_the_kill(here)
        if sum(line.entry.what == "intent" for line in journal(here)) == intents:
            assert essence(load(here.pair.state.read_text())) == essence(load(world))
        (disk / "ballast").unlink()
        assert essence(mended(here, left)) == ends["failover"]


def fill(disk: Path, pages: int) -> None:
    """Leave so many free pages."""
    free = os.statvfs(disk)
    (disk / "ballast").write_bytes(b"x" * PAGE * (free.f_bavail - pages))


def test_a_state_folder_that_cannot_be_written(
    stories: dict[str, Story], ends: dict[str, object], tmp_path: Path
) -> None:
    here = stories["failover"].at(tmp_path)
    with _small("256k") as disk:
        for path in here.state().iterdir():
            (disk / path.name).write_bytes(path.read_bytes())
        here.state().rename(tmp_path / "kept")
        here.state().symlink_to(disk)
        before = here.pair.state.read_bytes()
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        said = played(here)
        assert said.code == 73, said
        assert "Read-only file system" in said.err
        assert here.pair.state.read_bytes() == before
        subprocess.run(["mount", "-o", "remount,rw", str(disk)], check=True)
        assert essence(mended(here, [])) == ends["failover"]


def test_a_full_disk_under_the_lab(
    stories: dict[str, Story], ends: dict[str, object], tmp_path: Path
) -> None:
    """What cannot be kept has not been done; the intent stands there and is reported."""
    here = stories["failover"].at(tmp_path)
    with _small("256k") as disk:
        (disk / "lab.json").write_bytes(here.pair.state.read_bytes())
        here.pair.state.unlink()
        here.pair.state.symlink_to(disk / "lab.json")
        before = here.pair.state.read_bytes()
        fill(disk, 1)
        said = played(here)
        assert said.code == 74, said
        assert "No space left on device" in said.err
        assert here.pair.state.read_bytes() == before
        assert [p.name for p in disk.iterdir() if p.name.startswith(".")] == []
        left = after_the_kill(here)
        (disk / "ballast").unlink()
        assert essence(mended(here, left)) == ends["failover"]
