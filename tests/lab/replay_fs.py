"""Recordings of mounts, checks, files, sysrc, rc scripts and the database."""

from converge.lab.fresh import recorded_pair
from tests.lab.fs_worlds import (
    back_on_hasta,
    bind_failed,
    busy,
    checked_after_power_cut,
    connected,
    demoted_under_mount,
    edited,
    forcibly_unmounted,
    foreign_pidfile,
    formatted,
    killed,
    later,
    left_by_force,
    master_rebooted,
    master_rebooted_and_checked,
    mounted,
    mounted_and_left,
    mounted_without_check,
    no_address,
    on_the_bare_directory,
    pidfile_removed,
    promoted_after_power_cut,
    running,
    script_closed,
    spare_after_power_cut,
    spare_checked,
    spare_mounted,
    stale,
    started_twice,
    stopped,
    stopped_while_disabled,
    unmounted_with_switch,
)
from tests.lab.replay import Case

PIDS = (r"pid[= ]*\d+", r"PIDS: \d+")
PID_COLUMN = (r"^ *\d+(?= )",)
DATES = (r"\w{3} [ \d]\d \d\d:\d\d",)
TALLY = (r"\d+ files, \d+ used, \d+ free .*fragmentation\)",)
COUNTS = (r"\d+ free \(.*fragmentation\)",)
"""How the free fragments lie depends on where a real file system put every file."""

INODES = (r"INCORRECT BLOCK COUNT|UNREF|SIZE=|LINK COUNT|ZERO LENGTH|CLEARED|ADJUST",)
"""Which inodes hang loose after a power cut depends on what was under way in the kernel."""

QUESTIONS = (*INODES, r"CORRECT\?|RECONNECT\?|CLEAR\?|UNEXPECTED SOFT|^$")
"""The same from `fsck -n`, which asks about each."""


def _mounts() -> dict[str, Case]:
    return {
        "df-mounted": Case(mounted),
        "fuser-mount-busy": Case(busy, (r"^ +\d+ +\d+$",)),
        "mount-again": Case(left_by_force),
        "mount-already-mounted": Case(mounted),
        "mount-already-mounted-elsewhere": Case(mounted),
        "mount-missing-dir": Case(formatted),
        "mount-no-fs": Case(connected),
        "mount-ok": Case(formatted),
        "mount-p-after-umount-f": Case(left_by_force),
        "mount-p-grep-hast": Case(mounted),
        "mount-p-mounted": Case(mounted),
        "mount-p-not-mounted": Case(formatted),
        "mount-plain-mounted": Case(mounted),
        "mount-plain-not-mounted": Case(formatted),
        "mount-secondary": Case(connected),
        "mount-t-ufs-p-mounted": Case(mounted),
        "pgrep-after-umount-f": Case(left_by_force, PID_COLUMN),
        "umount-busy": Case(busy),
        "umount-by-device": Case(formatted),
        "umount-dev-not-mounted": Case(formatted),
        "umount-f-not-mounted": Case(formatted),
        "umount-missing-dir": Case(formatted),
        "umount-not-mounted": Case(formatted),
    }


