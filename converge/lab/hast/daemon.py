"""hastd's main process: its configuration, its start, its signals and its end."""

from __future__ import annotations

from dataclasses import dataclass, replace

from converge.core.host import Answer
from converge.lab.hast import connection, workers
from converge.lab.hast import log as hastlog
from converge.lab.hast import pair as hastpair
from converge.lab.hast.conf import ConfResource, HastConf, NodeNames, parse_conf
from converge.lab.hast.pair import Place
from converge.lab.world import File, Hastd, HastResource, Process, Result, Table, World

CONFIG = "/etc/hast.conf"
LOOP_S = 5.0
"""hastd looks at its signals only so often, or when somebody talks to it."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A configuration file as hastd or hastctl took it; `code` is its exit status if refused."""

    conf: HastConf | None
    error: str = ""
    code: int = 0
    echoed: str = ""


def load(world: World, node: str, path: str) -> Loaded:
    """Read a configuration file as this machine's programs do."""
    machine = world.machine(node)
    file = machine.files.get(path)
    if file is None or file.is_dir:
        why = f"Unable to open configuration file {path}: No such file or directory."
        return Loaded(None, why, 72)
    uuid = machine.sysctls.get("kern.hostuuid", "00000000-0000-0000-0000-000000000000")
    names = NodeNames(machine.hostname, uuid, machine.sysctls.get("kern.hostid", "0"))
    parsed = parse_conf(file.text, names)
    return Loaded(parsed.conf, parsed.error, 0 if parsed.conf else 78, parsed.echoed)


def resource_of(conf: ConfResource) -> HastResource:
    """A resource as hastd begins it: with role init."""
    return HastResource(
        name=conf.name,
        provname=conf.provname,
        localpath=conf.localpath,
        remote=conf.remote,
        source=conf.source,
        replication=conf.replication,
        checksum=conf.checksum,
        compression=conf.compression,
        timeout=conf.timeout,
        exec_path=conf.exec_path,
        metaflush=conf.metaflush == "on",
    )


def start(world: World, node: str, config: str = CONFIG) -> Result:
    """Run `hastd -c config`."""
    world = load_module(world, node)
    loaded = load(world, node, config)
    if loaded.conf is None:
        answer = Answer(loaded.code, loaded.echoed, f"[ERROR] {loaded.error}\n")
        return Result(world, answer, 0.05)
    running = world.machine(node).hastd
    if running is not None and running.pidfile == loaded.conf.pidfile:
        why = f"Another hastd is already running, pidfile: {running.pidfile}, pid: {running.pid}."
        return Result(world, Answer(75, loaded.echoed, f"[ERROR] {why}\n"), 0.05)
    if running is not None:
        why = f"Unable to listen on control address {loaded.conf.control}: Address already in use."
        return Result(world, Answer(71, loaded.echoed, f"[ERROR] {why}\n"), 0.05)
    return Result(_running(world, node, loaded.conf, config), Answer(0, loaded.echoed), 0.1)


def _running(world: World, node: str, conf: HastConf, config: str) -> World:
    world, pid = hastpair.new_pid(world, node)
    machine = world.machine(node)
    socket = File(mode="140755", mtime=world.now, born=world.now)
    files = machine.files.put(conf.pidfile, File(str(pid), mode="600", mtime=world.now))
    table = Table({r.name: resource_of(r) for r in conf.resources})
    hastd = Hastd(pid, table, config, path_of(conf.control), conf.pidfile, conf.listen)
    world = world.change(
        node,
        files=files.put(path_of(conf.control), socket),
        processes=machine.processes.put(pid, Process(pid, "/sbin/hastd", started=world.now)),
        hastd=hastd,
    )
    world = hastlog.info(world, node, "Started successfully, running protocol version 2.")
    for address in conf.listen:
        world = hastlog.info(world, node, f"Listening on address {address}.")
    return world


def path_of(control: str) -> str:
    """The socket's path: an address may be written uds:///var/run/hastctl."""
    return control.rpartition("://")[2]


def load_module(world: World, node: str) -> World:
    """hastd loads geom_gate unless the kernel has it."""
    machine = world.machine(node)
    known = "geom_gate" in machine.modules or "geom_gate" in machine.compiled_in
    if known or "/boot/kernel/geom_gate.ko" not in machine.files:
        return world
    from converge.lab.machine.modules import load as kldload

    return kldload(world, node, "geom_gate")[0]


