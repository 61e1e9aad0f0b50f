"""Kind `carp`: a shared address, as it is configured. Who is MASTER is for CARP to decide.

Two dialects: carpN interfaces of their own (FreeBSD <= 9), vhids on an interface (>= 10).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from ipaddress import IPv4Interface
from typing import ClassVar, Literal

from pydantic import Field, ValidationInfo, field_validator

from converge.core.host import Run
from converge.core.ids import Ref
from converge.core.ledger import Notes, Now
from converge.core.plan import Action, Change
from converge.core.resource import Around, Implied, Look, Resource, Twin, View
from converge.core.secret import Secret, Text
from converge.core.state import Absent, Observation, Present, Unknown, Wish
from converge.freebsd.carp.acts import downs, ups
from converge.freebsd.carp.answers import (
    CarpState,
    Shown,
    parse_dialect,
    parse_ifconfig,
    since,
)
from converge.freebsd.carp.brought import brought
from converge.freebsd.carp.moving import RAISED, pushed, pushes, unready

SETTLE_S = 4.0
"""A new address shows at once, as BACKUP (recording ifconfig-two-vhids-new)."""


class Carp(Resource[CarpState]):
    """A virtual address by CARP, carp(4). All but advskew is the same on both nodes."""

    kind: ClassVar[str] = "carp"
    headline: ClassVar[bool] = True

    interface: str = Field(
        pattern=r"^[a-z][a-z0-9_.]{0,14}$",
        description="The network interface on which the address is shared, such as em0. In "
        "dialect carp0 the kernel takes the one whose network has the address.",
    )
    dialect: Literal["carp0", "vhid"] | None = Field(
        default=None,
        description="carp0: an interface of its own, up to FreeBSD 9; vhid: on the interface "
        "itself, from FreeBSD 10 on. Default: by the release of the node.",
    )
    unit: int = Field(default=0, ge=0, le=99, description="In dialect carp0: the N of carpN.")
    vhid: int = Field(
        ge=1,
        le=255,
        description="The number of the group, 1 to 255: the same on both nodes, and nobody "
        "else's on this network, VRRP included.",
    )
    password: Secret | None = Field(
        default=None,
        description="1 to 19 letters and digits, the same on both nodes: where it differs, both "
        "become MASTER. Default: none.",
    )
    address: IPv4Interface = Field(
        description="The shared address with its mask, the same on both nodes. In dialect carp0 "
        "the mask of the network (192.168.1.50/24), else mostly /32."
    )
    aliases: tuple[IPv4Interface, ...] = Field(
        default=(), description="Further addresses, the same on both nodes."
    )
    alias: int = Field(
        default=0,
        ge=0,
        description="The first N of ifconfig_INTERFACE_aliasN in rc.conf. rc(8) stops reading "
        "them at a gap.",
    )
    advbase: int = Field(
        default=1,
        ge=1,
        le=255,
        description="Seconds between announcements, 1 to 255, the same on both nodes.",
    )
    advskew: int = Field(
        default=0,
        ge=0,
        le=254,
        description="Added to advbase, 0 to 254 in 1/256 s: the node with less is preferred. "
        "Give each node another one.",
    )
    preempt: bool | None = Field(
        default=None,
        description="net.inet.carp.preempt: whether the preferred node takes the address back "
        "when it returns. With HAST better false. Default: as it is.",
    )
    promisc: bool = Field(
        default=False,
        description="Put the interface in promiscuous mode, where the address does not answer "
        "without (virtual switches must allow it, too). Never taken back.",
    )
    carpdev: None = Field(default=None, description="OpenBSD's; write interface instead.")
    group: None = Field(
        default=None,
        description="OpenBSD's; take it out. FreeBSD has one demotion counter for the whole node "
        "and raises it by itself.",
    )
    state: None = Field(
        default=None,
        description="A push that does not last, no setting; take it out. Prefer a node by "
        "advskew, move the address by converge switchover.",
    )

    @field_validator("carpdev", "group", "state", mode="before")
    @classmethod
    def _foreign(cls, value: object, info: ValidationInfo) -> None:
        raise ValueError(cls.model_fields[str(info.field_name)].description)

    @field_validator("password")
    @classmethod
    def _plain(cls, password: Secret | None) -> Secret | None:
        # carp(4) cuts at 19; rc(8) misreads lines with some other characters (network.subr).
        if password is not None and not re.fullmatch("[A-Za-z0-9]{1,19}", password.value):
            raise ValueError("a CARP password is 1 to 19 letters and digits, nothing else")
        return password

    def _place(self, around: Around) -> tuple[str, str, str]:
        """Dialect, interface of the group, kernel module."""
        node = around.pair.nodes.get(self.id.node)
        dialect = self.dialect or parse_dialect(node.release if node else "")
        if dialect == "carp0":
            return dialect, f"carp{self.unit}", "if_carp"
        return "vhid", self.interface, "carp"

    def words(self, advbase: int, advskew: int) -> list[Text]:
        """The parameters of the group that are not these."""
        words: list[Text] = ["vhid", str(self.vhid)]
        words += ["advbase", str(self.advbase)] if self.advbase != advbase else []
        return words + (["advskew", str(self.advskew)] if self.advskew != advskew else [])

    @property
    def new(self) -> list[Text]:
        """The parameters of a new group, as rc.conf and ifconfig(8) take them."""
        return self.words(1, 0) + (["pass", self.password] if self.password else [])

    def claims(self) -> tuple[str, ...]:
        addresses = (f"the address {a.ip}" for a in (self.address, *self.aliases))
        return (f"vhid {self.vhid} on {self.interface}", *addresses)

    def offers(self) -> Mapping[str, str]:
        group = f"{self.vhid}@{self.interface}"  # so the kernel's log calls it (log-carp-states)
        return {"address": str(self.address.ip), "interface": self.interface, "group": group}

    def needed(self, around: Around) -> Iterable[Ref]:
        return (*self.refs(), Ref(f"kernel_module.{self._place(around)[2]}"))

    def implied(self, around: Around) -> Iterator[Implied]:
        return brought(self, *self._place(around))

    def want(self, view: View) -> Wish[CarpState]:
        mine, target = sorted({self.address, *self.aliases}), self._place(view.around)[1]
        leaves = view.leader not in ("", self.id.node)
        params = (self.vhid, self.advbase, RAISED if leaves else self.advskew)
        push = pushed(view.observed(self.id.ref), view.leader, self.id.node)
        return Present(CarpState(*params, tuple(mine), self.promisc, target=target, push=push))

    def look(self, around: Around) -> Look[CarpState]:
        dialect, target, _ = self._place(around)
        answer = parent = yield Run(("ifconfig", target))
        if self.promisc and target != self.interface:
            parent = yield Run(("ifconfig", self.interface))
        uname = yield Run(("uname", "-r"))
        if parse_dialect(uname.stdout) != dialect:
            return Unknown(
                f"this node says it is {uname.said}, which has no CARP of dialect {dialect}; "
                f"write its release in [node.{self.id.node}], or another dialect in this table"
            )
        if dialect == "carp0" and "does not exist" in answer.stderr:
            return Absent()
        shown, below = parse_ifconfig(answer.stdout), parse_ifconfig(parent.stdout)
        if shown is None or below is None:
            said = answer.said if shown is None else parent.said
            return Unknown(f"ifconfig does not show what it should: {said}")
        return self._seen(shown, target, promisc=self.promisc and "PROMISC" in below.flags)

    def _seen(self, shown: Shown, target: str, *, promisc: bool) -> Observation[CarpState]:
        """Our group: by its vhid, or by an address of ours that another vhid has."""
        ours = {a.ip for a in (self.address, *self.aliases)}
        vhids = [v for a, v in shown.addresses if v == self.vhid or (v and a.ip in ours)]
        if target != self.interface:  # all of a carpN interface
            vhids = [max(shown.groups, default=0)]
        if not vhids:
            return Absent()
        vhid = self.vhid if self.vhid in vhids else vhids[0]
        if vhid and vhid not in shown.groups:
            return Unknown(f"vhid {vhid} of {target} has no carp: line; is it VRRP?")
        state, base, skew = shown.groups.get(vhid, ("", 1, 0))
        mine = sorted(a for a, v in shown.addresses if v == vhid or target != self.interface)
        return Present(CarpState(vhid, base, skew, tuple(mine), promisc, state, target))

    def remember(
        self,
        seen: Observation[CarpState],
        twin: Twin[CarpState],
        before: Notes,
        now: Now,
    ) -> Notes:
        """Since when it is MASTER, and since when nobody else has announced himself."""
        state = seen.state.state if isinstance(seen, Present) else ""
        return since(state, self.quiet_s, before, now)

    @property
    def moving_s(self) -> float:
        return 3 * self.advbase + self.advskew / 256

    def unready(self, seen: CarpState) -> str:
        return unready(self, seen)

    @property
    def quiet_s(self) -> float:
        """So long nobody has announced himself when a BACKUP becomes MASTER. With
        preempt it may have heard a worse one."""
        return 0.0 if self.preempt else 3 * self.advbase + self.advskew / 256

    def kept(self, seen: CarpState | None, wish: CarpState | None) -> tuple[IPv4Interface, ...]:
        """The addresses that are right. On an interface they do not change their vhid."""
        if not seen or not wish or (seen.vhid != wish.vhid and seen.target == self.interface):
            return ()
        return tuple(a for a in seen.addresses if a in wish.addresses)

    def actions(self, change: Change) -> tuple[Action, ...]:
        seen = change.observed.state if isinstance(change.observed, Present) else None
        wish = change.wish.state if isinstance(change.wish, Present) else None
        if seen and wish and wish.push:
            return pushes(self, seen, wish)
        steps = [*downs(self, seen, wish), *(ups(self, seen, wish) if wish else ())]
        # A changed address begins a new election (recordings, fact 19): until it is over nobody
        # may take BACKUP for the peer's being MASTER.
        elects = any(step.verb.startswith(("add", "remove")) for step in steps) and wish
        pause_s = 3 * self.advbase + self.advskew / 256 + 0.5 if elects else 0.0
        last = (replace(step, settle_s=SETTLE_S, pause_s=pause_s) for step in steps[-1:])
        return (*steps[:-1], *last)
