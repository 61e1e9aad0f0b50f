"""What an installed FreeBSD has on its disk, as far as the lab's programs ask for it."""

from __future__ import annotations

from converge.lab.machine import boot, devd, modules
from converge.lab.world import File

FIRST_START = 0.267559 - boot.FIRMWARE_S - boot.AUTOBOOT_S
"""World time when a pair is switched on: its kernels start as recorded in sys-boottime."""

MYSQL_SCRIPT = """#!/bin/sh
# PROVIDE: mysql
# REQUIRE: LOGIN
# KEYWORD: shutdown
"""

MYSQL_VERSION = "8.0.35\n"
"""Of the server that a fresh pair has; it stands in the place of the program."""

FOLDERS = (
    *("/", "/boot", "/boot/kernel", "/dev", "/etc", "/etc/rc.d", "/mnt", "/root", "/tmp"),
    *("/usr", "/usr/local", "/usr/local/etc", "/usr/local/etc/rc.d", "/usr/local/sbin"),
    *("/var", "/var/db", "/var/log", "/var/run"),
)


def system_files(release: str) -> dict[str, File]:
    """What an installed system has, as far as the lab's programs ask for it."""
    return {
        **{path: File(mode="755", is_dir=True) for path in FOLDERS},
        **modules.kernel_files(release),
        "/boot/loader.conf": File(),
        devd.CONF: File(devd.STOCK),
        **{f"/etc/rc.d/{name}": File(mode="555") for name in ("cron", "devd", "hastd")},
        "/var/log/daemon.log": File(),
        "/var/log/messages": File(),
    }
