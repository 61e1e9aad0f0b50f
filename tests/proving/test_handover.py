"""A planned handover, cut off wherever it can be: it completes, or the service is where it was."""

import pytest

from converge.cli.ground.blueprint import blueprint
from converge.cli.ground.proofs import POLL_S
from converge.cli.reach.site import graph_of, read_desired
from converge.lab.fresh import fresh
from converge.proving.actors.reconciler import Reconciler
from converge.proving.prove.explore import Aim, Exploration, Found
from converge.proving.prove.opening import explored_graph, prepared
from converge.proving.story.clients import shared_address

DESIRED = read_desired("desired/mysql-pair.toml")
GRAPH = graph_of(DESIRED)


def explored(faults: int, *ills: str) -> Found:
    """Every way to go on after `converge switchover`; a run may be killed at any of its steps,
    and triggers may be lost or come twice."""
    plan = blueprint(DESIRED, GRAPH)
    actor = Reconciler(explored_graph(GRAPH), poll_s=POLL_S)
    ground, scene = prepared(
        GRAPH, plan, fresh(plan), actor, shared_address(GRAPH),
        start="handing-over", faults=faults, ills=ills,
    )  # fmt: skip
    return Exploration(ground, Aim(all=True)).run(scene)


@pytest.mark.parametrize("kills", [0, 1, 2])
def test_killed_at_any_step_somebody_serves_in_the_end(kills: int) -> None:
    found = explored(kills, "kill", "lose", "double")
    assert found.complete
    assert found.ends
    assert not found.broken
    assert not found.held  # every end serves, with both copies in sync


def test_with_the_power_gone_at_any_step_no_invariant_breaks() -> None:
    found = explored(1, "kill", "lose", "double", "power-off", "reboot")
    assert found.complete
    assert found.states > 1_000
    assert not found.broken
    assert not found.holes
