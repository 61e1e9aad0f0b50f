"""Recordings of modules, interfaces, CARP, the network and system facts."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache

from converge.lab import faults
from converge.lab.fresh import recorded_pair
from converge.lab.machine import advance, run
from converge.lab.world import File, Table, World
from tests.lab.replay import Case

PING = (r"time=[\d.]+ ms", r"= [\d./]+ ms")
STAMP = (r"^\w+ +\d+ [\d:]{8}",)
"""The date of a syslog line."""

COUNTS = (r"^\t+\d+ ",)
ADD_VIP = "ifconfig vtnet1 vhid 1 pass testpass alias 192.168.1.50/32"
DROP_VIP = "ifconfig vtnet1 inet 192.168.1.50 -alias"


def does(world: World, node: str, *commands: str) -> World:
    """Run commands that must work, one after the other, in no time."""
    for command in commands:
        result = run(world, node, tuple(command.split()))
        assert result.answer.code == 0, (command, result.answer)
        world = result.world
    return world


def after(seconds: float, world: World) -> World:
    return advance(world, world.now + seconds)


@cache
def session() -> dict[str, World]:
    """What was done to CARP between 05:02 and 05:06, in that order; worlds by a name."""
    seen: dict[str, World] = {}
    world = advance(recorded_pair(), 302.3)
    world = seen["vhid2-new"] = does(
        world, "hasta", "ifconfig vtnet1 vhid 2 advskew 50 pass secret2 alias 192.168.1.60/32"
    )
    world = seen["vhid2-master"] = after(4.5, world)
    world = does(world, "hasta", "ifconfig vtnet1 inet 192.168.1.60 -alias")
    seen["vhid2-del"] = world
    world = advance(world, 308.3)
    world = seen["again"] = does(world, "hasta", ADD_VIP)
    world = does(after(5, world), "hasta", "ifconfig vtnet1 vhid 1 advskew 20")
    seen["advskew-20"] = world
    world = does(after(3, world), "hasta", "ifconfig vtnet1 vhid 1 advskew 0")
    world = after(5, does(after(3, world), "hastb", "ifconfig vtnet1 vhid 1 state master"))
    return {**seen, **_demotion(world)}


def _demotion(world: World) -> dict[str, World]:
    seen = {"before-demotion": world}
    world = seen["demotion-100"] = does(world, "hasta", "sysctl net.inet.carp.demotion=100")
    world = does(world, "hasta", "sysctl net.inet.carp.demotion=100")
    world = seen["demotion-200"] = after(8, world)
    world = after(8, does(world, "hastb", "sysctl net.inet.carp.preempt=1"))
    seen["demoted-backup"] = world
    world = after(8, does(world, "hasta", "sysctl net.inet.carp.demotion=-200"))
    seen["demotion-0"] = world
    world = after(8, does(world, "hasta", "sysctl net.inet.carp.preempt=1"))
    world = does(world, "hasta", "sysctl net.inet.carp.preempt=0")
    world = seen["states"] = does(world, "hastb", "sysctl net.inet.carp.preempt=0")
    return {**seen, **_links(world)}


def _links(world: World) -> dict[str, World]:
    seen: dict[str, World] = {}
    for _ in range(2):
        world = does(_just_after_a_beat(world), "hasta", "ifconfig vtnet1 vhid 1 state backup")
        world = after(8, world)
    seen["bounced"] = world
    world = after(8, does(world, "hasta", "ifconfig vtnet1 vhid 1 state init"))
    seen["state-init"] = world
    world = after(6, does(world, "hasta", "ifconfig vtnet1 down"))
    seen["down"] = world
    world = after(8, does(world, "hasta", "ifconfig vtnet1 up"))
    seen["up"] = world
    world = after(3, does(world, "hasta", "ifconfig vtnet1 vhid 1 state master"))
    world = seen["no-carrier"] = after(1, faults.plug(world, "hasta", "lan", carrier=False))
    world = after(5, faults.plug(world, "hasta", "lan", carrier=True))
    seen["carrier"] = world
    world = seen["partition"] = after(6, faults.cut(world, "hasta"))
    world = after(2, faults.heal(world, "hasta"))
    return {**seen, **_passwords(world)}


def _passwords(world: World) -> dict[str, World]:
    world = does(world, "hastb", "ifconfig vtnet1 vhid 1 pass another")
    world = after(6, does(world, "hasta", "sysctl net.inet.carp.log=2"))
    return {"wrong-pass": world}


def _just_after_a_beat(world: World) -> World:
    """The preferred master comes back only if its peer has heard it just before."""
    v = world.machine("hasta").interfaces["vtnet1"].vhids[0]
    return advance(world, v.beat + v.period * (1 + (world.now - v.beat) // v.period) + 0.1)


def at(name: str) -> Callable[[], World]:
    return lambda: session()[name]


def on_pair(*commands: str, node: str = "hasta") -> Callable[[], World]:
    return lambda: does(recorded_pair(), node, *commands)


def without_carp(*commands: str) -> Callable[[], World]:
    return on_pair(DROP_VIP, "kldunload carp", *commands)


def compiled_in() -> World:
    """hastb rebooted with another kernel that has the modules inside."""
    world = faults.power_cut(recorded_pair(), "hastb")
    machine = world.machine("hastb")
    facts = {"kern.ident": "LABC", "kern.bootfile": "/boot/LABC/kernel"}
    machine = replace(
        machine,
        compiled_in=frozenset({"carp", "geom_gate"}),
        files=machine.files.put("/boot/loader.conf", File()),
        sysctls=Table({**machine.sysctls, **facts}),
    )
    return after(60, faults.power_back(world.with_machine(machine), "hastb"))


def rebooted() -> World:
    """hasta: a clean reboot, then two power cuts; between them it was made MASTER."""
    world = recorded_pair()
    machine = world.machine("hasta")
    files = machine.files.put("/var/log/messages", File())
    world = after(60, faults.clean_reboot(world.change("hasta", files=files), "hasta"))
    world = faults.power_cut(world, "hasta")
    world = after(60, faults.power_back(world, "hasta"))
    world = after(5, does(world, "hasta", "ifconfig vtnet1 vhid 1 state master"))
    world = after(20, faults.power_cut(world, "hasta"))
    return after(60, faults.power_back(world, "hasta"))


PAIR = Case(recorded_pair)

_PLAIN = """
ifconfig-a-backup ifconfig-a-master ifconfig-bad-advskew ifconfig-carp0-create
ifconfig-carp0-no-such-if ifconfig-down ifconfig-l ifconfig-no-such-if ifconfig-remove-vip
ifconfig-state-init-on-master ifconfig-state-master-on-backup ifconfig-state-nonsense
ifconfig-v-master ifconfig-vhid-filter ifconfig-vhid2-add ifconfig-vip-add-again
ifconfig-vip-plain-no-vhid ifconfig-vtnet1-backup ifconfig-vtnet1-master ifconfig-advskew-change
kldload-carp-already-loaded kldload-compiled-in kldload-n-carp-already-loaded
kldload-no-such-file kldload-v-geom_gate-already-loaded kldload-v-geom_gate kldstat-m-absent
kldstat-m-carp-loaded kldstat-m-compiled-in-ufs kldstat-m-g_gate-loaded kldstat-n-absent
kldstat-n-carp-loaded kldstat-n-compiled-in-ufs kldstat-plain kldstat-q-m-carp-loaded
kldstat-q-m-g_gate-loaded kldstat-q-m-geom_gate-loaded kldstat-q-n-absent
kldstat-q-n-carp-loaded kldstat-q-n-compiled-in-ufs kldstat-q-n-geom_gate-loaded
kldunload-carp-in-use kldunload-f-carp-in-use kldunload-geom_gate-hastd-idle
kldunload-not-loaded netstat-rn-backup netstat-rn-master sys-boot-id-none sys-boottime
sys-boottime-named sys-freebsd-version sys-freebsd-version-kru sys-hostname
sys-sysctl-unknown-oid sys-sysctl-unknown-oid-i sys-uname-a sys-uname-rs sysctl-carp-allow-0
sysctl-carp-backup sysctl-carp-demotion-0 sysctl-carp-master sysctl-carp-preempt-0
sysctl-set-ok devd-sockets
"""

_COMPILED = """
compiledin-bootfile compiledin-ifconfig-vtnet1 compiledin-kldload-carp
compiledin-kldload-geom_gate compiledin-kldload-n-carp compiledin-kldstat
compiledin-kldstat-m-carp compiledin-kldstat-n-carp compiledin-kldstat-q-m-carp
compiledin-kldstat-q-m-g_gate compiledin-kldstat-q-n-carp compiledin-kldstat-q-n-geom_gate
compiledin-kldunload-carp compiledin-uname-i
"""

CASES: dict[str, Case] = {
    **dict.fromkeys(_PLAIN.split(), PAIR),
    **dict.fromkeys(_COMPILED.split(), Case(compiled_in)),
    "arp-vip-from-backup": Case(recorded_pair, (r"expires in \d+",)),
    "ping-peer": Case(recorded_pair, PING),
    "ping-vip-from-backup": Case(recorded_pair, PING),
    "ping-vip-on-backup": Case(recorded_pair, PING),
    "ping-vip-wrong-pass-c": Case(at("wrong-pass"), PING),
    "netstat-carp": Case(recorded_pair, (r"\d+ packets sent \(IPv4\)",)),
    "netstat-carp-wrong-pass": Case(at("wrong-pass"), COUNTS),
    "netstat-carp-not-loaded": Case(without_carp()),
    "sys-uptime": Case(recorded_pair, (r"^.\d+:\d+..", r"up [^,]+,", r"averages: .*")),
    "ifconfig-two-vhids-new": Case(at("vhid2-new")),
    "ifconfig-two-vhids-master": Case(at("vhid2-master")),
    "ifconfig-vhid2-del": Case(at("vhid2-master")),
    "ifconfig-after-vhid2-del": Case(at("vhid2-del")),
    "ifconfig-after-vip-add-again": Case(at("again")),
    "ifconfig-advskew-20": Case(at("advskew-20")),
    "ifconfig-advskew-back": Case(at("advskew-20")),
    "sysctl-demotion-add-100": Case(at("before-demotion")),
    "sysctl-demotion-200": Case(at("demotion-200")),
    "sysctl-demotion-minus-200": Case(at("demoted-backup")),
    "sysctl-preempt-1": Case(at("demotion-200")),
    "ifconfig-demoted-master": Case(at("demotion-200")),
    "ifconfig-demoted-backup": Case(at("demoted-backup")),
    "ifconfig-after-state-init": Case(at("state-init")),
    "ifconfig-vtnet1-down-init": Case(at("down")),
    "sysctl-carp-if-down": Case(at("down")),
    "ifconfig-up": Case(at("down")),
    "ifconfig-after-up-preempt0": Case(at("up")),
    "sysctl-carp-after-up": Case(at("up")),
    "ifconfig-no-carrier": Case(at("no-carrier")),
    "sysctl-carp-no-carrier": Case(at("no-carrier")),
    "ifconfig-carrier-back": Case(at("carrier")),
    "ifconfig-partition-a": Case(at("partition")),
    "ifconfig-partition-b": Case(at("partition")),
    "ifconfig-wrong-pass-a": Case(at("wrong-pass")),
    "ifconfig-wrong-pass-b": Case(at("wrong-pass")),
    "log-carp-boot-master": Case(recorded_pair, STAMP),
    "log-carp-boot-backup": Case(recorded_pair, STAMP),
    "log-carp-states": Case(at("states"), STAMP),
    "log-carp-states-b": Case(at("states"), STAMP),
    "log-carp-ifdown-up": Case(at("up"), STAMP),
    "log-carp-ifdown-up-peer": Case(at("down"), STAMP),
    "log-carp-carrier": Case(at("carrier"), STAMP),
    "log-carp-wrong-pass": Case(
        at("wrong-pass"),
        STAMP,
        cmd="grep carp /var/log/messages | tail -n 2",
        without=(r" carp-event\[",),
    ),
    "ifconfig-vip-removed": Case(on_pair(DROP_VIP)),
    "kldunload-carp": Case(on_pair(DROP_VIP)),
    "kldstat-carp-not-loaded": Case(without_carp()),
    "ifconfig-vhid-not-loaded": Case(without_carp()),
    "ifconfig-vhid-only-not-loaded": Case(without_carp()),
    "ifconfig-after-vhid-not-loaded": Case(without_carp()),
    "sysctl-carp-not-loaded": Case(without_carp()),
    "kldstat-carp-loaded-again": Case(without_carp("kldload carp")),
    "kldstat-q-m-carp-loaded-again": Case(without_carp("kldload carp")),
    "ifconfig-after-kldload": Case(without_carp("kldload carp")),
    "sysctl-carp-just-loaded": Case(without_carp("kldload carp")),
    "ifconfig-vhid-on-existing-plain": Case(on_pair("ifconfig vtnet1 alias 192.168.1.59/32")),
    "ifconfig-vhid-no-address": Case(on_pair(DROP_VIP)),
    "ifconfig-vhid-no-address-after": Case(
        on_pair(DROP_VIP, "ifconfig vtnet1 vhid 3 advskew 7 pass abc")
    ),
    "kldload-geom_gate-first": Case(on_pair("kldunload geom_gate")),
    "kldstat-q-m-g_gate-after-unload": Case(on_pair("kldunload geom_gate")),
    "rejoin-boot-log": Case(rebooted, STAMP),
}

_SCRIPT = "it prints the log of the recorder's own switch script or devd action"
_NETIF = "service netif restart is not simulated"

NOT_REPLAYED: dict[str, str] = {
    "devd-carp-action-log": _SCRIPT,
    "devd-pipe-a": "devd's pipe is no file; test_net compares its CARP and IFNET lines",
    "devd-pipe-b": "devd's pipe is no file; test_net compares its lines",
    "devd-seqpacket-a": "devd's socket is no file; its lines are those of devd-pipe-a",
    "ifconfig-after-netif-restart": _NETIF,
    "log-carp-end": _NETIF,
    "rejoin-boot-console-fsck": _SCRIPT,
    "rejoin-boot-state": _SCRIPT,
    "rejoin-state-later": _SCRIPT,
    "rejoin2-boot-state": _SCRIPT,
    "switch-script-log-master": _SCRIPT,
    "switch-script-log-slave": _SCRIPT,
    "timeline-failover-script-switchlog": _SCRIPT,
}
