"""What must not happen to a HAST role, judged by what is seen of both copies.

Whether a silent peer may be believed dead is in `taking`.
"""

from __future__ import annotations

from enum import Enum

from converge.core.guard import Guard, Situation
from converge.core.ids import ResourceId
from converge.core.plan import Action, Allow, Hold, Refuse, Verdict
from converge.core.state import Absent, Present, Unknown, is_active
from converge.freebsd.hast.answers import HastState

ROLE_VERBS = ("promote", "join", "demote")


class Standing(Enum):
    """Our copy against the peer's."""

    EVEN = "as new as"
    AHEAD = "newer than"
    BEHIND = "older than"
    SPLIT = "written apart from"
    STRANGE = "not a copy of"


def standing(ours: HastState, theirs: HastState) -> Standing:
    """hastd's own comparison when two nodes meet (sbin/hastd/secondary.c, init_remote()).

    A resuid of 0 is a copy that was created and never used.
    """
    if not ours.resuid or not theirs.resuid:
        if ours.resuid == theirs.resuid:
            return Standing.EVEN
        return Standing.AHEAD if ours.resuid else Standing.BEHIND
    local, remote = theirs.localcnt - ours.remotecnt, theirs.remotecnt - ours.localcnt
    if ours.resuid != theirs.resuid or local < 0 or remote > 0:
        return Standing.STRANGE
    if local > 0:
        return Standing.SPLIT if remote < 0 else Standing.BEHIND
    return Standing.AHEAD if remote < 0 else Standing.EVEN


BUSY_MB = 32
"""A busy primary is always a little dirty; more than this is a synchronisation that runs."""


def concern(ours: HastState, theirs: HastState | None) -> str:
    """What is wrong with the pair of copies though both roles may be as wished (F27, F33, F34)."""
    if theirs and ours.has_metadata and theirs.has_metadata:
        if standing(ours, theirs) is Standing.SPLIT:
            return "split-brain: both copies were written apart; a person must say which is lost"
        if standing(ours, theirs) is Standing.STRANGE:
            return "the two disks are not copies of each other: one of them was created anew"
    if not ours.has_metadata:
        return "hastctl dump finds no metadata on its disk: this is no copy"
    if ours.write_errors:
        return f"{ours.device} failed {ours.write_errors} writes: this copy is not to be trusted"
    if ours.active and ours.status == "degraded":
        return "degraded: what is written now reaches no peer"
    if ours.active and ours.dirty >> 20 > BUSY_MB:
        return f"{ours.dirty >> 20} MB have not reached the peer: nobody could lead with its copy"
    if ours.role == "secondary" and ours.status == "-":
        return "no primary is connected: this copy may be growing old"
    return ""


def peer_id(id: ResourceId, situation: Situation) -> ResourceId:
    """The same resource on the other node; its node is '' where there is none."""
    peer = situation.pair.peer_of(id.node)
    return ResourceId(peer.name if peer else "", id.kind, id.name)


def seen_of(id: ResourceId, situation: Situation) -> HastState | None:
    """How it was seen, if it was."""
    seen = situation.snapshot.observed.get(id)
    return seen.state if isinstance(seen, Present) else None


def _compared(action: Action, situation: Situation) -> tuple[Standing, str] | None:
    """Our copy against the peer's, with both dumps in words, where both have been seen."""
    other = peer_id(action.id, situation)
    ours, theirs = seen_of(action.id, situation), seen_of(other, situation)
    if not ours or not theirs or not ours.has_metadata or not theirs.has_metadata:
        return None
    found = standing(ours, theirs)
    dumps = f"{action.id.node}: {ours.counters}; {other.node}: {theirs.counters}"
    return found, f"the copy of {action.id} is {found.value} that of {other} ({dumps})"


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
    """hastctl role would return 0 and the role fall back to init (hast-nometa-*, F30)."""
    ours = seen_of(action.id, situation)
    if action.verb not in ("promote", "join") or ours is None or ours.has_metadata:
        return Allow()
    why = f"there are no HAST metadata on {ours.device} that can be read"
    lift = (
        f"if the disk is new: hastctl create {action.id.name}, which wipes what HAST knows of it"
    )
    return Refuse("metadata-missing", why, lift)


def split_brain(action: Action, situation: Situation) -> Verdict:
    """Both copies were written on their own: a person has to say which one is lost (F25)."""
    compared = _compared(action, situation)
    if action.verb not in ROLE_VERBS or not compared or compared[0] is not Standing.SPLIT:
        return Allow()
    name = action.id.name
    lift = (
        f"on the node whose changes may be lost: hastctl role init {name}, hastctl create {name}, "
        f"hastctl role secondary {name}; then wait for the full synchronisation"
    )
    return Refuse("split-brain", compared[1], lift)


