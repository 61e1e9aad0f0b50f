"""The two nodes, as the desired file describes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Node:
    """One node.

    `hostname` is what hostname(1) prints, `address` its own address (not the VIP),
    `replication_address` the one that HAST uses, `release` like "9.3" or "13.2".
    """

    name: str
    hostname: str
    address: str
    replication_address: str
    release: str = ""
    boot_delay_s: float = 0.0

    @property
    def paths(self) -> tuple[tuple[str, str], ...]:
        """The ways to this node as (name, address): the second only if it is another address."""
        lan = ("lan", self.address)
        if self.replication_address == self.address:
            return (lan,)
        return (lan, ("replication", self.replication_address))


@dataclass(frozen=True, slots=True)
class Pair:
    """The pair and what holds for both nodes."""

    name: str
    nodes: Mapping[str, Node] = field(default_factory=dict)
    witnesses: tuple[str, ...] = ()
    """Addresses outside the pair that answer a ping."""

    def peer_of(self, node: str) -> Node | None:
        """The other node, if there is one."""
        return next((n for name, n in self.nodes.items() if name != node), None)
