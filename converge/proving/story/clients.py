"""Clients of the pair: they write a row now and then and remember what was acknowledged."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf

from converge.core.graph import Graph
from converge.lab.machine import mysqld
from converge.lab.ufs import mounting
from converge.lab.world import World
from converge.proving.judge import sights


@dataclass(frozen=True, slots=True)
class Waiting:
    """A row that a server has taken and not yet acknowledged."""

    at: float
    node: str
    pid: int
    booted: float
    volume: str
    row: str


@dataclass(slots=True)
class Clients:
    """They reach the database that answers at the shared address, as the address's users do."""

    vip: str
    every_s: float
    next: float
    _waiting: list[Waiting] = field(default_factory=list)
    _count: int = 0

    @property
    def due(self) -> float | None:
        """When they do something next; None when they never write."""
        ends = [w.at for w in self._waiting]
        return min([*ends, self.next]) if self.every_s else None

    def turn(self, world: World) -> tuple[World, list[tuple[str, str]]]:
        """What is due now: the world after it, and (device, row) of what was acknowledged."""
        told = []
        for one in [w for w in self._waiting if w.at <= world.now]:
            self._waiting.remove(one)
            if _holds(world, one):
                told.append((one.volume.partition("@")[0], one.row))
        if self.next <= world.now:
            self.next += self.every_s
            world = self._write(world)
        return world, told

    def _write(self, world: World) -> World:
        node = sights.serving(world, self.vip)
        server = mysqld.ready(world.machine(node)) if node else None
        if server is None:
            return world
        self._count += 1
        row = f"client row {self._count}"
        written, _ = mysqld.insert(world, node, server, row)
        if not written.error and written.took_s != inf:
            booted = world.machine(node).booted
            volume, at = server.data["volume"], world.now + written.took_s
            self._waiting.append(Waiting(at, node, server.pid, booted, volume, row))
        return written.world


def _holds(world: World, one: Waiting) -> bool:
    """Whether the server that took the row is still there to say so."""
    machine = world.machine(one.node)
    same = machine.powered and machine.booted == one.booted and one.pid in machine.processes
    return same and mounting.alive(machine, one.volume)


def shared_address(graph: Graph) -> str:
    """The address at which clients look for the database, '' where the pair has none."""
    found = [graph.resources[id].offers() for id in graph.order if id.kind == "carp"]
    return found[0]["address"] if found else ""
