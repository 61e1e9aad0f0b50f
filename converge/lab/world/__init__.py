"""The simulated pair as one immutable value: two machines, the links between them, the time.

Nothing in here behaves; behaviour is in the neighbours (machine, net, hast, ufs) and in programs/.
A world can be cloned, hashed and compared, so it can be replayed, broken and explored. Its parts
are written in table, disks, wires and memory, and offered from here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from math import inf

from converge.core.host import Answer
from converge.lab.world.disks import Disk as Disk
from converge.lab.world.disks import File as File
from converge.lab.world.disks import Metadata as Metadata
from converge.lab.world.disks import Queued as Queued
from converge.lab.world.disks import Ufs as Ufs
from converge.lab.world.memory import Hastd as Hastd
from converge.lab.world.memory import HastResource as HastResource
from converge.lab.world.memory import Sync as Sync
from converge.lab.world.table import Table as Table
from converge.lab.world.wires import Address as Address
from converge.lab.world.wires import Hearing as Hearing
from converge.lab.world.wires import Interface as Interface
from converge.lab.world.wires import Vhid as Vhid

EPOCH = 1795409946
"""Wall clock at `now == 0`: when the recorded pair was booted (sys-boottime)."""


@dataclass(frozen=True, slots=True)
class Mount:
    """A mounted file system; `gone`: its device was taken away under it (recordings, fact 8)."""

    device: str
    path: str
    fstype: str = "ufs"
    options: str = "rw"
    ufs: Ufs | None = None
    """What the kernel holds in memory of it; written through while the device lives."""
    gone: bool = False
    since: float = 0.0
    """When it was mounted: tells this mount from a later one of the same device."""
    size: int = 0
    """Bytes of the device."""
    unclean: bool = False
    """It was not clean when it was mounted; then no unmount marks it clean (ffs_unmount)."""


@dataclass(frozen=True, slots=True)
class Process:
    """A process that a probe can see. `command` is what ps and pgrep -lf show."""

    pid: int
    command: str
    user: str = "root"
    ppid: int = 1
    started: float = 0.0
    data: Table[str, str] = field(default_factory=Table)
    """What the program itself needs to remember (a database: its data directory, its phase)."""


@dataclass(frozen=True, slots=True)
class Machine:
    """One FreeBSD machine."""

    name: str
    hostname: str
    release: str = "13.2-RELEASE"
    powered: bool = True
    booted: float = 0.0
    """World time of the last boot; while `booting` nothing answers."""
    booting: bool = False
    ready: float = 0.0
    """World time at which the last boot was over."""
    files: Table[str, File] = field(default_factory=Table)
    """The root file system. Absolute paths. Directories are listed too."""
    compiled_in: frozenset[str] = frozenset()
    modules: tuple[str, ...] = ()
    """Kernel module files loaded, in order: 'carp', 'geom_gate', 'if_carp'."""
    interfaces: Table[str, Interface] = field(default_factory=Table)
    sysctls: Table[str, str] = field(default_factory=Table)
    disks: Table[str, Disk] = field(default_factory=Table)
    """By device path: '/dev/ad6'."""
    hastd: Hastd | None = None
    mounts: tuple[Mount, ...] = ()
    processes: Table[int, Process] = field(default_factory=Table)
    next_pid: int = 593
    hangs: frozenset[str] = frozenset()
    """Programs that do not answer, by name (a fault)."""
    slow: Table[str, float] = field(default_factory=Table)
    """Programs that answer so many seconds later, by name (a fault)."""
    ahead: float = 0.0
    """How far its wall clock is ahead of the right time, seconds (a fault)."""
    recovery_s: float = 1.0
    """How long the database recovers when it was not stopped properly."""
    full: frozenset[str] = frozenset()
    """Paths of mounts without a free block (a fault)."""
    root_clean: bool = True
    """The root file system was unmounted when the machine went down the last time."""
    halting: bool = False
    """Shutting down: no program answers, the kernel still sends (recordings, fact 35)."""
    leaving: bool = False
    """While it shuts down a script runs that the lab does not know: its programs do answer."""
    calls: tuple[tuple[float, tuple[str, ...]], ...] = ()
    """The scripts that rc has called and the lab does not know: world time, path and word."""
    klds: Table[str, tuple[int, int, int]] = field(default_factory=Table)
    """Id, address and size of loaded files of `modules`; those that lack got the next free."""
    carp_before: tuple[int, int, int] = (0, 0, 0)
    """Announcements sent, received and refused by groups that are gone (netstat -s)."""
    events: tuple[tuple[float, str], ...] = ()
    """What devd was told: world time and the line of /var/run/devd.pipe."""
    hooks: tuple[tuple[float, tuple[str, ...]], ...] = ()
    """What hastd's `exec` program was called with: world time and words."""
    orphans: Table[str, int] = field(default_factory=Table)
    """HAST devices whose worker died without a trace: name -> size. I/O on them hangs."""


@dataclass(frozen=True, slots=True, order=True)
class Timer:
    """Something that will happen. `what` names a handler; `args` are its words."""

    at: float
    serial: int
    node: str
    what: str
    args: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class World:
    """The whole thing. `now` is seconds since it began."""

    machines: Table[str, Machine]
    now: float = 0.0
    cuts: frozenset[tuple[str, str, str]] = frozenset()
    """(segment, from, to): packets on that way are lost; the carrier stays. From and to are node
    names, or addresses of `others`."""
    timers: tuple[Timer, ...] = ()
    serial: int = 0
    seed: int = 0
    others: Table[str, str] = field(default_factory=Table)
    """Hosts beside the pair that answer a ping: address -> segment (a router, a witness)."""

    def machine(self, node: str) -> Machine:
        return self.machines[node]

    def with_machine(self, machine: Machine) -> World:
        """The same world with this machine in the place of its former self."""
        return replace(self, machines=self.machines.put(machine.name, machine))

    def change(self, node: str, **fields: object) -> World:
        """The same world with fields of one machine replaced."""
        return self.with_machine(replace(self.machines[node], **fields))  # type: ignore[arg-type]

    def later(self, after_s: float, node: str, what: str, *args: str) -> World:
        """The same world with one more timer; none for what never comes (inf)."""
        if after_s == inf:
            return self
        timer = Timer(self.now + after_s, self.serial, node, what, args)
        timers = tuple(sorted((*self.timers, timer)))
        return replace(self, timers=timers, serial=self.serial + 1)

    def without(self, node: str, what: str, *args: str) -> World:
        """The same world without that node's timers of this name whose words begin with `args`."""
        kept = tuple(
            t
            for t in self.timers
            if not (t.node == node and t.what == what and t.args[: len(args)] == args)
        )
        return replace(self, timers=kept)

    def peer(self, node: str) -> Machine | None:
        """The other machine."""
        return next((m for name, m in self.machines.items() if name != node), None)


@dataclass(frozen=True, slots=True)
class Result:
    """What a program did: the world after it, its answer, how long it took."""

    world: World
    answer: Answer
    took_s: float = 0.05


Program = Callable[[World, str, tuple[str, ...], str], Result]
"""(world, node, argv with the program's name first, stdin) -> Result."""

Handler = Callable[[World, str, tuple[str, ...]], World]
"""What a timer does: (world, node, args) -> world."""


def done(world: World, stdout: str = "", took_s: float = 0.05) -> Result:
    """A program that ended with 0."""
    return Result(world, Answer(0, stdout), took_s)


def failed(world: World, code: int, stderr: str = "", stdout: str = "") -> Result:
    """A program that ended with another code."""
    return Result(world, Answer(code, stdout, stderr), 0.05)
