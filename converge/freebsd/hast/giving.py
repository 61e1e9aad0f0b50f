"""When is the role given up, or not taken, though the address is here?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from converge.core.ids import Ref
from converge.core.resource import View
from converge.core.state import Present, is_active
from converge.freebsd.hast.answers import HastState
from converge.freebsd.hast.entry import asked
from converge.freebsd.hast.evidence import moment
from converge.freebsd.hast.standing import Standing, standing, unfinished

if TYPE_CHECKING:
    from converge.freebsd.hast import Hast

PATIENCE = 0.5
"""Of HAST's timeout, so long a primary hears nobody before it gives way. A switch that restarts is
shorter; and the rest of the timeout is left to stop and unmount before the other one may write."""


def handed_over(hast: Hast, view: View) -> str:
    """Why the role is not for this node though the address is here: a person hands the service
    over, or it belongs to the peer."""
    if view.leader in ("", hast.id.node):
        return view.ceded
    return f"the service is handed over to {view.leader}"


def newer_there(hast: Hast, view: View) -> str:
    """Why the peer must lead, where neither leads yet: its copy has what ours lacks (F14, F15)."""
    ours, theirs = _state(view.observed(hast.id.ref)), _state(view.twin(hast.id.ref))
    if ours is None or theirs is None or ours.active or theirs.active:
        return ""
    if not ours.has_metadata or not theirs.has_metadata or theirs.write_errors:
        return ""
    older = standing(ours, theirs) is Standing.BEHIND or unfinished(ours, theirs, theirs.whole)
    peer = view.around.pair.peer_of(hast.id.node)
    return f"the newer copy is on {peer.name}" if peer and older and hast.follow else ""


def may_be_isolated(hast: Hast, view: View) -> str:
    """Why it is not clear yet whether the role must be given up; '' when it is. The run that
    finds it so waits and looks again: nobody else may do so for a minute."""
    lasted_s = _unheard_s(hast, view)
    if lasted_s is None or lasted_s >= PATIENCE * hast.timeout:
        return ""
    return f"neither the peer nor a witness has answered for {max(0.0, lasted_s):.0f} s"


def _unheard_s(hast: Hast, view: View) -> float | None:
    """For how long a primary has heard neither its peer nor any witness; None: it hears one, or
    is no primary, or has no witness that it could hear."""
    ours, theirs = _state(view.observed(hast.id.ref)), _state(view.twin(hast.id.ref))
    asks = list(asked(hast, view.around))
    lasting = [_silent_s(Ref(f"neighbour.{name}"), view) for name, _, _ in asks]
    if ours is None or not ours.active or theirs is not None or all(peer for *_, peer in asks):
        return None
    return None if None in lasting else min(s for s in lasting if s is not None)


def gives_way(hast: Hast, view: View) -> str:
    """Why the role must be given up, or not be taken, though the address is here; '' to lead.

    An unproven role beside a peer that leads is withdrawn: nothing was written (fact 37). A
    primary that hears neither its peer nor a witness is the isolated one, and the other may lead;
    that its link is `complete` says nothing, on an idle one it may be minutes old.
    """
    ours = _state(view.observed(hast.id.ref))
    theirs = _state(view.twin(hast.id.ref))
    if ours is None:
        return ""
    if theirs is not None:
        if ours.active and theirs.active and theirs.mounted and not ours.mounted:
            return "the peer leads and has its copy mounted"
        deaf = _deaf(hast, view)
        return (
            "no witness answers here, but one answers the peer: clients are there" if deaf else ""
        )
    lasted_s = _unheard_s(hast, view)
    alone = lasted_s is not None and lasted_s >= PATIENCE * hast.timeout
    return "neither the peer nor a witness answers: this is the isolated node" if alone else ""


def _deaf(hast: Hast, view: View) -> bool:
    """Both nodes have the address, as they do not hear each other there. Clients are where the
    witnesses are: who hears none leaves the role to a peer that does (F24)."""
    follow = hast.follow
    if follow is None or not (is_active(view.observed(follow)) and is_active(view.twin(follow))):
        return False
    names = [name for name, _, peer in asked(hast, view.around) if not peer]
    witnesses = [Ref(f"neighbour.{name}") for name in names]
    heard = any(_answers(view.twin(ref)) for ref in witnesses)
    lasting = [_silent_s(ref, view) for ref in witnesses]
    return heard and all(s is not None and s >= PATIENCE * hast.timeout for s in lasting)


def _silent_s(ref: Ref, view: View) -> float | None:
    at = moment(view.notes(ref), "silent_at")
    return None if at is None else view.now.elapsed_s - at


def _answers(seen: object) -> bool:
    return isinstance(seen, Present) and getattr(seen.state, "answers", None) is True


def _state(seen: object) -> HastState | None:
    found = seen.state if isinstance(seen, Present) else None
    return found if isinstance(found, HastState) else None
