"""What ifconfig(8) and uname(1) say about CARP, read into values. No wish in here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Interface
from typing import NamedTuple

from converge.core.ledger import Notes, Now
from converge.core.state import INTENT, State

_CARP = re.compile(r"\s+carp: ([A-Z]+) vhid (\d+) advbase (\d+) advskew (\d+)\s*")
_INET = re.compile(
    r"\s+inet ([\d.]+)(?:/(\d+))?(?: --> \S+)?(?: netmask (0x[0-9a-f]{8}))?"
    r"(?: .*?)??(?: vhid (\d+))?\s*"
)


class Shown(NamedTuple):
    """Of ifconfig(8): addresses with their vhid or 0, the `carp:` lines by vhid; from FreeBSD 14
    on the address that announcements go to, if that is not everybody's."""

    flags: frozenset[str]
    addresses: tuple[tuple[IPv4Interface, int], ...]
    groups: Mapping[int, tuple[str, int, int]]
    unicast: str = ""


def parse_ifconfig(text: str) -> Shown | None:
    """What `ifconfig INTERFACE` prints in both dialects; lines of other things are skipped."""
    start = re.match(r"\S+: flags=[0-9a-f]+<([A-Z0-9_,]*)>", text)
    addresses, groups = [], {}
    for line in text.splitlines():
        if found := _CARP.fullmatch(line):
            groups[int(found[2])] = (found[1], int(found[3]), int(found[4]))
        elif found := _INET.fullmatch(line):
            bits = int(found[3], 16).bit_count() if found[3] else found[2] or 32
            addresses.append((IPv4Interface(f"{found[1]}/{bits}"), int(found[4] or 0)))
    peer = re.search(r"(?m)^\s+peer (?!224\.0\.0\.18\b)([\d.]+)", text)
    unicast = peer[1] if peer else ""
    return start and Shown(frozenset(start[1].split(",")), tuple(addresses), groups, unicast)


def parse_dialect(text: str) -> str:
    """carp0, or vhid from FreeBSD 10 on: of a release, or of what `uname -r` or `-rs` prints."""
    found = re.fullmatch(r"(?:FreeBSD )?(\d+)(?:[.-]\S*)?\s*", text)
    return "" if not found else "carp0" if int(found[1]) < 10 else "vhid"


@dataclass(frozen=True)
class CarpState(State):
    """Its configuration. `vhid` is 0 on a carpN interface that was only created.

    `state` is MASTER, BACKUP or INIT; `target` is the interface that has the group. `push` is
    never seen, only wished: "here" or "away", while the address is handed over; `because`: why, if
    no person said so.
    """

    vhid: int
    advbase: int
    advskew: int
    addresses: tuple[IPv4Interface, ...]
    promisc: bool = False
    state: str = field(default="", compare=False)
    target: str = field(default="", compare=False)
    push: str = field(default="", metadata=INTENT)
    because: str = field(default="", compare=False)
    unicast: str = field(default="", compare=False)

    @property
    def active(self) -> bool:
        return self.state == "MASTER"

    @property
    def glance(self) -> str:
        return self.state or "no group yet"


def since(state: str, quiet_s: float, before: Notes, now: Now) -> Notes:
    """What is remembered of a group: its state, and as MASTER since when.

    `quiet_at`: since when at least no other node has announced itself as MASTER.
    """
    if state != "MASTER":
        return {"state": state}
    if before.get("state") == "MASTER" and "master_at" in before:
        return before
    return {"state": state, "master_at": now.seen_s, "quiet_at": now.seen_s - quiet_s}
