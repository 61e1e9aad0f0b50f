"""How much longer than it must a failover takes: against a hand that needs no looks.

That hand knows the instant of each event and types the next command at once; what is left is
CARP's time, HAST's timeout, what the commands themselves take, and the proof of death: before
anything is written the peer must have been silent for HAST's timeout and 5 s.
"""

import pytest

from converge.cli.ground.blueprint import blueprint
from converge.cli.reach.site import desired_of, graph_of, read_text
from converge.engine.desired.written import overridden
from converge.freebsd.hast.taking import MARGIN_S
from converge.lab import machine
from converge.lab.faults import power_cut
from converge.lab.fresh import fresh
from converge.lab.world import World
from converge.proving.actors.reconciler import Reconciler
from converge.proving.judge import sights
from converge.proving.rehearse.phases import phases
from converge.proving.story.clients import shared_address
from converge.proving.story.cues import Cue
from converge.proving.story.driver import Drive
from converge.proving.story.starts import STARTS

CONFIG = "desired/mysql-pair.toml"
DEVICE = "/dev/hast/test"
ABOVE = 1.05
"""So much longer than its unavoidable parts a failover may take."""

QUIET_S = 3 + 100 / 256
"""So long hastb had heard no announcement when it became MASTER (advskew 100)."""


def begun(timeout: int) -> Drive:
    """The pair, warm, right before the plug of the node that serves is pulled."""
    text = overridden(read_text(CONFIG), {"hast": {"test": {"timeout": timeout}}})
    desired = desired_of(text, CONFIG)
    graph = graph_of(desired)
    world = STARTS["served"](fresh(blueprint(desired, graph)), graph)
    actors = {node: Reconciler(graph) for node in graph.pair.nodes}
    drive = Drive(world, actors, vip=shared_address(graph), rows_every_s=0.0)
    drive.warm_up(160.0)
    return drive


def until(world: World, seen: object) -> World:
    """The instant at which that is so, to the next timer of the world."""
    for _ in range(1_000):
        if seen(world):  # type: ignore[operator]
            return world
        world = machine.advance(world, world.timers[0].at)
    raise AssertionError("it never is")


def typed(world: World, *argv: str) -> World:
    """A command, to its end."""
    result = machine.run(world, "hastb", argv)
    assert result.answer.code == 0, result.answer.stderr
    return machine.advance(result.world, result.world.now + result.took_s)


def unavoidable_s(world: World, vip: str, timeout: int) -> float:
    """From the power cut to a served client, by that hand."""
    began = world.now
    world = power_cut(world, "hasta")

    def leads(world: World) -> bool:
        card = world.machine("hastb").interfaces["vtnet1"]
        return any(v.state == "MASTER" for v in card.vhids)

    def answers(world: World) -> bool:
        found = sights.behind(world.machine("hastb"), DEVICE)
        return found is not None and found.device and not found.silent

    world = until(world, leads)
    proven_s = world.now - QUIET_S + timeout + MARGIN_S
    world = until(typed(world, "hastctl", "role", "primary", "test"), answers)
    world = machine.advance(world, max(world.now, proven_s))
    world = typed(world, "fsck", "-p", "-t", "ufs", DEVICE)
    world = typed(world, "mount", DEVICE, "/mysql")
    world = typed(world, "service", "mysql-server", "onestart")
    return until(world, lambda world: sights.serving(world, vip) == "hastb").now - began


@pytest.mark.parametrize(("timeout", "at_most_s"), [(20, 28.0), (5, 12.0)])
def test_a_failover_takes_little_more_than_it_must(timeout: int, at_most_s: float) -> None:
    drive = begun(timeout)
    least_s = unavoidable_s(drive.world, drive.vip, timeout)
    drive.cues = (Cue("fault", "hasta", "power-off", at=drive.now_s),)
    drive.go(drive.now_s + 60.0)
    node, parts = phases(drive)
    assert node == "hastb"
    assert parts[-1].at <= at_most_s
    assert parts[-1].at <= ABOVE * least_s
