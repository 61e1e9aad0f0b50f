"""Plans and outcomes as text for people: wrong things only, each with its reason."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from converge.core.host import Wait
from converge.core.ids import Ref, ResourceId
from converge.core.plan import (
    Action,
    Allow,
    Change,
    Deferred,
    Ending,
    Hold,
    Outcome,
    Plan,
    Refuse,
    Verdict,
)
from converge.core.state import Absent, Present, differing, properties, shown
from converge.engine.show.marks import BLOCKED, IN_SYNC, UNKNOWN, Paint, mark, safe
from converge.engine.show.paths import Paths, path_lines
from converge.engine.show.spans import span_words

PLAIN = Paint(on=False)

NAMES_MAX = 6
"""Of what waits together, as many are named; a node that is down would fill a screen."""


def plan_text(
    plan: Plan,
    nodes: Iterable[str],
    taken: datetime,
    paint: Paint = PLAIN,
    *,
    commands: bool = False,
    paths: Paths | None = None,
) -> str:
    """The plan, a node at a time, numbered in the order of carrying out.

    `commands` adds the command or file of each action; `paths` are those to the peer.
    """
    lines = [f"seen at {taken.isoformat(timespec='seconds')}", *path_lines(paths or {}, paint)]
    number = {action.key: n for n, action in enumerate(plan.actions, 1)}
    for node in nodes:
        lines += ["", *_node_lines(plan, node, number, paint, commands=commands)]
    lines += ["", summary(plan)]
    return safe("\n".join(lines)) + "\n"


def _node_lines(
    plan: Plan, node: str, number: Mapping[str, int], paint: Paint, *, commands: bool
) -> Iterator[str]:
    actions = [a for a in plan.actions if a.id.node == node]
    waiting = [d for d in plan.deferred if d.id.node == node]
    concerns = concern_lines({i: w for i, w in plan.concerns.items() if i.node == node}, paint)
    if not actions and not waiting:
        lines = list(concerns)
        words = "nothing to do, but" if lines else f"{paint(IN_SYNC, IN_SYNC)} in sync"
        yield f"{paint('bold', node)}  {words}"
        yield from lines
        return
    yield paint("bold", node)
    changes = {c.id: c for c in plan.changes}
    told: set[ResourceId] = set()
    for action in actions:
        sign = BLOCKED if action.key in plan.held else mark(action)
        yield (
            f"{number[action.key]:>4} {paint(sign, sign)} "
            f"{action.id.ref} {paint('bold', action.verb)}: {action.why}"
        )
        if action.id in changes and action.id not in told and action.goal != Absent():
            told.add(action.id)
            yield from (f"         {line}" for line in field_lines(changes[action.id]))
        if commands and not isinstance(action.effect, Wait):
            yield paint("dim", f"         {action.effect}")
        yield from (f"       {line}" for line in verdict_lines(plan.held.get(action.key), paint))
    yield from waiting_lines(waiting, paint)
    yield from concerns


def concern_lines(
    concerns: Mapping[ResourceId, str], paint: Paint = PLAIN, *, nodes: bool = False
) -> Iterator[str]:
    """What a person must know though nothing is planned about it."""
    for id, words in concerns.items():
        yield f"     {paint(BLOCKED, BLOCKED)} {id if nodes else id.ref}: {words}"


def field_lines(change: Change) -> Iterator[str]:
    """What differs, a line a field: `advskew: 0 -> 100`."""
    if isinstance(change.observed, Present) and isinstance(change.wish, Present):
        told = properties(change.wish.state)
        for name in filter(told.__contains__, differing(change.observed, change.wish)):
            old, new = getattr(change.observed.state, name), getattr(change.wish.state, name)
            if isinstance(old, tuple) and isinstance(new, tuple):
                both = {*old} & {*new}
                old, new = (tuple(one for one in side if one not in both) for side in (old, new))
            yield f"{name}: {shown(old)} -> {shown(new)}"


def verdict_lines(verdict: Verdict | None, paint: Paint = PLAIN) -> Iterator[str]:
    """Why an action is held or refused, and what lifts that."""
    match verdict:
        case Hold(code, why, again_s):
            yield f"{paint(BLOCKED, 'held by ' + code)}: {why}; try again in {span_words(again_s)}"
        case Refuse(code, why, lift):
            yield f"{paint(BLOCKED, 'refused by ' + code)}: {why}"
            if lift:
                yield f"  {lift}"
        case Allow() | None:
            return


def waiting_lines(
    waiting: Iterable[Deferred], paint: Paint = PLAIN, *, nodes: bool = False
) -> Iterator[str]:
    """What has to wait; what waits for another of the list, or for the same reason, goes with it.

    `nodes`: name the node of each as well.
    """
    listed = list(waiting)
    ids = {d.id for d in listed}
    leads: dict[tuple[object, ...], Deferred] = {}
    for d in listed:
        if d.until not in ids:
            leads.setdefault(_reason(d), d)
    for reason, lead in leads.items():
        until = f" (until {lead.until.ref})" if lead.until else ""
        name = lead.id if nodes else lead.id.ref
        yield f"     {paint(UNKNOWN, UNKNOWN)} {name}: {lead.why}{until}"
        others = [d.id.ref for d in listed if d != lead and _reason(_root(d, listed)) == reason]
        if others:
            yield from _folded(f"       and with it: {_listed(others)}")


def _reason(deferred: Deferred) -> tuple[object, ...]:
    return deferred.id.node, deferred.why, deferred.until


def _listed(refs: list[Ref]) -> str:
    """All of them, or the first ones and how many more."""
    more = len(refs) - NAMES_MAX
    return ", ".join(refs) if more < 2 else f"{', '.join(refs[:NAMES_MAX])} and {more} more"


def _folded(line: str) -> list[str]:
    return textwrap.wrap(
        line, 100, subsequent_indent=" " * 9, break_long_words=False, break_on_hyphens=False
    )


def _root(deferred: Deferred, listed: list[Deferred]) -> Deferred:
    """Follow `until` through the list to the one that waits for something else."""
    by_id = {d.id: d for d in listed}
    for _ in listed:
        if deferred.until not in by_id:
            break
        deferred = by_id[deferred.until]
    return deferred


def summary(plan: Plan) -> str:
    """One line: how much is to do, is held, has to wait."""
    if plan.empty:
        return "nothing to do" + (f", {len(plan.concerns)} to look into" if plan.concerns else "")
    signs = Counter(mark(a) for a in plan.actions if a.key not in plan.held)
    count = sum(signs.values())
    parts = [f"{count} action{'' if count == 1 else 's'}"]
    if signs:
        parts[0] += " (" + " ".join(f"{n}{sign}" for sign, n in sorted(signs.items())) + ")"
    if plan.held:
        parts.append(f"{len(plan.held)} held")
    if plan.deferred:
        parts.append(f"{len(plan.deferred)} waiting")
    if plan.concerns:
        parts.append(f"{len(plan.concerns)} to look into")
    return ", ".join(parts)


_ENDINGS = {Ending.FAILED: BLOCKED, Ending.HELD: BLOCKED, Ending.SKIPPED: UNKNOWN}


def outcome_line(outcome: Outcome, paint: Paint = PLAIN) -> str:
    """How one action ended: `^ hasta/hast.test promote  done  0.1s`."""
    action: Action = outcome.action
    sign = _ENDINGS.get(outcome.ending, mark(action))
    line = f"{paint(sign, sign)} {action.key}: {outcome.ending.value}"
    if outcome.took_s >= 0.05:
        line += f" in {outcome.took_s:.1f}s"
    if outcome.detail:
        line += f", {outcome.detail}"
    return safe(line)


def observation_words(seen: object) -> str:
    """An observation in a few words, for tables."""
    match seen:
        case Present(state):
            return str(state.glance)
        case Absent():
            return "absent"
        case None:
            return "not looked at"
        case _:
            return f"unknown: {getattr(seen, 'why', '')}"
