"""What a doctor asks of a CARP address: who is heard, what the kernel is set to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from converge.core.check import Asked, Check, Found, notice, ok, wrong
from converge.core.host import Run
from converge.freebsd.carp.answers import Shown, parse_ifconfig

if TYPE_CHECKING:
    from converge.freebsd.carp import Carp

REFUSED = r"(\d+) (discarded for bad authentication|discarded because of a bad address list)"
COMPARE = "compare both nodes' files, converge validate --pair, and `ifconfig -k`"
HYPERVISOR = (
    "let its host pass promiscuous mode, forged transmits and changed MAC addresses; on ESX with "
    "several uplinks also Net.ReversePathFwdCheckPromisc=1"
)


def checks(carp: Carp, dialect: str, target: str) -> Iterator[Check]:
    """`target` is the interface that has the group."""
    shown = Run(("ifconfig", target))
    counted = Run(("netstat", "-s", "-p", "carp"), volatile=(r"\d+",))
    yield Check("announcements", (shown, counted), partial(announcements, carp.vhid))
    yield Check(
        "sysctls", (Run(("sysctl", "net.inet.carp")),), partial(sysctls, wished=carp.preempt)
    )
    answers = Run(("ping", "-c", "1", "-W", "200", str(carp.address.ip)), 3.0, volatile=(".*",))
    yield Check("reached from the other node", (shown, answers), partial(reached, carp.vhid))
    if dialect == "vhid":
        guest = Run(("sysctl", "-n", "kern.vm_guest"))
        yield Check("promiscuous mode", (shown, guest), partial(promiscuous, carp.vhid))
        yield Check("announced to", (shown,), announced_to)


def _shown(asked: Asked | None) -> Shown | None:
    return parse_ifconfig(asked.answers[0].stdout) if asked else None


def _state(asked: Asked | None, vhid: int) -> str:
    """MASTER, BACKUP or INIT; '' where there is no such group, or nothing is known."""
    shown = _shown(asked)
    return shown.groups.get(vhid, ("", 0, 0))[0] if shown else ""


def announcements(vhid: int, here: Asked, there: Asked | None) -> Found:
    """The counters go back to the boot: what they say is wrong now only if both lead (F11)."""
    refused = re.findall(REFUSED, here.answers[1].stdout)
    told = ", ".join(f"{count} {what}" for count, what in refused if count != "0")
    if _state(here, vhid) == _state(there, vhid) == "MASTER":
        return wrong(f"both nodes are MASTER; {told or 'no announcement came here'}", COMPARE)
    if told and there is None and _state(here, vhid) == "MASTER":
        return wrong(f"it is MASTER and the other node does not answer; {told}", COMPARE)
    if told:
        return notice(f"since the boot {told}", f"if it grows: {COMPARE}")
    return ok("nothing was refused")


def sysctls(here: Asked, there: Asked | None, *, wished: bool | None) -> Found:
    if here.answers[0].code:
        return ok("the module is not loaded yet")
    ours, theirs = (_values(asked) for asked in (here, there))
    preempt, worse = ours.get("preempt", 0), ours.get("demotion", ours.get("suppress_preempt", 0))
    if wished is not None and preempt != wished:
        return wrong(f"preempt is {preempt}, wished is {wished:d}", "converge apply")
    if theirs.get("preempt", preempt) != preempt:
        why = f"preempt is {preempt} here and {theirs['preempt']} on the other node"
        return wrong(why, "write preempt in the table of the address")
    if ours.get("allow") == 0:
        return wrong("allow is 0: this node takes no part in CARP", "sysctl net.inet.carp.allow=1")
    if worse > 0:
        return wrong(
            f"this node announces itself as worse by {worse} (demotion, F17)",
            f"see to its cables; if they are well: sysctl net.inet.carp.demotion=-{worse}",
        )
    if preempt:
        return notice(
            "preempt is 1: a node that returns takes the address, whatever its data (F14)"
        )
    return ok("preempt is 0, allow is 1, nothing is demoted")


def _values(asked: Asked | None) -> dict[str, int]:
    text = asked.answers[0].stdout if asked else ""
    return {key: int(n) for key, n in re.findall(r"(?m)^net\.inet\.carp\.(\w+): (-?\d+)$", text)}


def reached(vhid: int, here: Asked, there: Asked | None) -> Found:
    """Seen from the node that does not have it: tables of switches, a hypervisor's rules (F23)."""
    if (_state(here, vhid), _state(there, vhid)) != ("BACKUP", "MASTER"):
        return ok("asked from the BACKUP only")
    if here.answers[1].code == 0:
        return ok("the address answers a ping from here")
    return wrong(
        "the other node is MASTER, and the address does not answer a ping from here",
        f"see the switch's table for 00:00:5e:00:01:{vhid:02x}; on a virtual machine {HYPERVISOR}",
    )


def promiscuous(vhid: int, here: Asked, there: Asked | None) -> Found:
    """CARP puts the interface in that mode itself: the group's MAC is not the card's."""
    shown, guest = _shown(here), here.answers[1].stdout.strip()
    if shown and vhid in shown.groups and "PROMISC" not in shown.flags:
        return wrong(
            "the interface has the group, and is not in promiscuous mode: what is sent to the "
            "address does not get in",
            "remove the address and apply, or promisc = true in its table",
        )
    if guest not in ("", "none"):
        return notice(f"this is a virtual machine ({guest}): F12, F23", HYPERVISOR)
    return ok("the interface takes what is sent to the group")


def announced_to(here: Asked, there: Asked | None) -> Found:
    """From FreeBSD 14 on ifconfig(8) has a second line with the peer, unicast or not (F20)."""
    ours, theirs = (_peers(asked) for asked in (here, there))
    multicast = {"224.0.0.18"}
    if there and (ours - multicast) and not (theirs - multicast) and theirs:
        return wrong(
            f"it announces itself to {', '.join(sorted(ours))}, the other node by multicast: a "
            "state command makes a node forget its unicast peer",
            "ifconfig INTERFACE vhid N peer ADDRESS on both nodes, or on none",
        )
    return ok(f"to {', '.join(sorted(ours)) or 'everybody (multicast)'}")


def _peers(asked: Asked | None) -> set[str]:
    return set(re.findall(r"\bpeer ([\d.]+)", asked.answers[0].stdout)) if asked else set()
