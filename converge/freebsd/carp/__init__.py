"""Kind `carp`: a shared address, as it is configured. Who is MASTER is for CARP to decide.

Two dialects: carpN interfaces of their own (FreeBSD <= 9), vhids on an interface (>= 10).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from ipaddress import IPv4Interface
from typing import Any, ClassVar, Literal

from pydantic import Field, ValidationInfo, field_validator

from converge.core.check import Check
from converge.core.host import Run
from converge.core.ids import Ref
from converge.core.ledger import Notes, Now
from converge.core.pair import Pair
from converge.core.plan import Action, Change
from converge.core.resource import (
    Around,
    Discovery,
    Implied,
    Look,
    Misfit,
    Resource,
    Twin,
    View,
)
from converge.core.secret import Secret, Text
from converge.core.state import Absent, Observation, Present, Unknown, Wish
from converge.freebsd.carp.acts import acts
from converge.freebsd.carp.answers import (
    CarpState,
    parse_dialect,
    parse_ifconfig,
    since,
)
from converge.freebsd.carp.brought import brought
from converge.freebsd.carp.found import as_fields, found
from converge.freebsd.carp.moving import RAISED, leads, pushed, unready
from converge.freebsd.carp.ours import group_in
from converge.freebsd.carp.pairing import AGREES, RANKS, concern, taken


class Carp(Resource[CarpState]):
    """A virtual address by CARP, carp(4). All but advskew is the same on both nodes."""

    kind: ClassVar[str] = "carp"
    headline: ClassVar[bool] = True
    agrees: ClassVar[Mapping[str, str]] = AGREES
    ranks: ClassVar[Mapping[str, str]] = RANKS

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

    def place(self, around: Around) -> tuple[str, str, str]:
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

    def misfits(self, twin: Resource[Any] | None, pair: Pair) -> Iterator[Misfit]:
        yield from super().misfits(twin, pair)
        yield from taken(self, pair)

    def offers(self) -> Mapping[str, str]:
        group = f"{self.vhid}@{self.interface}"  # so the kernel's log calls it (log-carp-states)
        return {"address": str(self.address.ip), "interface": self.interface, "group": group}

    def needed(self, around: Around) -> Iterable[Ref]:
        return (*self.refs(), Ref(f"kernel_module.{self.place(around)[2]}"))

    def implied(self, around: Around) -> Iterator[Implied]:
        return brought(self, *self.place(around))

    def want(self, view: View) -> Wish[CarpState]:
        mine, target = tuple(sorted({self.address, *self.aliases})), self.place(view.around)[1]
        leader = leads(self, view)
        skew = self.advskew if leader in ("", self.id.node) else RAISED
        push = pushed(view.observed(self.id.ref), leader, self.id.node)
        params = (self.vhid, self.advbase, skew, mine, self.promisc)
        return Present(CarpState(*params, target=target, push=push, because=view.ceded))

    def look(self, around: Around) -> Look[CarpState]:
        dialect, target, _ = self.place(around)
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
        return group_in(self, shown, target, promisc=self.promisc and "PROMISC" in below.flags)

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

    def concern(self, seen: CarpState, twin: Observation[CarpState] | None) -> str:
        return concern(seen, twin.state) if isinstance(twin, Present) else ""

    def checks(self, around: Around) -> Iterator[Check]:
        from converge.freebsd.carp.checks import checks

        return checks(self, *self.place(around)[:2])

    @property
    def moving_s(self) -> float:
        """So long a BACKUP waits for an announcement before it is MASTER (carp(4))."""
        return 3 * self.advbase + self.advskew / 256

    def unready(self, seen: CarpState) -> str:
        return unready(self, seen)

    @property
    def quiet_s(self) -> float:
        """So long nobody has announced himself when a BACKUP becomes MASTER. With
        preempt it may have heard a worse one."""
        return 0.0 if self.preempt else self.moving_s

    def adopts(self, seen: Observation[CarpState]) -> Mapping[str, object]:
        return {**super().adopts(seen), **as_fields(seen, (self.address, *self.aliases))}

    @classmethod
    def discover(cls) -> Discovery:
        return found()

    def actions(self, change: Change) -> tuple[Action, ...]:
        return acts(self, change)
