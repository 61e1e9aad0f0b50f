"""What one step did to a database: started on somebody else's data, made anew, marked anew."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from converge.lab.world import File, Machine, Process, Table, World
from converge.proving.judge import sights
from converge.proving.judge.history import Broken, History


def started_on(history: History, was: Machine, machine: Machine) -> Iterator[Broken]:
    """S5 and S7: a server was started on data of somebody else, or made new ones. No pair that is
    proved or rehearsed has consented to that."""
    for server in _new_servers(was, machine):
        datadir, data = server.data["datadir"], sights.data_of(machine, server)
        mark, known = _mark(data), history.marks.get(datadir, "")
        if known and mark not in ("", known):
            yield Broken(
                "S5", machine.name, f"a database of {known} was started on data of {mark}"
            )
        if "mysql" in data and not _had_database(was, server, machine):
            yield Broken("S7", machine.name, f"a new, empty database was made in {datadir}")


def marked_anew(was: Machine, machine: Machine) -> Iterator[Broken]:
    """S5: data of somebody else were made ours."""
    old = {(m.device, m.since): m.ufs for m in was.mounts}
    for mount in sights.hast_mounts(machine):
        before, after = old.get((mount.device, mount.since)), mount.ufs
        if before is None or after is None or before is after:
            continue
        for path in (p for p in after.files if p.endswith("/converge.id") and p in before.files):
            mark, new = before.files[path].text.strip(), after.files[path].text.strip()
            if mark and mark != new:
                said = f"data of {mark} below {mount.path} were marked as those of {new}"
                yield Broken("S5", machine.name, said)


def _new_servers(was: Machine, machine: Machine) -> list[Process]:
    old = {server.pid for server in sights.servers(was)}
    return [server for server in sights.servers(machine) if server.pid not in old]


def _had_database(was: Machine, server: Process, machine: Machine) -> bool:
    """There was one before this server was started."""
    mount = sights.mount_of(machine, server)
    same = [m for m in was.mounts if mount and (m.device, m.since) == (mount.device, mount.since)]
    return any("mysql" in sights.data_of(replace(was, mounts=(m,)), server) for m in same)


def _mark(data: Mapping[str, File]) -> str:
    return data["converge.id"].text.strip() if "converge.id" in data else ""


def marks(known: Table[str, str], before: World, after: World) -> Table[str, str]:
    """By data directory: whose the first data were that a server ran on."""
    for machine in after.machines.values():
        if machine is before.machine(machine.name):
            continue
        for server in sights.servers(machine):
            datadir, mark = server.data["datadir"], _mark(sights.data_of(machine, server))
            if mark and datadir not in known:
                known = known.put(datadir, mark)
    return known
