"""May this node take over? What is known of the peer, of the address, and of our own copy.

The role may change while the proof of the peer's death is still under way, for nothing is written
before the file system is checked (recordings, fact 37). What is built on the role waits for it.
"""

from __future__ import annotations

from converge.core.guard import Guard, Situation, never
from converge.core.ids import Ref, ResourceId
from converge.core.ledger import Notes
from converge.core.plan import Action, Allow, Hold, Refuse, Verdict
from converge.core.state import Present, is_active
from converge.freebsd.hast.guards import peer_id, seen_of
from converge.freebsd.hast.memory import waited_s, why_unsynced

DWELL_S = 5.0
"""So long MASTER must last before it is believed, beside a peer that answers (F01, domain 7)."""

MARGIN_S = 5.0
"""Beyond HAST's timeout, after which a living peer's end of the link is gone, too."""

FLAPS, FLAP_S = 3, 600.0
"""So many promotions in so many seconds, and a person must look (F10)."""

ABOVE = ("hast_device",)
"""Kinds that only look at the device: nothing is written yet."""


def _timeout_s(id: ResourceId, situation: Situation) -> float:
    return float(getattr(situation.desired(id), "timeout", 20))


def _followed(id: ResourceId, situation: Situation) -> ResourceId | None:
    follow = getattr(situation.desired(id), "follow", None)
    return id.near(follow) if isinstance(follow, Ref) else None


def _neighbours(id: ResourceId, situation: Situation, *, peer: bool) -> list[ResourceId]:
    """The ways to the peer, or the witnesses."""
    ids = (o for o in situation.snapshot.observed if (o.node, o.kind) == (id.node, "neighbour"))
    return sorted(o for o in ids if getattr(situation.desired(o), "peer", False) is peer)


def _silent(id: ResourceId, situation: Situation) -> bool:
    """Not a sign of life of the peer: no path answers a ping, and none of its doors."""
    paths = _neighbours(id, situation, peer=True)
    seen = situation.snapshot.observed
    answers = any(isinstance(seen.get(p), Present) and is_active(seen[p]) for p in paths)
    unseen = any(not isinstance(seen.get(p), Present) for p in paths)
    other = peer_id(id, situation)
    doors = situation.snapshot.paths.get(other.node, ())
    knocked = any(not door.silent for door in doors)
    return not (answers or unseen or knocked) and seen_of(other, situation) is None


def _silent_s(id: ResourceId, situation: Situation) -> float:
    """For how long there was no sign of life, on the path that fell silent last.

    On the only path the address is on, too, silence began when the peer's announcements ended.
    """
    paths = _neighbours(id, situation, peer=True)
    since = [moment(situation.notes(path), "silent_at") for path in paths]
    if not since or None in since:
        return 0.0
    began = max(at for at in since if at is not None)
    followed = _followed(id, situation)
    quiet = moment(situation.notes(followed), "quiet_at") if followed else None
    if len(paths) == 1 and quiet is not None:
        began = min(began, quiet)
    return situation.now.elapsed_s - began


def moment(notes: Notes, key: str) -> float | None:
    """A moment that is remembered, if it is."""
    found = notes.get(key)
    return float(found) if isinstance(found, int | float) else None


def _follows(action: Action, situation: Situation) -> bool:
    return action.verb == "promote" and _followed(action.id, situation) is not None


def init_is_not_master(action: Action, situation: Situation) -> Verdict:
    """The address may have moved on since it was planned. INIT is not MASTER either (F04, F07)."""
    return _entitled(action.id, situation) if _follows(action, situation) else Allow()


def still_entitled(base: ResourceId, action: Action, situation: Situation) -> Verdict:
    """Nothing is built on the role where the address is no more."""
    if _followed(base, situation) is None or action.id.kind in ABOVE:
        return Allow()
    return _entitled(base, situation)


def _entitled(id: ResourceId, situation: Situation) -> Verdict:
    followed = _followed(id, situation)
    assert followed
    seen = situation.snapshot.observed.get(followed)
    if seen is not None and is_active(seen):
        return Allow()
    how = seen.state.glance if isinstance(seen, Present) else "not to be seen"
    return Hold("init-is-not-master", f"{followed} is {how} by now", again_s=2.0)


def carp_settled(action: Action, situation: Situation) -> Verdict:
    """A node may be MASTER for a moment, at boot or in a duel (F01). Beside a silent peer the
    proof of its death takes longer than that anyway."""
    if not _follows(action, situation) or _silent(action.id, situation):
        return Allow()
    followed = _followed(action.id, situation)
    assert followed
    known = situation.notes(followed)
    if not known:
        return Allow()  # of a node that this run does not act on: its own run counts the seconds
    at = moment(known, "master_at")
    lasted_s = situation.now.elapsed_s - at if at is not None else 0.0
    if lasted_s >= DWELL_S:
        return Allow()
    why = f"{followed} has been seen as MASTER for {lasted_s:.1f} s; {DWELL_S:g} s are waited for"
    return Hold("carp-settled", why, again_s=DWELL_S - lasted_s, sure=True)


def peer_silent(action: Action, situation: Situation) -> Verdict:
    """A machine that answers a ping but not the question what it is may be the primary."""
    return _known_or_silent(action.id, situation) if _follows(action, situation) else Allow()


def _known_or_silent(id: ResourceId, situation: Situation) -> Verdict:
    other = peer_id(id, situation)
    if not other.node or seen_of(other, situation) is not None or _silent(id, situation):
        return Allow()
    told = ", ".join(_glance(p, situation) for p in _neighbours(id, situation, peer=True))
    why = f"{other.node} does not say what {other.ref} is there, but may be alive: {told}"
    return Hold("peer-silent", why, again_s=2.0)


