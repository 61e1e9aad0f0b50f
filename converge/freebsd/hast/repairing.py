"""What a person has to know before one of two copies is given up. Nothing is decided here."""

from __future__ import annotations

from collections.abc import Iterator

from converge.freebsd.hast.answers import HastState
from converge.freebsd.hast.standing import Standing, standing


def broken(one: HastState, other: HastState) -> str:
    """Why the two copies cannot find together by themselves; '' when they can."""
    lacking = [s for s in (one, other) if not s.has_metadata]
    if len(lacking) == 2:
        return "neither disk has HAST metadata: there is no copy to synchronise from"
    if lacking:
        return f"{lacking[0].device} has no HAST metadata: a new disk, or one that was wiped"
    match standing(one, other):
        case Standing.SPLIT:
            return "split-brain: both copies were written apart"
        case Standing.STRANGE:
            return "the two disks are not copies of each other: one of them was created anew"
        case _:
            pass
    rotten = [s for s in (one, other) if s.write_errors]
    if rotten:
        return f"{rotten[0].device} has failed {rotten[0].write_errors} writes"
    return ""


def side(seen: HastState) -> Iterator[str]:
    """One copy, line by line."""
    yield f"role       {seen.role}, {seen.status}"
    yield f"mounted    {seen.mounted or 'no'}"
    yield f"disk       {seen.device}"
    if seen.has_metadata:
        yield f"metadata   resuid {seen.resuid}"
        yield f"           localcnt {seen.localcnt}, remotecnt {seen.remotecnt}"
        yield f"           last written as {seen.prevrole or 'nobody'}"
    else:
        yield "metadata   none"
    yield f"dirty      {seen.dirty >> 20} MB"
    yield f"errors     {seen.write_errors} failed writes"


def loss(lost: HastState, kept: HastState) -> str:
    """What is gone when that copy is given up."""
    if not lost.has_metadata:
        return "nothing: HAST knows of no data on it"
    if not kept.has_metadata:
        return "everything: the other disk holds no copy"
    if lost.resuid != kept.resuid:
        return "whatever is on it: the other disk is no copy of it"
    if lost.localcnt > kept.remotecnt:
        return "every row written there since the copies parted"
    return "nothing that the other copy has not got"
