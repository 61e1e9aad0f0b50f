"""How the two copies stand to each other, and what is wrong with them. No guard is in here."""

from __future__ import annotations

from enum import Enum

from converge.core.guard import Situation
from converge.core.ids import ResourceId
from converge.core.plan import Action
from converge.core.state import Present
from converge.freebsd.hast.answers import HastState


class Standing(Enum):
    """Our copy against the peer's."""

    EVEN = "as new as"
    AHEAD = "newer than"
    BEHIND = "older than"
    SPLIT = "written apart from"
    STRANGE = "not a copy of"


def standing(ours: HastState, theirs: HastState) -> Standing:
    """hastd's own comparison when two nodes meet (sbin/hastd/secondary.c, init_remote()).

    A resuid of 0 is a copy that was created and never used.
    """
    if not ours.resuid or not theirs.resuid:
        if ours.resuid == theirs.resuid:
            return Standing.EVEN
        return Standing.AHEAD if ours.resuid else Standing.BEHIND
    local, remote = theirs.localcnt - ours.remotecnt, theirs.remotecnt - ours.localcnt
    if ours.resuid != theirs.resuid or local < 0 or remote > 0:
        return Standing.STRANGE
    if local > 0:
        return Standing.SPLIT if remote < 0 else Standing.BEHIND
    return Standing.AHEAD if remote < 0 else Standing.EVEN


LED = ("primary", "secondary")
"""Roles at the last write, theirs and ours: they led, and we followed."""


def unfinished(ours: HastState, theirs: HastState, whole: object) -> bool:
    """The metadata tell who is older, but not that a synchronisation was cut off half-way: they
    are equal then (blind spots B1 and B2). Who led last has written down whether all of it had
    reached the peer: `whole`."""
    even = standing(ours, theirs) is Standing.EVEN
    return even and whole is False and (theirs.prevrole, ours.prevrole) == LED


BUSY_MB = 32
"""A busy primary is always a little dirty; more than this is a synchronisation that runs."""


def concern(ours: HastState, theirs: HastState | None) -> str:
    """What is wrong with the pair of copies though both roles may be as wished (F27, F33, F34)."""
    if theirs and ours.has_metadata and theirs.has_metadata:
        if standing(ours, theirs) is Standing.SPLIT:
            return "split-brain: both copies were written apart; a person must say which is lost"
        if standing(ours, theirs) is Standing.STRANGE:
            return "the two disks are not copies of each other: one of them was created anew"
        for what in ("datasize", "extentsize"):
            mine, other = getattr(ours, what), getattr(theirs, what)
            if mine and other and mine != other:
                return f"{what} is {mine} here and {other} there: hastd does not connect the two"
    if not ours.has_metadata:
        return "hastctl dump finds no metadata on its disk: this is no copy"
    if ours.write_errors:
        return f"{ours.device} failed {ours.write_errors} writes: this copy is not to be trusted"
    if ours.active and ours.status == "degraded":
        return "degraded: what is written now reaches no peer"
    if ours.active and ours.dirty >> 20 > BUSY_MB:
        return f"{ours.dirty >> 20} MB have not reached the peer: nobody could lead with its copy"
    if ours.role == "secondary" and ours.status == "-":
        return "no primary is connected: this copy may be growing old"
    return ""


def peer_id(id: ResourceId, situation: Situation) -> ResourceId:
    """The same resource on the other node; its node is '' where there is none."""
    peer = situation.pair.peer_of(id.node)
    return ResourceId(peer.name if peer else "", id.kind, id.name)


def seen_of(id: ResourceId, situation: Situation) -> HastState | None:
    """How it was seen, if it was."""
    seen = situation.snapshot.observed.get(id)
    return seen.state if isinstance(seen, Present) else None


def compared(action: Action, situation: Situation) -> tuple[Standing, str] | None:
    """Our copy against the peer's, with both dumps in words, where both have been seen."""
    other = peer_id(action.id, situation)
    ours, theirs = seen_of(action.id, situation), seen_of(other, situation)
    if not ours or not theirs or not ours.has_metadata or not theirs.has_metadata:
        return None
    found = standing(ours, theirs)
    dumps = f"{action.id.node}: {ours.counters}; {other.node}: {theirs.counters}"
    return found, f"the copy of {action.id} is {found.value} that of {other} ({dumps})"
