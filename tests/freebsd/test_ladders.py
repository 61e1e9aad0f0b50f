"""What does not go down when it is asked: harder, step by step, on worlds of the lab."""

import pytest

from converge.cli.ground.blueprint import blueprint
from converge.cli.reach.site import graph_of, read_desired
from converge.core.plan import Action, Ending, Outcome
from converge.lab import machine
from converge.lab.faults import hang
from converge.lab.fresh import fresh
from converge.lab.host import Lab, LabClock, LabHost
from converge.lab.machine.mysqld import running
from converge.lab.world import Process, World
from converge.lab.world.table import Table
from converge.reconcile import End, Run

DESIRED = read_desired("desired/mysql-pair.toml")
GRAPH = graph_of(DESIRED)


def ran(lab: Lab, *nodes: str) -> tuple[End, list[Outcome], list[str]]:
    """A run that waits as one does by itself: its end, what ended, and the commands it began."""
    sent: list[str] = []
    ended: list[Outcome] = []

    class Hands(LabHost):
        def begin(self, effect):  # type: ignore[no-untyped-def]
            sent.append(str(effect))
            return super().begin(effect)

    def report(action: Action, outcome: Outcome | None, elapsed_s: float) -> None:
        if outcome:
            ended.append(outcome)

    hosts = {node: Hands(lab, node) for node in nodes}
    told = Run(GRAPH, hosts, LabClock(lab), report, wait_s=120.0).to_the_end()
    return told.end, ended, sent


@pytest.fixture(scope="module")
def pushed() -> World:
    """hasta serves, and the address has moved to hastb."""
    lab = Lab(fresh(blueprint(DESIRED, GRAPH)))
    assert ran(lab, "hasta", "hastb")[0] is End.CONVERGED
    LabClock(lab).sleep(60)
    world = lab.world
    for node, words in (("hasta", "advskew 200"), ("hastb", "state master")):
        argv = ("ifconfig", "vtnet1", "vhid", "1", *words.split())
        world = machine.run(world, node, argv).world
    return machine.advance(world, world.now + 5)


def of(ended: list[Outcome], verb: str, kind: str) -> Outcome:
    return next(o for o in ended if (o.action.verb, o.action.id.kind) == (verb, kind))


def about(sent: list[str], *words: str) -> list[str]:
    return [one for one in sent if one.startswith(words)]


def test_what_goes_down_at_once_is_not_pushed(pushed: World) -> None:
    end, ended, sent = ran(Lab(pushed), "hasta", "hastb")
    assert end is End.CONVERGED
    assert not about(sent, "kill", "umount -f")
    assert of(ended, "stop", "mysqld").action.rung == 0


def test_a_server_that_does_not_end_is_told_and_then_killed(pushed: World) -> None:
    lab = Lab(hang(pushed, "hasta", "mysqld"))
    pids = " ".join(str(p.pid) for p in running(lab.world.machine("hasta")))
    end, ended, sent = ran(lab, "hasta", "hastb")
    downs = about(sent, "service mysql-server onestop", "kill")
    assert [one.partition(" -")[2].partition(" ")[0] for one in downs] == ["", "TERM", "KILL"]
    assert pids in downs[2]
    stop = of(ended, "stop", "mysqld")
    assert (stop.ending, stop.action.rung) == (Ending.DONE, 2)
    assert not running(lab.world.machine("hasta"))
    assert end is End.CONVERGED
    assert running(lab.world.machine("hastb"))


def held_open(world: World, node: str) -> World:
    """Somebody's program keeps a file on the volume open."""
    server, *_ = running(world.machine(node))
    pid = 9999
    data = Table({"volume": server.data["volume"]})
    table = {**world.machine(node).processes, pid: Process(pid, "tail -f notes", data=data)}
    return world.change(node, processes=Table(table))


def test_a_busy_volume_is_asked_twice_and_then_forced(pushed: World) -> None:
    world = held_open(pushed, "hasta")
    end, ended, sent = ran(Lab(world), "hasta", "hastb")
    assert about(sent, "umount") == ["umount /mysql", "umount /mysql", "umount -f /mysql"]
    unmount = of(ended, "unmount", "mount")
    assert (unmount.ending, unmount.action.rung) == (Ending.DONE, 2)
    assert end is End.CONVERGED
