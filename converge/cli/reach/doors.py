"""From `--host NODE=URL` to the readers and hosts of a run, and the clock that goes with them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from converge.core.desired import PeerTable
from converge.core.errors import UsageError
from converge.core.host import Clock, Host, Reader
from converge.core.pair import Pair

SCHEMES = "local:, ssh://user@host:port, lab:FILE or bundle:FILE"


@dataclass(slots=True)
class Doors:
    """The doors to the nodes: `hosts` can act, `readers` can only look. `close` ends them.

    `named`: the nodes that the command line is about; none: all. `taken`: when the bundles were.
    `urls`: how each node is reached.
    """

    clock: Clock
    named: tuple[str, ...] = ()
    taken: list[datetime] = field(default_factory=list)
    hosts: dict[str, Host] = field(default_factory=dict)
    readers: dict[str, Reader] = field(default_factory=dict)
    closers: list[Callable[[], None]] = field(default_factory=list)
    urls: Mapping[str, str] = field(default_factory=dict)

    def close(self) -> None:
        for closer in reversed(self.closers):
            closer()


def open_doors(
    pair: Pair, urls: Iterable[str], nodes: Iterable[str], peer: PeerTable | None = None
) -> Doors:
    """Doors as the command line asks for them; without `--host` this machine alone.

    Of the nodes that can be acted on, only `nodes` (if any are named) are; the others are looked
    at for evidence. A node alone looks at its peer as `peer` says, or, without it, not at all.
    """
    wanted = _split(pair, urls) or {_myself(pair, nodes): "local:"}
    acting = list(nodes) or list(wanted)
    for node in acting:
        if node not in wanted:
            raise UsageError(f"--node {node}: no --host says how to reach it")
    doors = Doors(_clock(wanted), tuple(nodes), urls=wanted)
    for node, url in sorted(wanted.items()):
        door = _open(doors, node, url)
        if node in acting and isinstance(door, Host):
            doors.hosts[node] = door
        else:
            doors.readers[node] = door
    if peer and peer.ask and len(wanted) == 1:
        _look_at_peer(doors, pair, peer, *next(iter(wanted.items())))
    if len(doors.taken) == len(wanted):
        from converge.hosts.bundle import BundleClock

        doors.clock = BundleClock(min(doors.taken))
    return doors


def _look_at_peer(doors: Doors, pair: Pair, peer: PeerTable, node: str, url: str) -> None:
    """A reader of the other node by all its paths, where `node` is met from within."""
    other, scheme = pair.peer_of(node), url.partition(":")[0]
    if other is None or scheme not in ("local", "lab"):
        return
    from converge.cli.reach.peer import lab_reader, ssh_reader

    if scheme == "local":
        doors.readers[other.name], closer = ssh_reader(other, peer, doors.clock)
        doors.closers.append(closer)
    elif reader := lab_reader(other, node, url.removeprefix("lab:")):
        doors.readers[other.name] = reader


def _split(pair: Pair, urls: Iterable[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for url in urls:
        node, equals, target = url.partition("=")
        if not equals or not target:
            raise UsageError(f"--host {url}: write NODE=URL, the URL being {SCHEMES}")
        if node not in pair.nodes:
            raise UsageError(f"--host {url}: the pair has the nodes {', '.join(pair.nodes)}")
        if node in found:
            raise UsageError(f"--host {url}: {node} is reached by {found[node]} already")
        found[node] = target
    return found


def _myself(pair: Pair, nodes: Iterable[str]) -> str:
    """Which node this machine is: by --node, else by its host name."""
    named = list(nodes)
    if len(named) == 1 and named[0] in pair.nodes:
        return named[0]
    mine = os.uname().nodename.lower()
    for name, node in pair.nodes.items():
        if mine in (node.hostname.lower(), node.hostname.split(".")[0].lower(), name.lower()):
            return name
    raise UsageError(
        f"this machine is called {mine!r}, which is none of the pair's nodes "
        f"({', '.join(pair.nodes)}): name one with --node, or reach them with --host NODE=URL"
    )


def _clock(urls: Mapping[str, str]) -> Clock:
    """The lab has its own time; everything else has the system's."""
    labs = {url for url in urls.values() if url.startswith("lab:")}
    if not labs:
        from converge.hosts.clock import SystemClock

        return SystemClock()
    if len(labs) > 1 or len(labs) != len(set(urls.values())):
        raise UsageError("all nodes of a run are in the same lab, or none is")
    from converge.cli.ground.labfile import open_lab

    return open_lab(labs.pop().removeprefix("lab:")).clock


def _open(doors: Doors, node: str, url: str) -> Reader:
    scheme = url.partition(":")[0]
    if scheme == "local":
        from converge.hosts.local import LocalHost

        return LocalHost(doors.clock)
    if scheme == "ssh":
        from converge.hosts.ssh import SshHost

        host = SshHost(url, doors.clock)
        doors.closers.append(host.close)
        return host
    if scheme == "lab":
        from converge.cli.ground.labfile import open_lab

        lab = open_lab(url.removeprefix("lab:"))
        machines = lab.lab.world.machines
        if node not in machines:
            raise UsageError(
                f"--host {node}={url}: the lab in {lab.path} has no {node}; it has "
                f"{', '.join(machines)}",
                "Make one that fits in another file: "
                f"converge lab new -c DESIRED --lab FILE, then --host {node}=lab:FILE",
            )
        doors.closers.append(lab.save)
        return lab.host(node)
    if scheme == "bundle":
        from converge.hosts.bundle import BundleReader

        reader = BundleReader(Path(url.removeprefix("bundle:")))
        if reader.bundle.node != node:
            raise UsageError(f"--host {node}={url}: that is a bundle of {reader.bundle.node}")
        doors.taken.append(reader.bundle.taken)
        return reader
    raise UsageError(f"--host {node}={url}: the URL is {SCHEMES}")
