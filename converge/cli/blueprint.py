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
    volumes = tuple(_volume(graph, first, r) for r in _of(graph, first, "mount"))
    return Blueprint(
        nodes=tuple(_node(desired, graph, name) for name in sorted(desired.pair.nodes)),
        volumes=tuple(v for v in volumes if v is not None),
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


def _volume(graph: Graph, node: str, mount: Resource[Any]) -> BlueVolume | None:
    """A mount of a HAST resource; other mounts are not the lab's business."""
    device = mount.device  # type: ignore[attr-defined]
    if not isinstance(device, Ref) or device.kind != "hast":
        return None
    devices = {
        name: Neighbourhood(graph.pair, graph.resources, name).offer(device, "local")
        for name in graph.pair.nodes
    }
    return BlueVolume(device.name, mount.id.name, Table(devices))


def _databases(graph: Graph, node: str) -> list[BlueDatabase]:
    found: list[BlueDatabase] = []
    mounts = {m.id.name: m.device for m in _of(graph, node, "mount")}  # type: ignore[attr-defined]
    for database in _of(graph, node, "mysqld"):
        datadir: str = database.datadir  # type: ignore[attr-defined]
        service: str = database.service  # type: ignore[attr-defined]
        under = [path for path in mounts if datadir.startswith(path.rstrip("/") + "/")]
        if under:
            volume = mounts[max(under, key=len)]
            found.append(BlueDatabase(service, datadir, Ref(volume).name))
    return found
