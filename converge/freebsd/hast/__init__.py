"""Kind `hast`: a resource of hastd(8) and its role here. Its block in hast.conf is `hast_entry`,
its device `hast_device`. Whether a silent peer may be believed dead is decided elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from converge.core.check import Check
from converge.core.guard import Guard
from converge.core.host import Read, Run, Soon
from converge.core.ids import Ref
from converge.core.ledger import LEDGER, Notes, Now
from converge.core.pair import Pair
from converge.core.plan import Action, Change
from converge.core.resource import Around, Implied, Look, Misfit, Resource, Twin, View
from converge.core.state import Absent, Observation, Present, Unknown, Wish, glance_of, is_active
from converge.freebsd.hast import guards as copies
from converge.freebsd.hast import steady, taking
from converge.freebsd.hast.acts import GIVEN_UP, acts
from converge.freebsd.hast.answers import (
    BOOTED,
    LISTED,
    NOW,
    HastState,
    parse_booted_s,
    parse_dump,
    parse_list,
    parse_mounted,
    parse_uptime_s,
    parse_whole,
    unseen,
)
from converge.freebsd.hast.entry import asked, brought
from converge.freebsd.hast.giving import gives_way, handed_over, may_be_isolated, newer_there
from converge.freebsd.hast.logged import asked as asked_log
from converge.freebsd.hast.memory import before, consented, remembered, why_lacking
from converge.freebsd.hast.pairing import AGREES, mirrored
from converge.freebsd.hast.standing import concern
from converge.freebsd.hast.words import Path, Word, word


class Hast(Resource[HastState]):
    """A HAST resource: primary where the service is, secondary elsewhere."""

    kind: ClassVar[str] = "hast"
    guards: ClassVar[tuple[Guard, ...]] = (*taking.GUARDS, *steady.GUARDS, *copies.GUARDS)
    headline: ClassVar[bool] = True
    agrees: ClassVar[Mapping[str, str]] = AGREES

    device: Path = Field(description="The disk below it on this node. HAST uses all of it.")
    follow: Ref | None = Field(
        default=None,
        description="Primary where this is active (a CARP address: MASTER), secondary elsewhere.",
    )
    role: Literal["primary", "secondary"] | None = Field(
        default=None, description="A fixed role on this node, instead of follow."
    )
    replication: Literal["fullsync", "memsync", "async"] = Field(
        default="fullsync",
        description="When a write counts as done: on both disks (fullsync), received by the peer "
        "(memsync, hastd's own default) or on the local disk (async). Only fullsync loses no "
        "acknowledged commit when the primary dies.",
    )
    timeout: int = Field(
        default=20,
        ge=1,
        description="Seconds until a silent peer is given up. A promotion beside a dead peer "
        "waits as long for its device. Read by hastd at its next reload or start.",
    )
    checksum: Literal["none", "crc32", "sha256"] = Field(
        default="none", description="Checksum of what is sent to the peer."
    )
    compression: Literal["none", "hole", "lzf"] = Field(
        default="hole", description="Compression of what is sent to the peer."
    )
    exec: Path | None = Field(
        default=None, description="Program that hastd runs at role changes, connects, split-brain."
    )
    provider: Word | None = Field(
        default=None, description="The name below /dev/hast, if not that of the resource."
    )
    remote: Word | None = Field(
        default=None, description="The peer's address. Default: its replication_address."
    )

    @model_validator(mode="after")
    def _sound(self) -> Self:
        word(self.id.name)
        if (self.follow is None) == (self.role is None):
            raise ValueError(
                'write either follow = "carp.NAME" (primary where that is MASTER) or '
                'role = "primary" or "secondary"'
            )
        return self

    @property
    def _provider(self) -> str:
        return self.provider or self.id.name

    def remote_of(self, around: Around) -> str:
        """The peer's address, as this node calls it."""
        peer = around.pair.peer_of(self.id.node)
        return self.remote or (peer.replication_address if peer else "none")

    def claims(self) -> tuple[str, ...]:
        return (f"the disk {self.device}", f"the device /dev/hast/{self._provider}")

    def claims_of_pair(self) -> tuple[str, ...]:
        return (f"the role primary of {self.id.name}",) if self.role == "primary" else ()

    def misfits(self, twin: Resource[Any] | None, pair: Pair) -> Iterator[Misfit]:
        yield from super().misfits(twin, pair)
        if isinstance(twin, Hast):
            yield from mirrored(self, twin, pair)

    def offers(self) -> dict[str, str]:
        return {
            "device": f"/dev/hast/{self._provider}",
            "local": self.device,
            "remote": self.remote or "",
        }

    def needed(self, around: Around) -> Iterator[Ref]:
        yield from self.refs()
        yield Ref("service.hastd")
        yield Ref(f"hast_entry.{self.id.name}")
        for name, _, _ in asked(self, around):
            yield Ref(f"neighbour.{name}")

    def follows(self) -> tuple[Ref, ...]:
        # Whom it asks before a takeover is not stood upon either.
        return (self.follow,) if self.follow else ()

    def implied(self, around: Around) -> Iterator[Implied]:
        return brought(self, around)

    def want(self, view: View) -> Wish[HastState]:
        role: str | None = self.role
        because = ""
        seen, remote = view.observed(self.id.ref), self.remote_of(view.around)
        wish = HastState("secondary", self.device, remote, self.replication, self._provider)
        if consented(seen, view.notes(self.id.ref)):
            return Present(replace(wish, anew=True, because=GIVEN_UP))
        if self.follow is not None:
            followed = view.observed(self.follow)
            if not isinstance(followed, Present):
                why = f": {followed.why}" if isinstance(followed, Unknown) else ""
                return Unknown(f"{self.follow} is not in place{why}", self.id.near(self.follow))
            because = handed_over(self, view)
            if followed.state.active and not because:
                if doubt := may_be_isolated(self, view):
                    return Unknown(doubt)
                because = gives_way(self, view)
            role = "primary" if followed.state.active and not because else "secondary"
        assert role is not None
        return Present(replace(wish, role=role, because=because))

    def cedes(self, view: View) -> str:
        return newer_there(self, view)

    def because(self, view: View) -> str:
        if self.follow is None:
            return ""
        followed = view.observed(self.follow)
        why = handed_over(self, view) or (gives_way(self, view) if is_active(followed) else "")
        return f"{self.follow} is {glance_of(followed)} here{why and ', but '}{why}"

    def look(self, around: Around) -> Look[HastState]:
        yield self._soon(around)
        answer = yield LISTED
        if answer.code == 64:
            # hastctl before 9.1 knows no `list`; its `status` says as much.
            answer = yield Run(("hastctl", "status"))
        if answer.code != 0:
            return unseen(self.id, answer)
        state = parse_list(answer.stdout).get(self.id.name)
        if state is None:
            return Absent()
        if state.role not in ("init", "primary", "secondary"):
            return Unknown(f"hastctl list does not say which role {self.id.name} has")
        answer = yield Run(("hastctl", "dump", self.id.name))
        if answer.code not in (0, 255):
            return unseen(self.id, answer)
        dumped = parse_dump(state, answer.stdout) if answer.code == 0 else None
        if answer.code == 0 and dumped is None:
            return Unknown(f"hastctl dump {self.id.name} cannot be understood")
        mounts = yield Run(("mount", "-p"))
        if mounts.code != 0:
            return Unknown(mounts.said)
        mounted = parse_mounted(mounts.stdout, f"/dev/hast/{state.provider}")
        state = dumped or replace(state, has_metadata=False)
        uptime_s = None
        if around.pair.nodes[self.id.node].boot_delay_s:
            booted, now = (yield BOOTED), (yield NOW)
            uptime_s = parse_uptime_s(booted.stdout, now.stdout)
        if self.follow and state.role == "secondary":
            state = replace(state, booted_s=parse_booted_s((yield BOOTED).stdout))
            if not state.workerpid:
                logged = yield from asked_log(around, self.follow, self.id.name)
                state = replace(state, logged=logged)
        kept = yield Read(LEDGER, silence_speaks=True)
        whole = parse_whole(kept.stdout, self.id)
        return Present(replace(state, mounted=mounted, uptime_s=uptime_s, whole=whole))

    def _soon(self, around: Around) -> Soon:
        dump, promise = Run(("hastctl", "dump", self.id.name)), Read(LEDGER, silence_speaks=True)
        timed = around.pair.nodes[self.id.node].boot_delay_s
        return Soon((dump, promise, *((BOOTED, NOW) if timed else ())))

    def remember(
        self,
        seen: Observation[HastState],
        twin: Twin[HastState],
        before: Notes,
        now: Now,
    ) -> Notes:
        return remembered(seen.state, twin, before, now) if isinstance(seen, Present) else before

    def intends(self, action: Action, notes: Notes) -> Notes:
        return before(action.verb, notes)

    @property
    def moving_s(self) -> float:
        return steady.DWELL_S if self.follow else 0.0

    def concern(self, seen: HastState, twin: Observation[HastState] | None) -> str:
        return concern(seen, twin.state if isinstance(twin, Present) else None)

    def checks(self, around: Around) -> Iterator[Check]:
        from converge.freebsd.hast.checks import checks

        return checks(self)

    def lacks(self, seen: HastState, notes: Notes) -> str:
        why = why_lacking(seen, notes, self.timeout) if self.follow else ""
        return why and f"{self.id.node} could not take over: {why}"

    def leaving(self) -> Self:
        """Its stop takes every device away (recordings, fact 35): before that, secondary."""
        return self.model_copy(update={"follow": None, "role": "secondary"})

    def actions(self, change: Change) -> tuple[Action, ...]:
        return acts(self, change)
