"""The database server of the recorded pair: a stand-in behind the ports' rc script.

It keeps rows in `<datadir>/ibdata1`, one a line. mysqld_safe starts a killed server again. The
rc script and the clients are in programs/.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from converge.lab.machine import advance, processes
from converge.lab.machine.syslog import wall
from converge.lab.ufs import Written, mounting, read_file, remove, write_file
from converge.lab.world import File, Handler, Machine, Process, Table, Ufs, World

SAFE = "/usr/local/bin/mysqld_safe"
SERVER = "/usr/local/libexec/mysqld"
EVERYWHERE = ("", "*", "0.0.0.0", "::")
"""Values of bind-address that mean every address."""

PORT, SOCKET = "3306", "/tmp/mysql.sock"
"""Where a server listens when its command line does not say."""

READY_S = 0.3
"""From fork to the pid file when there is nothing to recover (mysql-disabled-onestart-2)."""

AGAIN_S = 2.0
"""mysqld_safe waits so long before it starts a killed server again (mysql-killed-9-*)."""

STOPPED = "clean\n"
"""What the heartbeat file holds after a proper end; anything else means recovery."""


@dataclass(frozen=True, slots=True)
class Options:
    """What a server is started with. `words`: its command line behind the program's name."""

    datadir: str
    pidfile: str
    bind: str
    words: str
    errors: str
    """Path of its error log."""


def launch(world: World, node: str, options: Options) -> World:
    """Fork mysqld_safe and mysqld. A server that cannot start is gone again at once."""
    data = _memory(world, node, options, "safe", "c")
    command = f"/bin/sh {SAFE} {options.words}"
    world, safe = processes.spawn(world, node, command, user="mysql", data=data)
    return _server(world, node, safe, options)


def running(machine: Machine) -> tuple[Process, ...]:
    """Servers, ready or not, by pid."""
    found = [p for p in machine.processes.values() if p.data.get("part") == "server"]
    return tuple(sorted(found, key=lambda p: p.pid))


def ready(machine: Machine, port: str = "", socket: str = "", device: str = "") -> Process | None:
    """The server that answers its clients there; none while it recovers or hangs."""
    if "mysqld" in machine.hangs:
        return None
    found = (p for p in running(machine) if p.data["phase"] == "ready")
    found = (p for p in found if device in ("", p.data["volume"].partition("@")[0]))
    found = (p for p in found if port in ("", port_in(p.data["words"])))
    return next((p for p in found if socket in ("", socket_in(p.data["words"]))), None)


def port_in(words: str) -> str:
    return str(re.findall(r"--port=(\S+)", f"--port={PORT} {words}")[-1])


def socket_in(words: str) -> str:
    return str(re.findall(r"--socket=(\S+)", f"--socket={SOCKET} {words}")[-1])


def bind_problem(machine: Machine, address: str, port: str = PORT) -> str:
    """Why a server cannot listen there, '' if it can. The VIP of a BACKUP can be bound."""
    mine = [a.address for i in machine.interfaces.values() for a in i.addresses]
    if address not in (*EVERYWHERE, "127.0.0.1", *mine):
        return "Can't assign requested address"
    for other in running(machine):
        same = other.data["bind"] == address or {other.data["bind"], address} & set(EVERYWHERE)
        if same and port_in(other.data["words"]) == port:
            return "Address already in use"
    return ""


def unclean(world: World, node: str, datadir: str) -> bool:
    """Whether the last server on this directory did not stop properly."""
    mark = read_file(world, node, f"{datadir}/heartbeat")
    return mark is not None and mark.text != STOPPED


def insert(world: World, node: str, server: Process, text: str) -> tuple[Written, int]:
    """Append a row with fsync; the number of rows then. EIO once the volume is gone (fact 8)."""
    path = f"{server.data['datadir']}/ibdata1"
    if not mounting.alive(world.machine(node), server.data["volume"]):
        return Written(world, "Input/output error"), 0
    old = read_file(world, node, path) or _file("", "640")
    written = write_file(world, node, path, replace(old, text=f"{old.text}{text}\n"))
    if written.error:
        return written, 0
    count = int(server.data["records"]) + 1
    world = processes.remember(written.world, node, server.pid, "records", str(count))
    return replace(written, world=world), count


def put_row(world: World, node: str, text: str, device: str = "") -> tuple[World, bool]:
    """Insert a row through the server on that machine (and device), wait: was it acknowledged?"""
    server = ready(world.machine(node), device=device)
    if server is None:
        return world, False
    written, _ = insert(world, node, server, text)
    if written.error or written.took_s == float("inf"):
        return written.world, False
    world = advance(written.world, world.now + written.took_s)
    machine = world.machine(node)
    there = server.pid in machine.processes and machine.powered
    return world, there and mounting.alive(machine, server.data["volume"])


def rows(ufs: Ufs, datadir: str) -> tuple[str, ...]:
    """All rows on a file system; `datadir` is relative to its root."""
    file = ufs.files.get(f"{datadir.strip('/')}/ibdata1".lstrip("/"))
    return tuple(file.text.splitlines()) if file else ()


