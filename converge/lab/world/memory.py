"""What hastd and its workers keep in memory. Nothing in here behaves; workers and others do."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from converge.lab.world.disks import Metadata, Ufs
from converge.lab.world.table import Table

SETTINGS = (
    "provname", "localpath", "remote", "source", "replication", "checksum", "compression",
    "timeout", "exec_path", "metaflush",
)  # fmt: skip
"""Fields of a resource that its block of hast.conf gives; the others are hastd's own."""


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
    unserved: Ufs | None = None
    """Primary: what its device shall hold; it was written while the worker was being replaced."""
    refusal: str = ""
    """Primary: how the last attempt to connect ended, '' for none or well."""
    tries: int = 0
    """Attempts that ended with `refusal`, one after the other."""

    @property
    def settings(self) -> dict[str, Any]:
        """What hast.conf says of it, by field."""
        return {name: getattr(self, name) for name in SETTINGS}

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
