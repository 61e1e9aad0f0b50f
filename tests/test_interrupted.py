"""A run that is killed between any two effects: the pair is never unsafe, the next runs mend it.

The real engine, kinds and guards on the lab's worlds. After every effect the invariants are read
off the world itself, not off what converge believes.
"""

from collections.abc import Collection
from dataclasses import dataclass, field

import pytest

from converge.cli.ground.blueprint import blueprint
from converge.cli.reach.site import graph_of, read_desired
from converge.core.graph import Graph
from converge.core.host import Answer, Effect, Ticket
from converge.core.ledger import Ledger
from converge.core.plan import Action, Outcome
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


WAIT_S = 120.0
"""So long a run waits for the proof of a peer's death; 25 s of silence are enough."""


@dataclass
class Disk:
    """Where the ledger of those who act is kept, also when a run is killed."""

    ledger: Ledger = field(default_factory=Ledger)

    def keep(self, ledger: Ledger) -> None:
        self.ledger = ledger

    def copy(self) -> "Disk":
        return Disk(self.ledger)


def go(lab: Lab, disk: Disk, *nodes: str, dies: int = FAR, graph: Graph = GRAPH) -> End | None:
    """One run on these nodes; None when it was killed."""
    Watched.left = dies
    hosts = {node: Watched(lab, node) for node in nodes}
    run = Run(
        graph, hosts, LabClock(lab), lambda *_: None,
        ledger=disk.ledger, keep=disk.keep, wait_s=WAIT_S,
    )  # fmt: skip
    try:
        return run.to_the_end().end
    except KilledError:
        return None
    finally:
        Watched.left = FAR


def effects(world: World, disk: Disk, *nodes: str) -> int:
    """How many effects an undisturbed run has."""
    assert go(Lab(world), disk.copy(), *nodes) is End.CONVERGED
    count = 0
    while go(Lab(world), disk.copy(), *nodes, dies=count) is None:
        count += 1
    return count


def settled(lab: Lab, disk: Disk, *nodes: str) -> World:
    """Runs as devd and cron would start them, until nothing is left to do."""
    for _ in range(6):
        end = go(lab, disk, *nodes)
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


@dataclass(frozen=True)
class Moment:
    """A world, and what the runs so far remember of both nodes in it."""

    world: World
    disk: Disk


@pytest.fixture(scope="module")
def served(bare: World) -> Moment:
    """hasta leads and serves for a minute, hastb has looked; one row more is acknowledged."""
    lab, disk = Lab(bare), Disk()
    settled(lab, disk, "hasta", "hastb")
    LabClock(lab).sleep(90)
    lab.world, acknowledged = put_row(lab.world, "hasta", "before")
    assert acknowledged
    # As cron would start it: nothing to do, but hastb has seen the primary say that all is there.
    assert go(lab, disk, "hasta", "hastb") is End.CONVERGED
    return Moment(lab.world, disk)


def test_a_bare_pair_whose_first_run_is_killed_anywhere(bare: World) -> None:
    count = effects(bare, Disk(), "hasta", "hastb")
    assert count > 30
    for dies in range(count):
        lab, disk = Lab(bare), Disk()
        assert go(lab, disk, "hasta", "hastb", dies=dies) is None
        world = settled(lab, disk, "hasta", "hastb")
        assert leads(world.machine("hasta"))
        assert serves(world.machine("hasta"))


def test_a_failover_that_is_killed_anywhere_loses_no_row(served: Moment) -> None:
    lost = machine.advance(power_cut(served.world, "hasta"), served.world.now + 8)
    count = effects(lost, served.disk, "hastb")
    assert count >= 5
    for dies in range(count):
        lab, disk = Lab(lost), served.disk.copy()
        assert go(lab, disk, "hastb", dies=dies) is None
        world = settled(lab, disk, "hastb")
        ufs = world.machine("hastb").mounts[-1].ufs
        assert ufs is not None
        assert "before" in rows(ufs, "data")


def test_without_memory_nobody_takes_over(served: Moment) -> None:
    lost = Lab(machine.advance(power_cut(served.world, "hasta"), served.world.now + 8))
    assert go(lost, Disk(), "hastb") is End.HELD
    assert not leads(lost.world.machine("hastb"))


def test_nothing_is_written_before_the_peer_is_proven_dead(served: Moment) -> None:
    """The role may change at once; the check of the file system waits for 25 s of silence."""
    lost = Lab(machine.advance(power_cut(served.world, "hasta"), served.world.now + 8))
    began: dict[str, float] = {}

    def report(action: Action, outcome: Outcome | None, elapsed_s: float) -> None:
        began.setdefault(action.verb, lost.world.now - served.world.now)

    hosts = {"hastb": Watched(lost, "hastb")}
    told = Run(
        GRAPH, hosts, LabClock(lost), report, ledger=served.disk.ledger, wait_s=WAIT_S
    ).to_the_end()
    assert told.end is End.CONVERGED
    assert began["promote"] < 20
    assert began["check"] >= 25


def test_the_way_down_killed_anywhere_never_takes_the_disk_from_under_the_database(
    served: Moment,
) -> None:
    """The address moves to hastb while hasta serves: stop, unmount, demote, then promote."""
    moved = served.world
    for node, line in (("hasta", "advskew 200"), ("hastb", "state master")):
        argv = ("ifconfig", "vtnet1", "vhid", "1", *line.split())
        moved = machine.run(moved, node, argv).world
    moved = machine.advance(moved, moved.now + 5)
    count = effects(moved, served.disk, "hasta", "hastb")
    assert count >= 7
    for dies in range(count):
        lab, disk = Lab(moved), served.disk.copy()
        assert go(lab, disk, "hasta", "hastb", dies=dies) is None
        world = settled(lab, disk, "hasta", "hastb")
        assert serves(world.machine("hastb"))
        assert not leads(world.machine("hasta"))


def test_the_old_primary_returns_and_joins_whatever_is_killed(served: Moment) -> None:
    lost = machine.advance(power_cut(served.world, "hasta"), served.world.now + 8)
    lab, disk = Lab(lost), served.disk.copy()
    settled(lab, disk, "hastb")
    lab.world = power_back(lab.world, "hasta")
    LabClock(lab).sleep(90)
    back = lab.world
    for dies in range(effects(back, disk, "hasta", "hastb")):
        lab, after = Lab(back), disk.copy()
        assert go(lab, after, "hasta", "hastb", dies=dies) is None
        world = settled(lab, after, "hasta", "hastb")
        assert leads(world.machine("hastb"))
        assert not leads(world.machine("hasta"))


def test_the_watch_sees_what_it_watches_for(served: Moment) -> None:
    taken = machine.run(served.world, "hasta", ("hastctl", "role", "secondary", "test")).world
    assert unsafe(taken) == ["hasta: /dev/hast/test was taken away under /mysql"]
    both = machine.run(served.world, "hastb", ("hastctl", "role", "primary", "test")).world
    assert unsafe(both) == ["both nodes are primary"]
    stray = served.world
    for line in ("chflags noschg /mysql", "chmod 755 /mysql", "service mysql-server onestart"):
        stray = machine.run(stray, "hastb", tuple(line.split())).world
    assert unsafe(stray) == ["hastb: a database on no mounted volume"]
