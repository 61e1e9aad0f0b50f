"""Before a handover: is the pair fit for it, and how long will nobody serve?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from converge.cli.reach.site import Site
from converge.core.errors import ConvergeError
from converge.core.ids import Ref
from converge.core.ledger import Handover
from converge.core.plan import Plan
from converge.engine.run.handover import UNFIT_PAIR, headlines
from converge.hosts.journal import done_actions


class UnfitPair(ConvergeError):
    """Refused before anything was done."""

    exit_code = 4

    def __init__(self, what: str, found: Sequence[str]) -> None:
        lines = "\n".join(f"  ! {one}" for one in found)
        super().__init__(
            f"{UNFIT_PAIR}: {what}; nothing was done\n{lines}",
            "Put that right first: converge plan, converge status.",
        )


def predicted(here: Site, plan: Plan, word: Handover) -> Iterator[str]:
    """How long clients will find nobody: what the same acts took last time, on either node, and
    what CARP and the guards wait for."""
    took = _last_times(here)
    ids = headlines(here.graph, word.to)
    waits = sum(here.graph.resources[id].moving_s for id in ids)
    parts = [(a.id.ref, a.verb) for a in plan.actions if a.id.node == word.source]
    refs = {id.ref for id in ids}
    parts += [part for part in took if part[0] in refs and part not in parts and part[1] in UPS]
    known = [took[part] for part in parts if part in took]
    missing = [f"{ref} {verb}" for ref, verb in parts if (ref, verb) not in took]
    sum_s = sum(known) + waits
    yield f"nobody serves for about {sum_s:.0f} s; {waits:.1f} s of them CARP and the guards wait"
    if missing:
        yield f"  not counted, for it was never done here: {', '.join(missing)}"


UPS = ("promote", "mount", "start")
"""Without the wait for the device: what that took at a failover was the time of a dead peer."""


def _last_times(here: Site) -> dict[tuple[Ref, str], float]:
    """By resource and verb: how long it took when it was done last, on whichever node (s)."""
    found: dict[tuple[Ref, str], float] = {}
    for key, line in done_actions(here.place.state):
        took_s = line.entry.fields.get("took_s")
        node_ref, _, verb = key.rpartition(" ")
        _, _, ref = node_ref.partition("/")
        if isinstance(took_s, int | float) and "." in ref:
            found[Ref(ref), verb] = float(took_s)
    return found
