"""Runs that die: a `converge` process that is killed at its n-th trace, and what it left behind.

A trace is whatever outlives the process: a system call that writes, renames, removes, locks.
"""

import contextlib
import fcntl
import io
import os
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from converge.cli import run
from converge.cli.ground.labfile import LabFile, _FileHost, close_labs
from converge.core.host import Effect, Ticket
from converge.core.journal import Line, unfinished
from converge.hosts import journal as journals
from converge.hosts.journal import read_journal
from converge.hosts.ledgerfile import load as load_ledger
from converge.lab.store import load
from converge.lab.world import Machine, World
from converge.proving.judge import invariants, sights
from converge.proving.judge.history import Deed, History
from tests.cli.commands import Pair, Said, new_pair

ROOT = Path(__file__).parents[1]
TOKEN = "Zq7xTOKENw3vK9"
TRACES = ("write", "fsync", "pwrite", "ftruncate", "replace", "unlink", "close", "mkdir")


@dataclass(frozen=True)
class Story:
    """A command on a pair as it is before it; `end` is what an undisturbed run makes of it."""

    pair: Pair
    words: tuple[str, ...]
    nodes: tuple[str, ...]
    rows: frozenset[tuple[str, str]] = frozenset()

    @property
    def line(self) -> tuple[str, ...]:
        return "apply", *self.words, *self.pair.doors(*self.nodes)

    def at(self, folder: Path) -> "Story":
        """The same in another folder, which is there already."""
        copy(self.pair.state.parent, folder)
        return self.of(folder)

    def of(self, folder: Path) -> "Story":
        """What a copy in that folder has become."""
        here = Pair(folder / self.pair.config.name, folder / self.pair.state.name)
        return Story(here, self.words, self.nodes, self.rows)

    def state(self) -> Path:
        return Path(f"{self.pair.state}.state")


def copy(source: Path, target: Path) -> None:
    subprocess.run(["cp", "-a", f"{source}/.", str(target)], check=True)


def secret_pair(folder: Path, example: Path) -> Pair:
    """A pair whose CARP password is the token."""
    pair = new_pair(folder, example)
    secret = folder / "carp.pass"
    secret.write_text(f"{TOKEN}\n")
    text = pair.config.read_text().replace(str(secret), "carp.pass")
    pair.config.write_text(text.replace('"testpass"', f'"{TOKEN}"'))
    return pair


def forked(work: Callable[[], int]) -> int:
    """`work` in a process of its own: its exit code, or minus the signal that killed it."""
    child = os.fork()
    if not child:
        code = 99
        try:
            code = work()
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def traced(story: Story, said: Path, kill: Callable[[int, str], bool]) -> int:
    """The command in a process of its own, SIGKILLed before the trace for which `kill` says so.

    What it prints goes to `said`; what its world breaks on the way to `said`.broken.
    """

    def work() -> int:
        watch_worlds(said.with_suffix(".broken"), story)
        watch_effects(said, story)
        count_traces(kill)
        out = io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
            close_labs()
            code = run(story.line)
        said.write_text(out.getvalue())
        return code

    return forked(work)


