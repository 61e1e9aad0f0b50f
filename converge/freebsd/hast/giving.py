"""When is the role given up, or not taken, though the address is here?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from converge.core.ids import Ref
from converge.core.resource import View
from converge.core.state import Present
from converge.freebsd.hast.answers import HastState
from converge.freebsd.hast.entry import asked
from converge.freebsd.hast.taking import moment

if TYPE_CHECKING:
    from converge.freebsd.hast import Hast

ISOLATED_S = 2.0
"""So long a primary without its peer hears no witness either, before it gives way: two looks."""


def gives_way(hast: Hast, view: View) -> bool:
    """Must the role be given up, or not be taken, though the address is here?

    An unproven role beside a peer that leads is withdrawn: nothing was written (fact 37). A
    primary that hears neither its peer nor a witness is the isolated one, and the other may lead.
    """
    ours = _state(view.observed(hast.id.ref))
    theirs = _state(view.twin(hast.id.ref))
    if ours is None or not ours.active:
        return False
    if theirs is not None:
        return theirs.active and bool(theirs.mounted) and not ours.mounted
    # A link on which nothing is written shows as complete long after it broke.
    patience_s = float(hast.timeout) if ours.status == "complete" else ISOLATED_S
    asks = [(Ref(f"neighbour.{name}"), peer) for name, _, peer in asked(hast, view.around)]
    silent = [moment(view.notes(ref), "silent_at") for ref, _ in asks]
    witnesses = any(not peer for _, peer in asks)
    if not witnesses or any(at is None for at in silent):
        return False
    return all(view.now.elapsed_s - at >= patience_s for at in silent if at is not None)


def _state(seen: object) -> HastState | None:
    found = seen.state if isinstance(seen, Present) else None
    return found if isinstance(found, HastState) else None
