"""Programs about processes: ps, pgrep, pkill, kill, sockstat, and dmesg."""

from __future__ import annotations

from converge.lab.hast import storage
from converge.lab.machine import mysqld, processes
from converge.lab.shell.getopt import getopt
from converge.lab.shell.regex import compiled
from converge.lab.world import Machine, Process, Program, Result, World, done, failed

MESSAGES = "/var/log/messages"
BOOT = "---<<BOOT>>---"

IDLE_S = 20.0
"""After so many seconds of sleep ps shows I instead of S."""

NUMBERS = {
    "HUP": 1,
    "INT": 2,
    "QUIT": 3,
    "KILL": 9,
    "TERM": 15,
    **{str(number): number for number in (1, 2, 3, 9, 15)},
}
"""Signals that end a process unless it has its own mind, by name and by number."""


def _state(machine: Machine, process: Process, now: float) -> str:
    """STAT of ps: workers of hastd are multi-threaded, in capability mode, in a jail."""
    if processes.worker_of(machine, process.pid):
        return "ICJ" if now - process.started > IDLE_S else "SCJ"
    return "Ss" if process.ppid == 1 else "S"


def _ps(world: World, node: str, argv: tuple[str, ...], stdin: str) -> Result:
    """ps axww [-o COLUMNS]; a title set by the program is followed by the program's name."""
    columns = "pid,tt,stat,time,command"
    for at, word in enumerate(argv):
        if word == "-o" and at + 1 < len(argv):
            columns = argv[at + 1]
    machine = world.machine(node)
    table = [_ps_row(machine, p, world.now) for p in processes.processes(world, node)]
    names = columns.split(",")
    unknown = [name for name in names if name not in (*table[0], "command")] if table else []
    if unknown:
        return failed(world, 1, f"ps: {unknown[0]}: keyword not found\nps: no valid keywords\n")
    rows = [[row[name] for name in names] for row in table]
    heads = [name.upper() for name in names]
    widths = [max(4, len(h), *(len(r[n]) for r in rows)) for n, h in enumerate(heads)]
    text = "".join(_columns(names, row, widths) for row in [heads, *rows])
    return done(world, text)


def _ps_row(machine: Machine, process: Process, now: float) -> dict[str, str]:
    titled = process.command.startswith("hastd: ")
    command = f"{process.command} (hastd)" if titled else process.command
    return {
        "pid": str(process.pid),
        "ppid": str(process.ppid),
        "user": process.user,
        "tt": "-",
        "stat": _state(machine, process, now),
        "time": "0:00.01",
        "comm": processes.comm(process),
        "command": command,
        "args": command,
    }


def _columns(names: list[str], row: list[str], widths: list[int]) -> str:
    cells = [
        f"{cell:>{width}}" if name in ("pid", "ppid", "time") else f"{cell:{width}}"
        for name, cell, width in zip(names, row, widths, strict=True)
    ]
    return " ".join(cells).rstrip() + "\n"


def _matching(world: World, node: str, argv: tuple[str, ...]) -> list[Process] | str:
    """Processes that pgrep's words mean, or what is wrong with the words."""
    words = getopt(argv, "filxqonu:P:")
    if words.bad or not words.rest:
        return f"usage: {argv[0]} [-flnoqx] [-P ppid] [-u euid] [pattern ...]\n"
    patterns = [compiled(text, extended=True, fold=words.has("i")) for text in words.rest]
    ready = [p.fullmatch if words.has("x") else p.search for p in patterns if p is not None]
    if len(ready) < len(patterns):
        return f"{argv[0]}: Cannot compile regular expression\n"
    found = []
    for process in processes.processes(world, node):
        text = process.command if words.has("f") else processes.comm(process)
        parent = words.given.get("P", str(process.ppid)) == str(process.ppid)
        user = words.given.get("u", process.user) == process.user
        if parent and user and any(match(text) for match in ready):
            found.append(process)
    if words.has("n") or words.has("o"):
        found = sorted(found, key=lambda p: p.started)[-1 if words.has("n") else 0 :][:1]
    return found


