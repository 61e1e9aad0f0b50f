"""How a run ended, for people and for machines."""

from __future__ import annotations

from converge.core.plan import Ending
from converge.engine.show.json import FORMAT_VERSION, dumps, outcome_form
from converge.engine.show.marks import Paint, safe
from converge.engine.show.paths import path_forms, path_lines
from converge.engine.show.text import concern_lines, outcome_line, verdict_lines, waiting_lines
from converge.reconcile import End, Told

_WORDS = {
    End.CONVERGED: "converged: the next plan is empty",
    End.HELD: "held: a guard stands in the way",
    End.UNKNOWN: "waiting: nothing can be done now",
    End.FAILED: "failed",
    End.UNFINISHED: "not finished: the passes of this run are used up",
    End.INTERRUPTED: "interrupted: what was running has ended, nothing else was begun",
}


def as_text(told: Told, paint: Paint, *, saved: bool = False) -> str:
    """The end, and everything that went wrong or has to wait, each with its reason.

    `saved`: it is the end of a saved plan, all of which was carried out.
    """
    last = told.passes[-1]
    count = len(told.passes)
    passes = "1 pass" if count == 1 else f"{count} passes"
    lines = [f"{_WORDS[told.end]} ({told.done} done in {passes})"]
    if saved:
        lines = [f"carried out: the saved plan ({told.done} done)"]
    bad = [o for o in last.outcomes if o.ending in (Ending.FAILED, Ending.SKIPPED)]
    bad = [o for o in bad if o.action.key not in last.plan.held]
    lines += [f"  {outcome_line(o, paint)}" for o in bad]
    for key, verdict in last.plan.held.items():
        lines += [f"  {key}", *(f"    {line}" for line in verdict_lines(verdict, paint))]
    lines += [f"     {line}" for line in path_lines(last.snapshot.paths, paint, wrong_only=True)]
    lines += waiting_lines(last.plan.deferred, paint, nodes=True)
    lines += concern_lines(last.plan.concerns, paint, nodes=True)
    return safe("\n".join(lines)) + "\n"


def as_json(told: Told, run_id: str) -> str:
    """The run: each pass with its outcomes, and the end."""
    return dumps(
        {
            "format_version": FORMAT_VERSION,
            "kind": "run",
            "run": run_id,
            "end": told.end.value,
            "passes": [
                {
                    "taken": this.snapshot.taken.isoformat(),
                    "basis": this.plan.basis,
                    "paths": path_forms(this.snapshot.paths),
                    "outcomes": [outcome_form(o) for o in this.outcomes],
                    "waiting": [str(d.id) for d in this.plan.deferred],
                }
                for this in told.passes
            ],
        }
    )
