"""Carrying out one plan, as a value: what is needed next, and what follows from having got it.

Nothing in here touches a node, waits or looks; whoever drives does (reconcile, the proving
ground). So a run can be stopped between any two steps, compared and explored.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from converge.core.graph import Graph
from converge.core.host import Answer, Ticket
from converge.core.ids import ResourceId
from converge.core.plan import (
    COMES_AFTER,
    Action,
    Allow,
    Change,
    Direction,
    Ending,
    Outcome,
    Plan,
    Snapshot,
    Verdict,
)
from converge.core.state import Observation, State, Unknown, in_sync, is_active
from converge.engine.run.guards import bases
from converge.engine.run.need import Begin, Listen, Look, Need, Over
from converge.engine.run.settle import Running, as_seen

POLL_S = 0.25
"""How often a settling resource is looked at, and how long one wait for a command lasts."""

FRESH_S = 2.0
"""What an action stands on is not looked at again when it was seen so short a time ago."""

Judge = Callable[[Action, Snapshot], Verdict]


@dataclass(frozen=True, slots=True)
class Carrying:
    """The carrying out of one plan: what waits, what runs, what ended, what was seen last.

    `chosen` may begin at once: it was judged on a fresh look. `heard`: answers came, so what
    settles is looked at. `seen_s`: when a resource was looked at last.
    """

    graph: Graph
    plan: Plan
    snapshot: Snapshot
    waiting: tuple[Action, ...]
    seen_s: Mapping[ResourceId, float]
    outcomes: tuple[Outcome, ...] = ()
    running: tuple[Running, ...] = ()
    poll_s: float = POLL_S
    chosen: Action | None = None
    heard: bool = False

    @property
    def ended(self) -> dict[str, Outcome]:
        return {outcome.action.key: outcome for outcome in self.outcomes}

    def need(self, now_s: float) -> Need:
        """What must be brought next."""
        if self.chosen:
            return Begin(self.chosen)
        ready = self._ready()
        if ready:
            return Look(self._around(ready, now_s))
        settling = frozenset(r.action.id for r in self.running if r.answer and r.action.settle_s)
        if self.heard and settling:
            return Look(settling)
        if self.running:
            open_ = tuple((r.action.id.node, r.ticket) for r in self.running if r.answer is None)
            return Listen(open_, now_s + self.poll_s)
        return Over()

    def looked(self, snapshot: Snapshot, judge: Judge, now_s: float) -> Carrying:
        """Something was looked at again: the rest of the snapshot stays as it was."""
        observed = {**self.snapshot.observed, **snapshot.observed}
        seen_s = {**self.seen_s, **dict.fromkeys(snapshot.observed, now_s)}
        whole = replace(
            self.snapshot,
            taken=snapshot.taken,
            observed=observed,
            paths={**self.snapshot.paths, **snapshot.paths},
        )
        new = replace(self, snapshot=whole, seen_s=seen_s)
        ready = new._ready()
        return new._turn(ready, judge) if ready else new._settled(now_s)

    def begun(self, ticket: Ticket, now_s: float) -> Carrying:
        """The effect of the chosen action was started."""
        assert self.chosen
        running = Running(self.chosen, now_s, ticket)
        return replace(self, chosen=None, running=(*self.running, running))

    def listened(self, answers: Mapping[tuple[str, Ticket], Answer], now_s: float) -> Carrying:
        """Commands have ended, or time has passed."""
        running = tuple(
            replace(r, answer=answers[at], settle_until_s=now_s + r.action.settle_s)
            if (at := (r.action.id.node, r.ticket)) in answers
            else r
            for r in self.running
        )
        new = replace(self, running=running, heard=True)
        visible = any(r.answer and r.action.settle_s for r in running)
        return new if visible else new._settled(now_s)

    def given_up(self, why: str) -> Carrying:
        """Nothing more is begun; what runs is waited for."""
        left = (self.chosen, *self.waiting) if self.chosen else self.waiting
        skipped = (Outcome(a, Ending.SKIPPED, 0.0, why) for a in left)
        return replace(self, waiting=(), chosen=None, outcomes=(*self.outcomes, *skipped))

    def _end(
        self, action: Action, ending: Ending, took_s: float = 0.0, said: str = ""
    ) -> Carrying:
        waiting = tuple(a for a in self.waiting if a.key != action.key)
        outcomes = (*self.outcomes, Outcome(action, ending, took_s, said))
        return replace(self, waiting=waiting, outcomes=outcomes).without_hope()

    def without_hope(self) -> Carrying:
        """What comes after something that did not succeed has no turn any more."""
        ended = self.ended
        for action in self.waiting:
            missed = (k for k in action.after if k in ended and ended[k].ending is not Ending.DONE)
            if first := next(missed, ""):
                return self._end(action, Ending.SKIPPED, said=f"because of {first}")
        return self

    def _ready(self) -> Action | None:
        """The next action whose turn it is."""
        ended = self.ended
        return next(
            (
                action
                for action in self.waiting
                if all(key in ended for key in action.after) and not self._others_first(action)
            ),
            None,
        )

    def _others_first(self, action: Action) -> bool:
        """No up begins before every down has ended, well or not; nor does one that is to lead
        before its twin that is to follow, so that it meets it."""
        if action.direction is Direction.DOWN:
            return False
        going = [*self.waiting, *(r.action for r in self.running)]
        leads = is_active(action.wish)
        return any(
            other.direction is Direction.DOWN
            or (leads and other.id.is_twin_of(action.id) and not is_active(other.wish))
            for other in going
        )

    def _around(self, action: Action, now_s: float) -> frozenset[ResourceId]:
        """What an action is judged by: its resource, what that needs, its twin on the peer, and
        the same of what it stands on, unless that was seen just now."""
        own = _judged_by(self.graph, action.id)
        if action.direction is Direction.DOWN:
            return own
        below = {id for b in bases(self.graph, action.id) for id in _judged_by(self.graph, b)}
        old = {id for id in below if now_s - self.seen_s.get(id, float("-inf")) > FRESH_S}
        return own | old

    def _turn(self, action: Action, judge: Judge) -> Carrying:
        """On a fresh look: is it still right, and may it happen? Then it is chosen."""
        verdict = judge(action, self.snapshot)
        seen: Observation[State] = self.snapshot.observed.get(
            action.id, Unknown("it was not looked at")
        )
        if not isinstance(verdict, Allow):
            return self._end(action, Ending.HELD, said=f"{verdict.code}: {verdict.why}")
        if isinstance(seen, Unknown):
            return self._end(action, Ending.HELD, said=f"cannot be seen now: {seen.why}")
        if in_sync(seen, action.wish):
            return self._end(action, Ending.DONE, said="it was so already")
        fresh = _as_of_now(self.graph, action, seen)
        if fresh is None:
            return self._end(action, Ending.SKIPPED, said="it is no longer what is needed")
        waiting = tuple(a for a in self.waiting if a.key != action.key)
        return replace(self, waiting=waiting, chosen=fresh)

    def _settled(self, now_s: float) -> Carrying:
        """End what has reached its goal or its deadline; what failed may have another rung."""
        new = replace(self, heard=False, running=())
        for running in self.running:
            seen: Observation[State] = self.snapshot.observed.get(
                running.action.id, Unknown("it was not looked at")
            )
            ended = as_seen(running, seen, now_s) if running.answer else None
            if ended and ended[0] is Ending.DONE:
                running = replace(running, done_s=running.done_s or now_s)
                if now_s < (running.done_s or 0.0) + running.action.pause_s:
                    ended = None
            action = running.action
            if ended is None:
                new = replace(new, running=(*new.running, running))
            elif ended[0] is Ending.FAILED and action.rung < len(action.rungs):
                nxt = action.at_rung(action.rung + 1)
                new = replace(new, waiting=(nxt, *new.waiting))
            else:
                new = new._end(action, ended[0], now_s - running.began_s, ended[1])
        return new


def start(
    graph: Graph,
    plan: Plan,
    snapshot: Snapshot,
    judge: Judge,
    now_s: float,
    *,
    fresh: bool = True,
    poll_s: float = POLL_S,
) -> Carrying:
    """What the guards hold of the whole plan is not begun; the rest is judged again at its turn.

    `fresh`: the snapshot was taken right now, so the first action needs no other look.
    """
    held = {key: v for key, v in plan.held.items() if v.code != COMES_AFTER}
    waiting = tuple(action for action in plan.actions if action.key not in held)
    outcomes = tuple(
        Outcome(action, Ending.HELD, 0.0, f"{verdict.code}: {verdict.why}")
        for action in plan.actions
        if (verdict := held.get(action.key))
    )
    seen_s = dict.fromkeys(snapshot.observed, now_s) if fresh else {}
    new = Carrying(graph, plan, snapshot, waiting, seen_s, outcomes, poll_s=poll_s).without_hope()
    ready = new._ready()
    return new._turn(ready, judge) if ready and fresh else new


def _judged_by(graph: Graph, id: ResourceId) -> frozenset[ResourceId]:
    twin = graph.twin(id) if graph.resources[id].guards else None
    return graph.needs[id] | ({id, twin} if twin else {id})


def _as_of_now(graph: Graph, action: Action, seen: Observation[State]) -> Action | None:
    """The same action as the kind plans it now: with the pids, lines and goal of what is seen, and
    without harder rungs if it was planned so."""
    acts = graph.resources[action.id].actions(Change(action.id, seen, action.wish))
    found = next((act for act in acts if act.key == action.key), None)
    if found is None or action.rung > len(found.rungs):
        return None
    rungs = found.rungs if action.rungs else ()
    return replace(found, wish=action.wish, after=action.after, rungs=rungs).at_rung(action.rung)
