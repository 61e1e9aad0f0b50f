"""netstat, ping, arp."""

from __future__ import annotations

from collections.abc import Iterator
from functools import reduce
from ipaddress import ip_address, ip_interface

from converge.core.host import Answer
from converge.lab.machine.modules import has_carp
from converge.lab.machine.rcconf import variables
from converge.lab.net.groups import beats, totals
from converge.lab.net.links import holder, talks
from converge.lab.shell.getopt import getopt
from converge.lab.world import Address, Interface, Machine, Program, Result, World, done, failed

CARP_STATISTICS = """carp:
	{received} packets received (IPv4)
	0 packets received (IPv6)
		0 packets discarded for wrong TTL
		0 packets shorter than header
		0 discarded for bad checksums
		0 discarded packets with a bad version
		0 discarded because packet too short
		{refused} discarded for bad authentication
		0 discarded for bad vhid
		0 discarded because of a bad address list
	{sent} packets sent (IPv4)
	0 packets sent (IPv6)
		0 send failed due to mbuf memory error
"""

ROUTES = """Routing tables

Internet:
Destination        Gateway            Flags     Netif Expire
"""

ANSWER_MS = 0.4
"""Round trip on the simulated cable."""


def netstat(world: World, node: str, argv: tuple[str, ...], stdin: str) -> Result:
    options = getopt(argv, "srnWaif:p:I:w:").given
    machine = world.machine(node)
    if "s" in options and options.get("p") == "carp":
        return done(world, _carp(machine, world.now) if has_carp(machine) else "")
    if "r" in options:
        return done(world, ROUTES + "".join(_routes(world, machine)))
    return failed(world, 1, "netstat: the lab only knows -s -p carp and -rn\n")


def _carp(machine: Machine, now: float) -> str:
    sent, received, refused = machine.carp_before
    for interface in machine.interfaces.values():
        for v in interface.vhids:
            _, came, bad = totals(v, now)
            master = v.state == "MASTER"
            sent += v.sent + (beats(v.beat, v.period, v.beat, now) if master else 0)
            received, refused = received + came, refused + bad
    return CARP_STATISTICS.format(sent=sent, received=received, refused=refused)


def _routes(world: World, machine: Machine) -> Iterator[str]:
    """Sorted by address: networks of plain addresses, hosts of everything that is ours now."""
    gateway = variables(world, machine.name).get("defaultrouter", "NO")
    rows: list[tuple[int, int, str]] = []
    for index, interface in enumerate(machine.interfaces.values(), 1):
        rows += list(_interface_routes(machine, interface, index))
        if any(_covers(a, gateway) for a in interface.addresses):
            rows.append((0, 0, _row("default", gateway, "UGS", interface.name)))
    for _, _, line in sorted(rows):
        yield line


def _covers(own: Address, gateway: str) -> bool:
    if not gateway.replace(".", "").isdigit():
        return False
    return ip_address(gateway) in ip_interface(f"{own.address}/{own.prefix}").network


def _interface_routes(
    machine: Machine, interface: Interface, index: int
) -> Iterator[tuple[int, int, str]]:
    link = f"link#{index}"
    for a in interface.addresses:
        own = ip_interface(f"{a.address}/{a.prefix}")
        if interface.name.startswith("lo"):
            yield int(own), 1, _row(a.address, link, "UH", interface.name)
        elif holder(machine, a.address):
            if a.prefix < 32:
                net = own.network
                yield int(net.network_address), 0, _row(str(net), link, "U", interface.name)
            yield int(own), 1, _row(a.address, link, "UH" if a.prefix == 32 else "UHS", "lo0")


def _row(to: str, gateway: str, flags: str, interface: str) -> str:
    return f"{to:<18} {gateway:<18} {flags:<5} {interface:>9}\n"


def _ping_words(argv: tuple[str, ...]) -> tuple[dict[str, str], tuple[str, ...]]:
    words = getopt(argv, "c:t:W:i:s:S:nqo")
    return dict(words.given), words.rest


