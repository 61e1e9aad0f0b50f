"""What must not happen to a HAST role, judged by what is seen of both copies.

Whether a silent peer may be believed dead is in `taking`.
"""

from __future__ import annotations

from converge.core.guard import Guard, Situation
from converge.core.ids import ResourceId
from converge.core.plan import Action, Allow, Hold, Refuse, Verdict
from converge.core.state import Absent, Present, Unknown, is_active
from converge.freebsd.hast.answers import HastState
from converge.freebsd.hast.memory import CALM, consented
from converge.freebsd.hast.standing import Standing, compared, peer_id, seen_of

ROLE_VERBS = ("promote", "join", "demote")


def _answers(id: ResourceId, situation: Situation) -> bool:
    """Something of that node was seen, and this resource of it was not: it is not a dead node.

    Without a hastd it has no role; only a device may be left behind.
    """
    observed = situation.snapshot.observed
    if not isinstance(observed.get(id), Unknown):
        return False
    theirs = {o: s for o, s in observed.items() if o.node == id.node}
    if isinstance(observed.get(id.near("service.hastd")), Absent):
        return any(o.kind == "hast_device" and is_active(s) for o, s in theirs.items())
    return any(not isinstance(s, Unknown) for s in theirs.values())


def metadata_missing(action: Action, situation: Situation) -> Verdict:
    """Refuses a role where the disk has no HAST metadata: hastctl would return 0, and the role
    fall back to init (F30, F36).

    Seen: `hastctl dump NAME` on this node says that there are no metadata.
    To do: If the disk is new: `converge repair hast.NAME`. If it is not new, find out why they
    cannot be read before anything is created.
    Shown: scenarios/hast/metadata-missing.txt
    """
    ours = seen_of(action.id, situation)
    if action.verb not in ("promote", "join") or ours is None or ours.has_metadata:
        return Allow()
    why = f"there are no HAST metadata on {ours.device} that can be read"
    lift = f"if the disk is new: converge repair {action.id.ref}"
    return Refuse("metadata-missing", why, lift)


def split_brain(action: Action, situation: Situation) -> Verdict:
    """Refuses every change of a role when both copies were written on their own: a person has to
    say which one is lost (F15, F25).

    Seen: `hastctl dump` on both nodes: each copy has counted writes that the other does not know
    of.
    To do: Decide which copy is lost: docs/how-to/recover-from-split-brain.md. On that node
    `converge repair hast.NAME`; it watches the full synchronisation.
    Shown: scenarios/carp/isolated-one-network.txt
    """
    found = compared(action, situation)
    if action.verb not in ROLE_VERBS or not found or found[0] is not Standing.SPLIT:
        return Allow()
    lift = f"on the node whose changes may be lost: converge repair {action.id.ref}"
    return Refuse("split-brain", found[1], lift)


def newest_data_first(action: Action, situation: Situation) -> Verdict:
    """Refuses to promote the older of two copies that are both in sight (F14, F15).

    Seen: `hastctl dump` on both nodes: the counters say that the other copy is the newer one.
    To do: Nothing where the address may go (`preempt = false`): it is sent to the other node. Else
    move it there, or let the other node synchronise its copy to this one first.
    Shown: scenarios/without/newest-data-first.txt
    """
    found = compared(action, situation)
    if action.verb != "promote" or not found:
        return Allow()
    if found[0] not in (Standing.BEHIND, Standing.STRANGE):
        return Allow()
    lift = "let the other node lead, or let it synchronise its copy to this one first"
    return Refuse("newest-data-first", found[1], lift)


def no_promotion_with_write_errors(action: Action, situation: Situation) -> Verdict:
    """Refuses to promote a copy whose disk has failed a write: HAST hides such errors (F34).

    Seen: The write errors that `hastctl list` counts on this node, and those that the ledger
    remembers of the same copy.
    To do: Replace the disk, then `converge repair hast.NAME`: it is synchronised from the peer.
    Shown: scenarios/hast/write-errors-on-the-secondary.txt
    """
    return _rotten(action.id, situation) if action.verb == "promote" else Allow()


def nothing_on_write_errors(base: ResourceId, action: Action, situation: Situation) -> Verdict:
    """Nothing is built on it; the errors may come after the promotion, at the check of the file
    system say."""
    return Allow() if action.id.kind == "hast_device" else _rotten(base, situation)


def _rotten(id: ResourceId, situation: Situation) -> Verdict:
    ours = seen_of(id, situation)
    known = situation.notes(id).get("write_errors", 0)
    errors = max(ours.write_errors if ours else 0, known if isinstance(known, int) else 0)
    if ours is None or not errors:
        return Allow()
    why = f"{ours.device} has failed {errors} writes"
    lift = (
        f"replace the disk, then converge repair {id.ref}: synchronise it from the peer; if this "
        "is the newest copy and the loss of those writes is accepted: "
        "--override no-promotion-with-write-errors --reason TEXT"
    )
    return Refuse("no-promotion-with-write-errors", why, lift)


def peer_still_primary(action: Action, situation: Situation) -> Verdict:
    """Holds a promotion while the peer is primary, or answers and its role cannot be seen: hastd
    itself never refuses a second primary (F11, F18, F25, F26, F49). A demotion planned before is
    waited for.

    Seen: The role on the peer in `hastctl list` there, asked by every path.
    To do: Nothing, if the peer is about to give the role up: it lifts by itself. If it lasts, look
    at the peer: it has the role without the address, or cannot be asked (`converge status`).
    Shown: scenarios/carp/lan-cut-storage-lives.txt
    """
    other = peer_id(action.id, situation)
    theirs = seen_of(other, situation)
    if action.verb == "promote" and theirs is None and _answers(other, situation):
        why = f"{other.node} answers, but whether {other} is primary cannot be seen"
        return Hold("peer-still-primary", why, again_s=2.0)
    if action.verb != "promote" or theirs is None or not theirs.active:
        return Allow()
    if situation.planning and f"{other} demote" in action.after:
        return Allow()
    return Hold("peer-still-primary", f"{other} is primary ({theirs.status})", again_s=2.0)


