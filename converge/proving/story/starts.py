"""How a pair can be when a rehearsal begins: by name, each made from two bare machines.

The runs that set the pair up are converge's own, undisturbed, whoever is rehearsed afterwards.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from converge.core.errors import ConvergeError
from converge.core.graph import Graph
from converge.lab import machine
from converge.lab.faults import cut, heal, power_back, power_cut
from converge.lab.host import Lab, LabClock, LabHost
from converge.lab.machine.mysqld import put_row
from converge.lab.world import World
from converge.proving.judge import sights
from converge.reconcile import End, Run

RUNS_MAX = 6
PAUSE_S = 5.0
SETTLED_S = 90.0
"""Until the boot and the first synchronisation are history."""

ROWS = ("before the story 1", "before the story 2")
Start = Callable[[World, Graph], World]


def bare(world: World, graph: Graph) -> World:
    """Two machines with nothing configured, just booted."""
    return world


def served(world: World, graph: Graph) -> World:
    """The first node leads and serves, in sync, for a minute and a half; two rows are in."""
    lab = Lab(world)
    converged(lab, graph, *graph.pair.nodes)
    LabClock(lab).sleep(SETTLED_S)
    for row in ROWS:
        lab.world, _ = put_row(lab.world, sights.serving(lab.world), row)
    return lab.world


def degraded(world: World, graph: Graph) -> World:
    """Served by the first node; the second has been off for a minute, and rows came meanwhile."""
    first, second = graph.pair.nodes
    lab = Lab(power_cut(served(world, graph), second))
    LabClock(lab).sleep(45)
    lab.world, _ = put_row(lab.world, first, "while the other one was off")
    LabClock(lab).sleep(15)
    return lab.world


def returning(world: World, graph: Graph) -> World:
    """As degraded, and the second node boots at this moment."""
    return power_back(degraded(world, graph), list(graph.pair.nodes)[1])


def failed_over(world: World, graph: Graph) -> World:
    """The second node serves, the first has been off since its power was cut."""
    first, second = graph.pair.nodes
    lab = Lab(power_cut(served(world, graph), first))
    LabClock(lab).sleep(30)
    for name, device, path in volumes(lab.world, second):
        typed(lab, second, f"hastctl role primary {name}; sleep 25")
        typed(lab, second, f"fsck -p -t ufs {device} && mount {device} {path}")
    for service in services(graph, second):
        typed(lab, second, f"service {service} onestart")
    LabClock(lab).sleep(5)
    lab.world, _ = put_row(lab.world, second, "after the failover")
    LabClock(lab).sleep(30)
    return lab.world


def split(world: World, graph: Graph) -> World:
    """The first node serves; the second was made primary by hand in a partition and wrote too.

    The partition is healed and the second is secondary again: split-brain, refused by HAST.
    """
    first, second = graph.pair.nodes
    lab = Lab(cut(served(world, graph), second))
    LabClock(lab).sleep(45)
    lab.world, _ = put_row(lab.world, first, "in the partition")
    for name, device, _ in volumes(lab.world, second):
        typed(lab, second, f"hastctl role primary {name}; sleep 25")
        typed(lab, second, f"fsck -p -t ufs {device}; mount {device} /mnt; touch /mnt/here")
        typed(lab, second, f"umount /mnt; hastctl role secondary {name}")
    lab.world = heal(lab.world, second)
    LabClock(lab).sleep(60)
    return lab.world


def unsealed(world: World, graph: Graph) -> World:
    """The same with mount points that are ordinary directories, as the article makes them."""
    points = {id.name for id in graph.order if id.kind == "mount"}
    for node, found in sorted(world.machines.items()):
        files = found.files
        for path in sorted(points & set(files)):
            files = files.put(path, replace(files[path], mode="755", flags=""))
        world = world.change(node, files=files)
    return world


def volumes(world: World, node: str) -> list[tuple[str, str, str]]:
    """Name, device and mount point of each resource of a node."""
    machine, found = world.machine(node), []
    for resource in sights.volumes(machine):
        disk = machine.disks.get(resource.localpath)
        path = disk.ufs.last_mounted if disk and disk.ufs else ""
        found.append((resource.name, sights.HAST + resource.provname, path or "/mnt"))
    return found


def services(graph: Graph, node: str) -> list[str]:
    """The scripts of the databases of a node."""
    ids = [id for id in graph.order if (id.node, id.kind) == (node, "mysqld")]
    return [str(getattr(graph.resources[id], "service", "")) for id in ids]


def typed(lab: Lab, node: str, line: str) -> None:
    """What a person would do by hand."""
    lab.world = machine.run(lab.world, node, ("sh", "-c", line)).world


STARTS: dict[str, Start] = {
    "bare": bare,
    "served": served,
    "degraded": degraded,
    "returning": returning,
    "failed-over": failed_over,
    "split": split,
}


def converged(lab: Lab, graph: Graph, *nodes: str) -> None:
    """Runs as devd and cron would start them, until one finds nothing left to do."""
    hosts, end = {node: LabHost(lab, node) for node in nodes}, ""
    for _ in range(RUNS_MAX):
        told = Run(graph, hosts, LabClock(lab), lambda *_: None).to_the_end()
        if told.end is End.CONVERGED and not told.done and sights.serving(lab.world):
            return
        end = told.end.value
        LabClock(lab).sleep(PAUSE_S)
    raise ConvergeError(f"the pair does not come up before the rehearsal begins: {end}")
