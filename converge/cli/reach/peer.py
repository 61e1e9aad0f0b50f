"""The peer of the node that a run is on: looked at by every path, never acted on."""

from __future__ import annotations

from collections.abc import Callable

from converge.core.desired import PeerTable
from converge.core.host import Clock, Reader
from converge.core.pair import Node
from converge.hosts.paths import PathsReader

SSH = ("ssh",)


def ssh_reader(other: Node, peer: PeerTable, clock: Clock) -> tuple[Reader, Callable[[], None]]:
    """By ssh to each of its addresses; and what to call in the end."""
    from converge.hosts.target import Target
    from converge.hosts.ways import SshWays

    key = ("-i", peer.identity, "-o", "IdentitiesOnly=yes") if peer.identity else ()
    targets = [Target(address, peer.user, peer.port) for _, address in other.paths]
    ways = SshWays(targets, clock, (*SSH, *key))
    return PathsReader(other.name, other.paths, ways, clock), ways.close


def lab_reader(other: Node, via: str, path: str) -> Reader | None:
    """Over the lab's network, if the lab has that node."""
    from converge.cli.ground.labfile import open_lab
    from converge.lab.ways import LabWays

    lab = open_lab(path)
    if other.name not in lab.lab.world.machines:
        return None
    ways = LabWays(lab.lab, other.name, via, [address for _, address in other.paths])
    return PathsReader(other.name, other.paths, ways, lab.clock)
