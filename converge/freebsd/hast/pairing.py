"""What one node's HAST resource has to do with the other's: the same file, mirrored addresses."""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import ip_address
from typing import TYPE_CHECKING

from converge.core.pair import Node, Pair
from converge.core.resource import Misfit

if TYPE_CHECKING:
    from converge.freebsd.hast import Hast

AGREES = {
    "follow": "the roles would follow different addresses",
    "provider": "the device has another name after a failover",
    "replication": "what a commit is worth would depend on who is primary",
    "timeout": "for how long a silent peer may still write is told by the peer's timeout",
    "checksum": "hast.conf is one file for both nodes",
    "compression": "hast.conf is one file for both nodes",
}


def mirrored(ours: Hast, theirs: Hast, pair: Pair) -> Iterator[Misfit]:
    """Each `remote` is an address of the other node, and both are of one network: hastd takes a
    connection only from the address that its own `remote` names (hast.conf(5))."""
    ways = []
    for one, peer in ((ours, pair.nodes[theirs.id.node]), (theirs, pair.nodes[ours.id.node])):
        address = _bare(one.remote or peer.replication_address)
        way = _way(address, peer)
        if not way:
            known = " and ".join(own for _, own in peer.paths)
            why = f"{one.id.node} has remote {address}, and {peer.name} is at {known}"
            yield Misfit("remote", f"{why}: write its replication_address in [node.{peer.name}]")
        ways.append((one.id.node, way))
    (here, one_way), (there, other_way) = ways
    known_ways = {one_way, other_way} - {"", "name"}
    if len(known_ways) == 2:
        why = "hastd takes nobody who comes from another address than its remote"
        yield Misfit("remote", f"{here} goes by {one_way} and {there} by {other_way}: {why}")


def _bare(remote: str) -> str:
    """The address in a remote like tcp4://10.0.0.2:8457."""
    text = re.sub(r"^tcp[46]?://", "", remote)
    return re.sub(r"^\[(.*)\](:\d+)?$|^([^:]+):\d+$", r"\1\3", text)


def _way(address: str, peer: Node) -> str:
    """The name of the way to a node that this address is; '' for none of them."""
    try:
        meant = str(ip_address(address))
    except ValueError:
        return "name"  # of a host: nobody is asked where it leads
    return next((name for name, own in peer.paths if own == meant), "")
