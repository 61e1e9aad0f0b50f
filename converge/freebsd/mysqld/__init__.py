"""Kind `mysqld`: a MySQL or MariaDB server that runs on its own volume and nowhere else."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from ipaddress import ip_address
from pathlib import PurePosixPath
from typing import Annotated, ClassVar, Self

from pydantic import AfterValidator, Field

from converge.core.check import Check
from converge.core.duration import Duration
from converge.core.guard import Guard
from converge.core.host import NO_SUCH_FILE, Read, Run
from converge.core.ids import Ref
from converge.core.plan import Action, Change
from converge.core.resource import Around, Discovery, Implied, Look, Resource, View
from converge.core.state import Absent, Observation, Present, Unknown, Wish
from converge.freebsd.mysqld.acts import acts
from converge.freebsd.mysqld.answers import (
    MARKER,
    MysqldState,
    Process,
    known,
    parse_mounts,
    parse_processes,
)
from converge.freebsd.mysqld.found import found
from converge.freebsd.mysqld.guards import GUARDS

PROCESSES = Run(("pgrep", "-lf", "mysqld|mariadbd"), volatile=(r"(?m)^\d+",))
PING = ("mysqladmin", "--connect-timeout=2", "ping")
SHUTDOWN_S = 30.0

NOTHING = MysqldState(running=False, ready=False, on_volume=False, identity="")

Address = Annotated[str, AfterValidator(lambda text: str(ip_address(text)))]
Path = Annotated[str, Field(pattern=r'^(/[^/\s"\\$`]+)+$')]


class Mysqld(Resource[MysqldState]):
    """A database server whose data lie on a mounted volume.

    Exit codes of its rc script mean nothing (mysql-bindfail-start): it runs when it answers.
    """

    kind: ClassVar[str] = "mysqld"
    guards: ClassVar[tuple[Guard, ...]] = GUARDS
    agrees: ClassVar[Mapping[str, str]] = {
        "datadir": "on the replicated volume the data lie in one place",
        "volume": "on the replicated volume the data lie in one place",
    }
    headline: ClassVar[bool] = True

    service: str = Field(
        default="mysql-server",
        pattern=r"^[A-Za-z_][A-Za-z0-9_.-]*$",
        description="Name of its rc.d script. The keys in rc.conf begin like it, without -server.",
    )
    datadir: Path = Field(
        description="Data directory, on a volume that is mounted. It is marked with a file of "
        "ours, converge.id, that says whose it is."
    )
    volume: Ref | None = Field(
        default=None,
        description="The mount that datadir is on. Default: the declared one nearest above it.",
    )
    bind: Ref | Address | None = Field(
        default=None, description="Address to listen on (--bind-address), or who has it: carp.vip."
    )
    skip_name_resolve: bool = Field(default=False, description="Add --skip-name-resolve.")
    extra_args: str = Field(
        default="",
        pattern=r'^[^"\\$`\n]*$',
        description="Further arguments of the server, in mysql_args of rc.conf.",
    )
    script: Path | None = Field(
        default=None,
        description="Run this rc.d script with /bin/sh instead of service(8): for one that was "
        "made not executable, lest it starts at boot.",
    )
    enabled: bool = Field(
        default=False,
        description="Whether rc.conf lets it start at boot. false is right: then only converge "
        "starts it, after its volume is mounted.",
    )
    probe: tuple[str, ...] = Field(
        default=PING, min_length=1, description="A command that ends with 0 when it is ready."
    )
    initialize: bool = Field(
        default=False,
        description="Let the rc script make a new, password-less database on an empty volume.",
    )
    start_deadline: Duration = Field(
        default=120.0, description="How long until it is ready, recovery after a crash included."
    )
    stop_deadline: Duration = Field(
        default=300.0,
        description="How long its shutdown may take. After it comes TERM, and then KILL: a server "
        "that stays keeps the node from giving the disk up.",
    )

    def _volume(self, around: Around) -> Ref | None:
        if self.volume:
            return self.volume
        path = PurePosixPath(self.datadir)
        for directory in (path, *path.parents):
            ref = Ref(f"mount.{directory}")
            try:
                around.offer(ref, "path")
            except LookupError:
                continue
            return ref
        return None

    def leaving(self) -> Self:
        """rc.shutdown waits 90 s for all scripts together; TERM and KILL must come before."""
        return self.model_copy(update={"stop_deadline": min(self.stop_deadline, SHUTDOWN_S)})

    def _settings(self, around: Around) -> dict[str, str]:
        """Keys of rc.conf (ports, files/mysql-server.in)."""
        prefix = re.sub(r"[.-]", "_", self.service.removesuffix("-server"))
        args = [self.extra_args] if self.extra_args else []
        if self.skip_name_resolve:
            args.insert(0, "--skip-name-resolve")
        if self.bind:
            bind = around.offer(self.bind, "address") if isinstance(self.bind, Ref) else self.bind
            args.insert(0, f"--bind-address={bind.partition('/')[0]}")
        values = {"enable": "YES" if self.enabled else "NO", "dbdir": self.datadir}
        values |= {"args": " ".join(args)} if args else {}
        return {f"{prefix}_{key}": value for key, value in values.items()}

    def claims(self) -> tuple[str, ...]:
        return (f"the rc.d script {self.service}", f"the data directory {self.datadir}")

    def needed(self, around: Around) -> Iterator[Ref]:
        yield from self.refs()
        volume = self._volume(around)
        if volume and not f"{self.datadir}/".startswith(f"{around.offer(volume, 'path')}/"):
            raise LookupError(f"{volume} is not above the data directory {self.datadir}")
        if volume and volume != self.volume:
            yield volume
        for key in self._settings(around):
            yield Ref(f"setting.{key}")

    def follows(self) -> tuple[Ref, ...]:
        # The address is on the interface of a BACKUP, too: it is bound, not stood upon.
        return (self.bind,) if isinstance(self.bind, Ref) else ()

    def implied(self, around: Around) -> Iterator[Implied]:
        for key, value in self._settings(around).items():
            yield Implied("setting", key, {"value": value})

    def want(self, view: View) -> Wish[MysqldState]:
        identity = self._identity(view.around)
        return Present(MysqldState(running=True, ready=True, on_volume=True, identity=identity))

    def _identity(self, around: Around) -> str:
        return f"{around.pair.name}/{self.id.name}"

    def look(self, around: Around) -> Look[MysqldState]:
        volume = self._volume(around)
        if volume is None:
            return Unknown(f"{self.datadir} is on no declared mount; declare one, or write volume")
        answer = yield PROCESSES
        if answer.code not in (0, 1):
            return Unknown(answer.said)
        ours = parse_processes(answer.stdout, self.datadir)
        state = replace(NOTHING, running=bool(ours), pids=tuple(p.pid for p in ours))
        if ours:
            # A server that hangs must still be seen to run: silence is just not ready.
            ping = yield Run(self.probe, deadline_s=5.0, silence_speaks=True)
            state = replace(state, ready=not ping.lost and ping.code == 0)
            state = replace(state, known=(yield from known(ours)))
            state = replace(state, outdated=self._outdated(around, ours))
        mounts = yield Run(("mount", "-p"))
        if mounts.code != 0:
            return Unknown(mounts.said)
        path, device = around.offer(volume, "path"), around.offer(volume, "device")
        if not device.startswith("/"):
            device = around.offer(Ref(device), "device")
        if parse_mounts(mounts.stdout).get(path) != device:
            # Whose data these are cannot be known, so there is nothing here to be started.
            return Present(state) if ours else Absent()
        return (yield from self._on_volume(replace(state, on_volume=True)))

    def _on_volume(self, state: MysqldState) -> Look[MysqldState]:
        marker = yield Read(f"{self.datadir}/{MARKER}")
        if marker.code not in (0, NO_SUCH_FILE):
            return Unknown(f"{self.datadir}/{MARKER} cannot be read: {marker.said}")
        says = marker.stdout.strip() if marker.code == 0 else ""
        database = yield Run(("test", "-d", f"{self.datadir}/mysql"))
        if database.code not in (0, 1):
            return Unknown(database.said)
        return Present(replace(state, identity=says, empty=database.code == 1))

    def _outdated(self, around: Around, ours: tuple[Process, ...]) -> bool:
        """Was it started with other arguments than rc.conf is to have?

        The wrapper has all of them; some it keeps from the server.
        """
        settings = self._settings(around).items()
        args = {arg for key, value in settings if key.endswith("_args") for arg in value.split()}
        return all(args - set(process.command.split()) for process in ours)

    def concern(self, seen: MysqldState, twin: Observation[MysqldState] | None) -> str:
        if not seen.outdated or not seen.on_volume:
            return ""
        return f"it runs as {seen.named} with other arguments than wished, until it is restarted"

    def checks(self, around: Around) -> Iterator[Check]:
        from converge.freebsd.mysqld.checks import checks

        return checks(self)

    @classmethod
    def discover(cls) -> Discovery:
        return found()

    def actions(self, change: Change) -> tuple[Action, ...]:
        return acts(self, change)

    def command(self, verb: str) -> tuple[str, ...]:
        if self.script:
            return ("/bin/sh", self.script, verb)
        return ("service", self.service, verb)
