"""Kind `sysctl`: a value of the running kernel, and the same in sysctl.conf for the next boot."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from pydantic import Field, field_validator

from converge.core.host import Command, Run
from converge.core.ids import ResourceId
from converge.core.plan import Action, Change
from converge.core.resource import Around, Implied, Look, Resource, View
from converge.core.state import Absent, Present, State, Unknown, Wish

SYSCTL_CONF = "/etc/sysctl.conf"
DEMOTION = "net.inet.carp.demotion"
ALLOW = "net.inet.carp.allow"

SHOWS_S = 2.0
"""A value shows at once (recording sysctl-set-ok: 0.07 s); the rest is a slow machine."""


def parse_sysctl(text: str) -> dict[str, str]:
    """Values by OID, as `sysctl OID...` prints them; a value may have several lines."""
    found: dict[str, str] = {}
    oid = ""
    for line in text.splitlines():
        start = re.match(r"([A-Za-z0-9_%-]+(?:\.[A-Za-z0-9_%-]+)+):(?: (.*)|$)", line)
        if start:
            oid = start[1]
            found[oid] = start[2] or ""
        elif oid:
            found[oid] += "\n" + line
    return found


def _plain(value: str) -> str:
    """Numbers as sysctl(8) prints them, so that 0x10 and 16 are the same."""
    try:
        return str(int(value, 0))
    except ValueError:
        return value.strip()


@dataclass(frozen=True)
class SysctlState(State):
    """The value, as text."""

    value: str


class Sysctl(Resource[SysctlState]):
    """A sysctl(8) value."""

    kind: ClassVar[str] = "sysctl"

    value: int | str = Field(description="The value: a number, or text on one line.")
    persistent: bool = Field(
        default=True, description="Also set it at boot: a line in /etc/sysctl.conf."
    )

    @field_validator("id")
    @classmethod
    def _settable(cls, id: ResourceId) -> ResourceId:
        if id.name == DEMOTION:
            raise ValueError(
                f"{DEMOTION} cannot be set: what is written is added to it (carp(4)); set "
                "advskew of the address instead, or move it by hand with converge switchover"
            )
        if not re.fullmatch(r"[A-Za-z0-9_%-]+(\.[A-Za-z0-9_%-]+)+", id.name):
            raise ValueError("a sysctl is named by its whole OID, such as net.inet.carp.preempt")
        return id

    @field_validator("value")
    @classmethod
    def _one_line(cls, value: int | str) -> int | str:
        if not str(value).isprintable() or set("\"'\\#") & set(str(value)):
            raise ValueError("a value is a number, or one line without quotes, backslash and #")
        return value

    @property
    def _plain(self) -> str:
        return _plain(str(self.value))

    def claims(self) -> tuple[str, ...]:
        return (f"the sysctl {self.id.name}",)

    def implied(self, around: Around) -> Iterable[Implied]:
        if self.persistent:
            table = {"file": SYSCTL_CONF, "value": self._plain}
            yield Implied("setting", self.id.name, table)

    def want(self, view: View) -> Wish[SysctlState]:
        node = view.around.pair.nodes.get(self.id.node)
        old = node is not None and re.match(r"[1-9](\.|$)", node.release)
        if self.id.name == ALLOW and old and self._plain == "0":
            return Unknown(
                f"on FreeBSD 9 and older {ALLOW}=0 makes a second MASTER: the node hears nobody "
                "(carp(4)); take this table out, or write 1"
            )
        return Present(SysctlState(self._plain))

    def look(self, around: Around) -> Look[SysctlState]:
        words = self.id.name.split(".")
        # One question for all values of a subtree; a short OID's subtree would be too large.
        asked = ".".join(words[:3]) if len(words) > 3 else self.id.name
        answer = yield Run(("sysctl", asked))
        if answer.code == 1 and "unknown oid" in answer.stderr:
            return self._missing(around)
        if answer.code != 0:
            return Unknown(f"sysctl {asked}: {answer.said}")
        value = parse_sysctl(answer.stdout).get(self.id.name)
        return self._missing(around) if value is None else Present(SysctlState(_plain(value)))

    def _missing(self, around: Around) -> Absent | Unknown:
        """What it needs, a module, may bring it; else nothing will, and a person must know."""
        if any(self.needed(around)):
            return Absent()
        return Unknown(f"there is no sysctl {self.id.name} on this node")

    def actions(self, change: Change) -> tuple[Action, ...]:
        # What the kernel does not know comes with a module; nothing can be set before.
        if not isinstance(change.observed, Present) or not isinstance(change.wish, Present):
            return ()
        wished = change.wish.state.value
        why = f"{self.id.name} is {change.observed.state.value}, wished is {wished}"
        command = Command(("sysctl", f"{self.id.name}={wished}"))
        return (self.up("set", why, command, SHOWS_S),)
