"""Addresses that nobody has described yet, and what was seen of an address as its fields."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from ipaddress import IPv4Interface

from converge.core.found import Discovery, Found
from converge.core.host import Read, Run, Soon
from converge.core.state import Observation, Present
from converge.freebsd.carp.answers import CarpState, Shown, parse_dialect, parse_ifconfig

PASSWORDS = (r'\bpass\s+([^\s"\']+)',)
ALL, UNAME, HOSTNAME = Run(("ifconfig", "-a")), Run(("uname", "-r")), Run(("hostname",))
RC_CONF = Read("/etc/rc.conf", secrets=PASSWORDS)
SYSCTL_CONF = Read("/etc/sysctl.conf")
SECRETS = "/usr/local/etc/converge"


def as_fields(seen: Observation[CarpState], ours: Sequence[IPv4Interface]) -> Mapping[str, object]:
    """The addresses that were seen: ours first, in our order."""
    there = seen.state.addresses if isinstance(seen, Present) else ()
    kept = [a for a in ours if a in there]
    found = (*kept, *(a for a in there if a not in kept))
    return {"address": found[0], "aliases": found[1:]} if found else {}


def found() -> Discovery:
    """Every group with its addresses, and the node's own address, host name and release."""
    yield Soon((UNAME, HOSTNAME, RC_CONF, SYSCTL_CONF))
    shown = parse_all((yield ALL).stdout)
    release, hostname = (yield UNAME).stdout, (yield HOSTNAME).stdout.strip()
    rc_conf, sysctl_conf = (yield RC_CONF).stdout, (yield SYSCTL_CONF).stdout
    number = re.match(r"\d{1,2}\.\d{1,2}", release)
    node: dict[str, object] = {"hostname": hostname} if hostname else {}
    node |= {"release": number[0]} if number else {}
    groups = list(_groups(shown, parse_dialect(release)))
    own = next((_own(shown, str(g["interface"])) for _, g in groups), None)
    node |= {"address": str(own.ip)} if own else {}
    several = len(groups) > 1
    tables = []
    for vhid, table in groups:
        name = f"vip{vhid}" if several else "vip"
        table |= _alias(rc_conf, str(table["interface"]), vhid)
        table |= _preempt(sysctl_conf)
        secret = re.search(rf"\bvhid {vhid} .*\bpass ", rc_conf)
        remarks = _where_to_put(name, vhid) if secret else ()
        table |= {"password": {"file": f"{SECRETS}/{name}.pass"}} if secret else {}
        tables.append(Found("carp", name, table, own=frozenset({"advskew"}), remarks=remarks))
    return (Found("node", "", node), *tables)


def parse_all(text: str) -> dict[str, Shown]:
    """By interface, from `ifconfig -a`."""
    blocks = re.split(r"(?m)^(?=\S)", text)
    shown = ((block.partition(":")[0], parse_ifconfig(block)) for block in blocks if block)
    return {name: one for name, one in shown if one}


def _groups(shown: Mapping[str, Shown], dialect: str) -> Iterator[tuple[int, dict[str, object]]]:
    """Number and table of each group. What it takes by default anyway is left out."""
    for target, one in sorted(shown.items()):
        for vhid, (_, base, skew) in sorted(one.groups.items()):
            clone = dialect == "carp0"
            mine = [a for a, v in one.addresses if v == vhid or clone]
            below = _below(shown, target, mine) if clone else target
            if not mine or not below:
                continue
            table: dict[str, object] = {"interface": below, "vhid": vhid, "address": str(mine[0])}
            table |= {"aliases": [str(a) for a in mine[1:]]} if mine[1:] else {}
            table |= {"advbase": base} if base != 1 else {}
            table |= {"advskew": skew} if skew else {}
            unit = int(target.removeprefix("carp")) if clone else 0
            table |= {"unit": unit} if unit else {}
            yield vhid, table


def _below(shown: Mapping[str, Shown], target: str, mine: list[IPv4Interface]) -> str:
    """The interface whose network has the address: so the kernel finds it (carp(4), up to 9)."""
    others = ((name, own) for name in sorted(shown) if (own := _own(shown, name)))
    return next((n for n, own in others if n != target and mine and mine[0] in own.network), "")


def _own(shown: Mapping[str, Shown], interface: str) -> IPv4Interface | None:
    """Its first address that is nobody else's."""
    addresses = shown[interface].addresses
    return next((a for a, vhid in addresses if not vhid and not a.is_loopback), None)


def _alias(rc_conf: str, interface: str, vhid: int) -> dict[str, object]:
    key = rf"(?m)^\s*ifconfig_{re.sub('[^a-z0-9]', '_', interface)}_alias(\d+)=.*\bvhid {vhid}\b"
    first = min(map(int, re.findall(key, rc_conf)), default=0)
    return {"alias": first} if first else {}


def _preempt(sysctl_conf: str) -> dict[str, object]:
    """What the file says for the next boot; where it says nothing, nobody has decided it."""
    said = re.findall(r"(?m)^\s*net\.inet\.carp\.preempt\s*=\s*\"?(\d)", sysctl_conf)
    return {"preempt": said[-1] == "1"} if said else {}


def _where_to_put(name: str, vhid: int) -> tuple[str, ...]:
    path = f"{SECRETS}/{name}.pass"
    return (
        f"The password is in /etc/rc.conf of the nodes and not in here. Put it into {path} on "
        "every machine that runs converge, alone and on one line, mode 0600. On a node:",
        "  umask 077",
        f"  sed -n 's/.*vhid {vhid} .*pass \\([^ \"]*\\).*/\\1/p' /etc/rc.conf |",
        f"      head -1 > {path}",
    )
