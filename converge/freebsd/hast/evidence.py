"""What speaks for the peer's being alive, and for how long nothing did. No guard is in here."""

from __future__ import annotations

from converge.core.guard import Situation
from converge.core.ids import Ref, ResourceId
from converge.core.ledger import Notes
from converge.core.plan import Action
from converge.core.state import Present, glance_of, is_active
from converge.freebsd.hast.standing import peer_id, seen_of


def timeout_s(id: ResourceId, situation: Situation) -> float:
    return float(getattr(situation.desired(id), "timeout", 20))


def address_of(id: ResourceId, situation: Situation) -> ResourceId | None:
    follow = getattr(situation.desired(id), "follow", None)
    return id.near(follow) if isinstance(follow, Ref) else None


def neighbours(id: ResourceId, situation: Situation, *, peer: bool) -> list[ResourceId]:
    """The ways to the peer, or the witnesses."""
    ids = (o for o in situation.snapshot.observed if (o.node, o.kind) == (id.node, "neighbour"))
    return sorted(o for o in ids if getattr(situation.desired(o), "peer", False) is peer)


def silent(id: ResourceId, situation: Situation, *, proven: bool = False) -> bool:
    """Not a sign of life of the peer: no path answers a ping, and none of its doors.

    `proven`: nor is any of its doors still being knocked at.
    """
    paths = neighbours(id, situation, peer=True)
    seen = situation.snapshot.observed
    answers = any(isinstance(seen.get(p), Present) and is_active(seen[p]) for p in paths)
    unseen = any(not isinstance(seen.get(p), Present) for p in paths)
    other = peer_id(id, situation)
    doors = situation.snapshot.paths.get(other.node, ())
    knocked = any(not door.silent and (proven or not door.waiting) for door in doors)
    return not (answers or unseen or knocked) and seen_of(other, situation) is None


def silent_s(id: ResourceId, situation: Situation) -> float:
    """For how long there was no sign of life, on the path that fell silent last.

    On the only path the address is on, too, silence began when the peer's announcements ended.
    """
    paths = neighbours(id, situation, peer=True)
    since = [moment(situation.notes(path), "silent_at") for path in paths]
    if not since or None in since:
        return 0.0
    began = max(at for at in since if at is not None)
    followed = address_of(id, situation)
    quiet = moment(situation.notes(followed), "quiet_at") if followed else None
    if len(paths) == 1 and quiet is not None:
        began = min(began, quiet)
    return situation.now.elapsed_s - began


def moment(notes: Notes, key: str) -> float | None:
    """A moment that is remembered, if it is."""
    found = notes.get(key)
    return float(found) if isinstance(found, int | float) else None


def waited_s(followed: Notes) -> float:
    """For how long nobody had announced himself when the address came here; 0: not known."""
    at, quiet = moment(followed, "master_at"), moment(followed, "quiet_at")
    return 0.0 if at is None or quiet is None else max(0.0, at - quiet)


def takes_over(action: Action, situation: Situation) -> bool:
    return action.verb == "promote" and address_of(action.id, situation) is not None


def glance(id: ResourceId, situation: Situation) -> str:
    how = glance_of(situation.snapshot.observed.get(id))
    return f"{id.name} {getattr(situation.desired(id), 'address', '')} {how}"
