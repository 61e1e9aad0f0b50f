"""Where what is remembered lives: on this machine, or beside the lab's file.

- A run of this machine (`local:`): CONVERGE_STATE_DIR and CONVERGE_RUN_DIR.
- A run over ssh from elsewhere: a folder of the pair's name in those, so that a machine may look
  after many pairs. One ledger serves all nodes of the run: its notes name the node.
- A lab: LAB.state, never this machine's. All of a lab is one file: it has one lock, and one ledger
  for both nodes, whoever acts on them.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from converge.core.errors import UsageError

STATE = "/var/db/converge"
RUN = "/var/run/converge"
LAB = "lab.json"


@dataclass(frozen=True, slots=True)
class Place:
    """The folder of journal and ledger; the folder and name of the lock; the lab's file or ''."""

    state: Path
    run: Path
    lock: str
    lab: str = ""


def place_of(urls: Mapping[str, str], acting: Iterable[str], pair: Callable[[], str]) -> Place:
    """The place of a run that acts on these nodes, reached so (none: this machine).

    `pair` is asked for the pair's name when it is needed: to read the desired file takes time.
    """
    nodes = sorted(acting)
    lab = next((urls[n] for n in nodes if urls.get(n, "").startswith("lab:")), "")
    if lab:
        path = lab_path(lab.removeprefix("lab:"))
        beside = Path(f"{path}.state").absolute()
        return Place(beside, beside, "lab", path)
    state = Path(os.environ.get("CONVERGE_STATE_DIR") or STATE)
    run = Path(os.environ.get("CONVERGE_RUN_DIR") or RUN)
    mine = [n for n in nodes if urls.get(n, "local:").startswith("local:")]
    if mine or not nodes:
        return Place(state, run, mine[0] if mine else "node")
    return Place(state / pair(), run / pair(), "pair")


def named_place(config: str, hosts: Iterable[str], nodes: Iterable[str]) -> Place:
    """The place of a run with these `--host` and `--node`; no door is opened."""
    urls = dict(_split(url) for url in hosts)
    acting = list(nodes) or list(urls)
    lost = [node for node in nodes if urls and node not in urls]
    if lost:
        raise UsageError(f"--node {lost[0]}: no --host says how to reach it")

    def pair() -> str:
        from converge.cli.reach.site import read_desired

        return read_desired(config).pair.name

    return place_of(urls, acting if urls else (), pair)


def named_nodes(hosts: Iterable[str], nodes: Iterable[str]) -> tuple[str, ...]:
    """The nodes that the command line speaks of; none: this machine, whatever it is called."""
    return tuple(sorted(set(nodes) or {_split(url)[0] for url in hosts}))


def _split(url: str) -> tuple[str, str]:
    node, equals, target = url.partition("=")
    if not node or not equals or not target:
        raise UsageError(f"--host {url}: write NODE=URL")
    return node, target


def lab_path(path: str | None) -> str:
    """The state file: as named, else CONVERGE_LAB, else lab.json here."""
    return path or os.environ.get("CONVERGE_LAB") or LAB
