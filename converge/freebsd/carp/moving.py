"""How a shared address is handed over: the skew is raised, then the address is let go.

CARP has no lock: `state backup` alone comes back after 3.4 s where the own skew is the lower one
(recordings, fact 20), so the skew stays raised until the other node has the address.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from converge.core.host import Command
from converge.core.plan import Action
from converge.core.state import Observation, Present, State
from converge.core.view import View
from converge.freebsd.carp.answers import CarpState

if TYPE_CHECKING:
    from converge.freebsd.carp import Carp

RAISED = 254
"""The highest skew there is, carp(4): everybody else is preferred."""


def leads(carp: Carp, view: View) -> str:
    """The node that shall have the address: a person's word, or the peer, where the service
    belongs to it. Only who has the address, or let it go just now, does anything for that."""
    state, peer = _state(view.observed(carp.id.ref)), view.around.pair.peer_of(carp.id.node)
    if view.leader or not view.ceded or peer is None or state is None:
        return view.leader
    return peer.name if state.active or state.advskew == RAISED else ""


def pushed(seen: Observation[State], leader: str, node: str) -> str:
    """Which way the address has to be pushed on this node, if any."""
    state = _state(seen)
    if not leader or state is None:
        return ""
    if node == leader:
        return "here" if state.state == "BACKUP" else ""
    return "away" if state.active else ""


def _state(seen: Observation[State]) -> CarpState | None:
    state = seen.state if isinstance(seen, Present) else None
    return state if isinstance(state, CarpState) else None


def pushes(carp: Carp, seen: CarpState, wish: CarpState) -> tuple[Action, ...]:
    """To give it away is the last thing that goes down; to take it is the first that comes up."""
    group = (wish.target, "vhid", str(wish.vhid))
    skew = Command(("ifconfig", *group, "advskew", str(wish.advskew)))
    if wish.push == "here":
        why = "the address is handed over to this node"
        take = carp.up("take", why, Command(("ifconfig", *group, "state", "master")))
        lower = carp.up("set", f"advskew is {seen.advskew}, wished is {wish.advskew}", skew)
        return (lower, take) if seen.advskew != wish.advskew else (take,)
    why = f"advskew is {seen.advskew}: the address would come back"
    leave = Command(("ifconfig", *group, "state", "backup"))
    why_left = wish.because or "the address is handed over to the other node"
    push = carp.down("leave", why_left, leave)
    return (carp.down("raise", why, skew), push) if seen.advskew != wish.advskew else (push,)


def unready(carp: Carp, seen: CarpState) -> str:
    """Why the address would not come here, or not stay."""
    if carp.preempt is not False:
        return (
            f"the address would come straight back: only with preempt = false in [{carp.id.ref}] "
            "it stays where it was handed over to"
        )
    if seen.unicast:
        return (
            f"it announces itself to {seen.unicast} alone, and a state command makes it forget "
            "that (F20)"
        )
    if carp.advskew >= RAISED:
        return f"no advskew is above {carp.advskew}: give {carp.id.node} a lower one"
    return "" if seen.state in ("BACKUP", "MASTER") else f"CARP is {seen.state or 'not there'}"
