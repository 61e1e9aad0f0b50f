"""From a desired file to the bare machines that a lab needs to rehearse it."""

from __future__ import annotations

from typing import Any

from converge.core.desired import Desired
from converge.core.graph import Graph, Neighbourhood
from converge.core.ids import Ref
from converge.core.resource import Resource
from converge.lab.fresh import BlueDatabase, BlueNode, Blueprint, BlueVolume
from converge.lab.world import Table


def blueprint(desired: Desired, graph: Graph) -> Blueprint:
    """The machines, disks and databases that the desired file speaks of; nothing configured."""
    first = sorted(desired.pair.nodes)[0]
    carps = _of(graph, first, "carp")
    return Blueprint(
        nodes=tuple(_node(desired, graph, name) for name in sorted(desired.pair.nodes)),
        volumes=tuple(_volume(graph, hast) for hast in _of(graph, first, "hast")),
        databases=tuple(_databases(graph, first)),
        vip=carps[0].offers()["address"] if carps else "",
        others=desired.witness.ping,
    )


def _of(graph: Graph, node: str, kind: str) -> list[Resource[Any]]:
    return [graph.resources[id] for id in graph.order if (id.node, id.kind) == (node, kind)]


def _node(desired: Desired, graph: Graph, name: str) -> BlueNode:
    node = desired.pair.nodes[name]
    carps = _of(graph, name, "carp")
    storage = node.replication_address if node.replication_address != node.address else ""
    return BlueNode(
        name,
        node.hostname,
        node.address,
        release=f"{node.release or '13.2'}-RELEASE",
        interface=carps[0].offers()["interface"] if carps else "em0",
        storage_address=storage,
    )


def _volume(graph: Graph, hast: Resource[Any]) -> BlueVolume:
    """A HAST resource, its disk on each node, and where it is mounted, if it is."""
    devices = {
        name: Neighbourhood(graph.pair, graph.resources, name).offer(hast.id.ref, "local")
        for name in graph.pair.nodes
    }
    paths = [path for path, device in _mounts(graph, hast.id.node) if device == hast.id.ref]
    return BlueVolume(hast.id.name, paths[0] if paths else "", Table(devices))


def _mounts(graph: Graph, node: str) -> list[tuple[str, str]]:
    """(mount point, device as the desired file names it)."""
    return [(m.id.name, str(getattr(m, "device", ""))) for m in _of(graph, node, "mount")]


def _databases(graph: Graph, node: str) -> list[BlueDatabase]:
    """The databases whose directory lies on a HAST resource."""
    found: list[BlueDatabase] = []
    for database in _of(graph, node, "mysqld"):
        datadir = str(getattr(database, "datadir", ""))
        service = str(getattr(database, "service", ""))
        under = [
            (p, d) for p, d in _mounts(graph, node) if datadir.startswith(p.rstrip("/") + "/")
        ]
        _, device = max(under, key=lambda one: len(one[0]), default=("", ""))
        if device.startswith("hast."):
            found.append(BlueDatabase(service, datadir, Ref(device).name))
    return found
