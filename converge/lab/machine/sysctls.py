"""The sysctl tree of a machine as far as the lab knows it: names, values, what a write does."""

from __future__ import annotations

from zlib import crc32

from converge.lab.machine.modules import has_carp
from converge.lab.machine.syslog import clock
from converge.lab.net.groups import demote, setting, suppressed
from converge.lab.net.links import major
from converge.lab.world import EPOCH, Machine, World

CARP_NEW = {
    "ifdown_demotion_factor": 240,
    "senderr_demotion_factor": 240,
    "demotion": 0,
    "log": 1,
    "preempt": 0,
    "dscp": 56,
    "allow": 1,
}
CARP_OLD = {"allow": 1, "preempt": 0, "log": 1, "arpbalance": 0, "suppress_preempt": 0}

FIXED = frozenset(
    [
        "kern.ostype",
        "kern.osrelease",
        "kern.version",
        "kern.hostid",
        "kern.boottime",
        "kern.bootfile",
        "kern.ident",
        "kern.osreldate",
        "kern.boot_id",
        "kern.vm_guest",
        "hw.machine",
        "hw.ncpu",
        "net.inet.carp.suppress_preempt",
    ]
)
"""Read only."""

KEPT_OVER_BOOT = ("kern.ident", "kern.bootfile", "kern.version", "kern.hostid", "kern.hostuuid")
"""Facts of the installation, not settings."""


def ident(machine: Machine) -> str:
    """The kernel's configuration: `uname -i`."""
    return machine.sysctls.get("kern.ident", "GENERIC")


def version(machine: Machine) -> str:
    """`uname -v`."""
    text = f"FreeBSD {machine.release} releng/{machine.release.partition('-')[0]} {ident(machine)}"
    return machine.sysctls.get("kern.version", text)


def osreldate(machine: Machine) -> int:
    """`uname -K`: 1302001 for 13.2-RELEASE."""
    first, _, rest = machine.release.partition(".")
    minor = int(rest.partition("-")[0] or 0)
    return int(first) * 100000 + minor * 1000 + (1 if int(first) >= 10 else 0)


def boottime(machine: Machine) -> str:
    """The value of kern.boottime (sys-boottime): it goes along when the clock is set."""
    booted = machine.booted + machine.ahead
    whole = int(booted // 1)
    micros = round((booted - whole) * 1e6)
    when = f"{clock(whole):%a %b %e %H:%M:%S %Y}"
    return f"{{ sec = {EPOCH + whole}, usec = {micros} }} {when}"


def tree(machine: Machine) -> dict[str, str]:
    """Every name that `sysctl -a` would show, in order. '' is a value that is not printed."""
    known = {
        "kern.ostype": "FreeBSD",
        "kern.osrelease": machine.release,
        "kern.version": version(machine),
        "kern.hostname": machine.hostname,
        "kern.hostid": str(crc32(machine.name.encode())),
        "kern.hostuuid": hostuuid(machine),
        "kern.boottime": boottime(machine),
        "kern.bootfile": "/boot/kernel/kernel",
        "kern.ident": ident(machine),
        "kern.osreldate": str(osreldate(machine)),
        "kern.securelevel": "-1",
        "kern.vm_guest": "none",
        "hw.machine": "amd64",
        "hw.ncpu": "1",
        "vfs.ffs.enxio_enable": "0",
    }
    if major(machine) >= 13:
        known["kern.boot_id"] = ""
    known |= {k: v for k, v in machine.sysctls.items() if not k.startswith("net.inet.carp.")}
    if has_carp(machine):
        defaults = CARP_NEW if major(machine) >= 10 else CARP_OLD
        known |= {f"net.inet.carp.{k}": str(setting(machine, k, v)) for k, v in defaults.items()}
        if major(machine) < 10:
            known["net.inet.carp.suppress_preempt"] = str(suppressed(machine))
    return known


def hostuuid(machine: Machine) -> str:
    """Made up from the name, but always the same."""
    digits = "".join(f"{crc32(f'{machine.name}{i}'.encode()):08x}" for i in range(4))
    made = "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
    return machine.sysctls.get("kern.hostuuid", made)


def write(world: World, node: str, name: str, value: str) -> tuple[World, str]:
    """Set a value as the kernel does; the reason if it cannot be. demotion is added to."""
    machine = world.machine(node)
    known = tree(machine)
    if name not in known:
        return world, f"unknown oid '{name}'"
    if name in FIXED:
        return world, f"oid '{name}' is read only"
    if name == "kern.hostname":
        return world.change(node, hostname=value), ""
    if known[name].lstrip("-").isdigit() and not value.lstrip("-").isdigit():
        return world, f"invalid integer '{value}'"
    if name == "net.inet.carp.demotion":
        return demote(world, node, int(value), "sysctl"), ""
    return world.change(node, sysctls=machine.sysctls.put(name, value)), ""
