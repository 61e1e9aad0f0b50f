"""Recordings of modules, interfaces, CARP, the network and system facts."""

from converge.lab.fresh import recorded_pair
from tests.lab.net_steps import (
    DROP_VIP,
    at,
    compiled_in,
    on_pair,
    primary,
    rebooted,
    switched,
    without_carp,
)
from tests.lab.replay import Case

PING = (r"time=[\d.]+ ms", r"= [\d./]+ ms")
STAMP = (r"^\w+ +\d+ [\d:]{8}",)
"""The date of a syslog line."""

COUNTS = (r"^\t+\d+ ",)

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
    "kldstat-after-hastd-onestart": Case(
        without_carp(
            "kldload carp",
            "service hastd onestop",
            "kldunload geom_gate",
            "service hastd onestart",
        )
    ),
    "kldunload-geom_gate-primary": Case(primary),
    "ifconfig-after-switchover-a": Case(switched),
    "rejoin-boot-log": Case(rebooted, STAMP),
}

_SCRIPT = "it prints the log of the recorder's own switch script or devd action"
_NETIF = "service netif restart is not simulated"

NOT_REPLAYED: dict[str, str] = {
    "devd-carp-action-log": _SCRIPT,
    "devd-pipe-a": "devd's pipe is no file; test_carp compares its CARP and IFNET lines",
    "devd-pipe-b": "devd's pipe is no file; test_carp compares its lines",
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
