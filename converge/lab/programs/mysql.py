"""The database's rc script (ports, files/mysql-server.in) and its clients: mysqladmin, nc."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from functools import partial

from converge.core.host import Answer
from converge.lab import net
from converge.lab.machine import mysqld, rc
from converge.lab.machine.processes import comm
from converge.lab.machine.rcconf import parse_assignments, variables
from converge.lab.shell.getopt import getopt
from converge.lab.ufs import Written, read_file, write_file
from converge.lab.world import File, Process, Program, Result, World, done, failed

SCRIPTS = {"mysql-server": "mysql", "mysql-users": "mysql_users"}
"""Name of the file, and what the keys of rc.conf begin with. The second one is a copy of the
port's script, made for a second server (desired/multi-disk.toml)."""

CNF = "/usr/local/etc/mysql/my.cnf"

START_S = 0.5
"""What a start takes besides waiting; it looks for the pid file once a second."""

PATIENCE_S = 15
"""poststart waits so long for the pid file and then returns 0 all the same."""

STOP_S = 0.5
SILENT_S = 75.0
"""How long TCP tries to reach an address that nobody answers for."""


def _options(name: str, world: World, node: str) -> mysqld.Options:
    conf = variables(world, node, name)
    host = world.machine(node).hostname
    datadir = conf.get(f"{name}_dbdir", "/var/db/mysql").rstrip("/")
    pidfile = conf.get(f"{name}_pidfile", f"{datadir}/{host}.pid")
    args = conf.get(f"{name}_args", "")
    words = f"--datadir={datadir} --pid-file={pidfile} --user=mysql {args}".rstrip()
    found = re.findall(r"--bind[-_]address=(\S+)", args)
    bind = found[-1] if found else _bind_of_cnf(world, node)
    return mysqld.Options(datadir, pidfile, bind, words, f"{datadir}/{host}.err")


def _bind_of_cnf(world: World, node: str) -> str:
    file = read_file(world, node, CNF)
    lines = re.sub(r"\s*=\s*", "=", (file.text if file else "").replace("-", "_"))
    return dict(parse_assignments(lines)).get("bind_address", "*")


def _pid(name: str, world: World, node: str) -> int | None:
    """check_pidfile: the pid in the file, if that process is a mysqld."""
    file = read_file(world, node, _pidfile(name, world, node))
    text = file.text.strip() if file else ""
    process = world.machine(node).processes.get(int(text)) if text.isdigit() else None
    return process.pid if process and comm(process) == "mysqld" else None


def _pidfile(name: str, world: World, node: str) -> str:
    return _options(name, world, node).pidfile


def _start(name: str, world: World, node: str) -> Result:
    options = _options(name, world, node)
    stale = read_file(world, node, options.pidfile) is not None
    before = mysqld.running(world.machine(node))
    prepared = _prestart(world, node, options)
    if prepared.error:
        path = f"/usr/local/etc/rc.d/{next(file for file in SCRIPTS if SCRIPTS[file] == name)}"
        error = f"{path}: WARNING: failed precmd routine for {name}\n"
        return replace(failed(world, 1, error), took_s=START_S)
    world = mysqld.launch(prepared.world, node, options)
    started = [p for p in mysqld.running(world.machine(node)) if p not in before]
    wait_s = 0 if stale else _poststart_s(world, node, started)
    return done(world, f"Starting {name}.\n", START_S + prepared.took_s + wait_s)


def _prestart(world: World, node: str, options: mysqld.Options) -> Written:
    """Without `<dbdir>/mysql/` a new, password-less database is made, wherever that is (F46)."""
    took_s = 0.0
    if read_file(world, node, f"{options.datadir}/mysql") is not None:
        return Written(world)
    wanted = [(options.datadir, True), (f"{options.datadir}/mysql", True)]
    for path, is_dir in [*wanted, (f"{options.datadir}/ibdata1", False)]:
        if read_file(world, node, path) is not None:
            continue
        file = File(mode="755" if is_dir else "640", owner="mysql:mysql", is_dir=is_dir)
        written = write_file(world, node, path, file)
        if written.error:
            return Written(world, written.error)
        world, took_s = written.world, took_s + written.took_s
    return Written(world, took_s=took_s)


def _poststart_s(world: World, node: str, started: list[Process]) -> int:
    """Seconds until the pid file is there or poststart gives up."""
    if not started:
        return PATIENCE_S + 1
    words = (str(started[0].pid),)
    at = [t.at for t in world.timers if t.what == "mysqld-ready" and t.args == words]
    return math.ceil(min(PATIENCE_S, at[0] - world.now)) if at else PATIENCE_S


def _stop(name: str, world: World, node: str, pid: int) -> Result:
    """TERM, then a wait without end (F54)."""
    if "mysqld" in world.machine(node).hangs:
        return _never(world, "mysqld does not end")
    world, took_s = mysqld.stop(world, node, pid)
    if took_s == math.inf:
        return _never(world, "mysqld waits for its disk")
    return done(world, f"Stopping {name}.\nWaiting for PIDS: {pid}.\n", STOP_S + took_s)


def _never(world: World, why: str) -> Result:
    return Result(world, Answer(lost=why), math.inf)


RC = {
    file: rc.RcScript(
        name,
        f"{name}_enable",
        partial(_pid, name),
        partial(_start, name),
        partial(_stop, name),
        pidfile=partial(_pidfile, name),
    )
    for file, name in SCRIPTS.items()
}


