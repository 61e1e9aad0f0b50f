"""Plans, observations and runs as JSON: snake_case, sorted, versioned, without secrets."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any

from converge.core.host import Command, Edit, Wait, Write
from converge.core.ids import ResourceId
from converge.core.plan import Action, Allow, Change, Deferred, Hold, Outcome, Plan, Verdict
from converge.core.secret import Secret
from converge.core.state import Absent, Observation, Present, Unknown
from converge.engine.show.paths import Paths, path_forms

FORMAT_VERSION = 1


def dumps(form: Mapping[str, Any]) -> str:
    """The one way to text: sorted keys, two spaces, a newline at the end."""
    return json.dumps(form, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def plan_form(plan: Plan, taken: datetime, paths: Paths | None = None) -> dict[str, Any]:
    """A plan. The same form is what `plan -o` saves and `apply FILE` reads.

    `paths` are those to the peer.
    """
    return {
        "format_version": FORMAT_VERSION,
        "kind": "plan",
        "taken": taken.isoformat(),
        "basis": plan.basis,
        "empty": plan.empty,
        "changes": [_change(c) for c in plan.changes],
        "actions": [_action(a, plan.verdicts.get(a.key, Allow())) for a in plan.actions],
        "deferred": [_deferred(d) for d in plan.deferred],
        "concerns": {str(id): words for id, words in plan.concerns.items()},
        "paths": path_forms(paths or {}),
    }


def decided_form(plan: Plan) -> dict[str, Any]:
    """What was decided, short: each action with its verdict, and what waits."""
    actions = []
    for action in plan.actions:
        verdict = plan.verdicts.get(action.key, Allow())
        actions.append(
            {
                "key": action.key,
                "why": action.why,
                "effect": str(action.effect),
                "verdict": type(verdict).__name__.lower(),
                "code": verdict.code if not isinstance(verdict, Allow) else "",
                "because": verdict.why if not isinstance(verdict, Allow) else "",
            }
        )
    waiting = [_deferred(d) for d in plan.deferred]
    return {"actions": actions, "waiting": waiting}


def observation_form(
    observed: Mapping[ResourceId, Observation[Any]],
    taken: datetime,
    paths: Paths | None = None,
) -> dict[str, Any]:
    """What was seen, by resource, and what is known of the paths to the peer."""
    return {
        "format_version": FORMAT_VERSION,
        "kind": "observation",
        "taken": taken.isoformat(),
        "observed": {str(id): _seen(seen) for id, seen in observed.items()},
        "paths": path_forms(paths or {}),
    }


def outcome_form(outcome: Outcome) -> dict[str, Any]:
    """How one action ended."""
    return {
        "key": outcome.action.key,
        "ending": outcome.ending.value,
        "took_s": round(outcome.took_s, 3),
        "detail": outcome.detail,
    }


def _change(change: Change) -> dict[str, Any]:
    return {
        "id": str(change.id),
        "observed": _seen(change.observed),
        "wish": _seen(change.wish),
    }


def _action(action: Action, verdict: Verdict) -> dict[str, Any]:
    return {
        "key": action.key,
        "id": str(action.id),
        "verb": action.verb,
        "why": action.why,
        "direction": action.direction.value,
        "effect": _effect(action.effect),
        "settle_s": action.settle_s,
        "after": list(action.after),
        "verdict": _verdict(verdict),
    }


def _effect(effect: Command | Write | Edit | Wait) -> dict[str, Any]:
    match effect:
        case Command(argv, deadline_s):
            return {"command": [str(word) for word in argv], "deadline_s": deadline_s}
        case Write(path):
            return {"write": path}
        case Edit(path, old, new):
            return {"edit": path, "old": str(old), "new": str(new)}
        case Wait():
            return {"wait": True}


def _verdict(verdict: Verdict) -> dict[str, Any]:
    match verdict:
        case Allow():
            return {"verdict": "allow"}
        case Hold(code, why, again_s):
            return {"verdict": "hold", "code": code, "why": why, "again_s": again_s}
        case _:
            return {
                "verdict": "refuse",
                "code": verdict.code,
                "why": verdict.why,
                "lift": verdict.lift,
            }


def _deferred(deferred: Deferred) -> dict[str, Any]:
    until = str(deferred.until) if deferred.until else None
    return {"id": str(deferred.id), "why": deferred.why, "until": until}


def _seen(seen: Observation[Any]) -> dict[str, Any]:
    match seen:
        case Present(state):
            values = {f.name: _plain(getattr(state, f.name)) for f in fields(state)}
            return {"is": "present", "state": values}
        case Absent():
            return {"is": "absent"}
        case Unknown(why, until):
            return {"is": "unknown", "why": why, "until": str(until) if until else None}


def _plain(value: Any) -> Any:
    match value:
        case None | bool() | int() | float():
            return value
        case Secret():
            return str(value)
        case list() | tuple() | set() | frozenset():
            return [_plain(v) for v in value]
        case Mapping():
            return {str(k): _plain(v) for k, v in value.items()}
        case _:
            return str(value)
