"""Kind `service`: an rc.d(8) service, running and switched on, or not."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import ClassVar, Self

from pydantic import Field, field_validator, model_validator

from converge.core.found import Found
from converge.core.guard import Guard, Situation
from converge.core.host import Answer, Command, Read, Run
from converge.core.ids import ResourceId
from converge.core.plan import Action, Allow, Change, Refuse, Verdict
from converge.core.resource import Around, Discovery, Implied, Look, Resource, View
from converge.core.state import Absent, Present, State, Unknown, Wish, is_active

START_S = 10.0
"""An rc script may return before its daemon runs (recording mysql-stale-pidfile-start)."""

STOP_S = 15.0
"""hastd acts on its signal after 5.5 s (recording svc-hastd-stop-secondary)."""

DEADLINE_S = 60.0
"""A start that waits for its daemon in vain takes 16.6 s (recording mysql-bindfail-start)."""

RCVARS = {"mysql-server": "mysql_enable"}
"""Scripts whose rcvar is not called like their file."""


def parse_status(answer: Answer) -> int | Absent | Unknown:
    """The process id of a running service, from `service NAME onestatus`.

    Only its own words count: a script that does not exist or has mode 000 answers 1 as well.
    """
    running = re.search(r"is running as pids? (\d+)", answer.stdout)
    if answer.code == 0 and running:
        return int(running[1])
    if answer.code == 1 and re.search(r"is not running", answer.stdout):
        return Absent()
    return Unknown(answer.said)


def parse_times(answer: Answer, paths: tuple[str, ...]) -> dict[str, int]:
    """When each file was last changed, in seconds, from `stat -f %m PATH...`.

    Files that do not exist are left out; so is everything where the answer does not fit.
    """
    missing = r"(?m)^stat: {}: .*No such file or directory$"
    there = [p for p in paths if not re.search(missing.format(re.escape(p)), answer.stderr)]
    times = answer.stdout.split()
    if len(times) != len(there) or not all(time.isdigit() for time in times):
        return {}
    return dict(zip(there, map(int, times), strict=True))


@dataclass(frozen=True)
class ServiceState(State):
    """It runs; `stale`: it was started before the last change of a file that it reads."""

    stale: bool = False
    pid: int = field(default=0, compare=False)


def hastd_while_mounted(action: Action, situation: Situation) -> Verdict:
    """Refuses to stop hastd while one of its devices is mounted: it takes them away (F44).

    Seen: `mount -p` on this node, right before hastd would be stopped.
    To do: Stop what uses the file systems, then `umount` them.
    Shown: freebsd/test_taking.py::test_hastd_is_not_stopped_under_a_mount
    """
    if action.id.name != "hastd" or action.verb != "stop" or situation.planning:
        return Allow()
    seen = situation.snapshot.observed
    mounts = [o for o in seen if (o.node, o.kind) == (action.id.node, "mount")]
    held = [o.name for o in mounts if is_active(seen[o]) or isinstance(seen[o], Unknown)]
    if not held:
        return Allow()
    why = f"{', '.join(sorted(held))} may be mounted from a device of hastd"
    return Refuse("hastd-restart-while-mounted", why, "stop what uses it, then umount it")


class Service(Resource[ServiceState]):
    """A service with a script in /etc/rc.d or /usr/local/etc/rc.d."""

    kind: ClassVar[str] = "service"
    guards: ClassVar[tuple[Guard, ...]] = (
        Guard("hastd-restart-while-mounted", hastd_while_mounted),
    )

    enabled: bool = Field(
        default=True,
        description="Whether it starts at boot: its switch in /etc/rc.conf, YES or NO.",
    )
    rcvar: str = Field(
        default="",
        pattern=r"^([A-Za-z_][A-Za-z0-9_]*)?$",
        description="The name of that switch. Default: the name with _enable, - as _; "
        "mysql_enable for mysql-server.",
    )
    running: bool = Field(default=True, description="Whether it runs now.")
    reads: tuple[str, ...] = Field(
        default=(),
        description="Files it reads when it starts. Where one is newer than pidfile, the "
        "service is started again.",
    )
    pidfile: str = Field(
        default="",
        pattern=r"^(/\S+)?$",
        description="The file that its start writes; its age is the age of the service.",
    )

    @field_validator("id")
    @classmethod
    def _named(cls, id: ResourceId) -> ResourceId:
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_.-]*", id.name):
            raise ValueError("a service is named like its script in rc.d: no slash, no space")
        return id

    @model_validator(mode="after")
    def _both(self) -> Self:
        if bool(self.reads) != bool(self.pidfile):
            raise ValueError("reads and pidfile go together: write both, or neither")
        if not all(path.startswith("/") for path in self.reads):
            raise ValueError("reads takes absolute paths")
        return self

    def claims(self) -> tuple[str, ...]:
        return (f"the rc.d script {self.id.name}",)

    def implied(self, around: Around) -> Iterable[Implied]:
        default = RCVARS.get(self.id.name, re.sub(r"[.-]", "_", self.id.name) + "_enable")
        value = "YES" if self.enabled else "NO"
        yield Implied("setting", self.rcvar or default, {"value": value})

    def want(self, view: View) -> Wish[ServiceState]:
        return Present(ServiceState()) if self.running else Absent()

    def look(self, around: Around) -> Look[ServiceState]:
        # `status` would lie about what is not enabled (recording svc-hastd-status-disabled).
        answer = yield Run(("service", self.id.name, "onestatus"), volatile=(r"as pids? [\d ]+",))
        status = parse_status(answer)
        if isinstance(status, Unknown):
            return Unknown(
                f"service {self.id.name} onestatus: {status.why} (its script must exist and be "
                "executable; to keep it from starting at boot write enabled = false)"
            )
        if isinstance(status, Absent):
            return status
        if not self.reads:
            return Present(ServiceState(pid=status))
        paths = (self.pidfile, *self.reads)
        times = parse_times((yield Run(("stat", "-f", "%m", *paths))), paths)
        if self.pidfile not in times:
            return Unknown(
                f"{self.id.name} runs, but since when cannot be told from {self.pidfile}; "
                "write the pidfile that its script uses"
            )
        stale = max(times.values()) > times[self.pidfile]
        return Present(ServiceState(stale, status))

    @classmethod
    def discover(cls) -> Discovery:
        """The daemon below everything, where it runs, and whether it starts at boot."""
        status = parse_status((yield Run(("service", "hastd", "onestatus"))))
        if not isinstance(status, int):
            return ()
        rc_conf = yield Read("/etc/rc.conf", secrets=(r'\bpass\s+([^\s"\']+)',))
        said = re.findall(r'(?m)^\s*hastd_enable="?(\w+)', rc_conf.stdout)
        enabled = bool(said) and said[-1].upper() == "YES"
        return (Found("service", "hastd", {} if enabled else {"enabled": False}),)

    def actions(self, change: Change) -> tuple[Action, ...]:
        name, runs = self.id.name, isinstance(change.observed, Present)
        stop = Command(("service", name, "onestop"), DEADLINE_S)
        start = Command(("service", name, "onestart"), DEADLINE_S)
        if not isinstance(change.wish, Present):
            why = f"{name} runs here, and it is not wished here"
            return (self.down("stop", why, stop, STOP_S),) if runs else ()
        if not runs:
            return (self.up("start", f"{name} is not running", start, START_S),)
        why = f"{name} was started before the last change of a file that it reads"
        return (
            self.down("stop", why, stop, STOP_S, Absent()),
            self.up("start", why, start, START_S),
        )
