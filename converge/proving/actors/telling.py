"""What a run says of itself on the timeline, beside what it does."""

from __future__ import annotations

from converge.core.plan import COMES_AFTER, Deferred, Ending
from converge.reconcile.charter import End
from converge.reconcile.passes import Course

Said = tuple[str, str, str]
"""What, why, and a guard's code."""


def outcomes(course: Course, held: tuple[str, ...], said: list[Said]) -> tuple[str, ...]:
    """What ended otherwise than well; a hold only when it is another one than before, `held`."""
    if not course.news:
        return held
    now = tuple(o.detail.partition(":")[0] for o in course.news if o.ending is Ending.HELD)
    for outcome in course.news:
        code, _, why = outcome.detail.partition(": ")
        what = f"{outcome.action.verb} {outcome.action.id.ref}"
        if outcome.ending is Ending.FAILED:
            said.append((f"{what} failed", outcome.detail, ""))
        elif outcome.ending is Ending.HELD and now != held:
            said.append((f"{what} held", why or code, code))
    return now


def unseen(course: Course) -> list[Said]:
    """What a run that ends without knowing what to do has waited for: the first reason of all."""
    if course.end is not End.UNKNOWN or not course.passes:
        return []
    return [(f"{d.id.ref} waits", d.why, "") for d in _roots(course.passes[-1].plan.deferred)[:1]]


def standing(course: Course) -> tuple[str, ...]:
    """The codes of the guards that stand in the way when a run ends, or that name what a person
    must look into although nothing can be planned (split-brain)."""
    if not course.passes:
        return ()
    last = course.passes[-1]
    held = {o.detail.partition(":")[0] for o in last.outcomes if o.ending is Ending.HELD}
    planned = {v.code for v in last.plan.held.values()} - {COMES_AFTER}
    known = {g.code for r in course.charter.graph.resources.values() for g in r.guards}
    named = {words.partition(":")[0] for words in last.plan.concerns.values()} & known
    waits = {d.id.kind for d in _roots(last.plan.deferred)} if course.end is End.UNKNOWN else set()
    return tuple(sorted(held | planned | named | {f"{kind} waits" for kind in waits}))


def _roots(deferred: tuple[Deferred, ...]) -> list[Deferred]:
    """Those that wait for none of the others."""
    ids = {d.id for d in deferred}
    return [d for d in deferred if d.until is None or d.until not in ids]
