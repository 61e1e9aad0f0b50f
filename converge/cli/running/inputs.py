"""What a pass was decided upon, from the run that writes it down to whoever decides it again."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from converge.core.input import Given
from converge.core.journal import Entry
from converge.hosts.inputs import keep

if TYPE_CHECKING:
    from converge.cli.running.memory import Memory
    from converge.core.desired import Desired
    from converge.core.journal import Json
    from converge.reconcile import Pass


def write_input(
    memory: Memory, run: str, this: Pass, desired: Desired, lifted: frozenset[str]
) -> str:
    """Before anything of that pass begins; the name of the decision. CannotWrite.

    What there was nothing to do about is not kept: cron looks each minute.
    """
    from converge.engine.show.json import decided_form

    plan = decided_form(this.plan)
    decision = _digest(this.plan.basis, plan, memory.nodes, lifted)
    if this.plan.empty or decision == memory.decision:
        return decision
    seen = this.snapshot
    given = Given(
        decision, desired.digest, "\n".join(desired.source.lines), memory.version,
        memory.trigger, memory.nodes, seen.taken, this.now, seen.began_s, this.ledger,
        tuple(sorted(lifted)), seen.paths, plan=plan,
    )  # fmt: skip
    keep(memory.place.state, run, memory.clock, given, seen.heard, desired.secrets)
    memory.write(Entry("input", {"decision": decision, "desired": desired.digest}))
    return decision


def _digest(
    basis: str, plan: dict[str, Json], nodes: tuple[str, ...], lifted: frozenset[str]
) -> str:
    """Of what was decided, not of the words: those of a hold count the seconds."""
    actions = [[a["key"], a["effect"], a["code"]] for a in _dicts(plan["actions"])]
    waiting = [[d["id"], d["until"]] for d in _dicts(plan["waiting"])]
    text = json.dumps([basis, actions, waiting, nodes, sorted(lifted)])
    return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()[:16]


def _dicts(found: Json) -> list[dict[str, Json]]:
    assert isinstance(found, list)
    return [one for one in found if isinstance(one, dict)]
