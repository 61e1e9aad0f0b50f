"""When has an action ended, and how? Judged by what is seen; nothing is begun or asked here."""

from __future__ import annotations

from dataclasses import dataclass

from converge.core.host import Answer, Ticket
from converge.core.plan import Action, Ending
from converge.core.state import (
    Observation,
    Present,
    State,
    Unknown,
    Wish,
    differing,
    in_sync,
    shown,
)


@dataclass(frozen=True, slots=True)
class Running:
    """An action that was begun: first its effect runs, then it settles, then it may pause."""

    action: Action
    began_s: float
    ticket: Ticket
    answer: Answer | None = None
    settle_until_s: float = 0.0
    done_s: float | None = None


def as_seen(running: Running, seen: Observation[State], now_s: float) -> tuple[Ending, str] | None:
    """How it ended as far as can be seen, or None while it may still settle.

    No exit code is believed where the look can tell (recordings, facts 1 to 16): a bad code with
    the goal reached is done; a good code without it is not.
    """
    action, answer = running.action, running.answer
    assert answer is not None
    if action.settle_s <= 0:
        bad = bool(answer.lost) or answer.code != 0
        return (Ending.FAILED, answer.said) if bad else (Ending.DONE, "")
    goal = action.wish if action.goal is None else action.goal
    if in_sync(seen, goal):
        return Ending.DONE, ""
    if answer.code != 0 and not answer.lost:
        return Ending.FAILED, answer.said
    if now_s < running.settle_until_s:
        return None
    lost = f" ({answer.lost})" if answer.lost else ""
    return Ending.FAILED, f"after {action.settle_s:g} s {_still(seen, goal)}{lost}"


def _still(seen: Observation[State], goal: Wish[State]) -> str:
    match seen, goal:
        case Present(state), Present():
            wrong = differing(seen, goal)
            return " and ".join(f"{name} is still {shown(getattr(state, name))}" for name in wrong)
        case Present(state), _:
            return f"it is still there ({state.glance})"
        case Unknown(why), _:
            return f"it cannot be seen: {why}"
        case _:
            return "it is still not there"
