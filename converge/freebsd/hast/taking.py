"""May this node take over? What is known of the peer, of the address, and of our own copy.

The role may change while the proof of the peer's death is still under way, for nothing is written
before the file system is checked (recordings, fact 37). What is built on the role waits for it.
"""

from __future__ import annotations

from converge.core.guard import Guard, Situation, never
from converge.core.ids import ResourceId
from converge.core.plan import Action, Allow, Hold, Refuse, Verdict
from converge.core.state import glance_of, is_active
from converge.freebsd.hast.answers import HastState
from converge.freebsd.hast.evidence import (
    address_of,
    glance,
    neighbours,
    silent,
    silent_s,
    takes_over,
    timeout_s,
    waited_s,
)
from converge.freebsd.hast.memory import why_unsynced
from converge.freebsd.hast.standing import peer_id, seen_of, unfinished

MARGIN_S = 5.0
"""Beyond HAST's timeout, after which a living peer's end of the link is gone, too."""

ABOVE = ("hast_device",)
"""Kinds that only look at the device: nothing is written yet."""


def init_is_not_master(action: Action, situation: Situation) -> Verdict:
    """Holds a promotion unless the address is MASTER here at that moment: it may have moved on
    since it was planned, and INIT is not MASTER either (F04, F07, F22).

    Seen: The state of CARP in `ifconfig` on this node, looked at again right before the action.
    To do: Nothing, if the address has moved on: the next run plans anew. If CARP is INIT, mend the
    interface or its cable.
    Shown: freebsd/test_taking.py::test_what_is_not_master_may_not_lead_nor_serve
    """
    return _entitled(action.id, situation) if takes_over(action, situation) else Allow()


def still_entitled(base: ResourceId, action: Action, situation: Situation) -> Verdict:
    """Nothing goes up where the address is no more."""
    if address_of(base, situation) is None or action.id.kind in ABOVE:
        return Allow()
    return _entitled(base, situation)


def _entitled(id: ResourceId, situation: Situation) -> Verdict:
    followed = address_of(id, situation)
    assert followed
    seen = situation.snapshot.observed.get(followed)
    if seen is not None and is_active(seen):
        return Allow()
    return Hold("init-is-not-master", f"{followed} is {glance_of(seen)} by now", again_s=2.0)


def peer_silent(action: Action, situation: Situation) -> Verdict:
    """Holds a promotion while the peer shows a sign of life on any path and does not say what it
    is: it may be the primary (F11, F25, F26, F28, F42).

    Seen: A ping to the peer on every path, what its doors say, and for how long the ledger
    remembers silence.
    To do: Wait: with a dead peer it lifts by itself after HAST's timeout and 5 s. If the peer
    answers a ping but not ssh, mend that, or pull its plug. If it is known to be off: `--override
    peer-silent --reason TEXT`; on a living primary that is split-brain.
    Shown: scenarios/without/peer-silent.txt
    """
    return (
        _known_or_silent(action.id, situation, proven=False)
        if takes_over(action, situation)
        else Allow()
    )


def _known_or_silent(id: ResourceId, situation: Situation, *, proven: bool) -> Verdict:
    other = peer_id(id, situation)
    if (
        not other.node
        or seen_of(other, situation) is not None
        or silent(id, situation, proven=proven)
    ):
        return Allow()
    told = ", ".join(glance(p, situation) for p in neighbours(id, situation, peer=True))
    why = f"{other.node} does not say what {other.ref} is there, but may be alive: {told}"
    return Hold("peer-silent", why, again_s=2.0)


def proof_of_death(base: ResourceId, action: Action, situation: Situation) -> Verdict:
    """Nothing is written until the peer is seen not to be primary, or has been silent on every
    path for longer than HAST's timeout and 5 s."""
    if action.id.kind in ABOVE or address_of(base, situation) is None:
        return Allow()
    other = peer_id(base, situation)
    theirs = seen_of(other, situation)
    if theirs is not None and theirs.active:
        return Hold("peer-silent", f"{other} answers, and is primary", again_s=2.0)
    if theirs is not None or _has_secondary(base, situation):
        return Allow()
    known = _known_or_silent(base, situation, proven=True)
    if not isinstance(known, Allow):
        return known
    needed_s = timeout_s(base, situation) + MARGIN_S
    lasted_s = silent_s(base, situation)
    if not other.node or lasted_s >= needed_s:
        return Allow()
    why = (
        f"{other.node} has been silent on every path for {lasted_s:.1f} s; only after "
        f"{needed_s:g} s (HAST's timeout and {MARGIN_S:g} s) its copy is written by nobody"
    )
    return Hold("peer-silent", why, again_s=needed_s - lasted_s, sure=True)


def _has_secondary(id: ResourceId, situation: Situation) -> bool:
    """Our primary is connected, and the peer is alive: hastd connects to a secondary only. The
    word alone may be minutes old."""
    ours = seen_of(id, situation)
    complete = ours is not None and ours.active and ours.status == "complete"
    return complete and _one_answers(neighbours(id, situation, peer=True), situation)


