"""What brings a resource into its wished role: reload, demote, join, promote."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from converge.core.host import Command
from converge.core.plan import Action, Change
from converge.core.state import Present, differing
from converge.freebsd.hast.answers import HastState

if TYPE_CHECKING:
    from converge.freebsd.hast import Hast

GIVEN_UP = "a person has given up this copy"

ROLE_S = 5.0
"""A promotion that fails shows at the first look (hast-nometa-status-0s); this is ample."""

RELOAD_S = 12.0
"""hastd acts on a signal within 5 s, then restarts the worker (recordings, fact 11)."""


def acts(hast: Hast, change: Change) -> tuple[Action, ...]:
    seen = change.observed.state if isinstance(change.observed, Present) else None
    wished = change.wish.state if isinstance(change.wish, Present) else None
    role = seen.role if seen else "init"
    if seen and wished and wished.anew:
        return tuple(_anew(hast, seen))
    found: list[Action] = []
    if seen and seen.active and (wished is None or not wished.active):
        found.append(_demotion(hast, seen, wished))
        role = "secondary"
    if wished is None:
        return tuple(found)
    if seen is None or set(differing(Present(seen), Present(wished))) - {"role"}:
        found.append(_reload(hast, seen, replace(wished, role=role)))
    if role != wished.role:
        verb = "promote" if wished.active else "join"
        why = _why(hast, wished.role, role)
        found.append(hast.up(verb, why, _set(hast, wished.role), ROLE_S))
    return tuple(found)


def _anew(hast: Hast, seen: HastState) -> Iterator[Action]:
    """What a person does by hand after a split-brain, hastctl(8): role init, create. It is made
    secondary by the next pass, which sees the metadata of a copy that holds nothing."""
    if seen.role != "init":
        goal = Present(replace(seen, role="init"))
        reset = hast.down("reset", GIVEN_UP, _set(hast, "init"), ROLE_S, goal)
        # It is what the other node waits for: that one writes nothing beside a second primary.
        yield replace(reset, own_sake=True)
    yield hast.up("create", GIVEN_UP, Command(("hastctl", "create", hast.id.name), 60.0))


def _demotion(hast: Hast, seen: HastState, wished: HastState | None) -> Action:
    why = "what it needs goes away"
    if wished:
        why = wished.because or _why(hast, wished.role, seen.role)
    goal = Present(replace(seen, role="secondary"))
    return hast.down("demote", why, _set(hast, "secondary"), ROLE_S, goal)


def _reload(hast: Hast, seen: HastState | None, goal: HastState) -> Action:
    why = "hastd does not know it yet"
    if seen:
        fields = differing(Present(seen), Present(goal))
        why = "hastd still has " + ", ".join(f"{f} {getattr(seen, f)}" for f in fields)
    command = Command(("service", "hastd", "reload"))
    return hast.up("reload", why, command, RELOAD_S, Present(goal))


def _set(hast: Hast, role: str) -> Command:
    # A demotion waits up to `timeout` for a peer that went silent (F28).
    deadline_s = max(30.0, hast.timeout + 10.0)
    return Command(("hastctl", "role", role, hast.id.name), deadline_s)


def _why(hast: Hast, wished: str, role: str) -> str:
    if hast.follow is None and wished == "secondary":
        return f"this node is not to lead, and the role is {role}"
    if hast.follow is None:
        return f"the desired file fixes the role {wished} here, and it is {role}"
    here = "is active" if wished == "primary" else "is not active"
    return f"{hast.follow} {here} here, and the role is {role}"
