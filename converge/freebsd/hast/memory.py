"""What must be remembered of a HAST resource because nothing on the node tells it later.

On the secondary nothing says "I am in sync" (recordings, fact 4): the primary said so, while this
very worker was connected. Write errors are counted by a worker and forgotten with it (F34).

`copy`: resuid and counters of the copy these notes are about. `synced_pid`: the worker under which
the primary said "complete, nothing dirty": from then on every acknowledged write came here, too,
as long as that worker lives (fullsync). `connected_at`: when it was last seen alive; `parted_at`:
when it was first seen gone while the peer was silent; `booted_s` tells whether the clock of the
node was set between them. `whole`: when this node led, all of its copy had reached the peer, and
nothing has begun since that the peer may lack; the peer reads this one. `alone`: this node led
last, without its peer having all of it. `promoted_at`: the last promotions that were seen.
`calm`: how many looks in a row saw this primary unmounted, with all of it at the peer.
"""

from __future__ import annotations

from converge.core.ledger import Note, Notes, Now
from converge.core.resource import Twin
from converge.core.state import Present
from converge.freebsd.hast.answers import HastState
from converge.freebsd.hast.evidence import moment
from converge.freebsd.hast.logged import LOOKED_S, why_untold

PROMOTIONS_KEPT = 8

CONSENT = "consent"
"""The copy that a person gave up (`HastState.copy`): it may be made anew, and no other."""

CALM = 2
"""So many looks must see that all has reached the peer, before a role is given up as planned."""

CONNECTION = ("synced_pid", "copy", "connected_at", "parted_at", "booted_s")
"""What is known of a connection in sync; forgotten with it."""


def remembered(seen: HastState, twin: Twin[HastState], before: Notes, now: Now) -> Notes:
    """The notes after a look at both sides; `twin` as far as the peer could be seen."""
    notes: dict[str, Note] = dict(before)
    if not consented(seen, notes):
        notes.pop(CONSENT, None)
    if before.get("resuid", seen.resuid) != seen.resuid:
        notes = {}  # created anew: what was known was of another copy
    notes |= {"role": seen.role, "resuid": seen.resuid}
    notes["write_errors"] = max(int(_number(notes.get("write_errors"))), seen.write_errors)
    if seen.active and before.get("role") not in (None, "primary"):
        notes["promoted_at"] = (*promotions(before), now.elapsed_s)[-PROMOTIONS_KEPT:]
    calm = int(_number(notes.pop("calm", None)))
    if seen.active and seen.status == "complete" and not seen.dirty and not seen.mounted:
        notes["calm"] = min(CALM, calm + 1)
    if seen.active:
        return _as_primary(seen, notes)
    return _as_secondary(seen, twin, notes, now)


def _as_primary(seen: HastState, notes: dict[str, Note]) -> Notes:
    _forget(notes, CONNECTION)
    if seen.status != "complete":
        notes |= {"alone": True, "whole": False}
    elif not seen.dirty:
        notes |= {"alone": False, "whole": True}
    return notes


def _as_secondary(
    seen: HastState, twin: Twin[HastState], notes: dict[str, Note], now: Now
) -> Notes:
    theirs = twin.state
    if seen.workerpid:
        notes["alone"] = False
        if theirs is not None and _has_promised(theirs, twin.notes):
            notes |= {"synced_pid": seen.workerpid, "copy": seen.copy}
        if notes.get("synced_pid") == seen.workerpid:
            notes["connected_at"] = now.elapsed_s
            _forget(notes, ("parted_at", "booted_s"))
            if seen.booted_s is not None:
                notes["booted_s"] = seen.booted_s
        else:
            _void(notes)
    elif theirs is not None and theirs.active:
        _void(notes)  # it goes on without us
    elif "synced_pid" in notes and theirs is None:
        notes.setdefault("parted_at", now.elapsed_s)
    return notes


def consented(seen: object, notes: Notes) -> bool:
    """A person gave up this very copy, as it is."""
    state = seen.state if isinstance(seen, Present) else seen
    return isinstance(state, HastState) and notes.get(CONSENT) == state.copy


def _has_promised(theirs: HastState, known: Notes) -> bool:
    """All of the primary's copy is here, and it has written that down: from then on it does not
    lead alone after its next boot, for we may have led meanwhile."""
    complete = theirs.active and theirs.status == "complete" and not theirs.dirty
    return complete and known.get("whole", theirs.whole) is True


def before(verb: str, notes: Notes) -> Notes:
    """What is written down before an action begins. A promotion may be cut off before anybody has
    looked: what is written under it may not have reached the peer (blind spots B1 and B2)."""
    return {**notes, "whole": False} if verb == "promote" else notes


def _void(notes: dict[str, Note]) -> None:
    notes["alone"] = False
    _forget(notes, CONNECTION)


def _forget(notes: dict[str, Note], keys: tuple[str, ...]) -> None:
    for key in keys:
        notes.pop(key, None)


def _number(note: Note | None) -> float:
    return note if isinstance(note, int | float) else 0.0


def promotions(notes: Notes) -> tuple[float, ...]:
    """The moments of the last promotions that were seen."""
    found = notes.get("promoted_at", ())
    return found if isinstance(found, tuple) else ()


def why_unsynced(seen: HastState, notes: Notes, patience_s: float, quiet_s: float = 0.0) -> str:
    """Why it is not known that our copy has every acknowledged write; '' when it is.

    A primary that loses its peer holds its writes back for `timeout` before it goes on alone. So a
    link that was seen alive at most `patience_s` before it was seen gone, with the peer silent by
    then, has carried all that was ever acknowledged. Where no look came in time the node's log
    may tell as much. `quiet_s`: how long CARP waits before it believes a silence.
    """
    if notes.get("alone") is True:
        return ""
    if "synced_pid" not in notes:
        return "the primary has not told that this copy is complete since they were connected"
    if notes.get("copy") != seen.copy:
        return f"the copy is not the one that was in sync ({notes.get('copy')})"
    if seen.workerpid == notes["synced_pid"]:
        return ""
    alive, gone = moment(notes, "connected_at"), moment(notes, "parted_at")
    if alive is None or gone is None:
        return "since this node booted nothing was heard of the primary"
    if gone - alive <= patience_s:
        return ""
    why = (
        f"the link to the primary was last seen {gone - alive:.0f} s before it was found "
        f"gone, and after {patience_s:.0f} s it may have gone on alone"
    )
    if gone - alive > LOOKED_S:
        return why
    untold = _why_untold(seen, notes, patience_s, quiet_s)
    return untold and f"{why}; {untold}"


def why_lacking(seen: HastState, notes: Notes, timeout_s: float) -> str:
    """A secondary that is not known to be in sync would refuse to be promoted; '' if it is."""
    return why_unsynced(seen, notes, timeout_s) if seen.role == "secondary" else ""


def _why_untold(seen: HastState, notes: Notes, timeout_s: float, quiet_s: float) -> str:
    if seen.booted_s is None or seen.booted_s != notes.get("booted_s"):
        return "the clock may have been set meanwhile, so the time stamps of the log do not tell"
    return why_untold(seen.logged, int(_number(notes.get("synced_pid"))), timeout_s, quiet_s)