def ping(world: World, node: str, argv: tuple[str, ...], stdin: str) -> Result:
    options, words = _ping_words(argv)
    if not words:
        return failed(world, 64, "usage: ping [-c count] [-t timeout] [-W waittime] host\n")
    address = _resolved(world, words[0])
    if address is None:
        return failed(world, 68, f"ping: cannot resolve {words[0]}: Unknown host\n")
    limit = float(options.get("t") or "inf")
    count = int(options["c"]) if "c" in options else None
    head = f"PING {words[0]} ({address}): 56 data bytes\n"
    if count is None and limit == float("inf"):
        return Result(world, Answer(lost="ping goes on until it is stopped"), float("inf"))
    tries = count if count is not None else int(limit)
    tries = min(tries, int(limit) if limit != float("inf") else tries)
    if talks(world, node, address):
        return done(world, head + _echoes(words[0], address, tries), 0.05 + 1.0 * (tries - 1))
    wait = float(options["W"]) / 1000 if "W" in options else 10.0
    text = f"\n--- {words[0]} ping statistics ---\n"
    text += f"{tries} packets transmitted, 0 packets received, 100.0% packet loss\n"
    took = min(limit, tries - 1 + wait)
    return Result(world, Answer(2, head + text), took)


def _echoes(name: str, address: str, count: int) -> str:
    ms = f"{ANSWER_MS:.3f}"
    lines = [f"64 bytes from {address}: icmp_seq={i} ttl=64 time={ms} ms\n" for i in range(count)]
    tail = f"\n--- {name} ping statistics ---\n"
    tail += f"{count} packets transmitted, {count} packets received, 0.0% packet loss\n"
    return "".join(lines) + tail + f"round-trip min/avg/max/stddev = {ms}/{ms}/{ms}/0.000 ms\n"


def _resolved(world: World, name: str) -> str | None:
    """An address as it is; a host name of the pair as its first address."""
    if name.replace(".", "").isdigit():
        return name
    for machine in world.machines.values():
        if name in (machine.hostname, machine.hostname.partition(".")[0]):
            for interface in machine.interfaces.values():
                if interface.segment in ("lan", "storage") and interface.addresses:
                    return interface.addresses[0].address
    return None


def arp(world: World, node: str, argv: tuple[str, ...], stdin: str) -> Result:
    """`arp -an`: who has been heard of. The kernel sorts by a hash of the address."""
    options = getopt(argv, "ani:").given
    if "a" not in options:
        return failed(world, 1, "usage: arp [-n] [-i interface] -a\n")
    machine = world.machine(node)
    names = [n for n in reversed(list(machine.interfaces)) if n not in ("lo0",)]
    lines = [line for n in names for line in _neighbours(world, machine, machine.interfaces[n])]
    return done(world, "".join(lines))


def _neighbours(world: World, machine: Machine, interface: Interface) -> Iterator[str]:
    found: dict[str, tuple[str, bool]] = {}
    for a in interface.addresses:
        if holder(machine, a.address):
            found[a.address] = (interface.ether, True)
    for other in world.machines.values():
        for there in other.interfaces.values():
            if other is machine or not interface.segment or there.segment != interface.segment:
                continue
            for a in there.addresses:
                if a.address not in found and talks(world, machine.name, a.address):
                    ether = f"00:00:5e:00:01:{a.vhid:02x}" if a.vhid else there.ether
                    found[a.address] = (ether, False)
    for address, segment in world.others.items():
        if segment == interface.segment and talks(world, machine.name, address):
            digits = [f"{int(part):02x}" for part in address.split(".")]
            found[address] = (":".join(["52", "55", *digits]), False)
    for address in sorted(found, key=_hash):
        ether, own = found[address]
        age = "permanent" if own else "expires in 1200 seconds"
        yield f"? ({address}) at {ether} on {interface.name} {age} [ethernet]\n"


def _hash(address: str) -> int:
    """IN_LLTBL_HASH of the kernel's link layer table of 32 chains."""
    return reduce(lambda a, b: a ^ b, map(int, address.split("."))) & 31


PROGRAMS: dict[str, Program] = {"netstat": netstat, "ping": ping, "arp": arp}
