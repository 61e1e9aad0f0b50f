"""What turns the configuration of an address into the wished one, step by step."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from ipaddress import IPv4Interface
from typing import TYPE_CHECKING

from converge.core.host import Command
from converge.core.plan import Action, Change
from converge.core.state import Present
from converge.freebsd.carp.answers import CarpState
from converge.freebsd.carp.moving import pushes

if TYPE_CHECKING:
    from converge.freebsd.carp import Carp


SETTLE_S = 4.0
"""A new address shows at once, as BACKUP (recording ifconfig-two-vhids-new)."""


def acts(carp: Carp, change: Change) -> tuple[Action, ...]:
    seen = change.observed.state if isinstance(change.observed, Present) else None
    wish = change.wish.state if isinstance(change.wish, Present) else None
    if seen and wish and wish.push:
        return pushes(carp, seen, wish)
    steps = [*_downs(carp, seen, wish), *(_ups(carp, seen, wish) if wish else ())]
    # A changed address begins a new election (recordings, fact 19): until it is over nobody
    # may take BACKUP for the peer's being MASTER.
    elects = any(step.verb.startswith(("add", "remove")) for step in steps) and wish
    pause_s = carp.moving_s + 0.5 if elects else 0.0
    last = (replace(step, settle_s=SETTLE_S, pause_s=pause_s) for step in steps[-1:])
    return (*steps[:-1], *last)


def _kept(carp: Carp, seen: CarpState | None, wish: CarpState | None) -> tuple[IPv4Interface, ...]:
    """The addresses that are right. On an interface they do not change their vhid."""
    if not seen or not wish or (seen.vhid != wish.vhid and seen.target == carp.interface):
        return ()
    return tuple(a for a in seen.addresses if a in wish.addresses)


def _downs(carp: Carp, seen: CarpState | None, wish: CarpState | None) -> Iterator[Action]:
    """What must not be there. The last one goes first, so that the others keep their verbs."""
    if seen and not wish and seen.target != carp.interface:
        gone = Command(("ifconfig", seen.target, "destroy"))
        yield carp.down("remove", f"{seen.target} is not wished here", gone)
    elif seen:
        wrong = sorted(set(seen.addresses) - set(_kept(carp, seen, wish)))
        for n, address in reversed(list(enumerate(wrong))):
            gone = Command(("ifconfig", seen.target, "inet", str(address.ip), "-alias"))
            why = f"{address} is on vhid {seen.vhid} of {seen.target} and not wished there"
            yield carp.down(f"remove{n or ''}", why, gone)


def _ups(carp: Carp, seen: CarpState | None, wish: CarpState) -> Iterator[Action]:
    """What is missing. An address that is there is never added again: that is a failover."""
    name, clone, kept = wish.target, wish.target != carp.interface, _kept(carp, seen, wish)
    if wish.promisc and not (seen and seen.promisc):
        listen = Command(("ifconfig", carp.interface, "promisc"))
        yield carp.up("promisc", f"{carp.interface} is not in promiscuous mode", listen)
    if clone and not seen:
        yield carp.up("create", f"there is no {name}", Command(("ifconfig", name, "create")))
    for n, address in enumerate(wish.addresses):
        first = clone and not kept and n == 0
        words = [*carp.new, str(address)] if first else [*carp.new, "alias", str(address)]
        why = f"{address} is not on vhid {wish.vhid} of {name}"
        if address not in kept:
            yield carp.up(f"add{n or ''}", why, Command(("ifconfig", name, *words)))
    was, to_be = ((s.vhid, s.advbase, s.advskew) for s in (seen or wish, wish))
    if kept and was != to_be:
        named = zip(("vhid", "advbase", "advskew"), was, to_be, strict=True)
        wrong = [f"{word} is {a}, wished is {b}" for word, a, b in named if a != b]
        why = f"on {name} {' and '.join(wrong)}"
        words = carp.words(was[1], was[2]) if was[0] else carp.new
        yield carp.up("set", why, Command(("ifconfig", name, *words)))