def _glance(id: ResourceId, situation: Situation) -> str:
    seen = situation.snapshot.observed.get(id)
    how = seen.state.glance if isinstance(seen, Present) else "not to be seen"
    return f"{id.name} {getattr(situation.desired(id), 'address', '')} {how}"


def proof_of_death(base: ResourceId, action: Action, situation: Situation) -> Verdict:
    """Nothing is written until the peer is seen not to be primary, or has been silent on every
    path for longer than HAST's timeout and 5 s (domain 7)."""
    if action.id.kind in ABOVE or _followed(base, situation) is None:
        return Allow()
    other = peer_id(base, situation)
    theirs = seen_of(other, situation)
    if theirs is not None and theirs.active:
        return Hold("peer-silent", f"{other} answers, and is primary", again_s=2.0)
    if theirs is not None or _has_secondary(base, situation):
        return Allow()
    known = _known_or_silent(base, situation)
    if not isinstance(known, Allow):
        return known
    needed_s = _timeout_s(base, situation) + MARGIN_S
    silent_s = _silent_s(base, situation)
    if not other.node or silent_s >= needed_s:
        return Allow()
    why = (
        f"{other.node} has been silent on every path for {silent_s:.1f} s; only after "
        f"{needed_s:g} s (HAST's timeout and {MARGIN_S:g} s) its copy is written by nobody"
    )
    return Hold("peer-silent", why, again_s=needed_s - silent_s, sure=True)


def _has_secondary(id: ResourceId, situation: Situation) -> bool:
    """Our primary is connected, and the peer is alive: hastd connects to a secondary only. The
    word alone may be minutes old (domain 1.5)."""
    ours = seen_of(id, situation)
    complete = ours is not None and ours.active and ours.status == "complete"
    return complete and _one_answers(_neighbours(id, situation, peer=True), situation)


def _one_answers(ids: list[ResourceId], situation: Situation) -> bool:
    seen = situation.snapshot.observed
    return any(getattr(getattr(seen[o], "state", None), "answers", None) for o in ids)


def witness_isolated(action: Action, situation: Situation) -> Verdict:
    """With a silent peer and silent witnesses it is we who are cut off (F24)."""
    return _lonely(action.id, situation) if _follows(action, situation) else Allow()


def alone_above(base: ResourceId, action: Action, situation: Situation) -> Verdict:
    """The same of what is built on the role."""
    if action.id.kind in ABOVE or _followed(base, situation) is None:
        return Allow()
    return _lonely(base, situation)


def _lonely(id: ResourceId, situation: Situation) -> Verdict:
    witnesses = _neighbours(id, situation, peer=False)
    known = seen_of(peer_id(id, situation), situation) is not None
    if known or not witnesses or _one_answers(witnesses, situation):
        return Allow()
    told = ", ".join(_glance(w, situation) for w in witnesses)
    why = f"neither the peer nor a witness answers ({told}): {id.node} may be the isolated one"
    return Hold("witness-isolated", why, again_s=2.0)


def promote_needs_known_sync(action: Action, situation: Situation) -> Verdict:
    """On a secondary nothing says that it is in sync (F27). With both copies in sight their
    metadata tell; else what was remembered while the primary still spoke."""
    ours, theirs = seen_of(action.id, situation), seen_of(peer_id(action.id, situation), situation)
    if not _follows(action, situation) or ours is None or not ours.has_metadata:
        return Allow()
    if theirs is not None and theirs.has_metadata:
        return Allow()
    patience_s = _timeout_s(action.id, situation)
    followed = _followed(action.id, situation)
    quiet_s = waited_s(situation.notes(followed)) if followed else 0.0
    why = why_unsynced(ours, situation.notes(action.id), patience_s, quiet_s)
    if not why:
        return Allow()
    lift = (
        "bring the peer back, and both copies are compared; if it is lost for good and the loss "
        "of what only it had is accepted: --override promote-needs-known-sync --reason TEXT"
    )
    return Refuse("promote-needs-known-sync", f"{why} ({ours.counters})", lift)


def flap_damping(action: Action, situation: Situation) -> Verdict:
    """A service that fails on both nodes in turn must not travel for ever (F10)."""
    if action.verb != "promote":
        return Allow()
    found = situation.notes(action.id).get("promoted_at", ())
    moments = found if isinstance(found, tuple) else ()
    recent = [at for at in moments if situation.now.elapsed_s - at < FLAP_S]
    if len(recent) < FLAPS:
        return Allow()
    left_s = FLAP_S - (situation.now.elapsed_s - recent[-FLAPS])
    why = f"{action.id} was promoted {len(recent)} times in the last {FLAP_S:g} s"
    return Hold("flap-damping", why, again_s=left_s, sure=True)


def role_reverts(base: ResourceId, action: Action, situation: Situation) -> Verdict:
    """`hastctl role` returns 0 when a worker was forked; it may fall back to init later (F29)."""
    if situation.planning:
        return Allow()
    ours = seen_of(base, situation)
    if ours is not None and ours.active and ours.workerpid:
        return Allow()
    how = ours.role if ours else "not to be seen"
    return Hold("role-reverts-to-init", f"{base} is {how}, and {action.id} stands on it")


GUARDS = (
    Guard("init-is-not-master", init_is_not_master, ("S1", "S3"), still_entitled),
    Guard("witness-isolated", witness_isolated, ("S1",), alone_above, override=True),
    Guard("peer-silent", peer_silent, ("S1",), proof_of_death, override=True),
    Guard("promote-needs-known-sync", promote_needs_known_sync, ("S3",), override=True),
    Guard("role-reverts-to-init", never, ("S4",), role_reverts),
    Guard("carp-settled", carp_settled, ("S1",)),
    Guard("flap-damping", flap_damping, (), override=True),
)
