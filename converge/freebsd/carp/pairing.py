"""What one node's part of a CARP group has to do with the other's. Nothing is asked in here."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from converge.core.pair import Pair
from converge.core.resource import Misfit
from converge.core.state import shown
from converge.freebsd.carp.answers import CarpState

if TYPE_CHECKING:
    from converge.freebsd.carp import Carp

SIGNED = "CARP signs it, so neither node believes the other, and both become MASTER"
AGREES = {
    "vhid": SIGNED,
    "password": SIGNED,
    "address": SIGNED,
    "aliases": SIGNED,
    "advbase": "the node with the longer interval is out-voted, whatever its advskew says",
}
"""What carp(4) signs is the vhid, the password and the whole list of addresses."""

RANKS = {"advskew": "each MASTER yields to the other's announcements, and the address flips"}
"""A MASTER yields to an interval that is smaller or equal (carp_input_c in ip_carp.c)."""


def taken(carp: Carp, pair: Pair) -> Iterator[Misfit]:
    """A shared address that is a node's own: two machines would answer for it."""
    fields = [("address", carp.address), *(("aliases", one) for one in carp.aliases)]
    for field, shared in fields:
        for node in pair.nodes.values():
            own = dict(node.paths).items()
            for path in [path for path, address in own if address == str(shared.ip)]:
                which = "its own address" if path == "lan" else "its replication address"
                yield Misfit(field, f"{shared.ip} is shared, and {node.name} has it as {which}")


def concern(ours: CarpState, theirs: CarpState) -> str:
    """What was seen on both nodes and does not go together (F11, F13)."""
    differing = [
        f"{name} {shown(mine)} here and {shown(other)} there"
        for name in ("vhid", "advbase", "addresses")
        if (mine := getattr(ours, name)) != (other := getattr(theirs, name))
    ]
    if differing:
        return f"the nodes have {', '.join(differing)}: {SIGNED}"
    if ours.advskew == theirs.advskew:
        return f"both nodes have advskew {ours.advskew}: {RANKS['advskew']}"
    if ours.state == theirs.state == "MASTER":
        return "both nodes are MASTER: neither hears the other, or believes what it hears"
    return ""
