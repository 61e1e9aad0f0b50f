"""Kind `trigger`: who calls converge on a node, installed there or taken away.

Of itself it is nothing that can be seen: it brings along files, a key and a daemon, which are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar

from pydantic import Field, field_validator

from converge.core.host import Run
from converge.core.ids import Ref, ResourceId
from converge.core.plan import Action, Change
from converge.core.resource import Around, Implied, Look, Resource, View
from converge.core.state import Absent, Present, State, Unknown, Wish
from converge.freebsd.trigger.texts import DEVD_FOLDER, FILES, HOOK

WAKING = ("devd", "hast", "cron", "rc")
"""Those that call the script of `trigger.wake`."""


@dataclass(frozen=True)
class TriggerState(State):
    """It is wished here."""


class Trigger(Resource[TriggerState]):
    """One of devd, hast, cron, rc, newsyslog, periodic; and wake, the script that they call."""

    kind: ClassVar[str] = "trigger"

    installed: bool = Field(
        default=True,
        description="`false`: its files are taken away, as `converge install --uninstall` does.",
    )

    @field_validator("id")
    @classmethod
    def _known(cls, id: ResourceId) -> ResourceId:
        if id.name not in FILES:
            raise ValueError(f"there is no such trigger; there are {', '.join(sorted(FILES))}")
        return id

    def offers(self) -> Mapping[str, str]:
        return {"exec": HOOK} if self.installed and self.id.name == "hast" else {}

    def implied(self, around: Around) -> Iterator[Implied]:
        name, here = self.id.name, {"needs": (self.id.ref,)}
        if self.installed and name in WAKING:
            yield Implied("trigger", "wake", {})
        for text in FILES[name]:
            table = {"content": text.content, "mode": text.mode, "owner": "root:wheel"}
            yield Implied("file", text.path, {**table, "folder": True, "ours": True, **here})
        if name == "rc":
            yield Implied("setting", "converge_enable", {"value": "YES", **here})
        if name in ("devd", "cron"):
            yield Implied("service", name, self._daemon())

    def _daemon(self) -> dict[str, object]:
        """devd reads its rules when it starts; cron looks at its files every minute. Neither goes
        when the trigger goes: others need it."""
        if self.id.name == "cron":
            return {}
        rules = FILES["devd"][0].path
        needs = (Ref(f"file.{rules}"),) if self.installed else ()
        reads = {"reads": (DEVD_FOLDER, rules), "pidfile": "/var/run/devd.pid"}
        return {**reads, "needs": needs}

    def want(self, view: View) -> Wish[TriggerState]:
        return Present(TriggerState()) if self.installed else Absent()

    def look(self, around: Around) -> Look[TriggerState]:
        # Asked of every node in any case: of one that is silent nothing must be seen.
        answer = yield Run(("hostname",))
        if answer.code != 0:
            return Unknown(answer.said)
        return Present(TriggerState()) if self.installed else Absent()

    def actions(self, change: Change) -> tuple[Action, ...]:
        return ()