def _checks() -> dict[str, Case]:
    return {
        "dirty-dumpfs": Case(promoted_after_power_cut),
        "dirty-fsck-n": Case(promoted_after_power_cut, TALLY, without=QUESTIONS),
        "dirty-fsck_ufs-F": Case(promoted_after_power_cut),
        "dirty-fsck_ufs-p": Case(promoted_after_power_cut, TALLY, without=INODES),
        "dirty-fsck_ufs-p-again": Case(checked_after_power_cut, COUNTS),
        "dirty-mount-without-fsck": Case(back_on_hasta),
        "dirty-mounted-fsck-n": Case(mounted_without_check, TALLY, without=QUESTIONS),
        "dirty-fsck_ufs-p-n": Case(promoted_after_power_cut),
        "dumpfs-m-missing": Case(formatted),
        "dumpfs-m-mounted": Case(mounted),
        "dumpfs-m-no-fs": Case(connected),
        "dumpfs-m-ufs": Case(formatted),
        "fsck-n-clean": Case(formatted),
        "fsck-n-mounted": Case(mounted),
        "fsck-n-no-fs": Case(connected),
        "fsck-p-y-clean": Case(formatted),
        "fsck-p-y-missing": Case(formatted),
        "fsck-p-y-mounted": Case(mounted),
        "fsck_ufs-F-clean": Case(formatted),
        "fsck_ufs-F-no-fs": Case(connected),
        "fsck_ufs-p-after-umount": Case(mounted_and_left),
        "fsck_ufs-p-missing": Case(formatted),
        "fsck_ufs-p-mounted": Case(mounted),
        "fsck_ufs-p-secondary": Case(formatted),
        "fstyp-local-disk-secondary": Case(formatted),
        "fstyp-missing": Case(formatted),
        "fstyp-mounted": Case(mounted),
        "fstyp-no-fs": Case(formatted),
        "newfs-U": Case(connected),
        "newfs-missing": Case(formatted),
        "newfs-mounted": Case(mounted),
        "reboot-master-peer-fsck": Case(master_rebooted, TALLY, without=INODES),
        "ufs-fsync-newdir-1-write": Case(spare_mounted),
        "ufs-fsync-newdir-2-fsck": Case(spare_after_power_cut, TALLY, without=INODES),
        "ufs-fsync-newdir-3-left": Case(spare_checked),
    }


def _database() -> dict[str, Case]:
    on, off = lambda: running("YES"), running
    return {
        "mysql-bindfail-err": Case(bind_failed, (r"^[-\dT:]+Z",)),
        "mysql-bindfail-start": Case(no_address),
        "mysql-disabled-enabled": Case(stopped),
        "mysql-disabled-onestart-2": Case(stopped),
        "mysql-disabled-onestop": Case(off, PIDS),
        "mysql-disabled-rcvar": Case(stopped),
        "mysql-disabled-running-onestart": Case(off, PIDS),
        "mysql-disabled-running-onestatus": Case(off, PIDS),
        "mysql-disabled-running-status": Case(off),
        "mysql-disabled-running-status-after-stop": Case(stopped_while_disabled),
        "mysql-disabled-running-stop": Case(off, PIDS),
        "mysql-disabled-stopped-onestop": Case(stopped),
        "mysql-disabled-stopped-start": Case(stopped),
        "mysql-enabled-enabled": Case(on),
        "mysql-enabled-running-start": Case(on, PIDS),
        "mysql-enabled-running-status": Case(on, PIDS),
        "mysql-enabled-stopped-status": Case(lambda: stopped("YES")),
        "mysql-enabled-stopped-stop": Case(lambda: stopped("YES")),
        "mysql-foreign-pidfile-status": Case(foreign_pidfile),
        "mysql-killed-9-status": Case(on),
        "mysql-killed-9-status-2s": Case(lambda: later(killed(), 4), PIDS),
        "mysql-missing-pidfile-pgrep": Case(started_twice, PID_COLUMN),
        "mysql-missing-pidfile-start": Case(pidfile_removed),
        "mysql-missing-pidfile-status": Case(pidfile_removed),
        "mysql-missing-pidfile-stop": Case(pidfile_removed),
        "mysql-mode000-direct": Case(script_closed),
        "mysql-mode000-ls": Case(script_closed, (r"\d+ Nov 23 \d\d:\d\d",)),
        "mysql-mode000-start": Case(script_closed),
        "mysql-notmounted-ls": Case(on_the_bare_directory, (*DATES, r" [45](?= <free>)")),
        "mysql-notmounted-start": Case(unmounted_with_switch),
        "mysql-notmounted-status": Case(unmounted_with_switch),
        "mysql-running-fuser": Case(off, (r"^ +\d+ +\d+$",)),
        "mysql-running-pgrep": Case(off, PID_COLUMN),
        "mysql-running-ps": Case(off, (r"^ *\d+ +\d+",)),
        "mysql-running-sockstat": Case(off, (r"(?<=mysqld     )\d+ *",)),
        "mysql-running-umount": Case(off),
        "mysql-service-e": Case(stopped),
        "mysql-stale-pidfile-ls": Case(stale, (r" +\d+ Nov 23 \d\d:\d\d", r"^\d+$")),
        "mysql-stale-pidfile-start": Case(stale),
        "mysql-stale-pidfile-status": Case(stale),
        "mysql-stale-pidfile-stop": Case(stale),
        "reboot-master-peer-data": Case(master_rebooted_and_checked),
        "state-master-hasta": Case(off, PIDS),
    }


