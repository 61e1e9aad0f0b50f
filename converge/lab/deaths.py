"""Deaths of single processes by SIGKILL: what each leaves behind is the daemon's own matter."""

from __future__ import annotations

from converge.core.errors import UsageError
from converge.lab.hast import storage
from converge.lab.machine import mysqld, react
from converge.lab.world import World


def worker_dies(world: World, node: str, resource: str = "") -> World:
    """The worker of a resource ('' for every one) is killed; hastd forks a primary's again.

    Where there is no worker nothing happens. UsageError for a resource that hastd does not know.
    """
    hastd = world.machine(node).hastd
    if hastd is None:
        return world
    if resource and resource not in hastd.resources:
        names = ", ".join(sorted(hastd.resources)) or "none"
        raise UsageError(f"{resource!r} is no HAST resource; there is {names}")
    for name, found in sorted(hastd.resources.items()):
        if found.worker and resource in ("", name):
            world = storage.worker_killed(world, node, found.worker)
    return react(world)


def hastd_dies(world: World, node: str) -> World:
    """The main process and its workers are killed in one blow.

    A primary's device stays although nobody serves it, and I/O on it hangs.
    """
    return react(storage.hastd_signalled(worker_dies(world, node), node, 9))


def mysqld_dies(world: World, node: str) -> World:
    """Every database server is killed; its mysqld_safe starts it again after 2 s."""
    for server in mysqld.running(world.machine(node)):
        world = mysqld.kill(world, node, server.pid)
    return react(world)
