"""Why a resource is as it is: everything that went into its part of the plan. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields

from converge.core.graph import Graph
from converge.core.host import Answer
from converge.core.ids import ResourceId
from converge.core.ledger import Notes, Now
from converge.core.plan import Action, Allow, Deferred, Hold, Refuse
from converge.core.state import (
    INTENT,
    Absent,
    Observation,
    Present,
    State,
    Unknown,
    Wish,
    properties,
    shown,
)
from converge.engine.plan.diff import reason, wishes
from converge.engine.run.guards import MAINTENANCE_HOLD, Facts, opinions
from converge.engine.show.marks import IN_SYNC, UNKNOWN, mark
from converge.engine.show.status import marks
from converge.engine.show.text import observation_words
from converge.engine.show.why import Fact, Need, Obstacle, Source, Step, Why, lift_of
from converge.reconcile.charter import Pass
from converge.reconcile.planning import remembered


def why(graph: Graph, this: Pass, id: ResourceId, acting: frozenset[str], written: str) -> Why:
    """What is to be said of `id`. `written`: where the desired file speaks of it."""
    snapshot, plan = this.snapshot, this.plan
    ledger = remembered(graph, this.ledger, snapshot, this.now, acting)
    found = wishes(graph, snapshot, ledger, this.now, acting)
    seen = snapshot.observed.get(id, Unknown("it was not looked at"))
    wish = found.get(id, Unknown("it was not looked at"))
    letters = marks(graph, snapshot, plan)
    actions = [action for action in plan.actions if action.id == id]
    facts = Facts(graph, snapshot, ledger, this.now, planning=True)
    waiting = next((d for d in plan.deferred if d.id == id), None)
    obstacles = tuple(one for action in actions for one in _obstacles(action, this, facts))
    began_s = this.now.elapsed_s if snapshot.began_s is None else snapshot.began_s
    return Why(
        id=id,
        letter=letters.get(id, ""),
        wish=_wish_words(wish),
        because=reason(graph, id, snapshot, ledger, this.now, found, acting),
        written=written,
        seen=observation_words(seen),
        facts=tuple(_facts(seen, wish)),
        sources=_sources(this, id),
        taken=snapshot.taken,
        age_s=this.now.elapsed_s - began_s,
        remembered=tuple(_remembered(ledger.of(id), this.now)),
        needs=tuple(_need(n, this, letters) for n in graph.order if n in graph.needs[id]),
        chain=_chain(graph, id, this, letters),
        steps=tuple(Step(a.key, mark(a), a.why, str(a.effect)) for a in actions),
        obstacles=obstacles,
        waits=_waits(waiting),
        concern=plan.concerns.get(id, ""),
        changes=_changes(actions, obstacles, waiting, plan.concerns.get(id, "")),
    )


def _wish_words(wish: Wish[State]) -> str:
    match wish:
        case Present(state):
            named = properties(state)
            values = ", ".join(f"{name} {shown(getattr(state, name))}" for name in named)
            return f"in place{values and ': '}{values}"
        case Absent():
            return "not in place here"
        case Unknown(why):
            return f"cannot be told: {why}"


def _facts(seen: Observation[State], wish: Wish[State]) -> Iterator[Fact]:
    if not isinstance(seen, Present):
        return
    wished = wish.state if isinstance(wish, Present) else None
    for f in fields(seen.state):
        if f.metadata == INTENT:
            continue
        value = shown(getattr(seen.state, f.name))
        other = shown(getattr(wished, f.name)) if wished and f.compare else value
        yield Fact(f.name, value, other if other != value else "", evidence=not f.compare)


def _sources(this: Pass, id: ResourceId) -> tuple[Source, ...]:
    heard = dict(this.snapshot.heard.get(id.node, ()))
    asked = this.snapshot.sources.get(id, ())
    return tuple(Source(str(query), _said(heard.get(query))) for query in dict.fromkeys(asked))


def _said(answer: Answer | None) -> str:
    """How it ended. Not what it printed: that may hold what is nobody's business."""
    if answer is None or answer.lost:
        return f"no answer ({answer.lost})" if answer else "not asked"
    lines = answer.stdout.count("\n")
    return f"exit code {answer.code}, {lines} line{'' if lines == 1 else 's'}"


def _remembered(notes: Notes, now: Now) -> Iterator[str]:
    for key, note in sorted(notes.items()):
        if key.endswith("_at"):
            moments = note if isinstance(note, tuple) else (note,)
            ages = [f"{now.elapsed_s - float(at):.0f} s ago" for at in moments]
            yield f"{key}: {', '.join(ages)}"
        else:
            yield f"{key}: {shown(note)}"


def _need(id: ResourceId, this: Pass, letters: dict[ResourceId, str]) -> Need:
    return Need(
        str(id.ref), letters.get(id, UNKNOWN), observation_words(this.snapshot.observed.get(id))
    )


def _chain(
    graph: Graph, id: ResourceId, this: Pass, letters: dict[ResourceId, str]
) -> tuple[Need, ...]:
    """The way down to the first need that is not in sync, in the order of the graph."""
    wrong = [n for n in graph.order if n in graph.all_needs[id] and letters.get(n) != IN_SYNC]
    if not wrong:
        return ()
    first, at, chain = wrong[0], id, []
    while at != first:
        below = sorted(graph.needs[at])
        at = first if first in below else next(n for n in below if first in graph.all_needs[n])
        chain.append(_need(at, this, letters))
    return tuple(chain)


def _obstacles(action: Action, this: Pass, facts: Facts) -> Iterator[Obstacle]:
    """All guards that stop it, and what stops it because of another action."""
    found = [v for v in opinions(action, facts) if isinstance(v, Hold | Refuse)]
    whole = this.plan.verdicts.get(action.key, Allow())
    if isinstance(whole, Hold | Refuse) and whole.code not in {v.code for v in found}:
        found.append(whole)
    guards = [guard for one in facts.graph.resources.values() for guard in one.guards]
    may = {guard.code for guard in guards if guard.override} | {MAINTENANCE_HOLD}
    for one in dict.fromkeys(found):
        verdict = "hold" if isinstance(one, Hold) else "refuse"
        lift = lift_of(one, override=one.code in may)
        yield Obstacle(action.key, one.code, verdict, one.why, lift)


def _waits(waiting: Deferred | None) -> str:
    if waiting is None:
        return ""
    return f"{waiting.why}{f' (until {waiting.until.ref})' if waiting.until else ''}"


def _changes(
    actions: list[Action], obstacles: tuple[Obstacle, ...], waiting: Deferred | None, concern: str
) -> str:
    """What would change it."""
    if obstacles:
        codes = ", ".join(dict.fromkeys(one.code for one in obstacles))
        return f"when {codes} is lifted; `converge explain CODE` has the page of each"
    if actions:
        return "`converge apply` does what is planned"
    if waiting is not None:
        until = f"when {waiting.until.ref} is in place" if waiting.until else "when it can be seen"
        return f"{until}; then it is looked at again"
    if concern:
        return "no run changes it: it is as wished, and the concern is for a person"
    return "nothing is to be done, until its wish or what is seen of it is another one"