def newest_data_first(action: Action, situation: Situation) -> Verdict:
    """An older copy must not be served while the newer one is there (F14, F15)."""
    compared = _compared(action, situation)
    if action.verb != "promote" or not compared:
        return Allow()
    if compared[0] not in (Standing.BEHIND, Standing.STRANGE):
        return Allow()
    lift = "let the other node lead, or let it synchronise its copy to this one first"
    return Refuse("newest-data-first", compared[1], lift)


def no_promotion_with_write_errors(action: Action, situation: Situation) -> Verdict:
    """HAST hides write errors; such a copy is not to be trusted (F34)."""
    return _rotten(action.id, situation) if action.verb == "promote" else Allow()


def nothing_on_write_errors(base: ResourceId, action: Action, situation: Situation) -> Verdict:
    """They may come after the promotion, at the check of the file system say."""
    return Allow() if action.id.kind == "hast_device" else _rotten(base, situation)


def _rotten(id: ResourceId, situation: Situation) -> Verdict:
    ours = seen_of(id, situation)
    known = situation.notes(id).get("write_errors", 0)
    errors = max(ours.write_errors if ours else 0, known if isinstance(known, int) else 0)
    if ours is None or not errors:
        return Allow()
    why = f"{ours.device} has failed {errors} writes"
    lift = f"replace the disk, then hastctl create {id.name} and synchronise from the peer"
    return Refuse("no-promotion-with-write-errors", why, lift)


def peer_still_primary(action: Action, situation: Situation) -> Verdict:
    """hastd never refuses a second primary (F25, F26). A demotion planned before is waited for."""
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


def boot_delay(action: Action, situation: Situation) -> Verdict:
    """After a power failure of the room both nodes boot: the one that is back first must not
    lead before it could have heard of the other (F01, F02). A run within that time ends as held
    (exit 4); run it again later."""
    node = situation.pair.nodes[action.id.node]
    ours = seen_of(action.id, situation)
    if action.verb != "promote" or not node.boot_delay_s or ours is None:
        return Allow()
    theirs = seen_of(peer_id(action.id, situation), situation)
    if theirs is not None and theirs.role == "secondary":
        return Allow()
    if ours.uptime_s is None:
        return Hold("boot-delay", f"it cannot be seen how long {node.name} has been up")
    left_s = node.boot_delay_s - ours.uptime_s
    if left_s <= 0:
        return Allow()
    why = f"{node.name} is up for {ours.uptime_s:g} s; boot_delay is {node.boot_delay_s:g} s"
    return Hold("boot-delay", why, again_s=left_s, sure=True)


def never_demote_while_mounted(action: Action, situation: Situation) -> Verdict:
    """hastd takes the device away from under a mount (mounted-role-secondary-*, F50).

    An unmount planned before is waited for; a mount that nobody declared is a person's.
    """
    ours = seen_of(action.id, situation)
    if action.verb != "demote" or ours is None or not ours.mounted:
        return Allow()
    unmount = f"{action.id.near(f'mount.{ours.mounted}')} unmount"
    if situation.planning and unmount in action.after:
        return Allow()
    why = f"/dev/hast/{ours.provider} is mounted on {ours.mounted}"
    return Refuse(
        "never-demote-while-mounted", why, f"stop what uses it, then umount {ours.mounted}"
    )


def dirty_handover(action: Action, situation: Situation) -> Verdict:
    """A demotion ends a synchronisation: then no copy is complete and nobody can lead (F27).

    A busy primary is always a little dirty; what counts is what is left after the unmount.
    """
    ours = seen_of(action.id, situation)
    if action.verb != "demote" or ours is None or ours.status != "complete" or not ours.dirty:
        return Allow()
    if situation.planning and ours.mounted:
        return Allow()
    left = f"{max(1, ours.dirty >> 20)} MB of {action.id} have not reached the peer yet"
    return Hold("dirty-handover", f"{left}; nobody could lead with what it has", again_s=2.0)


def never_reload_while_mounted(action: Action, situation: Situation) -> Verdict:
    """With another disk or name a reload restarts the primary: its device goes away (F39)."""
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


GUARDS = (
    Guard("boot-delay", boot_delay, ("S1",)),
    Guard("metadata-missing", metadata_missing, ("S3", "S7")),
    Guard("split-brain", split_brain, ("S1", "S3")),
    Guard("newest-data-first", newest_data_first, ("S3",)),
    Guard(
        "no-promotion-with-write-errors",
        no_promotion_with_write_errors,
        ("S3",),
        nothing_on_write_errors,
    ),
    Guard("peer-still-primary", peer_still_primary, ("S1",)),
    Guard("never-demote-while-mounted", never_demote_while_mounted, ("S2",)),
    Guard("dirty-handover", dirty_handover, ("S3",)),
    Guard("never-reload-while-mounted", never_reload_while_mounted, ("S2",)),
)
