"""The pair of the recordings (tests/recordings/README.md, "The pair")."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from converge.lab import machine
from converge.lab.machine import boot
from converge.lab.machine.installed import FIRST_START, MYSQL_SCRIPT, system_files
from converge.lab.world import (
    Disk,
    File,
    Interface,
    Machine,
    Metadata,
    Table,
    World,
)

LOADER = 'carp_load="YES"\n'

HAST_CONF = """resource test {
	on hasta {
		local /dev/vtbd1
		remote 192.168.1.52
	}
	on hastb {
		local /dev/vtbd1
		remote 192.168.1.51
	}
}
"""

RC_CONF = """hostname="{name}"
defaultrouter="10.0.2.2"
ifconfig_vtnet0="inet 10.0.2.15/24"
sshd_enable="YES"
syslogd_flags="-ss"
hastd_enable="YES"
mysql_enable="NO"
mysql_dbdir="/mysql/db"
mysql_args="--bind-address=192.168.1.50"
dumpdev="NO"
sendmail_enable="NONE"
cron_enable="NO"
update_motd="NO"
ifconfig_vtnet1="inet {address}/24"
ifconfig_vtnet1_alias0="inet vhid 1 {skew}pass testpass alias 192.168.1.50/32"
background_fsck="NO"
fsck_y_enable="YES"
"""

KERNEL = "FreeBSD 13.2-RELEASE performance_test-n191-2d7a12adc LAB"

HOST_ID = {
    "hasta": {
        "kern.hostuuid": "f6b26acc-a67a-40ea-b4ab-ca978b5c1e31",
        "kern.hostid": "2772192442",
    }
}
"""From hast-conf-nohost-dump."""


@cache
def recorded_pair() -> World:
    """The pair of tests/recordings/README.md five minutes after its first boot.

    hasta MASTER, hastb BACKUP, hastd running with role init, metadata created and never used.
    """
    a = _recorded("hasta", "192.168.1.51", 0)
    b = _recorded("hastb", "192.168.1.52", 100)
    world = World(Table({"hasta": a, "hastb": b}), now=FIRST_START)
    world = replace(world, others=Table({"10.0.2.2": "nat"}))
    for node in world.machines:
        world = boot.power_on(world, node)
    return machine.advance(world, 300.0)


def _recorded(name: str, address: str, skew: int) -> Machine:
    words = f"advskew {skew} " if skew else ""
    files = {
        **system_files("13.2-RELEASE"),
        "/boot/loader.conf": File(LOADER),
        "/etc/rc.conf": File(RC_CONF.format(name=name, address=address, skew=words)),
        "/etc/hast.conf": File(HAST_CONF),
        "/mysql": File(mode="755", is_dir=True),
        "/usr/local/etc/rc.d/mysql-server": File(MYSQL_SCRIPT, mode="555"),
    }
    last = address.rpartition(".")[2]
    interfaces = [
        Interface("vtnet0", f"52:54:00:00:00:{last}", "nat", up=False),
        Interface("vtnet1", f"52:54:00:01:00:{last}", "lan", up=False),
        Interface("lo0", segment="", up=False),
    ]
    disks = {"/dev/vtbd1": Disk(metadata=Metadata()), "/dev/vtbd2": Disk(size=67108864)}
    return Machine(
        name,
        name,
        powered=False,
        files=Table(files),
        sysctls=Table({"kern.ident": "LAB", "kern.version": KERNEL, **HOST_ID.get(name, {})}),
        interfaces=Table({i.name: i for i in interfaces}),
        disks=Table(disks),
    )
