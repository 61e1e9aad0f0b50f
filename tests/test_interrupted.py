"""A run that is killed between any two effects: the pair is never unsafe, the next runs mend it.

The real engine, kinds and guards on the lab's worlds. After every effect the invariants are read
off the world itself, not off what converge believes.
"""

from collections.abc import Collection

import pytest

from converge.cli.blueprint import blueprint
from converge.cli.site import graph_of, read_desired
from converge.core.graph import Graph
from converge.core.host import Answer, Effect, Ticket
from converge.lab import machine
from converge.lab.faults import power_back, power_cut
from converge.lab.fresh import fresh
from converge.lab.host import Lab, LabClock, LabHost
from converge.lab.machine.mysqld import put_row, rows
from converge.lab.world import Machine, World
from converge.reconcile import End, Run, plan

DESIRED = read_desired("desired/mysql-pair.toml")
GRAPH = graph_of(DESIRED)
FAR = 10**6


class KilledError(Exception):
    """converge died here."""


class Watched(LabHost):
    """A host that checks the world after each effect, and dies after so many of them."""

    left = FAR

    def __init__(self, lab: Lab, node: str) -> None:
        super().__init__(lab, node)
        self.lab = lab

    def begin(self, effect: Effect) -> Ticket:
        if Watched.left <= 0:
            raise KilledError
        Watched.left -= 1
        ticket = super().begin(effect)
        assert unsafe(self.lab.world) == [], f"after {effect}"
        return ticket

    def wait(self, tickets: Collection[Ticket], until_s: float) -> dict[Ticket, Answer]:
        ended = super().wait(tickets, until_s)
        assert unsafe(self.lab.world) == []
        return ended


def unsafe(world: World) -> list[str]:
    """What must never be so: S1, S2 and S5 of docs/explanation/architecture.md."""
    found = [
        f"{m.name}: {mount.device} was taken away under {mount.path}"
        for m in world.machines.values()
        for mount in m.mounts
        if mount.gone
    ]
    found += [
        f"{m.name}: a database on no mounted volume"
        for m in world.machines.values()
        if m.powered and serves(m) and not any(x.device == "/dev/hast/test" for x in m.mounts)
    ]
    if sum(leads(m) for m in world.machines.values() if m.powered) > 1:
        found.append("both nodes are primary")
    return found


def leads(machine: Machine) -> bool:
    return bool(machine.hastd) and any(
        r.role == "primary" for r in machine.hastd.resources.values()
    )


def serves(machine: Machine) -> bool:
    return any(
        "mysqld --" in p.command or "/mysqld " in p.command for p in machine.processes.values()
    )


def go(lab: Lab, *nodes: str, dies: int = FAR, graph: Graph = GRAPH) -> End | None:
    """One run on these nodes; None when it was killed."""
    Watched.left = dies
    hosts = {node: Watched(lab, node) for node in nodes}
    try:
        return Run(graph, hosts, LabClock(lab), lambda *_: None).to_the_end().end
    except KilledError:
        return None
    finally:
        Watched.left = FAR


def effects(world: World, *nodes: str) -> int:
    """How many effects an undisturbed run has."""
    lab = Lab(world)
    assert go(lab, *nodes) is End.CONVERGED
    count = 0
    lab = Lab(world)
    while go(lab, *nodes, dies=count) is None:
        lab = Lab(world)
        count += 1
    return count


def settled(lab: Lab, *nodes: str) -> World:
    """Runs as devd and cron would start them, until nothing is left to do."""
    for _ in range(6):
        end = go(lab, *nodes)
        LabClock(lab).sleep(5)
        if end is End.CONVERGED and not planned(lab, *nodes):
            return lab.world
    raise AssertionError(f"not converged: {planned(lab, *nodes)}")


def planned(lab: Lab, *nodes: str) -> list[str]:
    this = plan(GRAPH, {n: LabHost(lab, n) for n in nodes}, LabClock(lab)).plan
    return [a.key for a in this.actions] + [str(d.id) for d in this.deferred]


@pytest.fixture(scope="module")
def bare() -> World:
    return fresh(blueprint(DESIRED, GRAPH))


@pytest.fixture(scope="module")
def served(bare: World) -> World:
    """hasta leads and serves for a minute; one row more is acknowledged."""
    lab = Lab(bare)
    settled(lab, "hasta", "hastb")
    LabClock(lab).sleep(90)
    lab.world, acknowledged = put_row(lab.world, "hasta", "before")
    assert acknowledged
    return lab.world


def test_a_bare_pair_whose_first_run_is_killed_anywhere(bare: World) -> None:
    count = effects(bare, "hasta", "hastb")
    assert count > 30
    for dies in range(count):
        lab = Lab(bare)
        assert go(lab, "hasta", "hastb", dies=dies) is None
        world = settled(lab, "hasta", "hastb")
        assert leads(world.machine("hasta"))
        assert serves(world.machine("hasta"))


def test_a_failover_that_is_killed_anywhere_loses_no_row(served: World) -> None:
    lost = machine.advance(power_cut(served, "hasta"), served.now + 8)
    count = effects(lost, "hastb")
    assert count >= 5
    for dies in range(count):
        lab = Lab(lost)
        assert go(lab, "hastb", dies=dies) is None
        world = settled(lab, "hastb")
        ufs = world.machine("hastb").mounts[-1].ufs
        assert ufs is not None
        assert "before" in rows(ufs, "data")


def test_the_way_down_killed_anywhere_never_takes_the_disk_from_under_the_database(
    served: World,
) -> None:
    """The address moves to hastb while hasta serves: stop, unmount, demote, then promote."""
    moved = served
    for node, line in (("hasta", "advskew 200"), ("hastb", "state master")):
        argv = ("ifconfig", "vtnet1", "vhid", "1", *line.split())
        moved = machine.run(moved, node, argv).world
    moved = machine.advance(moved, moved.now + 5)
    count = effects(moved, "hasta", "hastb")
    assert count >= 7
    for dies in range(count):
        lab = Lab(moved)
        assert go(lab, "hasta", "hastb", dies=dies) is None
        world = settled(lab, "hasta", "hastb")
        assert serves(world.machine("hastb"))
        assert not leads(world.machine("hasta"))


def test_the_old_primary_returns_and_joins_whatever_is_killed(served: World) -> None:
    lab = Lab(machine.advance(power_cut(served, "hasta"), served.now + 8))
    settled(lab, "hastb")
    lab.world = power_back(lab.world, "hasta")
    LabClock(lab).sleep(90)
    back = lab.world
    for dies in range(effects(back, "hasta", "hastb")):
        lab = Lab(back)
        assert go(lab, "hasta", "hastb", dies=dies) is None
        world = settled(lab, "hasta", "hastb")
        assert leads(world.machine("hastb"))
        assert not leads(world.machine("hasta"))


def test_the_watch_sees_what_it_watches_for(served: World) -> None:
    taken = machine.run(served, "hasta", ("hastctl", "role", "secondary", "test")).world
    assert unsafe(taken) == ["hasta: /dev/hast/test was taken away under /mysql"]
    both = machine.run(served, "hastb", ("hastctl", "role", "primary", "test")).world
    assert unsafe(both) == ["both nodes are primary"]
    stray = served
    for line in ("chflags noschg /mysql", "chmod 755 /mysql", "service mysql-server onestart"):
        stray = machine.run(stray, "hastb", tuple(line.split())).world
    assert unsafe(stray) == ["hastb: a database on no mounted volume"]
