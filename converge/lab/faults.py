"""What can go wrong with the pair. Every fault is a pure function from a world to a world."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from converge.core.errors import UsageError
from converge.lab import mishaps
from converge.lab.deaths import hastd_dies, mysqld_dies, worker_dies
from converge.lab.machine import boot, processes, react, shutdown
from converge.lab.machine.syslog import event, log
from converge.lab.net.groups import MESSAGES
from converge.lab.world import World

SEGMENTS = ("lan", "storage")


def _known(word: str, words: Iterable[str], what: str) -> None:
    """'' stands for all of them. UsageError for what is not there."""
    names = sorted(words)
    if word and word not in names:
        raise UsageError(f"{word!r} is no {what}; there is {', '.join(names) or 'none'}")


def power_cut(world: World, node: str) -> World:
    """The machine is off within an instant; what it had not written is lost."""
    return react(boot.power_off(world, node))


def power_back(world: World, node: str) -> World:
    """The machine boots; nothing answers for about 20 s."""
    return react(boot.power_on(world, node))


def clean_reboot(world: World, node: str) -> World:
    """`shutdown -r now`."""
    return react(shutdown.shut_down(world, node, "again"))


def reset(world: World, node: str) -> World:
    """The reset button, or a panic: like a power cut, and it boots again at once."""
    return react(boot.power_on(boot.power_off(world, node), node))


def plug(world: World, node: str, segment: str, *, carrier: bool) -> World:
    """Pull the cable of a segment out of a node ('' for every cable), or put it back.

    The kernel tells of the carrier after CARP has changed (log-carp-carrier, devd-pipe-a).
    """
    _known(segment, SEGMENTS, "segment")
    machine = world.machine(node)
    changed = [
        i
        for i in machine.interfaces.values()
        if i.ether and i.carrier != carrier and segment in ("", i.segment)
    ]
    for interface in changed:
        table = world.machine(node).interfaces
        table = table.put(interface.name, replace(interface, carrier=carrier))
        world = react(world.change(node, interfaces=table))
        word = "UP" if carrier else "DOWN"
        if machine.powered:
            line = f"kernel: {interface.name}: link state changed to {word}"
            world = log(world, node, MESSAGES, line)
            what = f"!system=IFNET subsystem={interface.name} type=LINK_{word}"
            world = event(world, node, what)
    return react(world)


def cut(world: World, node: str, segment: str = "") -> World:
    """Between the nodes nothing passes any more on a segment ('' for all); carriers stay."""
    nodes = frozenset(world.machines) - {node}
    return _lose(world, segment, {(node, n) for n in nodes} | {(n, node) for n in nodes})


def isolate(world: World, node: str, segment: str = "") -> World:
    """As cut, and the hosts beside the pair do not reach the node either."""
    far = (frozenset(world.machines) | frozenset(world.others)) - {node}
    return _lose(world, segment, {(node, n) for n in far} | {(n, node) for n in far})


def one_way(world: World, node: str, segment: str = "") -> World:
    """What the node sends to the other one is lost; what the other one sends arrives."""
    nodes = frozenset(world.machines) - {node}
    return _lose(world, segment, {(node, n) for n in nodes})


def _lose(world: World, segment: str, ways: set[tuple[str, str]]) -> World:
    _known(segment, SEGMENTS, "segment")
    segments = (segment,) if segment else SEGMENTS
    new = {(s, a, b) for s in segments for a, b in ways}
    return react(replace(world, cuts=world.cuts | new))


def heal(world: World, node: str, segment: str = "") -> World:
    """Every cable of the node is in, and nothing from or to it is lost."""
    kept = {c for c in world.cuts if node not in c[1:] or segment not in ("", c[0])}
    world = replace(world, cuts=frozenset(kept))
    return plug(world, node, segment, carrier=True)


def hang(world: World, node: str, program: str) -> World:
    """A program gives no answer from now on. UsageError for none."""
    if not program:
        raise UsageError("name the program that should hang, for example hastctl")
    return react(world.change(node, hangs=world.machine(node).hangs | {program}))


def unhang(world: World, node: str, program: str = "") -> World:
    """A program ('' for all) answers again. UsageError for one that does."""
    _known(program, world.machine(node).hangs, "program that hangs")
    kept = {p for p in world.machine(node).hangs if program not in ("", p)}
    return react(world.change(node, hangs=frozenset(kept)))


def slow(world: World, node: str, words: str) -> World:
    """'PROGRAM:SECONDS': it acts at once but answers so much later. 0 ends it. UsageError."""
    program, _, text = words.rpartition(":")
    seconds = _number(text)
    if not program or seconds < 0:
        raise UsageError(f"{words!r} is no PROGRAM:SECONDS, for example hastctl:30")
    late = world.machine(node).slow
    late = late.put(program, seconds) if seconds else late.drop(program)
    return react(world.change(node, slow=late))


def clock_jump(world: World, node: str, words: str) -> World:
    """Somebody sets the wall clock; kern.boottime goes along, so the uptime stays right.

    Times of files stay as they are, also of those that are written later: nobody reads them.
    """
    ahead = world.machine(node).ahead + _number(words)
    return react(world.change(node, ahead=ahead))


def _number(text: str) -> float:
    if not re.fullmatch(r"[-+]?\d+(\.\d+)?", text):
        raise UsageError(f"{text!r} is no number of seconds")
    return float(text)


def disk(world: World, node: str, device: str = "", fails: str = "") -> World:
    """Requests to a disk ('' for all) fail: 'read', 'write', or '' for a healthy one."""
    disks = world.machine(node).disks
    _known(device, disks, "disk of this machine")
    for path in sorted(disks):
        if device in ("", path):
            disks = disks.put(path, replace(disks[path], fails=fails))
    return react(world.change(node, disks=disks))


def fill(world: World, node: str, path: str = "/", *, full: bool) -> World:
    """The file system mounted at a path has no free block, or has some again. UsageError."""
    machine = world.machine(node)
    mounted = {"/", *(mount.path for mount in machine.mounts)}
    _known(path, mounted | machine.full, "file system that is mounted")
    paths = machine.full - {path}
    return react(world.change(node, full=paths | {path} if full else paths))


def hold_open(world: World, node: str, path: str) -> World:
    """A process that nobody knows of has a file open there and never ends. UsageError."""
    machine = world.machine(node)
    _known(path, {"/", *(mount.path for mount in machine.mounts)}, "file system that is mounted")
    if not machine.powered:
        return world
    return react(processes.hold_open(world, node, "tail -f file", path or "/")[0])


@dataclass(frozen=True, slots=True)
class Fault:
    """One entry of the list: what it does, what its argument is ('' when it takes none)."""

    does: str
    act: Callable[[World, str, str], World]
    argument: str = ""


def _plain(act: Callable[[World, str], World]) -> Callable[[World, str, str], World]:
    """One that takes no argument."""
    return lambda world, node, _: act(world, node)


FAULTS: dict[str, Fault] = {
    "power-off": Fault("pull the plug", _plain(power_cut)),
    "power-on": Fault("press the button: boot", _plain(power_back)),
    "reboot": Fault("shutdown -r now", _plain(clean_reboot)),
    "reset": Fault("reset without a shutdown, as after a panic", _plain(reset)),
    "cable-out": Fault(
        "pull network cables: the carrier is gone",
        lambda w, n, segment: plug(w, n, segment, carrier=False),
        "[lan|storage]",
    ),
    "cable-in": Fault(
        "put network cables back",
        lambda w, n, segment: plug(w, n, segment, carrier=True),
        "[lan|storage]",
    ),
    "cut": Fault("nothing passes between the nodes, carriers stay", cut, "[lan|storage]"),
    "isolate": Fault("nothing passes between the node and anybody", isolate, "[lan|storage]"),
    "one-way": Fault("what the node sends is lost", one_way, "[lan|storage]"),
    "heal": Fault("cables in, nothing lost", heal, "[lan|storage]"),
    "hang": Fault("a program gives no answer", hang, "PROGRAM"),
    "unhang": Fault("programs answer again", unhang, "[PROGRAM]"),
    "slow": Fault("a program answers late; 0 ends it", slow, "PROGRAM:SECONDS"),
    "clock-jump": Fault("the wall clock is set forward or back", clock_jump, "SECONDS"),
    "worker-dies": Fault("SIGKILL to workers of hastd", worker_dies, "[RESOURCE]"),
    "hastd-dies": Fault("SIGKILL to hastd and its workers at once", _plain(hastd_dies)),
    "mysqld-dies": Fault("SIGKILL to every database server", _plain(mysqld_dies)),
    "disk-read-error": Fault(
        "reading from disks fails", lambda w, n, d: disk(w, n, d, "read"), "[DEVICE]"
    ),
    "disk-write-error": Fault(
        "writing to disks fails", lambda w, n, d: disk(w, n, d, "write"), "[DEVICE]"
    ),
    "disk-ok": Fault("disks are healthy again", lambda w, n, d: disk(w, n, d), "[DEVICE]"),
    "disk-full": Fault(
        "no free block in a file system", lambda w, n, p: fill(w, n, p or "/", full=True), "[PATH]"
    ),
    "hold-open": Fault("a process keeps a file system busy", hold_open, "PATH"),
    "disk-free": Fault(
        "free blocks again", lambda w, n, p: fill(w, n, p or "/", full=False), "[PATH]"
    ),
    **{name: Fault(does, _plain(act)) for name, does, act in mishaps.ALL},
}
"""By the name that a person types."""
