"""Which of the groups that ifconfig(8) shows is ours."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from converge.core.state import Absent, Observation, Present, Unknown
from converge.freebsd.carp.answers import CarpState, Shown

if TYPE_CHECKING:
    from converge.freebsd.carp import Carp


def group_in(carp: Carp, shown: Shown, target: str, *, promisc: bool) -> Observation[CarpState]:
    """Our group: by its vhid, or by an address of ours that another vhid has."""
    ours = {a.ip for a in (carp.address, *carp.aliases)}
    vhids = [v for a, v in shown.addresses if v == carp.vhid or (v and a.ip in ours)]
    if target != carp.interface:  # all of a carpN interface
        vhids = [max(shown.groups, default=0)]
    if not vhids:
        return Absent()
    vhid = carp.vhid if carp.vhid in vhids else vhids[0]
    if vhid and vhid not in shown.groups:
        return Unknown(f"vhid {vhid} of {target} has no carp: line; is it VRRP?")
    state, base, skew = shown.groups.get(vhid, ("", 1, 0))
    mine = sorted(a for a, v in shown.addresses if v == vhid or target != carp.interface)
    seen = CarpState(vhid, base, skew, tuple(mine), promisc, state, target)
    return Present(replace(seen, unicast=shown.unicast))
