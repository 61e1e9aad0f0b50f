"""What most commands begin with: the desired file read, its graph built, the doors opened."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from converge.cli.reach.doors import Doors, open_doors
from converge.cli.reach.places import Place, place_of
from converge.core.desired import Desired
from converge.core.errors import BadDesired, NoSuchFile, Problem, near
from converge.core.graph import Graph
from converge.core.host import Reader
from converge.engine.desired import load
from converge.engine.graph import build
from converge.freebsd import kinds


@dataclass(slots=True)
class Site:
    """A pair as desired, and the doors to it."""

    desired: Desired
    graph: Graph
    doors: Doors
    text: str
    """Of the desired file, secrets and all: only to be compared."""

    @property
    def readers(self) -> dict[str, Reader]:
        return {**self.doors.readers, **self.doors.hosts}

    @property
    def acting(self) -> list[str]:
        """Nodes that the command line is about: those it may act on, else those it can see."""
        return sorted(self.doors.hosts or self.doors.named or self.doors.readers)

    @property
    def place(self) -> Place:
        """Where a run on those nodes keeps what it remembers."""
        return place_of(self.doors.urls, self.acting, lambda: self.desired.pair.name)


HINT = "Name another with -c FILE or CONVERGE_CONFIG; desired/ has examples."


def read_desired(path: str) -> Desired:
    """The desired file, or every problem in it at once (BadDesired)."""
    return desired_of(read_text(path), path)


def read_text(path: str, hint: str = HINT) -> str:
    """The text of a file that was named (NoSuchFile)."""
    try:
        return Path(path).read_bytes().decode("utf-8", errors="surrogateescape")
    except OSError as wrong:
        raise NoSuchFile(f"{path}: {wrong.strerror}", hint) from wrong


def desired_of(text: str, path: str) -> Desired:
    """The same, of a text that was read already."""
    return load(text, path, kinds(), _read_secret)


def _read_secret(path: str) -> str | None:
    try:
        return Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None


def graph_of(desired: Desired) -> Graph:
    """The graph of a desired file, or what is wrong between its tables (BadDesired)."""
    graph, flaws = build(desired.pair, desired.resources, kinds(), desired.digest)
    if graph is None:
        found = dict.fromkeys(
            desired.problem(f.id, (f.field,) if f.field else (), f.message, "", f.guess)
            for f in flaws
        )
        raise BadDesired(list(found))
    if lost := list(_ignored_strangers(desired, graph)):
        raise BadDesired(lost)
    return graph


def _ignored_strangers(desired: Desired, graph: Graph) -> Iterator[Problem]:
    """What should be ignored and is neither declared nor implied: it would never match."""
    known = [name for id in graph.order for name in (str(id.ref), str(id))]
    for n, ignore in enumerate(desired.ignores):
        if ignore.resource not in known:
            said = f"there is no resource {ignore.resource}; `converge graph` lists them all"
            guess = near(ignore.resource, known)
            yield desired.source.problem(("ignore", n, "resource"), said, guess=guess)


@contextlib.contextmanager
def site(
    config: str, hosts: Sequence[str], nodes: Sequence[str], *, alone: bool = False,
    wish: Callable[[Desired], Desired] = lambda desired: desired,
) -> Iterator[Site]:  # fmt: skip
    """A site whose doors are closed in the end. `alone`: a node's peer is not looked at. `wish`:
    what a command makes of what is desired."""
    text = read_text(config)
    desired = wish(desired_of(text, config))
    graph = graph_of(desired)
    doors = open_doors(desired.pair, hosts, nodes, None if alone else desired.peer)
    try:
        yield Site(desired, graph, doors, text)
    finally:
        doors.close()