def stop(world: World, node: str, pid: int) -> tuple[World, float]:
    """SIGTERM: a proper end, and mysqld_safe ends too. Seconds that the last writes took."""
    machine = world.machine(node)
    server = machine.processes[pid]
    options = options_of(server)
    took_s = 0.0
    if mounting.alive(machine, server.data["volume"]):
        world = note(world, node, options, "[Note] Received SHUTDOWN. Shutting down mysqld")
        written = write_file(world, node, f"{options.datadir}/heartbeat", _file(STOPPED, "640"))
        world, took_s = written.world, written.took_s
        world = note(world, node, options, "[Note] Shutdown complete")
    world = remove(world, node, options.pidfile).world
    return processes.ended(world, node, pid, server.ppid), took_s


def kill(world: World, node: str, pid: int) -> World:
    """SIGKILL: the pid file stays, and mysqld_safe starts another one."""
    process = world.machine(node).processes[pid]
    world = processes.ended(world, node, pid)
    if process.ppid not in world.machine(node).processes:
        return world
    return world.later(AGAIN_S, node, "mysqld-again", str(process.ppid))


def options_of(process: Process) -> Options:
    """What a running server or its mysqld_safe was started with."""
    data = process.data
    return Options(data["datadir"], data["pidfile"], data["bind"], data["words"], data["errors"])


def note(world: World, node: str, options: Options, text: str) -> World:
    """A line in the error log."""
    old = read_file(world, node, options.errors) or _file("", "644")
    line = f"{wall(world, node):%Y-%m-%dT%H:%M:%SZ} 0 {text}\n"
    return write_file(world, node, options.errors, replace(old, text=old.text + line)).world


def _file(text: str, mode: str) -> File:
    return File(text, mode=mode, owner="mysql:mysql")


def _memory(world: World, node: str, options: Options, part: str, holds: str) -> Table[str, str]:
    where = mounting.volume_of(world.machine(node), options.datadir)
    return Table(
        {
            "part": part,
            "volume": where,
            "holds": holds,
            "datadir": options.datadir,
            "pidfile": options.pidfile,
            "bind": options.bind,
            "words": options.words,
            "errors": options.errors,
        }
    )


def _server(world: World, node: str, safe: int, options: Options) -> World:
    """Fork mysqld under mysqld_safe, for the first time or again."""
    machine = world.machine(node)
    recovery_s = machine.recovery_s if unclean(world, node, options.datadir) else 0.0
    problem = bind_problem(machine, options.bind, port_in(options.words))
    if problem:
        world = note(
            world, node, options, f"[ERROR] Can't start server: Bind on TCP/IP port: {problem}"
        )
    mark = _file(f"{wall(world, node).timestamp():.1f}\n", "640")
    path = f"{options.datadir}/heartbeat"
    written = Written(world) if problem else write_file(world, node, path, mark)
    if problem or written.error or not _searchable(world, node, options.datadir):
        world = note(world, node, options, "[ERROR] Aborting")
        return processes.ended(world, node, safe)
    data = _memory(world, node, options, "server", "cwa").put("phase", "starting")
    command = f"{SERVER} {options.words}"
    world, pid = processes.spawn(
        written.world, node, command, user="mysql", ppid=safe, data=data.put("records", "0")
    )
    wait_s = READY_S + recovery_s + written.took_s
    return world.later(wait_s, node, "mysqld-ready", str(pid))


def _searchable(world: World, node: str, path: str) -> bool:
    """Whether user mysql may go through all directories above; root may always."""
    while path.rpartition("/")[0]:
        path = path.rpartition("/")[0]
        file = read_file(world, node, path)
        if file is None or not int(file.mode, 8) & 0o001:
            return False
    return True


def _ready(world: World, node: str, args: tuple[str, ...]) -> World:
    """Recovery is over: the pid file is written, clients are answered."""
    server = world.machine(node).processes.get(int(args[0]))
    if server is None or server.data.get("phase") != "starting":
        return world
    options = options_of(server)
    data = read_file(world, node, f"{options.datadir}/ibdata1")
    count = len(data.text.splitlines()) if data else 0
    world = processes.remember(world, node, server.pid, "phase", "ready")
    world = processes.remember(world, node, server.pid, "records", str(count))
    if not mounting.alive(world.machine(node), server.data["volume"]):
        return world
    world = write_file(world, node, options.pidfile, _file(f"{server.pid}\n", "644")).world
    listens = f"bind: '{options.bind}' port: {port_in(options.words)}"
    text = f"ready for connections. Stand-in server; {listens}, records: {count}"
    return note(world, node, options, f"[Note] {text}")


def _again(world: World, node: str, args: tuple[str, ...]) -> World:
    """mysqld_safe starts a killed server again, on whatever is at its directory by now."""
    safe = world.machine(node).processes.get(int(args[0]))
    if safe is None or safe.data.get("part") != "safe":
        return world
    return _server(world, node, safe.pid, options_of(safe))


TIMERS: dict[str, Handler] = {"mysqld-ready": _ready, "mysqld-again": _again}