def never_demote_while_mounted(action: Action, situation: Situation) -> Verdict:
    """Refuses a demotion under a mount: hastd would take the device away (F49, F50). An unmount
    planned before is waited for; a mount that nobody declared is a person's.

    Seen: `mount -p` on this node shows the device of the resource.
    To do: Stop what uses the file system, then `umount` it. A mount that the desired file has is
    unmounted by converge itself, before.
    Shown: scenarios/without/never-demote-while-mounted.txt
    """
    ours = seen_of(action.id, situation)
    if action.verb not in ("demote", "reset") or ours is None or not ours.mounted:
        return Allow()
    unmount = f"{action.id.near(f'mount.{ours.mounted}')} unmount"
    if situation.planning and unmount in action.after:
        return Allow()
    why = f"/dev/hast/{ours.provider} is mounted on {ours.mounted}"
    return Refuse(
        "never-demote-while-mounted", why, f"stop what uses it, then umount {ours.mounted}"
    )


def dirty_handover(action: Action, situation: Situation) -> Verdict:
    """Holds a demotion until all is at the peer: it would end a synchronisation, and with no copy
    complete nobody could lead (F27). A busy primary is always a little dirty; what counts is what
    is left after the unmount.

    Seen: The dirty bytes and the status that `hastctl list` shows on the primary after the
    unmount.
    To do: Nothing: it lifts when the peer has everything. If it lasts, the link between the nodes
    is too slow or gone.
    Shown: scenarios/without/dirty-handover.txt
    """
    ours = seen_of(action.id, situation)
    if action.verb != "demote" or ours is None or (situation.planning and ours.mounted):
        return Allow()
    if situation.leader not in ("", action.id.node):
        return _planned(ours, action.id, situation)
    if ours.status != "complete" or not ours.dirty:
        return Allow()
    left = f"{max(1, ours.dirty >> 20)} MB of {action.id} have not reached the peer yet"
    return Hold("dirty-handover", f"{left}; nobody could lead with what it has", again_s=2.0)


def _planned(ours: HastState, id: ResourceId, situation: Situation) -> Verdict:
    """A role that is given up because a person wants it can wait for certainty."""
    if situation.notes(id).get("calm") == CALM:
        return Allow()
    left = f"{ours.dirty} bytes have not reached the peer"
    why = f"it must be seen {CALM} times that the peer has all: {ours.status}, {left}"
    return Hold("dirty-handover", why, again_s=0.5, sure=ours.status == "complete")


def never_reload_while_mounted(action: Action, situation: Situation) -> Verdict:
    """Refuses a reload of hastd under a mount when disk or name differ: the primary would be
    restarted, and its device go away (F38, F39).

    Seen: `mount -p` on this node, and the disk and device name that hastd has beside those that
    are wished.
    To do: Stop what uses the file system and `umount` it, then apply again.
    Shown: plans/lab-desired-disk/plan.txt
    """
    ours = seen_of(action.id, situation)
    if action.verb != "reload" or ours is None or not ours.mounted or not ours.active:
        return Allow()
    wished = action.wish.state if isinstance(action.wish, Present) else ours
    if (ours.device, ours.provider) == (wished.device, wished.provider):
        return Allow()
    why = f"/dev/hast/{ours.provider} is mounted on {ours.mounted} and would go away for a moment"
    return Refuse(
        "never-reload-while-mounted", why, f"stop what uses it, then umount {ours.mounted}"
    )


def copy_consent(action: Action, situation: Situation) -> Verdict:
    """Refuses to make a copy anew unless a person has given up this very copy, and the other node
    has one that can be synchronised from (F25, F30).

    Seen: no consent in the ledger for the copy as `hastctl dump` shows it; or on the other node no
    copy, or one on a disk that has failed writes.
    To do: Look at both copies and choose: `converge repair hast.NAME`.
    Shown: freebsd/test_hast.py::test_a_copy_is_made_anew_only_by_consent_to_this_very_copy
    """
    if action.verb not in ("reset", "create"):
        return Allow()
    id, other = action.id, peer_id(action.id, situation)
    ours, theirs = seen_of(id, situation), seen_of(other, situation)
    if ours is None or not consented(ours, situation.notes(id)):
        lift = f"look at both copies and choose: converge repair {id.ref}"
        return Refuse("copy-consent", f"nobody has given up the copy of {id} as it is", lift)
    if theirs is None or not theirs.has_metadata or theirs.write_errors:
        how = "cannot be seen" if theirs is None else "holds nothing that can be trusted"
        return Hold("copy-consent", f"{other} {how}: this would be the only copy", again_s=5.0)
    return Allow()


GUARDS = (
    Guard("copy-consent", copy_consent),
    Guard("metadata-missing", metadata_missing),
    Guard("split-brain", split_brain, ("S3",)),
    Guard("newest-data-first", newest_data_first, ("S3",)),
    Guard(
        "no-promotion-with-write-errors",
        no_promotion_with_write_errors,
        ("S3",),
        nothing_on_write_errors,
        override=True,
    ),
    Guard("peer-still-primary", peer_still_primary, ("S3",), behind=(("S1", "peer-silent"),)),
    Guard("never-demote-while-mounted", never_demote_while_mounted, ("S2",)),
    Guard("dirty-handover", dirty_handover, behind=(("S3", "promote-needs-known-sync"),)),
    Guard("never-reload-while-mounted", never_reload_while_mounted, ("S2",)),
)