def _pgrep(world: World, node: str, argv: tuple[str, ...], stdin: str) -> Result:
    """pgrep [-flxnoq] PATTERN: 1 when nothing matches."""
    found = _matching(world, node, argv)
    if isinstance(found, str):
        return failed(world, 2, found)
    words = getopt(argv, "filxqonu:P:")
    text = ""
    for process in found:
        shown = process.command if words.has("f") else processes.comm(process)
        text += f"{process.pid} {shown}\n" if words.has("l") else f"{process.pid}\n"
    if words.has("q"):
        text = ""
    return done(world, text) if found else failed(world, 1)


def _pkill(world: World, node: str, argv: tuple[str, ...], stdin: str) -> Result:
    """pkill [-SIGNAL] [-flx] PATTERN."""
    signal, rest = _signal(argv)
    found = _matching(world, node, (argv[0], *rest))
    if isinstance(found, str):
        return failed(world, 2, found)
    for process in found:
        world = _send(world, node, process.pid, signal)
    return done(world) if found else failed(world, 1)


def _kill(world: World, node: str, argv: tuple[str, ...], stdin: str) -> Result:
    """kill [-SIGNAL] PID ...; signal 0 only asks."""
    signal, pids = _signal(argv)
    if not pids:
        return failed(world, 2, "usage: kill [-s signal_name] pid ...\n")
    error = ""
    for text in pids:
        known = [p.pid for p in processes.processes(world, node)]
        if not text.isdigit() or int(text) not in known:
            error += f"kill: {text}: No such process\n"
        else:
            world = _send(world, node, int(text), signal)
    return failed(world, 1, error) if error else done(world)


def _signal(argv: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    first = argv[1] if len(argv) > 1 else ""
    name = first[1:].upper().removeprefix("SIG")
    if first == "-s" and len(argv) > 2:
        return argv[2].upper().removeprefix("SIG"), argv[3:]
    if first.startswith("-") and (name.isdigit() or name in NUMBERS):
        return name, argv[2:]
    return "TERM", argv[1:]


def _send(world: World, node: str, pid: int, signal: str) -> World:
    """Deliver a signal. What a daemon does with it is its own."""
    machine = world.machine(node)
    deadly = NUMBERS.get(signal) == 9
    if signal not in NUMBERS:
        return world
    if processes.worker_of(machine, pid):
        return storage.worker_killed(world, node, pid, NUMBERS.get(signal, 9))
    if machine.hastd is not None and machine.hastd.pid == pid:
        return storage.hastd_signalled(world, node, NUMBERS.get(signal, 9))
    process = machine.processes.get(pid)
    part = process.data.get("part") if process else None
    if part == "server" and not deadly:
        return world if "mysqld" in machine.hangs else mysqld.stop(world, node, pid)[0]
    if part == "server":
        return mysqld.kill(world, node, pid)
    if part == "safe" and not deadly:
        return world
    return processes.ended(world, node, pid)


def _sockstat(world: World, node: str, argv: tuple[str, ...], stdin: str) -> Result:
    """sockstat -4 -l -p 3306: only the database's sockets are simulated."""
    columns = "{:8} {:10} {:<5} {:<2} {:6} {:21} {}\n"
    heads = ("USER", "COMMAND", "PID", "FD", "PROTO", "LOCAL ADDRESS", "FOREIGN ADDRESS      ")
    text = columns.format(*heads)
    for server in mysqld.running(world.machine(node)):
        bind = "*" if server.data["bind"] in mysqld.EVERYWHERE else server.data["bind"]
        port = mysqld.port_in(server.data["words"])
        row = ("mysql", "mysqld", server.pid, "4", "tcp4", f"{bind}:{port}", "*:*")
        text += columns.format(*row)
    return done(world, text)


def _dmesg(world: World, node: str, argv: tuple[str, ...], stdin: str) -> Result:
    """What the kernel said since the last boot, as far as the lab's kernel speaks."""
    file = world.machine(node).files.get(MESSAGES)
    lines = file.text.splitlines() if file else []
    starts = [n for n, line in enumerate(lines) if BOOT in line]
    kernel = [line.partition(" kernel: ") for line in lines[starts[-1] if starts else 0 :]]
    return done(world, "".join(f"{text}\n" for _, found, text in kernel if found))


PROGRAMS: dict[str, Program] = {
    "ps": _ps,
    "pgrep": _pgrep,
    "pkill": _pkill,
    "kill": _kill,
    "sockstat": _sockstat,
    "dmesg": _dmesg,
}
