"""The lab's peer by each path: what cuts which, and that both are asked in one stretch of time."""

import pytest

from converge.core.host import Run
from converge.core.pair import Node
from converge.hosts.paths import CONNECT_S, PathsReader
from converge.lab import faults
from converge.lab.fresh import BlueNode, Blueprint, fresh
from converge.lab.host import Lab, LabClock
from converge.lab.ways import LabWays

HASTA = Node("hasta", "hasta", "192.168.1.51", "10.0.0.1")
WHO = Run(("hostname",))


@pytest.fixture
def lab() -> Lab:
    nodes = (
        BlueNode("hasta", "hasta", "192.168.1.51", storage_address="10.0.0.1"),
        BlueNode("hastb", "hastb", "192.168.1.52", storage_address="10.0.0.2"),
    )
    return Lab(fresh(Blueprint(nodes)))


def peer(lab: Lab) -> PathsReader:
    ways = LabWays(lab, "hasta", "hastb", [address for _, address in HASTA.paths])
    return PathsReader("hasta", HASTA.paths, ways, LabClock(lab))


def silent(lab: Lab) -> set[str]:
    """The paths that are silent now, as a new reader finds out; one look takes 2 s at most."""
    reader, began = peer(lab), lab.world.now
    (answer,) = reader.ask([WHO])
    assert lab.world.now - began <= CONNECT_S
    found = {path.name for path in reader.paths if path.silent}
    assert [path.answered for path in reader.paths] == [p.name not in found for p in reader.paths]
    assert (answer.stdout, bool(answer.lost)) == (
        ("", True) if len(found) == 2 else ("hasta\n", False)
    )
    return found


def test_what_is_cut_is_silent_and_nothing_else(lab: Lab) -> None:
    assert silent(lab) == set()
    lab.world = faults.cut(lab.world, "hasta", "lan")
    assert silent(lab) == {"lan"}
    lab.world = faults.cut(lab.world, "hasta", "storage")
    assert silent(lab) == {"lan", "replication"}
    lab.world = faults.heal(lab.world, "hasta", "lan")
    assert silent(lab) == {"replication"}
    lab.world = faults.heal(lab.world, "hasta")
    assert silent(lab) == set()


def test_one_way_is_silence_too(lab: Lab) -> None:
    lab.world = faults.one_way(lab.world, "hasta", "storage")
    assert silent(lab) == {"replication"}


def test_a_dead_machine_is_silent_on_every_path_until_it_has_booted(lab: Lab) -> None:
    lab.world = faults.power_cut(lab.world, "hasta")
    assert silent(lab) == {"lan", "replication"}
    lab.world = faults.power_back(lab.world, "hasta")
    assert silent(lab) == {"lan", "replication"}
    LabClock(lab).sleep(120)
    assert silent(lab) == set()


def test_a_look_beside_a_dead_machine_costs_its_time_once(lab: Lab) -> None:
    lab.world = faults.power_cut(lab.world, "hasta")
    reader, began = peer(lab), lab.world.now
    for _ in range(5):
        (answer,) = reader.ask([WHO])
    assert lab.world.now - began == pytest.approx(CONNECT_S)
    both = "lan 192.168.1.51: Operation timed out; replication 10.0.0.1: Operation timed out"
    assert answer.lost == f"hasta does not answer ({both})"
