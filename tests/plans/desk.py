"""Playing a case: the real command line, in process, on bundles or on a simulated pair."""

import contextlib
import io
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from converge.cli import run
from converge.cli.ground.blueprint import blueprint
from converge.cli.ground.labfile import close_labs, new_lab, open_lab
from converge.cli.reach.places import named_place
from converge.cli.reach.site import graph_of, read_desired
from converge.cli.running.memory import known
from converge.core.duration import parse_duration
from converge.core.ledger import Ledger
from converge.core.secret import Secret
from converge.hosts.bundle import write_bundle
from converge.lab.faults import FAULTS
from converge.lab.fresh import fresh
from converge.lab.host import Lab, LabClock
from converge.lab.shell import sh
from converge.lab.world import World
from tests.plans.cases import Case, query

TAKEN = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
PASSWORD = "testpass"
WAITING = ["--wait", "--timeout", "120s"]
"""How a trigger starts a run on one node."""
PASSWORD_FILE = "/usr/local/etc/converge/carp.pass"


@dataclass(frozen=True)
class Shown:
    """What a command showed, times masked, and its exit code."""

    code: int
    out: str
    err: str = ""


def converge(*args: str) -> Shown:
    """A command line, in this process."""
    out, err = io.StringIO(), io.StringIO()
    close_labs()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = run(args)
    return Shown(code, masked(out.getvalue()), masked(err.getvalue()))


def masked(text: str) -> str:
    """Without the times of day and without how long things took."""
    text = re.sub(r"(?m)^(seen at ).*", r"\1TIME", text)
    text = re.sub(r"(?m)^\d\d:\d\d:\d\d ", "", text)
    return re.sub(r"(: done|: failed) in [0-9.]+s", r"\1", text)


@dataclass
class Desk:
    """A folder to work in, and the worlds that stories have led to so far."""

    folder: Path
    played: dict[tuple[object, ...], "Played"] = field(default_factory=dict)

    def __post_init__(self) -> None:
        (self.folder / "carp.pass").write_text(PASSWORD + "\n")

    def config(self, case: Case, *, edited: bool = True) -> Path:
        """The case's desired file, with a password that is there, and with its changes."""
        text = case.desired.read_text().replace(PASSWORD_FILE, str(self.folder / "carp.pass"))
        changes = {**case.changes, **(case.edited if edited else {})}
        for old, new in changes.items():
            assert text.count(old) == 1, f"{old!r} is not once in {case.desired}"
            text = text.replace(old, new)
        path = self.folder / (f"{case.name}.toml" if changes else case.desired.name)
        path.write_text(text)
        return path

    def plan(self, case: Case, *words: str) -> Shown:
        """`converge plan` for the case's nodes."""
        return converge("plan", *words, *self.doors(case))

    def doors(self, case: Case) -> tuple[str, ...]:
        """Arguments: the desired file, and how to reach the nodes as the case finds them."""
        config = self.config(case)
        hosts = [f"{node}={self._door(case, node)}" for node in (*case.nodes, *case.evidence)]
        words = [word for host in hosts for word in ("--host", host)]
        if case.evidence:
            words += [word for node in case.nodes for word in ("--node", node)]
        return "-c", str(config), *words

    def _door(self, case: Case, node: str) -> str:
        if case.story is not None:
            path = self.folder / "lab.json"
            self.played_to(case, case.story).put(path)
            return f"lab:{path}"
        path = self.folder / f"{case.name}-{node}.json"
        heard = [(query(text), answer) for text, answer in case.answers[node].items()]
        path.write_text(write_bundle(node, TAKEN, heard, [Secret(PASSWORD)]))
        return f"bundle:{path}"

    def world(self, case: Case, story: tuple[str, ...]) -> World:
        """The world that a story leads to."""
        return self.played_to(case, story).world

    def ledger(self, case: Case) -> Ledger:
        """What is remembered at the end of the case's story."""
        path = self.folder / "lab.json"
        self.played_to(case, case.story or ()).put(path)
        hosts = [f"{node}=lab:{path}" for node in case.nodes]
        place = named_place("", hosts, case.nodes)
        return known(place, LabClock(open_lab(str(path)).lab))

    def played_to(self, case: Case, story: tuple[str, ...]) -> "Played":
        """Each beginning of a story is played once."""
        key = (case.desired, tuple(case.changes.items()), story)
        if key not in self.played:
            self.played[key] = self._play(case, story)
        return self.played[key]

    def _play(self, case: Case, story: tuple[str, ...]) -> "Played":
        config = self.config(case, edited=False)
        if not story:
            desired = read_desired(str(config))
            return Played(fresh(blueprint(desired, graph_of(desired))))
        line, _, code = story[-1].partition(" -> ")
        before = self.played_to(case, story[:-1])
        if line.startswith("apply"):
            return _apply(before, line.split()[1:], int(code or 0), config)
        return replace(before, world=step(before.world, line, int(code or 0)))


@dataclass(frozen=True)
class Played:
    """Where a story has led to: the world, and by name the files of the runs' memory."""

    world: World
    memory: Mapping[str, bytes] = field(default_factory=dict)

    def put(self, path: Path) -> None:
        """Make it the lab in that file, with its memory and no other's."""
        new_lab(str(path), self.world)
        state = _state(path)
        shutil.rmtree(state, ignore_errors=True)
        for name, content in self.memory.items():
            (state / name).parent.mkdir(parents=True, exist_ok=True)
            (state / name).write_bytes(content)


def _state(path: Path) -> Path:
    return path.with_name(f"{path.name}.state")


def step(world: World, line: str, code: int) -> World:
    """One line of a story that is no run. `code`: what a program must end with."""
    word, _, rest = line.partition(" ")
    lab = Lab(world)
    if word == "advance":
        LabClock(lab).sleep(parse_duration(rest))
    elif word == "fault":
        name, node, argument = [*rest.split(), ""][:3]
        lab.world = FAULTS[name].act(world, node, argument)
    else:
        result = sh(world, word.removesuffix(":"), rest)
        lab.world = result.world
        assert result.answer.code == code, f"{line}: {result.answer.said}"
        LabClock(lab).sleep(min(result.took_s, 600.0))
    return lab.world


def _apply(before: Played, nodes: list[str], code: int, config: Path) -> Played:
    """`converge apply` of both nodes; of one, the other being looked at; or of one `alone`. A
    run of one node waits for the proof of the peer's death."""
    path = config.with_name("story.json")
    before.put(path)
    seen = nodes[:1] if "alone" in nodes else before.world.machines
    words = [word for node in seen for word in ("--host", f"{node}=lab:{path}")]
    words += [word for node in nodes[:1] for word in ("--node", node)]
    words += WAITING if nodes else []
    shown = converge("apply", "-y", "-c", str(config), *words)
    assert shown.code == code, shown.err[-300:]
    close_labs()
    files = sorted(one for one in _state(path).rglob("*") if one.is_file())
    memory = {str(one.relative_to(_state(path))): one.read_bytes() for one in files}
    return Played(open_lab(str(path)).lab.world, memory)
