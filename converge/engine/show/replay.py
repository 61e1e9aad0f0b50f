"""A decision then and now, side by side: what would be done differently."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from converge.core.journal import Json
from converge.engine.show.marks import BLOCKED, CHANGE, IN_SYNC, START, STOP, Paint, safe


@dataclass(frozen=True, slots=True)
class Difference:
    """One action or waiting resource that was decided otherwise: its key, then, now.

    `then`, `now`: the forms of `decided_form`; None where there was or is none.
    """

    key: str
    then: Mapping[str, Any] | None
    now: Mapping[str, Any] | None


def differences(then: Mapping[str, Json], now: Mapping[str, Json]) -> list[Difference]:
    """What was decided otherwise; the words and seconds of a reason may differ."""
    before, after = dict(_entries(then)), dict(_entries(now))
    keys = [*before, *(key for key in after if key not in before)]
    pairs = [Difference(key, before.get(key), after.get(key)) for key in keys]
    found = [one for one in pairs if _gist(one.then) != _gist(one.now)]
    both = [[k for k in side if k in before and k in after] for side in (before, after)]
    if not found and both[0] != both[1]:
        return [Difference("the order of the actions", None, None)]
    return found


def _entries(plan: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for action in plan.get("actions", ()):
        yield action["key"], action
    for one in plan.get("waiting", ()):
        yield f"{one['id']} waits", one


def _gist(entry: Mapping[str, Any] | None) -> tuple[object, ...] | None:
    """What makes two of them the same."""
    if entry is None:
        return None
    return tuple(entry.get(name) for name in ("effect", "verdict", "code", "until"))


def difference_lines(found: list[Difference], paint: Paint) -> Iterator[str]:
    """A line for what was and one for what is, `-` and `+`."""
    for one in found:
        if one.then is None and one.now is None:
            yield safe(f"  {paint(CHANGE, CHANGE)} {one.key}")
        for sign, side in ((STOP, one.then), (START, one.now)):
            if side is not None:
                yield safe(f"  {paint(sign, sign)} {_words(one.key, side)}")


def same_lines(plan: Mapping[str, Any], paint: Paint) -> Iterator[str]:
    """What is decided as it was, for `-v`."""
    for key, side in _entries(plan):
        sign = BLOCKED if side.get("code") else IN_SYNC
        yield safe(f"  {paint(sign, sign)} {_words(key, side)}")


def _words(key: str, side: Mapping[str, Any]) -> str:
    if "effect" not in side:
        until = f" (until {side['until']})" if side.get("until") else ""
        return f"{key}: {side['why']}{until}"
    if side["code"]:
        stopped = "held" if side["verdict"] == "hold" else "refused"
        return f"{key}: {stopped} by {side['code']}: {side['because']}"
    return f"{key}: {side['why']}  [{side['effect']}]"


def difference_forms(found: list[Difference]) -> list[dict[str, Any]]:
    """The same for machines."""
    return [{"key": one.key, "then": one.then, "now": one.now} for one in found]
