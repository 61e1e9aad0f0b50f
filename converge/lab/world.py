"""The simulated pair as one immutable value: two machines, the links between them, the time.

Nothing in here behaves; behaviour is in the neighbours (net, storage, boot) and in programs/.
A world can be cloned, hashed and compared, so it can be replayed, broken and explored.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Generic, TypeVar

from converge.core.host import Answer

EPOCH = 1795409946
"""Wall clock at `now == 0`: when the recorded pair was booted (sys-boottime)."""

K = TypeVar("K")
V = TypeVar("V")


class Table(Mapping[K, V], Generic[K, V]):
    """An immutable mapping that can be hashed."""

    __slots__ = ("_data", "_hash")

    def __init__(self, data: Mapping[K, V] | None = None) -> None:
        self._data: dict[K, V] = dict(data or {})
        self._hash: int | None = None

    def __getitem__(self, key: K) -> V:
        return self._data[key]

    def __iter__(self) -> Iterator[K]:
        return iter(self._data)

    def __len__(self) -> int:
        return len(self._data)

    def __hash__(self) -> int:
        if self._hash is None:
            self._hash = hash(frozenset(self._data.items()))
        return self._hash

    def __repr__(self) -> str:
        return f"Table({self._data!r})"

    def put(self, key: K, value: V) -> Table[K, V]:
        """The same with `key` set to `value`."""
        return Table({**self._data, key: value})

    def drop(self, *keys: K) -> Table[K, V]:
        """The same without `keys`."""
        return Table({k: v for k, v in self._data.items() if k not in keys})


@dataclass(frozen=True, slots=True)
class File:
    """A file or directory of any file system. `mode` is octal digits, `mtime` world seconds.

    Six digits say the type too, as st_mode does: a socket is 140755.
    """

    text: str = ""
    mode: str = "644"
    owner: str = "root:wheel"
    flags: str = ""
    mtime: float = 0.0
    is_dir: bool = False
    born: float = 0.0
    """When it was made. Young directories do not survive a power cut (recordings, fact 36)."""
    zeros: int = 0
    """So many zero bytes follow the text: a big file need not be kept."""


@dataclass(frozen=True, slots=True)
class Ufs:
    """A UFS as it lies on a disk. Paths are relative to its root, without a leading slash.

    `clean` is the superblock's mark. `broken` means that `fsck -p` gives up (exit 8).
    `torn`: a half-synchronised mixture of old and new blocks; the next check throws files away.
    """

    files: Table[str, File] = field(default_factory=Table)
    clean: bool = True
    broken: bool = False
    torn: bool = False
    last_mounted: str = ""


@dataclass(frozen=True, slots=True)
class Metadata:
    """What `hastctl create` wrote and hastd keeps (`hastctl dump`)."""

    resuid: int = 0
    localcnt: int = 0
    remotecnt: int = 0
    prevrole: str = "init"
    marked: tuple[int, ...] = ()
    """Extents that the on-disk bitmap marks as not known to be on the peer, last used last."""
    resource: str = ""
    """The name it was created for; '' fits any."""
    datasize: int = 268430848
    extentsize: int = 2097152
    keepdirty: int = 64
    localoff: int = 4608

    @property
    def dirty(self) -> int:
        return len(self.marked)


@dataclass(frozen=True, slots=True)
class Queued:
    """The last write to a disk, received but not yet on it. `before`: what it replaces."""

    before: Ufs | None
    at: float


@dataclass(frozen=True, slots=True)
class Disk:
    """A local disk: its size in bytes, HAST metadata if created, and what lies on it."""

    size: int = 268435456
    metadata: Metadata | None = None
    ufs: Ufs | None = None
    fails: str = ""
    """'' healthy, 'read' or 'write': such requests end in an I/O error."""
    queued: Queued | None = None
    """What a power cut within milliseconds takes away again."""
    unlike: bool = False
    """Its peer was believed to hold the same and did not (blind spot B3)."""


@dataclass(frozen=True, slots=True)
class Hearing:
    """Announcements that arrive: one at `beat` and one every `period` seconds after it.

    `since`: world time from which they have been arriving. `good`: the password and the address
    list are the own ones. `noted`: the kernel has complained that they are not.
    """

    beat: float
    period: float
    since: float
    good: bool = True
    noted: bool = False


@dataclass(frozen=True, slots=True)
class Vhid:
    """One CARP group on an interface. `since`: world time of the last state change.

    A MASTER announces at `beat` and every `period` seconds after it. `heard`: the last good
    announcement before those of `hears`. `demoted`: its link is down, counted in the demotion.
    """

    vhid: int
    state: str = "INIT"
    advbase: int = 1
    advskew: int = 0
    password: str = ""
    since: float = 0.0
    beat: float = 0.0
    period: float = 0.0
    heard: float = 0.0
    hears: Hearing | None = None
    demoted: bool = False
    sent: int = 0
    """Announcements sent before `beat`."""
    received: int = 0
    """Announcements of others before those of `hears`, good or not."""
    refused: int = 0
    """Those of `received` with a wrong password or address list."""


@dataclass(frozen=True, slots=True)
class Address:
    """An inet address of an interface; vhid 0 is an ordinary one."""

    address: str
    prefix: int
    vhid: int = 0


@dataclass(frozen=True, slots=True)
class Interface:
    """A network interface; carpN of FreeBSD 9 is one too, with one vhid."""

    name: str
    ether: str = ""
    segment: str = "lan"
    """Which link of the world it is plugged into: 'lan', 'storage', or '' for none."""
    up: bool = True
    carrier: bool = True
    addresses: tuple[Address, ...] = ()
    vhids: tuple[Vhid, ...] = ()
    promisc: bool = False
    """Put into promiscuous mode by hand; CARP does so by itself."""


@dataclass(frozen=True, slots=True)
class Sync:
    """A synchronisation under way. `source`: 'primary' or 'secondary', whose copy is taken."""

    source: str
    began: float
    ends: float
    full: bool = False


@dataclass(frozen=True, slots=True)
class HastResource:
    """A resource in the memory of hastd's main process (roles live nowhere else).

    `connected`: the worker's view ('complete'); it can lie for a while (recordings, fact 6).
    """

    name: str
    provname: str
    localpath: str
    remote: str
    replication: str = "memsync"
    timeout: int = 20
    exec_path: str = ""
    role: str = "init"
    worker: int = 0
    """Pid of the worker, 0 for none."""
    connected: bool = False
    device: bool = False
    """Primary: /dev/hast/<provname> exists and its I/O threads run."""
    silent: bool = False
    """Primary: the device exists but does not answer yet."""
    extents: frozenset[int] = frozenset()
    """Primary: extents to be synchronised; while a `sync` runs, those of its beginning."""
    flight: frozenset[int] = frozenset()
    """Primary: extents of writes that the peer has not answered."""
    keepdirty: int = 64
    reads: int = 0
    writes: int = 0
    activemap_updates: int = 0
    read_errors: int = 0
    write_errors: int = 0
    since: float = 0.0
    """When the worker was started: it looks after its connection every 10 s from then on."""
    source: str = ""
    checksum: str = "none"
    compression: str = "hole"
    metaflush: bool = True
    meta: Metadata | None = None
    """The worker's copy of the metadata; it goes to the disk whole whenever one changes."""
    peer_remotecnt: int = 0
    """Primary: the peer's remotecnt at the last connect, 0 before the first (blind spot B1)."""
    peer_localcnt: int = 0
    spoke: float = 0.0
    """Last write or connect; a keepalive follows every 10 s from then on."""
    lost: float | None = None
    """When the wire under a connection fell silent; None while it carries."""
    stalled: float | None = None
    """Primary: until when unanswered writes wait for the peer."""
    sync: Sync | None = None
    behind: bool = False
    """Primary: its own copy is the stale one, reads go to the peer."""
    waiting: frozenset[str] = frozenset()
    """Primary: files whose write is in `flight`."""
    skipped: frozenset[str] = frozenset()
    """Primary: files whose last write broke with the connection and is on no map (B2)."""
    refusal: str = ""
    """Primary: how the last attempt to connect ended, '' for none or well."""
    tries: int = 0
    """Attempts that ended with `refusal`, one after the other."""

    @property
    def dirty(self) -> int:
        """Extents in flight or not yet synchronised, when no synchronisation runs."""
        return len(self.extents | self.flight)


@dataclass(frozen=True, slots=True)
class Hastd:
    """A running hastd main process."""

    pid: int
    resources: Table[str, HastResource] = field(default_factory=Table)
    config: str = "/etc/hast.conf"
    control: str = "/var/run/hastctl"
    pidfile: str = "/var/run/hastd.pid"
    listen: tuple[str, ...] = ("tcp4://0.0.0.0:8457", "tcp6://[::]:8457")
    busy_until: float = 0.0
    """Until then the main process waits for a worker and answers nobody."""


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
    recovery_s: float = 1.0
    """How long the database recovers when it was not stopped properly."""
    full: frozenset[str] = frozenset()
    """Paths of mounts without a free block (a fault)."""
    root_clean: bool = True
    """The root file system was unmounted when the machine went down the last time."""
    halting: bool = False
    """Shutting down: no program answers, the kernel still sends (recordings, fact 35)."""
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
        """The same world with one more timer."""
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
