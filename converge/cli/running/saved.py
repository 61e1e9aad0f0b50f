"""A saved plan: is it still the plan? It is never carried out from the file, only compared."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from converge.core.errors import ConvergeError, NoSuchFile, StalePlan
from converge.core.plan import Plan
from converge.engine.show.json import FORMAT_VERSION


class DamagedPlan(ConvergeError):
    """A saved plan that is none."""

    exit_code = 65


def check(path: str, plan: Plan) -> None:
    """StalePlan unless the plan made now is, word for word, the plan that was saved."""
    form = _read(path)
    again = "Make a new one with `converge plan -o FILE`, read it, and apply that."
    if form.get("basis") != plan.basis:
        raise StalePlan(
            f"{path}: what is observed is no longer what this plan was made for", again
        )
    saved = [action.get("key") for action in form.get("actions", [])]
    if saved != [action.key for action in plan.actions]:
        raise StalePlan(f"{path}: the actions are no longer the same", again)


def _read(path: str) -> dict[str, Any]:
    try:
        text = Path(path).read_text(encoding="utf-8", errors="surrogateescape")
    except OSError as wrong:
        raise NoSuchFile(f"{path}: {wrong.strerror}") from wrong
    try:
        form = json.loads(text)
    except (ValueError, RecursionError):
        form = None
    if not isinstance(form, dict) or form.get("kind") != "plan":
        raise DamagedPlan(f"{path}: this is not a plan that `converge plan -o` saved")
    if form.get("format_version") != FORMAT_VERSION:
        raise DamagedPlan(
            f"{path}: format_version {form.get('format_version')!r}; this converge reads "
            f"{FORMAT_VERSION}"
        )
    actions = form.get("actions")
    if not isinstance(actions, list) or not all(isinstance(a, dict) for a in actions):
        raise DamagedPlan(f"{path}: the plan's list of actions is damaged")
    return form
