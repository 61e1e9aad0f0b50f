"""What a resource brings along, above all its block of hast.conf, the same file on both nodes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from converge.core.ids import Ref
from converge.core.resource import Around, Implied

if TYPE_CHECKING:
    from converge.freebsd.hast import Hast


def brought(hast: Hast, around: Around) -> Iterator[Implied]:
    """hastd, the block, the device, and whom to ask before a takeover."""
    yield Implied("service", "hastd", {})
    entry: dict[str, object] = {
        "nodes": _nodes(hast, around),
        "replication": hast.replication,
        "timeout": hast.timeout,
        "checksum": hast.checksum,
        "compression": hast.compression,
    }
    hook = hast.exec or _offered(Ref("trigger.hast"), around, "exec")
    named = {"exec": hook, "provider": hast.provider}
    entry |= {key: value for key, value in named.items() if value}
    yield Implied("hast_entry", hast.id.name, entry)
    device = {"hast": hast.id.ref, "settle": hast.timeout + 10.0}
    yield Implied("hast_device", hast.id.name, device)
    for name, address, peer in asked(hast, around):
        yield Implied("neighbour", name, {"address": address, "peer": peer})


def asked(hast: Hast, around: Around) -> Iterator[tuple[str, str, bool]]:
    """Name, address, whether it is the peer: each path to the peer, and each witness."""
    peer = around.pair.peer_of(hast.id.node)
    if hast.follow is None or peer is None:
        return
    for name, address in peer.paths:
        yield name, address, True
    for address in around.pair.witnesses:
        yield f"witness-{address}", address, False


def _nodes(hast: Hast, around: Around) -> dict[str, dict[str, str]]:
    """Both nodes' sections."""
    here, peer = around.pair.nodes[hast.id.node], around.pair.peer_of(hast.id.node)
    nodes = {_short(here.hostname): {"local": hast.device, "remote": hast.remote_of(around)}}
    if peer:
        nodes[_short(peer.hostname)] = {
            "local": _offered(hast.id.ref, around, "local", peer.name) or hast.device,
            "remote": _offered(hast.id.ref, around, "remote", peer.name)
            or here.replication_address,
        }
    return nodes


def _offered(ref: Ref, around: Around, what: str, node: str = "") -> str:
    try:
        return around.offer(ref, what, node)
    except LookupError:
        return ""


def _short(hostname: str) -> str:
    return hostname.partition(".")[0]