def _listening(world: World, node: str, address: str) -> tuple[str, Process] | None:
    """Who answers on the database's port of that address: its machine and the server."""
    if not net.talks(world, node, address):
        return None
    owner = net.owner(world, address, node)
    owner = node if address == "127.0.0.1" else owner
    server = mysqld.ready(world.machine(owner), port=mysqld.PORT) if owner else None
    if owner is None or server is None:
        return None
    bound = server.data["bind"] in (*mysqld.EVERYWHERE, address)
    return (owner, server) if bound else None


def _nc(world: World, node: str, argv: tuple[str, ...], stdin: str) -> Result:
    """nc [-z] [-w seconds] host 3306: the stand-in greets and takes PUT, COUNT, LAST, QUIT."""
    words = getopt(argv, "zvnw:")
    if words.bad or len(words.rest) != 2:
        return failed(world, 1, "usage: nc [-nvz] [-w timeout] destination port\n")
    patience_s = float(words.given.get("w", SILENT_S))
    found = _listening(world, node, words.rest[0]) if words.rest[1] == "3306" else None
    if found is None:
        reached = net.talks(world, node, words.rest[0])
        return replace(failed(world, 1), took_s=0.05 if reached else patience_s)
    if words.has("z"):
        return done(world)
    return _conversation(world, *found, stdin, patience_s)


def _conversation(
    world: World, node: str, server: Process, stdin: str, patience_s: float
) -> Result:
    said = f"HELLO stand-in pid={server.pid} records={server.data['records']}\n"
    took_s = 0.05
    for line in stdin.splitlines():
        word, _, text = line.partition(" ")
        if word == "QUIT":
            break
        world, reply, stall_s = _reply(world, node, server.pid, word, text)
        if stall_s > patience_s:
            return done(world, said, took_s + patience_s)
        said, took_s = said + reply, took_s + stall_s
    return done(world, said, took_s)


def _reply(world: World, node: str, pid: int, word: str, text: str) -> tuple[World, str, float]:
    server = world.machine(node).processes[pid]
    if word == "PUT":
        written, count = mysqld.insert(world, node, server, text)
        said = f"ERR {written.error}\n" if written.error else f"OK {count}\n"
        return written.world, said, written.took_s
    if word == "COUNT":
        return world, f"COUNT {server.data['records']}\n", 0.0
    file = read_file(world, node, f"{server.data['datadir']}/ibdata1")
    lines = file.text.splitlines() if file else []
    last = lines[-1] if lines else ""
    return world, f"LAST {last}\n" if word == "LAST" else "ERR unknown command\n", 0.0


def _mysqladmin(world: World, node: str, argv: tuple[str, ...], stdin: str) -> Result:
    """mysqladmin [--socket=PATH | --host=NAME] ping. Texts from MySQL 8.0, not recorded."""
    text = " ".join(argv[1:])
    if text.split()[-1:] != ["ping"]:
        return failed(world, 1, "mysqladmin: only ping is simulated\n")
    host = re.search(r"(?:--host=|-h ?)(\S+)", text)
    if host is None or host[1] == "localhost":
        given = re.search(r"(?:--socket=|-S ?)(\S+)", text)
        path = given[1] if given else mysqld.SOCKET
        alive = mysqld.ready(world.machine(node), socket=path) is not None
        return done(world, "mysqld is alive\n") if alive else _no_socket(world, path)
    if _listening(world, node, host[1]) is not None:
        return done(world, "mysqld is alive\n")
    given = re.search(r"--connect[-_]timeout=(\d+)", text)
    patience_s = float(given[1]) if given else SILENT_S
    refused = net.talks(world, node, host[1])
    cause = f"Can't connect to MySQL server on '{host[1]}:3306' ({61 if refused else 60})"
    hint = f"Check that mysqld is running on {host[1]} and that the port is 3306."
    error = f"mysqladmin: connect to server at '{host[1]}' failed\nerror: '{cause}'\n{hint}\n"
    error += f"You can check this by doing 'telnet {host[1]} 3306'\n"
    return replace(failed(world, 1, error), took_s=0.05 if refused else patience_s)


def _no_socket(world: World, path: str) -> Result:
    cause = f"Can't connect to local MySQL server through socket '{path}' (2)"
    hint = f"Check that mysqld is running and that the socket: '{path}' exists!"
    error = f"mysqladmin: connect to server at 'localhost' failed\nerror: '{cause}'\n{hint}\n"
    return failed(world, 1, error)


def _mysqld(world: World, node: str, argv: tuple[str, ...], stdin: str) -> Result:
    """`mysqld --version`, of the version that is installed. Texts from MySQL 8.0, not recorded."""
    file = read_file(world, node, argv[0])
    if file is None:
        return failed(world, 127, f"sh: {argv[0]}: not found\n")
    if argv[1:] != ("--version",):
        return failed(world, 1, "mysqld: only --version is simulated\n")
    release = world.machine(node).release.partition("-")[0]
    about = f"for FreeBSD{release} on amd64 (Source distribution)"
    return done(world, f"{argv[0]}  Ver {file.text.strip()} {about}\n")


PROGRAMS: dict[str, Program] = {"nc": _nc, "mysqladmin": _mysqladmin, "mysqld": _mysqld}
TIMERS = mysqld.TIMERS
