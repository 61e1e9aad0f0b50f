"""Whose doing a change is, where one look at it is enough; and which fields have changed."""

from __future__ import annotations

from dataclasses import dataclass

from converge.core.drift import Between, Cause, Sight
from converge.core.state import Values
from converge.engine.drift.witness import Witness

FIRST = "nobody had looked before"
FOLLOWED = "what is wished here follows what was seen elsewhere"
HIDDEN = "neither the file nor anything that can be shown has changed: it may be a secret"


@dataclass(frozen=True, slots=True)
class Found:
    """A resource as this look found it. `differing`: its fields that are not as wished. `table`: a
    digest of what the file says of it and of what it needs."""

    values: Values
    wished: Values
    differing: tuple[str, ...]
    began: str
    ended: str
    desired: str
    table: str = ""


def changed_fields(old: Values | None, new: Values) -> list[str]:
    """The fields that have another value; '' alone when it came or went."""
    if old is None or not new:
        return []
    if old.get("") != new.get(""):
        return ["", *(name for name in new if name and not old)]
    return [name for name in new if old.get(name) != new[name]]


def ours(witness: Witness) -> Cause:
    when = Between(witness.after, witness.before)
    if witness.how == "waited":
        return Cause("follows", when, witness.run, witness.action, "a run waited until it was so")
    return Cause("converge", when, witness.run, witness.action)


def of_wish(name: str, found: Found, before: Sight | None, when: Between) -> Cause:
    """Why it differs, or does not any more, though its value is what it was."""
    if before is None:
        return Cause("unknown", Between(None, found.ended), why=FIRST)
    if before.wished.get(name) == found.wished.get(name):
        return Cause("unknown", when, why=HIDDEN)
    if before.desired != found.desired and not (before.table and before.table == found.table):
        return Cause("desired_file", when)
    return Cause("follows", when, why=FOLLOWED)