def _one_answers(ids: list[ResourceId], situation: Situation) -> bool:
    seen = situation.snapshot.observed
    return any(getattr(getattr(seen[o], "state", None), "answers", None) for o in ids)


def witness_isolated(action: Action, situation: Situation) -> Verdict:
    """Holds a promotion while neither the peer nor any witness answers: it may be this node that
    is cut off (F24).

    Seen: A ping from this node to the peer on every path and to each address of `[witness]`; none
    answers.
    To do: Mend this node's network. If the witnesses are down and the peer is known to be dead:
    `--override witness-isolated --reason TEXT`.
    Shown: scenarios/carp/second-isolated.txt
    """
    return _lonely(action.id, situation) if takes_over(action, situation) else Allow()


def alone_above(base: ResourceId, action: Action, situation: Situation) -> Verdict:
    """The same of what is built on the role."""
    if action.id.kind in ABOVE or address_of(base, situation) is None:
        return Allow()
    return _lonely(base, situation)


def _lonely(id: ResourceId, situation: Situation) -> Verdict:
    witnesses = neighbours(id, situation, peer=False)
    known = seen_of(peer_id(id, situation), situation) is not None
    if known or not witnesses or _one_answers(witnesses, situation):
        return Allow()
    told = ", ".join(glance(w, situation) for w in witnesses)
    why = f"neither the peer nor a witness answers ({told}): {id.node} may be the isolated one"
    return Hold("witness-isolated", why, again_s=2.0)


def promote_needs_known_sync(action: Action, situation: Situation) -> Verdict:
    """Refuses to promote a copy that is not known to be complete; nothing on a secondary says so
    (F14, F27). With both copies in sight their metadata tell; else what was remembered while the
    primary still spoke.

    Seen: The metadata of both copies where both can be read; else the ledger: what this secondary
    remembers of the time when its primary still spoke.
    To do: Bring the peer back: then both copies are compared. If it is lost for good and the loss
    of what only it had is accepted: `--override promote-needs-known-sync --reason TEXT`.
    Shown: scenarios/hast/storage-lost-timeout-5.txt
    """
    other = peer_id(action.id, situation)
    ours, theirs = seen_of(action.id, situation), seen_of(other, situation)
    if not takes_over(action, situation) or ours is None or not ours.has_metadata:
        return Allow()
    if theirs is not None and theirs.has_metadata:
        return _told_by(other, ours, theirs, situation)
    patience_s = timeout_s(action.id, situation)
    followed = address_of(action.id, situation)
    quiet_s = waited_s(situation.notes(followed)) if followed else 0.0
    why = why_unsynced(ours, situation.notes(action.id), patience_s, quiet_s)
    if not why:
        return Allow()
    lift = (
        "bring the peer back, and both copies are compared; if it is lost for good and the loss "
        "of what only it had is accepted: --override promote-needs-known-sync --reason TEXT"
    )
    return Refuse("promote-needs-known-sync", f"{why} ({ours.counters})", lift)


def _told_by(
    other: ResourceId, ours: HastState, theirs: HastState, situation: Situation
) -> Verdict:
    """By what both show, and the one that led last has written down."""
    whole = situation.notes(other).get("whole", theirs.whole)
    if not unfinished(ours, theirs, whole):
        return Allow()
    why = f"{other} led last, and by its own word not all of its copy had come here"
    lift = f"let {other.node} lead, or bring its copy here first"
    return Refuse("promote-needs-known-sync", f"{why} ({theirs.counters})", lift)


def role_reverts(base: ResourceId, action: Action, situation: Situation) -> Verdict:
    """Nothing goes up unless the role is seen to be primary at that moment: `hastctl role` returns
    0 when a worker was forked, and the role may fall back to init later (F29, F32).

    Seen: The role and the worker's pid in `hastctl list`, looked at again right before the action.
    To do: Look into the log of hastd: it says why it has given the role up (metadata, disk). Apply
    again when that is mended.
    Shown: freebsd/test_taking.py::test_a_role_may_fall_back_after_its_command_returned
    """
    if situation.planning:
        return Allow()
    ours = seen_of(base, situation)
    if ours is not None and ours.active and ours.workerpid:
        return Allow()
    how = ours.role if ours else "not to be seen"
    return Hold("role-reverts-to-init", f"{base} is {how}, and {action.id} stands on it")


GUARDS = (
    Guard("init-is-not-master", init_is_not_master, (), still_entitled),
    Guard("witness-isolated", witness_isolated, (), alone_above, override=True),
    Guard(
        "peer-silent",
        peer_silent,
        (),
        proof_of_death,
        override=True,
        behind=(("S1", "peer-still-primary"),),
    ),
    Guard("promote-needs-known-sync", promote_needs_known_sync, ("S3",), override=True),
    Guard("role-reverts-to-init", never, (), role_reverts),
)