def terminate(world: World, node: str) -> World:
    """SIGTERM: workers are told to go, the pid file goes, the socket file stays."""
    hastd = world.machine(node).hastd
    if hastd is None:
        return world
    world = hastlog.info(world, node, "Termination signal received, exiting.")
    for name, resource in sorted(hastd.resources.items()):
        if resource.worker:
            who = f"resource={name}, role={resource.role}, pid={resource.worker}"
            world = hastlog.info(world, node, f"Terminating worker process ({who}).")
    machine = world.machine(node)
    world = world.change(node, processes=machine.processes.drop(hastd.pid))
    world = gone(world, node)
    return world.change(node, files=world.machine(node).files.drop(hastd.pidfile))


def gone(world: World, node: str) -> World:
    """The main process is no more. Workers see that and go; a killed one has left its device."""
    hastd = world.machine(node).hastd
    if hastd is None:
        return world
    for name, resource in sorted(hastd.resources.items()):
        place = Place(node, name)
        if resource.silent and not resource.worker:
            world = workers.leave_orphan(world, place, resource)
        world = workers.stopped(world, place)
    return world.change(node, hastd=None)


def hang_up(world: World, node: str) -> World:
    """SIGHUP: the configuration is read again when hastd looks at its signals."""
    hastd = world.machine(node).hastd
    if hastd is None:
        return world
    process = world.machine(node).processes.get(hastd.pid)
    phase = (world.now - (0.0 if process is None else process.started)) % LOOP_S
    world = world.without(node, "hast-reload")
    return world.later(LOOP_S - phase, node, "hast-reload", str(hastd.pid))


def woken(world: World, node: str) -> World:
    """Somebody talks to hastd: before it answers it looks at its signals."""
    for timer in world.timers:
        if (timer.node, timer.what) == (node, "hast-reload"):
            return reload(world.without(node, "hast-reload"), node, timer.args)
    return world


def reload(world: World, node: str, args: tuple[str, ...]) -> World:
    """Timer: read the configuration again; a bad one changes nothing (*-reload-bad-conf)."""
    hastd = world.machine(node).hastd
    if hastd is None or str(hastd.pid) != args[0]:
        return world
    world = hastlog.info(world, node, "Reloading configuration...")
    loaded = load(world, node, hastd.config)
    if loaded.conf is None:
        world = hastlog.warn(world, node, loaded.error)
        return hastlog.warn(world, node, "Configuration not reloaded.")
    for address in loaded.conf.listen:
        how = "Keep listening on" if address in hastd.listen else "Listening on new"
        world = hastlog.info(world, node, f"{how} address {address}.")
    wanted = {r.name: resource_of(r) for r in loaded.conf.resources}
    for name in sorted(set(hastd.resources) - set(wanted)):
        world = _removed(world, Place(node, name))
    for name, new in wanted.items():
        world = _renewed(world, Place(node, name), new)
    world = world.change(node, hastd=_listening(world, node, loaded.conf))
    return hastlog.info(world, node, "Configuration reloaded successfully.")


def _listening(world: World, node: str, conf: HastConf) -> Hastd | None:
    hastd = world.machine(node).hastd
    return None if hastd is None else replace(hastd, listen=conf.listen)


def _removed(world: World, place: Place) -> World:
    world = workers.set_role(world, place, "init")[0]
    hastd = world.machine(place.node).hastd
    if hastd is not None:
        hastd = replace(hastd, resources=hastd.resources.drop(place.name))
    world = world.change(place.node, hastd=hastd)
    return hastlog.info(world, place.node, f"Resource {place.name} removed.")


def _renewed(world: World, place: Place, new: HastResource) -> World:
    """A resource of the new file: added, restarted, changed while it runs, or the same."""
    old = hastpair.find(world, place)
    if old is None:
        world = hastlog.info(world, place.node, f"Resource {place.name} added.")
        return hastpair.put(world, place, new)
    kept = replace(old, **new.settings)
    moved = (old.provname, old.localpath) != (new.provname, new.localpath)
    if kept == old:
        return world
    said = f"Resource {place.name} configuration was modified"
    if moved or old.role != "primary":
        world = hastlog.info(world, place.node, f"{said}, restarting it.")
        world = workers.set_role(world, place, "init")[0]
        return workers.set_role(hastpair.put(world, place, new), place, old.role)[0]
    world = hastlog.info(world, place.node, f"{said}, reloading it.")
    called = (old.remote, old.source) != (new.remote, new.source)
    if called and old.connected:
        world = connection.broken(world, place)
    return hastpair.put(world, place, replace(hastpair.get(world, place), **new.settings))
