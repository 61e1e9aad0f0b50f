"""Who is behind whom: what hastd concludes from the metadata of both sides when they meet."""

from __future__ import annotations

from dataclasses import dataclass

from converge.lab.world import Metadata


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a handshake ends.

    `refusal`: '' they are connected, else why not: 'split-brain', 'resuid', 'datasize' or
    'extentsize'. `source`: whose copy is right, 'primary' or 'secondary'. `full`: everything is
    copied, not only what either bitmap marks. `blank`: the secondary was never used.
    """

    refusal: str = ""
    source: str = "primary"
    full: bool = False
    blank: bool = False


def judge(primary: Metadata, secondary: Metadata, *, untouched: bool) -> Verdict:
    """`untouched`: the primary had no resuid before this, so it says that it never wrote.

    The secondary judges first, then the primary compares the sizes.
    """
    verdict = _counters(primary, secondary, untouched=untouched)
    if verdict.refusal:
        return verdict
    if primary.datasize != secondary.datasize:
        return Verdict("datasize")
    if primary.extentsize != secondary.extentsize:
        return Verdict("extentsize")
    return verdict


def _counters(primary: Metadata, secondary: Metadata, *, untouched: bool) -> Verdict:
    if secondary.resuid == 0:
        return Verdict(full=not untouched, blank=True)
    if secondary.resuid != primary.resuid:
        return Verdict("resuid")
    mine, theirs = secondary.localcnt, primary.remotecnt
    seen, wrote = secondary.remotecnt, primary.localcnt
    if mine > theirs and seen < wrote:
        return Verdict("split-brain")
    if mine == theirs and seen <= wrote:
        return Verdict()
    if mine > theirs:
        return Verdict(source="secondary", full=seen > wrote)
    return Verdict(full=True)
