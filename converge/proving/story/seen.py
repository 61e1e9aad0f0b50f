"""What changed between two worlds, in words for a person: the lines no actor has to write."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from converge.lab.world import HastResource, Machine, World
from converge.proving.judge import sights, steps


@dataclass(frozen=True, slots=True)
class Seen:
    """One thing that happened on a node. `kind` is a word for programs, `text` for people."""

    node: str
    kind: str
    text: str


class Entry(NamedTuple):
    """A line of the story: seconds since the start, whose, what, why, and a guard's or
    invariant's code. `kind` says who wrote it: actor, trigger, cue, world, broken."""

    at: float
    node: str
    what: str
    why: str = ""
    code: str = ""
    kind: str = "world"


def changes(before: World, after: World, vip: str) -> Iterator[Seen]:
    """Everything worth a line, in the order of a failover."""
    for node, machine in sorted(after.machines.items()):
        was = before.machine(node)
        if machine is was:
            continue
        for kind, text in _machine(was, machine):
            yield Seen(node, kind, text)
    for node, device in steps.checked(before, after):
        yield Seen(node, "checked", f"{device} is clean after a check")
    for node, machine in sorted(after.machines.items()):
        was = before.machine(node)
        if machine is not was:
            for kind, text in (*_mounts(was, machine), *_databases(was, machine)):
                yield Seen(node, kind, text)
    yield from _service(sights.serving(before, vip), sights.serving(after, vip))


def _machine(was: Machine, machine: Machine) -> Iterator[tuple[str, str]]:
    yield from _power(was, machine)
    if machine.powered:
        yield from _addresses(was, machine)
        yield from _volumes(was, machine)


def _power(was: Machine, machine: Machine) -> Iterator[tuple[str, str]]:
    if machine.halting and not was.halting:
        yield "halting", "shuts down"
    if was.powered and not machine.powered:
        yield "off", "power is off"
    if machine.powered and machine.booting and not (was.powered and was.booting):
        yield "boots", "boots"
    if sights.up(machine) and not sights.up(was):
        yield "up", "is up"


def _addresses(was: Machine, machine: Machine) -> Iterator[tuple[str, str]]:
    old = {(i.name, v.vhid): v.state for i in was.interfaces.values() for v in i.vhids}
    for interface in machine.interfaces.values():
        for v in interface.vhids:
            state = old.get((interface.name, v.vhid))
            if v.state != state and not (state is None and v.state == "INIT"):
                yield f"carp {v.state}", f"CARP is {v.state}"


def _volumes(was: Machine, machine: Machine) -> Iterator[tuple[str, str]]:
    old = {r.name: r for r in sights.volumes(was)}
    new = {r.name: r for r in sights.volumes(machine)}
    if was.hastd and not machine.hastd:
        yield "hastd gone", "hastd has ended"
    for name in sorted(new):
        before = old.get(name) or HastResource(name, name, "", "")
        for kind, text in _volume(before, new[name]):
            yield kind, f"{name}: {text}"


def _volume(was: HastResource, now: HastResource) -> Iterator[tuple[str, str]]:
    if now.role != was.role:
        yield f"role {now.role}", f"role {now.role}"
    if now.silent and not was.silent and not now.device:
        yield "silent", "the device is there and silent"
    if now.device and not was.device:
        yield "device", "the device answers"
    if now.role == "primary" and was.role == "primary" and now.connected != was.connected:
        yield "linked", "connected" if now.connected else "lost its peer"
    if now.role == "primary" and now.sync != was.sync and bool(now.sync) != bool(was.sync):
        yield "sync", "synchronises" if now.sync else "synchronises no more"
    if now.write_errors > was.write_errors == 0:
        yield "errors", "the local disk loses writes"


def _mounts(was: Machine, machine: Machine) -> Iterator[tuple[str, str]]:
    old = {(m.device, m.path, m.since): m for m in was.mounts}
    new = {(m.device, m.path, m.since): m for m in machine.mounts}
    for key, mount in old.items():
        if key not in new and machine.powered:
            yield "unmounted", f"{mount.path} is not mounted any more"
    for key, mount in new.items():
        if key not in old:
            unclean = ", and it was not clean" if mount.unclean else ""
            yield "mounted", f"{mount.path} is mounted{unclean}"
        elif mount.gone and not old[key].gone:
            yield "gone", f"{mount.device} was taken away under {mount.path}"


def _databases(was: Machine, machine: Machine) -> Iterator[tuple[str, str]]:
    old = {p.pid: p for p in sights.servers(was)}
    new = {p.pid: p for p in sights.servers(machine)}
    if any(pid not in new for pid in old) and machine.powered:
        yield "ended", "mysqld has ended"
    for pid, server in new.items():
        if pid not in old:
            yield "started", f"mysqld starts on {server.data['datadir']}"
        if server.data["phase"] == "ready" and (
            pid not in old or old[pid].data["phase"] != "ready"
        ):
            yield "ready", "mysqld answers"


def _service(was: str, now: str) -> Iterator[Seen]:
    if was and was != now:
        yield Seen(was, "silence", "clients find no database here any more")
    if now and was != now:
        yield Seen(now, "serving", "clients are served")
