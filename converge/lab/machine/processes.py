"""The process table of a machine: starting, looking, ending. What a daemon does is elsewhere."""

from __future__ import annotations

from dataclasses import replace

from converge.lab.hast import storage
from converge.lab.ufs.mounting import volume_of
from converge.lab.world import Machine, Process, Table, World


def spawn(
    world: World,
    node: str,
    command: str,
    *,
    user: str = "root",
    ppid: int = 1,
    data: Table[str, str] | None = None,
) -> tuple[World, int]:
    """Start a process; its pid."""
    machine = world.machine(node)
    pid = machine.next_pid
    process = Process(pid, command, user, ppid, world.now, data or Table())
    return world.change(node, processes=machine.processes.put(pid, process), next_pid=pid + 3), pid


def hold_open(world: World, node: str, command: str, path: str) -> tuple[World, int]:
    """Start a process that writes to a file and never ends (fuser-mount-busy)."""
    where = volume_of(world.machine(node), path)
    return spawn(world, node, command, data=Table({"volume": where, "holds": "w"}))


def ended(world: World, node: str, *pids: int) -> World:
    """The same world without these processes."""
    return world.change(node, processes=world.machine(node).processes.drop(*pids))


def remember(world: World, node: str, pid: int, key: str, value: str) -> World:
    """Write something into what a process remembers."""
    machine = world.machine(node)
    process = machine.processes[pid]
    changed = replace(process, data=process.data.put(key, value))
    return world.change(node, processes=machine.processes.put(pid, changed))


def processes(world: World, node: str) -> tuple[Process, ...]:
    """All processes by pid, hastd and its workers among them."""
    machine = world.machine(node)
    found = {**machine.processes, **{p.pid: p for p in storage.fleeting(world, node)}}
    if machine.hastd is not None:
        main = machine.hastd.pid
        found.setdefault(main, Process(main, "/sbin/hastd"))
        for name, resource in machine.hastd.resources.items():
            if resource.worker:
                title = f"hastd: {name} ({resource.role})"
                worker = Process(resource.worker, title, ppid=main, started=resource.since)
                found[resource.worker] = worker
    return tuple(found[pid] for pid in sorted(found))


def comm(process: Process) -> str:
    """The program's own name, as pgrep without -f compares it."""
    if process.command.startswith("hastd: "):
        return "hastd"
    return process.command.split(" ", 1)[0].rsplit("/", 1)[-1]


def worker_of(machine: Machine, pid: int) -> bool:
    """Whether that pid is a worker of hastd."""
    if machine.hastd is None:
        return False
    return any(r.worker == pid for r in machine.hastd.resources.values())
