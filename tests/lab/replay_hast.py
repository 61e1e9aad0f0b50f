"""Recordings of hastd, hastctl, the rc script of hastd, devices and the logs."""

from collections.abc import Callable

from converge.lab.fresh import recorded_pair
from converge.lab.world import World
from tests.lab import hast_crashes as crashes
from tests.lab import hast_worlds as w
from tests.lab.fs_worlds import mounted, then
from tests.lab.hast_states import SINGLE, Worlds
from tests.lab.replay import Case
from tests.recorded import recordings

PIDS = (
    r"workerpid: \d+",
    r"^ *\d+ +\d+ (?=Ss|SCJ|ICJ)",
    r"[SI]CJ",
    r"^\d+ (?=hastd:|/sbin/hastd|/bin/sh|/usr/local)",
    r"pid[= ]\d+",
    r"hastd\[\d+\]",
    r"PIDS: \d+",
    r"^\d+(?=srw)",
)
COUNTS = (r"reads: \d+", r"writes: \d+", r"activemap updates: \d+")
"""The lab counts writes of files, the machine requests of the kernel."""

CLIENTS = (r"tcp://[\d.]+:(?!8457)\d+",)
DATES = (r"[A-Z][a-z]{2} [ \d]\d \d\d:\d\d(:\d\d)?( \d{4})?",)
RESUID = (r"resuid: [1-9]\d*",)
SPEED = (r"in [\d.]+ secs \(\d+ bytes/sec\)", r"real \d.\d\d")
STAT = (r"^\d+ \d+ (?=crw)", r'"[^"]*"')
FREE = (*PIDS, *COUNTS, *CLIENTS, *DATES, *RESUID, *SPEED, *STAT)
DIRTY = r"dirty: [1-9]\d* \([\d.]+MB\)"
"""Masked where it depends on how far a synchronisation or what part of a disk was used."""

STATES: Worlds = {
    "hast-bad-": recorded_pair,
    "hast-created-init-": recorded_pair,
    "hast-degraded-": w.degraded,
    "hast-dual-primary-15s-": w.both_primary_unchecked,
    "hast-dual-primary-resolved-": w.split,
    "hast-dual-primary-dump-": w.both_primary_later,
    "hast-dual-primary-list-": w.both_primary,
    "hast-dual-primary-lsdev-": w.both_primary,
    "hast-dual-primary-pgrep-": w.both_primary,
    "hast-dual-primary-ps-": w.both_primary,
    "hast-dual-primary-status-": w.both_primary,
    "hast-midsync-dump-": crashes.mid_sync,
    "hast-midsync-list-": crashes.mid_sync,
    "hast-midsync-status-": crashes.mid_sync,
    "hast-midsync-return-list-": crashes.first_primary_secondary,
    "hast-midsync-return-status-": crashes.first_primary_secondary,
    "hast-nometa-init-": w.uncreated,
    "hast-nometa-primary-2s-": w.promoted_in_vain,
    "hast-nometa-secondary-2s-": w.demoted_in_vain,
    "hast-notrunning-": lambda: then(w.uncreated(), "service hastd stop"),
    "hast-partition-idle-45s-": w.cut_and_idle,
    "hast-partition-writes-45s-": w.cut_and_writing,
    "hast-peer-init-": w.peer_back,
    "hast-peer-stopped-1s-": w.peer_stopped,
    "hast-primary-complete-": w.connected,
    "hast-primary-mounted-": mounted,
    "hast-resynced-": w.resynced,
    "hast-secondary-waiting-": w.waiting,
    "hast-splitbrain-": w.split,
    "hast-synced-": w.connected,
    "log-hastd-connect-": w.connected_with_logs,
    "log-hastd-dual-primary-": w.both_primary_later,
    "log-hastd-dual-primary-resolved-": w.split,
    "log-hastd-partition-idle-": w.cut_and_idle,
    "log-hastd-partition-writes-": w.healed_again,
    "log-hastd-peer-init-": w.peer_back,
    "log-hastd-peer-stopped-": w.peer_stopped,
    "log-hastd-splitbrain-": w.split_for_long,
    "rejoin-dump-": crashes.survivor,
    "rejoin-list-": crashes.survivor,
    "rejoin-role-": crashes.survivor,
    "rejoin2-dump-": crashes.survivor2,
    "rejoin2-list-": crashes.survivor2,
    "rejoin2-role-": crashes.survivor2,
}
"""By the beginning of the recording's name; the longest that fits counts."""

