"""Values of a machine's network: interfaces, addresses, CARP groups. Nothing in here behaves."""

from __future__ import annotations

from dataclasses import dataclass


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
