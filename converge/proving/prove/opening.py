"""Where a proof begins: a pair on which its actors have lived a while, and what happens then."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from converge.core.graph import Graph
from converge.lab.faults import power_back
from converge.lab.fresh import Blueprint
from converge.lab.hast.daemon import CONFIG
from converge.lab.host import Lab, LabClock
from converge.lab.world import World
from converge.proving.actors.actor import Actor
from converge.proving.judge.history import FAULT
from converge.proving.judge.sights import HAST
from converge.proving.prove.ills import USUAL
from converge.proving.prove.scene import Ground, Scene
from converge.proving.story.driver import Drive
from converge.proving.story.starts import STARTS, services, typed, unsealed, volumes

WARM_S = 180.0
"""So long the actors live with the pair before anything happens: what they learn is theirs."""

UNTOUCHED = ("setting", "file", "sysctl", "hast_entry", "kernel_module")
"""Kinds that no fault of the exploration changes; they are left out of its graph."""

Then = Callable[[World, Graph], World]


class Opening(NamedTuple):
    """`start`: how the pair is when its actors wake. `off`: a node (0, 1) that has no power then
    and may get it back. `then`: what happens when they have lived with it; they live with that for
    `lives_s` more, and the exploration begins. `word`: what a person types on the first node then,
    naming the second. `touches`: kinds of UNTOUCHED that it changes."""

    start: str
    off: int | None = None
    then: Then | None = None
    lives_s: float = 0.0
    word: str = ""
    touches: tuple[str, ...] = ()


def _returns(world: World, graph: Graph) -> World:
    return power_back(world, list(graph.pair.nodes)[1])


def _returns_to_much(world: World, graph: Graph) -> World:
    """A copy that lacks 120 MB: the synchronisation takes a while."""
    first, lab = next(iter(graph.pair.nodes)), Lab(world)
    for _, _, path in volumes(world, first):
        typed(lab, first, f"dd if=/dev/zero of={path}/big bs=1048576 count=120")
    return _returns(lab.world, graph)


def _renamed(world: World, graph: Graph) -> World:
    """Somebody has given the devices other names in hast.conf and looks at them elsewhere."""
    first, lab = next(iter(graph.pair.nodes)), Lab(world)
    for service in services(graph, first):
        typed(lab, first, f"service {service} onestop")
    for name, _, path in volumes(world, first):
        typed(lab, first, f"umount {path}; hastctl role init {name}")
        _named(lab, first, f"resource {name} {{", f"resource {name} {{\n\tname other-{name}")
        for line in ("service hastd reload", f"hastctl role primary {name}"):
            typed(lab, first, line)
            LabClock(lab).sleep(4)
        typed(lab, first, f"mount /dev/hast/other-{name} /mnt")
    return lab.world


def _file_put_right(world: World, graph: Graph) -> World:
    """As before, and hast.conf is as it was again; hastd has not been told."""
    first, lab = next(iter(graph.pair.nodes)), Lab(_renamed(world, graph))
    for name, _, _ in volumes(world, first):
        _named(lab, first, f"\n\tname other-{name}", "")
    return lab.world


def _named(lab: Lab, node: str, old: str, new: str) -> None:
    """hast.conf on a node with other words in it."""
    files = lab.world.machine(node).files
    conf = files[CONFIG]
    changed = replace(conf, text=conf.text.replace(old, new))
    lab.world = lab.world.change(node, files=files.put(CONFIG, changed))


OPENINGS = {
    "bare": Opening("bare"),
    "served": Opening("served"),
    "degraded": Opening("degraded", off=1),
    "returning": Opening("degraded", then=_returns),
    "catching-up": Opening("degraded", then=_returns_to_much, lives_s=38.0),
    "failed-over": Opening("failed-over", off=0),
    "split": Opening("split"),
    "handing-over": Opening("served", word="switchover"),
    "renamed": Opening("served", then=_renamed, touches=("hast_entry",)),
    "renamed-file-right": Opening("served", then=_file_put_right, touches=("hast_entry",)),
}
"""By the word of `--start`."""


def explored_graph(graph: Graph, start: str = "served") -> Graph:
    """The resources that a fault can touch."""
    left_out = set(UNTOUCHED) - set(OPENINGS[start].touches)
    return graph.only([id for id in graph.order if id.kind not in left_out])


def prepared(
    graph: Graph, plan: Blueprint, bare: World, actor: Actor, vip: str,
    *, start: str = "served", faults: int = 2, late: int = 0, ills: Sequence[str] = USUAL,
    sealed: bool = True,
) -> tuple[Ground, Scene]:  # fmt: skip
    """The ground and the scene to start from.

    converge seals mount points, whoever acts afterwards; not `sealed` are those of others.
    """
    actors: Mapping[str, Actor] = {node: actor for node in graph.pair.nodes}
    opening = OPENINGS[start]
    world = STARTS[opening.start](bare, graph)
    world = world if sealed else unsealed(world, graph)
    drive = Drive(world=world, actors=actors, vip=vip)
    drive.warm_up(WARM_S)
    if opening.then is not None:
        drive.shift(opening.then(drive.world, graph), FAULT)
    if opening.lives_s:
        drive.go(opening.lives_s)
    disks = {v.name: (HAST + v.name, v.devices[min(v.devices)], v.mount) for v in plan.volumes}
    devices = [
        (device, disk, d.datadir.removeprefix(f"{mount}/"))
        for d in plan.databases
        for device, disk, mount in [disks[d.volume]]
    ]
    ground = Ground(actors, vip, devices, ills)
    off = () if opening.off is None else (f"{list(graph.pair.nodes)[opening.off]} power-off",)
    scene = Scene(drive.world, dict(drive.states), drive.history, faults, late, frozenset(off))
    if opening.word:
        first, second = graph.pair.nodes
        scene = ground.woken(scene, [(first, f"{opening.word} {second}")])
    return ground, scene