def count_traces(kill: Callable[[int, str], bool]) -> None:
    """Ask `kill` before each trace, from now on in this process."""
    count = 0

    def counted(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def before(*words: Any, **options: Any) -> Any:
            nonlocal count
            count += 1
            if kill(count, name):
                os.kill(os.getpid(), signal.SIGKILL)
            return call(*words, **options)

        return before

    for name in TRACES:
        setattr(os, name, counted(name, getattr(os, name)))
    fcntl.flock = counted("flock", fcntl.flock)


def torn_lines(at: int) -> None:
    """The n-th line of the journal is written by half, and the process dies."""
    whole, count = os.write, 0

    def half(descriptor: int, data: bytes) -> int:
        nonlocal count
        count += 1
        if count == at:
            whole(descriptor, data[: len(data) // 2])
            os.kill(os.getpid(), signal.SIGKILL)
        return whole(descriptor, data)

    journals.os.write = half  # type: ignore[assignment]


def watch_worlds(path: Path, story: Story) -> None:
    """Judge each world that is kept: in this process, from the one before it."""
    keep, history = LabFile._keep, History(rows=story.rows)
    before = load(story.pair.state.read_text())

    def judged(self: LabFile, *, lasting: bool) -> None:
        nonlocal before, history
        keep(self, lasting=lasting)
        after = self.lab.world
        if after is before:
            return
        history = invariants.noted(history, before, after, Deed("actor", story.nodes[0]))
        before = after
        if found := invariants.broken(after, history):
            with path.open("a") as file:
                file.write("".join(f"{one}\n" for one in found))

    LabFile._keep = judged  # type: ignore[method-assign]


def watch_effects(said: Path, story: Story) -> None:
    """Count each effect before it begins; what its machine did is in the file before an answer."""
    real = {name: getattr(_FileHost, name) for name in ("begin", "wait")}

    def watched(self: _FileHost, name: str, *words: Any) -> Any:
        answer = real[name](self, *words)
        if load(story.pair.state.read_text()) != self._lab.world:
            with said.with_suffix(".broken").open("a") as file:
                file.write(f"{name} {words}: what it did is not in the file\n")
        return answer

    def begin(self: _FileHost, effect: Effect) -> Ticket:
        with said.with_suffix(".begun").open("a") as file:
            file.write("x")
        ticket: Ticket = watched(self, "begin", effect)
        return ticket

    _FileHost.begin = begin  # type: ignore[method-assign]
    _FileHost.wait = lambda *words: watched(words[0], "wait", *words[1:])  # type: ignore[method-assign,assignment]


def begun(story: Story, *more: str) -> subprocess.Popen[str]:
    """The same as a real command of its own, not waited for."""
    env = {**os.environ, "PYTHONPATH": str(ROOT), "CONVERGE_NO_INPUT": "1"}
    argv = [sys.executable, "-m", "converge", *story.line, *more]
    return subprocess.Popen(
        argv, env=env, text=True, cwd=story.pair.state.parent,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip


def journal(story: Story) -> list[Line]:
    return list(read_journal(story.state()))


def accounted(lines: list[Line]) -> None:
    """Each intent has one outcome, or was reported once; runs do not overlap."""
    ends: Counter[tuple[object, object]] = Counter()
    intents: list[tuple[object, object]] = []
    for line in lines:
        what, fields = line.entry.what, line.entry.fields
        if what == "intent":
            intents.append((line.run, fields["n"]))
        elif what == "outcome" and "n" in fields:
            ends[line.run, fields["n"]] += 1
        elif what == "unfinished":
            ends[fields["of"], fields["n"]] += 1
    assert len(set(intents)) == len(intents)
    assert ends == Counter(intents)
    order = [line.run for line in lines]
    assert len({*order}) == 1 + sum(a != b for a, b in pairwise(order)), "two runs at once"


def after_the_kill(story: Story) -> list[Line]:
    """What must hold at once: the world is safe, ledger and journal can be read. Left intents."""
    world = load(story.pair.state.read_text())
    assert invariants.broken(world, History(rows=story.rows)) == ()
    assert not [m for n in world.machines.values() for m in n.mounts if m.gone]
    load_ledger(story.state())
    return unfinished(journal(story))


def mended(story: Story, left: list[Line]) -> World:
    """The next runs: they say what was left, once, and come to the end."""
    said = played(story)
    assert said.code != 75, "the lock sticks"
    assert said.err.count("was cut off") == len(left), said.err
    for _ in range(4):
        if said.code == 0 and "(0 done" in said.out:
            break
        story.pair.lab("advance", "20s")
        said = played(story)
        assert "was cut off" not in said.err
    else:
        raise AssertionError(said)
    accounted(journal(story))
    no_secret(story)
    return load(story.pair.state.read_text())


def played(story: Story) -> Said:
    return story.pair("apply", *story.words, nodes=story.nodes)


def no_secret(story: Story) -> None:
    """The token stands in the desired file, and in the lab, whose machines keep it in rc.conf;
    also in what a killed process left half written of the lab: no artefact of converge."""
    for path in sorted(story.pair.state.parent.rglob("*")):
        lab = path.name == "lab.json" or path.name.startswith(".converge-")
        mine = path.parent == story.pair.state.parent and (
            lab or path.name in ("carp.pass", "desired.toml")
        )
        if path.is_file() and not mine:
            assert TOKEN not in path.read_text(errors="replace"), path


def essence(world: World) -> object:
    """What an end is: roles, mounts, addresses, databases and their rows, files of /etc."""
    return {node: _of(machine) for node, machine in sorted(world.machines.items())}


def _of(machine: Machine) -> object:
    if not machine.powered:
        return "off"
    files = {
        path: (file.text, file.mode, file.owner)
        for path, file in machine.files.items()
        if path.startswith(("/etc/", "/usr/local/etc/", "/boot/"))
    }
    return (
        {r.name: r.role for r in sights.volumes(machine)},
        sorted((m.device, m.path, m.options) for m in machine.mounts),
        [sorted(sights.written_rows(m.ufs)) for m in machine.mounts],
        sorted((i.name, v.vhid, v.state) for i in machine.interfaces.values() for v in i.vhids),
        len(sights.servers(machine)),
        files,
    )


@contextlib.contextmanager
def small_disk(size: str) -> Iterator[Path]:
    """A file system of so many bytes; OSError where none may be mounted."""
    folder = Path(tempfile.mkdtemp(prefix="converge-small-"))
    argv = ["mount", "-t", "tmpfs", "-o", f"size={size},mode=700", "tmpfs", str(folder)]
    try:
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
    except FileNotFoundError as wrong:
        raise OSError("there is no mount(8)") from wrong
    if done.returncode:
        folder.rmdir()
        raise OSError(done.stderr.strip())
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)
        folder.rmdir()
