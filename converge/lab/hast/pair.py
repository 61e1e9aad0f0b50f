"""Finding a HAST resource, its disk and its partner on the other machine. Changes no behaviour."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address, ip_network
from typing import NamedTuple

from converge.lab import net
from converge.lab.world import Disk, HastResource, Metadata, Timer, World

PORT = 8457


class Place(NamedTuple):
    """One resource of one machine's hastd."""

    node: str
    name: str


def places(world: World) -> list[Place]:
    """Every resource of every running hastd."""
    return [
        Place(node, name)
        for node, machine in sorted(world.machines.items())
        if machine.powered and not machine.booting and machine.hastd is not None
        for name in sorted(machine.hastd.resources)
    ]


def find(world: World, place: Place) -> HastResource | None:
    """The resource, or None when hastd is not running or does not know it."""
    hastd = world.machine(place.node).hastd
    return None if hastd is None else hastd.resources.get(place.name)


def get(world: World, place: Place) -> HastResource:
    """The resource of a place that is known to exist."""
    found = find(world, place)
    if found is None:
        raise KeyError(place)
    return found


def put(world: World, place: Place, resource: HastResource) -> World:
    """The same world with this resource in the place of its former self."""
    hastd = world.machine(place.node).hastd
    if hastd is None:
        return world
    resources = hastd.resources.put(place.name, resource)
    return world.change(place.node, hastd=replace(hastd, resources=resources))


def change(world: World, place: Place, **fields: object) -> World:
    """The same world with fields of one resource replaced."""
    return put(world, place, replace(get(world, place), **fields))  # type: ignore[arg-type]


def disk(world: World, place: Place) -> Disk | None:
    """The local component, or None when there is no such device."""
    return world.machine(place.node).disks.get(get(world, place).localpath)


def change_disk(world: World, place: Place, **fields: object) -> World:
    """The same world with fields of the local component replaced; without one, the same."""
    old = disk(world, place)
    if old is None:
        return world
    disks = world.machine(place.node).disks
    new = replace(old, **fields)  # type: ignore[arg-type]
    return world.change(place.node, disks=disks.put(get(world, place).localpath, new))


def write_header(world: World, place: Place, meta: Metadata) -> World:
    """Write the metadata as the worker knows them; the role goes with them."""
    meta = replace(meta, prevrole=get(world, place).role)
    found = disk(world, place)
    if found is not None and found.fails != "write":
        world = change_disk(world, place, metadata=meta)
    return change(world, place, meta=meta)


def host(address: str) -> str:
    """The host of an address as hast.conf(5) writes it: tcp4://192.168.1.52:8457."""
    rest = address.rpartition("://")[2]
    if rest.startswith("["):
        return rest[1:].partition("]")[0]
    return rest.partition(":")[0] if rest.count(":") == 1 else rest


def port(address: str) -> int:
    """The port of such an address."""
    rest = address.rpartition("://")[2].rpartition("]")[2]
    tail = rest.rpartition(":")[2] if rest.count(":") == 1 else ""
    return int(tail) if tail.isdigit() else PORT


def own_address(world: World, place: Place) -> str:
    """The address that this end calls from: `source`, or the one nearest to the peer's."""
    resource = get(world, place)
    if resource.source:
        return host(resource.source)
    remote = ip_address(host(resource.remote))
    for interface in world.machine(place.node).interfaces.values():
        for a in interface.addresses:
            if not a.vhid and remote in ip_network(f"{a.address}/{a.prefix}", strict=False):
                return a.address
    return "0.0.0.0"


def far(world: World, place: Place) -> str | None:
    """The machine that has the address of `remote`, whether it is up or not."""
    address = host(get(world, place).remote)
    for node, machine in sorted(world.machines.items()):
        for interface in machine.interfaces.values():
            if node != place.node and any(a.address == address for a in interface.addresses):
                return node
    return None


def partner(world: World, place: Place) -> Place | None:
    """The same resource on the machine that `remote` leads to, if its hastd knows it."""
    node = far(world, place)
    there = None if node is None else Place(node, place.name)
    return there if there is not None and find(world, there) is not None else None


def carries(world: World, place: Place) -> bool:
    """TCP with the remote address works now, hastd there or not; oneself is nobody."""
    address = host(get(world, place).remote)
    if address == "none" or net.owner(world, address) == place.node:
        return False
    return net.talks(world, place.node, address)


def linked(world: World, place: Place) -> bool:
    """Both ends of a connection exist and the wire between them carries."""
    there = partner(world, place)
    if there is None:
        return False
    mine, theirs = get(world, place), get(world, there)
    ends = mine.connected and theirs.connected and mine.role != theirs.role
    return ends and carries(world, place)


def pending(world: World, place: Place, what: str) -> Timer | None:
    """The timer of that name for this resource."""
    for timer in world.timers:
        if (timer.node, timer.what, timer.args[:1]) == (place.node, what, place[1:]):
            return timer
    return None


def at(world: World, place: Place, what: str, when: float) -> World:
    """Let `what` happen to this resource at `when`, and only then."""
    world = world.without(place.node, what, place.name)
    return world.later(max(0.0, when - world.now), place.node, what, place.name)


def only_once(world: World, place: Place, what: str, when: float) -> World:
    """As `at`, unless it is waiting to happen already."""
    return world if pending(world, place, what) else at(world, place, what, when)


def cancel(world: World, place: Place, what: str) -> World:
    """That will not happen to this resource."""
    return world.without(place.node, what, place.name) if pending(world, place, what) else world


def forget_timers(world: World, place: Place) -> World:
    """Nothing waits to happen to this resource any more."""
    kept = tuple(
        t
        for t in world.timers
        if not (t.node == place.node and t.what.startswith("hast-") and t.args[:1] == place[1:])
    )
    return replace(world, timers=kept)


def new_pid(world: World, node: str) -> tuple[World, int]:
    """The next free process id."""
    pid = world.machine(node).next_pid
    return world.change(node, next_pid=pid + 1), pid