def _demotions() -> dict[str, Case]:
    last = "dmesg | tail -n 1"  # the recording skips 129 lines of that machine's boot
    return {
        "mounted-role-secondary-df": Case(demoted_under_mount, (r"\d+ +\d+ +\d+%",)),
        "mounted-role-secondary-dmesg": Case(forcibly_unmounted, cmd=last),
        "mounted-role-secondary-dmesg-end": Case(forcibly_unmounted, cmd=last),
        "mounted-role-secondary-ls": Case(demoted_under_mount),
        "mounted-role-secondary-mount-end": Case(forcibly_unmounted, PID_COLUMN),
        "mounted-role-secondary-mysql": Case(demoted_under_mount, PIDS),
        "mounted-role-secondary-onestop": Case(forcibly_unmounted),
        "mounted-role-secondary-put": Case(demoted_under_mount, PIDS),
        "mounted-role-secondary-status": Case(demoted_under_mount),
        "mounted-role-secondary-status-6s": Case(forcibly_unmounted),
        "mounted-role-secondary-touch": Case(demoted_under_mount),
        "mounted-role-secondary-umount": Case(forcibly_unmounted),
        "mounted-role-secondary-umount-f": Case(forcibly_unmounted),
    }


def _settings() -> dict[str, Case]:
    names = {
        "sysrc-a": (),
        "sysrc-bad-name": (),
        "sysrc-c-case": (),
        "sysrc-c-differs": (),
        "sysrc-c-same": (),
        "sysrc-c-unknown": (),
        "sysrc-c-unknown-no": (),
        "sysrc-file-after": ("sysrc bad-name=1",),
        "sysrc-i-n-unknown": (),
        "sysrc-loader-c-same": (),
        "sysrc-loader-get": (),
        "sysrc-loader-n-get": (),
        "sysrc-loader-n-unknown": (),
        "sysrc-loader-set-new": (),
        "sysrc-loader-set-same": ("sysrc -f /boot/loader.conf geom_gate_load=YES",),
        "sysrc-loader-x": ("sysrc -f /boot/loader.conf geom_gate_load=YES",),
        "sysrc-n-alias": (),
        "sysrc-n-override": (),
        "sysrc-n-set": (),
        "sysrc-n-unknown": (),
        "sysrc-nofile-get": (),
        "sysrc-nofile-set": (),
        "sysrc-plain-alias": (),
        "sysrc-plain-set": (),
        "sysrc-plain-unknown": (),
        "sysrc-plain-words": ('sysrc newvar="two words"',),
        "sysrc-set-new": (),
        "sysrc-set-same": ("sysrc newvar=1",),
        "sysrc-set-words": ("sysrc newvar=2",),
        "sysrc-x": ("sysrc newvar=1",),
        "sysrc-x-missing": (),
    }
    return {name: Case(edited(*lines)) for name, lines in names.items()}


CASES: dict[str, Case] = {
    **_mounts(),
    **_checks(),
    **_database(),
    **_demotions(),
    **_settings(),
    "svc-nosuch": Case(recorded_pair),
}

NOT_REPLAYED: dict[str, str] = {
    "mysql-backup-node-bind-vip": (
        "a server run by hand in the background of a shell is not simulated; that the VIP can be "
        "bound on the BACKUP is in test_mysql"
    ),
    "mysql-enabled-stop": (
        "whether rc.subr still sees the process and prints 'Waiting for PIDS' is luck; the lab "
        "always prints it, as the other two recordings of a stop do"
    ),
}
