"""Carrying out one plan: begin what may begin, settle what was begun, say how each ended.

Single-threaded. Independent actions run side by side because beginning one returns at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from converge.core.graph import Graph
from converge.core.host import Clock, Host
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
from converge.engine.run.settle import Running, how_it_ended

POLL_S = 0.5
"""How often a settling resource is looked at, and how long one wait for a command lasts."""

Look = Callable[[frozenset[ResourceId]], Snapshot]
Judge = Callable[[Action, Snapshot], Verdict]
Report = Callable[[Action, Outcome | None, float], None]
"""Told of each action: (action, None, 0) when it begins, (action, None, seconds) while it runs,
(action, outcome, seconds) when it ends."""


@dataclass(slots=True)
class Crew:
    """What carrying out needs: the doors, the eyes, the guards, the clock, the audience."""

    graph: Graph
    hosts: Mapping[str, Host]
    look: Look
    judge: Judge
    clock: Clock
    report: Report
    halted: Callable[[], bool] = lambda: False


@dataclass(slots=True)
class _State:
    """The carrying out of one plan: what waits, what runs, what ended, what was seen last."""

    crew: Crew
    snapshot: Snapshot
    waiting: list[Action]
    fresh: bool
    running: list[Running] = field(default_factory=list)
    outcomes: dict[str, Outcome] = field(default_factory=dict)

    def end(self, action: Action, ending: Ending, took_s: float = 0.0, detail: str = "") -> None:
        outcome = Outcome(action, ending, took_s, detail)
        self.outcomes[action.key] = outcome
        self.crew.report(action, outcome, took_s)

    def look_again(self, ids: frozenset[ResourceId]) -> None:
        """See these again; the rest of the snapshot stays as it was."""
        seen = self.crew.look(ids)
        observed = {**self.snapshot.observed, **seen.observed}
        self.snapshot = replace(self.snapshot, taken=seen.taken, observed=observed)

    def seen(self, id: ResourceId) -> Observation[State]:
        return self.snapshot.observed.get(id, Unknown("it was not looked at"))


def carry_out(
    plan: Plan, snapshot: Snapshot, crew: Crew, *, fresh: bool = True
) -> tuple[Outcome, ...]:
    """Every action of the plan ends in an outcome, in the plan's order.

    What the guards hold of the whole plan is not begun; the rest is judged again at its turn.

    `fresh`: the snapshot was taken right now, so the first action needs no other look.
    """
    state = _State(crew, snapshot, list(plan.actions), fresh=fresh)
    for action in plan.actions:
        verdict = plan.verdicts.get(action.key, Allow())
        if not isinstance(verdict, Allow) and verdict.code != COMES_AFTER:
            state.waiting.remove(action)
            state.end(action, Ending.HELD, detail=f"{verdict.code}: {verdict.why}")
    while state.waiting or state.running:
        if crew.halted():
            _give_up_waiting(state)
        _begin_ready(state)
        _wait_for_effects(state)
        _settle(state)
    return tuple(state.outcomes[action.key] for action in plan.actions)


def _give_up_waiting(state: _State) -> None:
    for action in state.waiting:
        state.end(action, Ending.SKIPPED, detail="interrupted before it began")
    state.waiting.clear()


def _begin_ready(state: _State) -> None:
    """Begin every action whose turn it is; what can no longer have a turn ends here."""
    for action in tuple(state.waiting):
        missing = [key for key in action.after if key not in state.outcomes]
        failed = [
            key
            for key in action.after
            if key in state.outcomes and state.outcomes[key].ending is not Ending.DONE
        ]
        if failed:
            state.waiting.remove(action)
            state.end(action, Ending.SKIPPED, detail=f"because of {failed[0]}")
        elif not missing and not _others_first(state, action):
            state.waiting.remove(action)
            _begin(state, action)


def _others_first(state: _State, action: Action) -> bool:
    """No up begins before every down has ended, well or not; nor does one that is to lead before
    its twin that is to follow, so that it meets it."""
    if action.direction is Direction.DOWN:
        return False
    going = [*state.waiting, *(r.action for r in state.running)]
    leads = is_active(action.wish)
    return any(
        other.direction is Direction.DOWN
        or (leads and other.id.is_twin_of(action.id) and not is_active(other.wish))
        for other in going
    )


def _begin(state: _State, action: Action) -> None:
    """On a fresh look: is it still right, and may it happen? Then start its effect."""
    crew, id = state.crew, action.id
    if not state.fresh:
        state.look_again(_around(crew.graph, id))
    state.fresh = False
    verdict = crew.judge(action, state.snapshot)
    seen = state.seen(id)
    fresh = _as_of_now(crew.graph, action, seen)
    if not isinstance(verdict, Allow):
        state.end(action, Ending.HELD, detail=f"{verdict.code}: {verdict.why}")
    elif isinstance(seen, Unknown):
        state.end(action, Ending.HELD, detail=f"cannot be seen now: {seen.why}")
    elif in_sync(seen, action.wish):
        state.end(action, Ending.DONE, detail="it was so already")
    elif fresh is None:
        state.end(action, Ending.SKIPPED, detail="it is no longer what is needed")
    else:
        crew.report(fresh, None, 0.0)
        ticket = crew.hosts[id.node].begin(fresh.effect)
        state.running.append(Running(fresh, crew.clock.elapsed(), ticket))


def _around(graph: Graph, id: ResourceId) -> frozenset[ResourceId]:
    """What an action is judged by: its resource, what that needs, and its twin on the peer."""
    twins = {other for other in graph.order if id.is_twin_of(other)}
    return frozenset({id, *graph.needs[id]} | (twins if graph.resources[id].guards else set()))


def _as_of_now(graph: Graph, action: Action, seen: Observation[State]) -> Action | None:
    """The same action as the kind plans it now: with the pids, lines and goal of what is seen."""
    if isinstance(seen, Unknown):
        return None
    acts = graph.resources[action.id].actions(Change(action.id, seen, action.wish))
    found = next((act for act in acts if act.key == action.key), None)
    return found and replace(found, wish=action.wish, after=action.after)


def _wait_for_effects(state: _State) -> None:
    """Wait a moment for commands to end; note their answers."""
    crew = state.crew
    for node in sorted({r.action.id.node for r in state.running if r.answer is None}):
        open_ = {r.ticket: r for r in state.running if r.action.id.node == node and not r.answer}
        ended = crew.hosts[node].wait(open_.keys(), crew.clock.elapsed() + POLL_S)
        for ticket, answer in ended.items():
            running = open_[ticket]
            running.answer = answer
            running.settle_until_s = crew.clock.elapsed() + running.action.settle_s
    for running in state.running:
        crew.report(running.action, None, crew.clock.elapsed() - running.began_s)


def _settle(state: _State) -> None:
    """Look at what was done until it shows, or its time is over."""
    settling = [r for r in state.running if r.answer is not None]
    visible = [r for r in settling if r.action.settle_s > 0]
    if visible:
        state.look_again(frozenset(r.action.id for r in visible))
    unsettled = False
    for running in settling:
        now_s = state.crew.clock.elapsed()
        ended = how_it_ended(running, state.seen(running.action.id), now_s)
        if ended is None:
            unsettled = True
            continue
        took_s = now_s - running.began_s
        state.running.remove(running)
        state.end(running.action, ended[0], took_s, ended[1])
    if unsettled and not any(r.answer is None for r in state.running):
        state.crew.clock.sleep(POLL_S)