UNTIL = "test -e /dev/hast/test && echo"
COMMANDS = {
    "hast-dual-primary-promote": "hastctl role primary test; echo rc=$?; sleep 5; "
    "test -e /dev/hast/test || echo timeout; echo $(date +%s).000 $(date +%s).000",
    "hast-midsync-promote": f"hastctl role primary test; echo rc=$?; sleep 5.3; {UNTIL} 5.127",
    "hast-role-timing-primary": "echo $(date +%s).000; hastctl role primary test; echo rc=$?; "
    f"echo $(date +%s).000; sleep .1; {UNTIL} 0.041; echo $(date +%s).000",
    "hast-role-timing-secondary": "echo $(date +%s).000; hastctl role secondary test; "
    "echo rc=$?; echo $(date +%s).000",
    "reboot-master-peer-promote": f"hastctl role primary test; sleep .15; {UNTIL} 0.001",
}
"""Where the recorder used its own clock: that the device is there after so many seconds."""

MEASURED: Worlds = {
    "hast-dual-primary-promote": w.healed_again,
    "hast-midsync-promote": crashes.primary_died_mid_sync,
    "hast-role-timing-primary": w.waiting,
    "hast-role-timing-secondary": recorded_pair,
    "reboot-master-peer-promote": crashes.rebooted,
}

HOOKS = "written by the recorder's own hook program; the calls are compared in test_hastd.py"
FSCK = "what fsck says of a half-synchronised copy depends on blocks that the lab does not have"
NOT_REPLAYED: dict[str, str] = {
    "hast-exec-hook-calls-a": HOOKS,
    "hast-exec-hook-calls-b": HOOKS,
    "hast-exec-hook-splitbrain-b": HOOKS,
    "hast-exec-hook-sync-b": HOOKS,
    "switch-exec-hooks-a": HOOKS,
    "switch-exec-hooks-b": HOOKS,
    "hast-midsync-fsck-n": FSCK,
    "hast-midsync-fsck-p": FSCK,
    "hast-midsync-promoted-log": "two lines about connections are missing in it, unlike elsewhere",
    "hastd-foreground-splitbrain-b": "debug messages of a hastd in the foreground are not made",
    "timeline-failover-script-hastlog": "its reload crossed a full second, so sort ordered it so",
}

VAGUE = ("hast-midsync-", "hast-resync-sample", "rejoin-list", "rejoin2-list")


def _world(name: str) -> Callable[[], World] | None:
    fitting = [start for start in STATES if name.startswith(start)]
    single = {**SINGLE, **MEASURED}.get(name)
    return single or (STATES[max(fitting, key=len)] if fitting else None)


SPECIAL = {
    "hast-dual-primary-fsck-b": ((r"\d+ files.*",), ("SALVAGED",)),
    "hast-midsync-mount": ((r"(?<=-x) +\d+",), ()),
}
"""What UFS itself counts, by the lab roughly: further masks, and lines to leave out."""


def _case(name: str, world: Callable[[], World]) -> Case:
    masks, without = SPECIAL.get(name, ((), ()))
    vague = (DIRTY,) if name.startswith(VAGUE) else ()
    free = (*FREE, *vague, *masks, r"\d{10}\.\d+")
    return Case(world, free, COMMANDS.get(name), without)


CASES: dict[str, Case] = {
    name: _case(name, world)
    for name in recordings()
    if name not in NOT_REPLAYED and (world := _world(name))
}
