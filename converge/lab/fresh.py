"""New pairs: the pair of the recordings, and bare pairs from a plain description."""

from __future__ import annotations

from converge.lab.world import (
    Address,
    Disk,
    File,
    Hastd,
    HastResource,
    Interface,
    Machine,
    Metadata,
    Process,
    Table,
    Vhid,
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

FOLDERS = [
    "/",
    "/boot",
    "/boot/kernel",
    "/dev",
    "/etc",
    "/etc/rc.d",
    "/mnt",
    "/mysql",
    "/root",
    "/tmp",
    "/usr",
    "/usr/local",
    "/usr/local/etc",
    "/usr/local/etc/rc.d",
    "/usr/local/sbin",
    "/var",
    "/var/db",
    "/var/log",
    "/var/run",
]


def recorded_pair() -> World:
    """The pair of tests/recordings/README.md some minutes after boot.

    hasta MASTER, hastb BACKUP, hastd running with role init, metadata created and never used.
    """
    a = _recorded("hasta", "192.168.1.51", "192.168.1.52", 0, "MASTER")
    b = _recorded("hastb", "192.168.1.52", "192.168.1.51", 100, "BACKUP")
    return World(Table({"hasta": a, "hastb": b}), now=300.0)


def _recorded(name: str, address: str, remote: str, skew: int, state: str) -> Machine:
    resource = HastResource("test", "test", "/dev/vtbd1", remote)
    skew_words = f"advskew {skew} " if skew else ""
    files = {path: File(mode="755", is_dir=True) for path in FOLDERS}
    files |= {
        "/boot/loader.conf": File(LOADER),
        "/boot/kernel/carp.ko": File(mode="555"),
        "/boot/kernel/geom_gate.ko": File(mode="555"),
        "/etc/rc.conf": File(RC_CONF.format(name=name, address=address, skew=skew_words)),
        "/etc/hast.conf": File(HAST_CONF),
        "/etc/rc.d/hastd": File(mode="555"),
        "/usr/local/etc/rc.d/mysql-server": File(mode="555"),
        "/var/log/messages": File(),
        "/var/log/daemon.log": File(),
    }
    last = address.rpartition(".")[2]
    vhid = Vhid(1, state, 1, skew, "testpass", 10.0)
    interfaces = [
        Interface("vtnet0", f"52:54:00:00:00:{last}", "", addresses=(Address("10.0.2.15", 24),)),
        Interface(
            "vtnet1",
            f"52:54:00:01:00:{last}",
            "lan",
            addresses=(Address(address, 24), Address("192.168.1.50", 32, 1)),
            vhids=(vhid,),
        ),
        Interface("lo0", segment="", addresses=(Address("127.0.0.1", 8),)),
    ]
    disks = {"/dev/vtbd1": Disk(metadata=Metadata()), "/dev/vtbd2": Disk(size=67108864)}
    return Machine(
        name,
        name,
        files=Table(files),
        modules=("carp", "geom_gate"),
        interfaces=Table({i.name: i for i in interfaces}),
        disks=Table(disks),
        hastd=Hastd(593, Table({"test": resource})),
        processes=Table({593: Process(593, "/sbin/hastd")}),
        next_pid=2445,
    )
