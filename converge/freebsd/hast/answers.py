"""What hastctl(8) says, read: roles, counters, metadata. No decision is taken in here."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from converge.core.host import Answer, Run
from converge.core.ids import ResourceId
from converge.core.state import INTENT, State, Unknown
from converge.freebsd.hast.logged import Logged

LISTED = Run(
    ("hastctl", "list"),
    volatile=(
        r"(?m)^  workerpid: \d+",
        r"(?m)^  dirty: [1-9].*",
        r"(?m)^    (reads|writes|deletes|flushes|activemap updates|queues): .*",
    ),
)


@dataclass(frozen=True)
class HastState(State):
    """What hastd runs; as evidence what it says about it and what is on the disk.

    `replication` is the configured mode. With an older peer the worker may fall back and only
    log it: that is no drift, so nothing is reloaded for it again and again.
    `status` "complete" means connected, not synchronised (recordings, fact 4); `dirty`, in bytes,
    means something on the primary only. `mounted` is where the device is mounted. `booted_s`: when
    it booted, by the node's clock; it changes when that clock is set. `because`: of a wish, why it
    is not what the address says. `anew` is never seen, only wished: this copy is given up.
    """

    role: str
    device: str
    remote: str
    replication: str
    provider: str
    status: str = field(default="-", compare=False)
    dirty: int = field(default=0, compare=False)
    workerpid: int = field(default=0, compare=False)
    write_errors: int = field(default=0, compare=False)
    has_metadata: bool = field(default=True, compare=False)
    resuid: int = field(default=0, compare=False)
    localcnt: int = field(default=0, compare=False)
    remotecnt: int = field(default=0, compare=False)
    prevrole: str = field(default="", compare=False)
    datasize: int = field(default=0, compare=False)
    extentsize: int = field(default=0, compare=False)
    mounted: str = field(default="", compare=False)
    whole: bool | None = field(default=None, compare=False)
    uptime_s: float | None = field(default=None, compare=False)
    booted_s: int | None = field(default=None, compare=False)
    logged: Logged | None = field(default=None, compare=False)
    because: str = field(default="", compare=False)
    anew: bool = field(default=False, metadata=INTENT)

    @property
    def active(self) -> bool:
        return self.role == "primary"

    @property
    def glance(self) -> str:
        dirty = f", {self.dirty >> 20} MB dirty" if self.dirty else ""
        return f"{self.role} {self.status}{dirty}"

    @property
    def copy(self) -> str:
        """What names this state of the copy: it changes when somebody writes alone."""
        if not self.has_metadata:
            return "none"
        return f"{self.resuid}/{self.localcnt}/{self.remotecnt}"

    @property
    def counters(self) -> str:
        """What decides who is newer, for a sentence."""
        return (
            f"resuid {self.resuid}, localcnt {self.localcnt}, remotecnt {self.remotecnt}, "
            f"last written as {self.prevrole or 'nobody'}"
        )


BOOTED = Run(("sysctl", "-n", "kern.boottime"), silence_speaks=True)
NOW = Run(("date", "+%s"), volatile=(r"\d+",))


def parse_uptime_s(boottime: str, now: str) -> float | None:
    """Seconds since boot, by the node's own clock: a clock that jumps takes boottime along."""
    booted_s = parse_booted_s(boottime)
    if booted_s is None or not now.strip().isdigit():
        return None
    return max(0.0, float(now) - booted_s)


def parse_booted_s(text: str) -> int | None:
    """The seconds of `sysctl -n kern.boottime` (sys-boottime)."""
    found = re.match(r"\{ sec = (\d+),", text)
    return int(found[1]) if found else None


def parse_list(text: str) -> dict[str, HastState]:
    """`hastctl list`, and `hastctl status` of releases that had no `list`, by resource.

    A record with an error has no role.
    """
    records: dict[str, dict[str, str]] = {}
    said: dict[str, str] = {}
    for line in _unquoted(text).splitlines():
        if re.fullmatch(r"\S+:", line):
            said = records.setdefault(line[:-1], {})
        else:
            key, _, value = line.strip().partition(": ")
            said[key] = value
    return {name: _state(said) for name, said in records.items()}


def parse_status(text: str) -> dict[str, HastState]:
    """The table of `hastctl status`: status, role, local and remote, by resource.

    Columns run together when a value is long, so words are counted: five, or two with an error.
    """
    found: dict[str, HastState] = {}
    for words in map(str.split, _unquoted(text).splitlines()[1:]):
        if len(words) == 5:
            name, status, role, device, remote = words
            found[name] = HastState(role, device, remote, "", "", status)
        elif len(words) == 2 and words[1].startswith("ERR"):
            found[words[0]] = HastState("", "", "", "", "")
    return found


def parse_dump(state: HastState, text: str) -> HastState | None:
    """`state` with what `hastctl dump NAME` read from the local disk; None: not all is there."""
    said = dict(re.findall(r"(?m)^ +(\w+): (\S+)", text))
    numbers = ("resuid", "localcnt", "remotecnt")
    if "prevrole" not in said or not all(said.get(key, "").isdigit() for key in numbers):
        return None
    resuid, localcnt, remotecnt = (int(said[key]) for key in numbers)
    return replace(
        state,
        resuid=resuid,
        localcnt=localcnt,
        remotecnt=remotecnt,
        prevrole=said["prevrole"],
        datasize=_size(said.get("datasize", "")),
        extentsize=_size(said.get("extentsize", "")),
    )


def _size(text: str) -> int:
    """0 where it does not say."""
    return int(text) if text.isdigit() else 0


def parse_whole(text: str, id: ResourceId) -> bool | None:
    """What the node has written down: had all of its copy reached the peer? None: it does not
    say."""
    try:
        found = json.loads(text)["notes"][str(id)]["whole"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return found if isinstance(found, bool) else None


def parse_mounted(text: str, device: str) -> str:
    """Where `mount -p` says that the device is mounted; empty: nowhere."""
    lines = (line.split() for line in text.splitlines())
    return next((words[1] for words in lines if len(words) > 1 and words[0] == device), "")


def _unquoted(text: str) -> str:
    """Quotes in hast.conf come out in front of it all (hast-conf-quoted-exec-status)."""
    return re.sub(r"\A[^\w./:\[\]-]+", "", text)


def _state(said: Mapping[str, str]) -> HastState:
    names = ("role", "localpath", "remoteaddr", "replication", "provname")
    role, device, remote, replication, provider = (said.get(name, "") for name in names)
    errors = re.search(r"write: (\d+)", said.get("local errors", ""))
    return HastState(
        role,
        device,
        remote,
        replication,
        provider,
        status=said.get("status", "-"),
        dirty=_number(said.get("dirty", "")),
        workerpid=_number(said.get("workerpid", "")),
        write_errors=int(errors[1]) if errors else 0,
    )


def _number(text: str) -> int:
    """Of `110`, `110 bytes` (before 9.1) and `115343360 (110MB)`."""
    found = re.match(r"\d+", text)
    return int(found[0]) if found else 0


def unseen(id: ResourceId, answer: Answer) -> Unknown:
    """sysexits(3): 71 no hastd; 65, 72 and 78 the fault is in hast.conf (hast-conf-*)."""
    entry = ResourceId(id.node, "hast_entry", id.name)
    until = {71: ResourceId(id.node, "service", "hastd"), 65: entry, 72: entry, 78: entry}
    return Unknown(answer.said, until.get(answer.code))
