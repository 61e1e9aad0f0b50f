"""Times of switchovers and failovers as recorded, as far as files and the database cause them."""

import pytest

from converge.lab import faults
from converge.lab.fresh import recorded_pair
from converge.lab.machine import advance, mysqld
from converge.lab.shell import sh
from converge.lab.world import Disk, Ufs, World
from tests.lab.fs_worlds import later, running, stopped, then

SSH_S = 0.08
"""What a command took longer in the recordings because it came over ssh."""

SWITCHOVER = (
    ("hasta", "service mysql-server onestop"),
    ("hasta", "umount /mysql"),
    ("hasta", "hastctl role secondary test"),
    ("hasta", "ifconfig vtnet1 vhid 1 advskew 200"),
    ("hastb", "ifconfig vtnet1 vhid 1 state master"),
    ("hastb", "hastctl role primary test"),
    ("hastb", "sleep 0.2"),  # until the device is there
    ("hastb", "fsck -p -y -t ufs /dev/hast/test"),
    ("hastb", "mount /dev/hast/test /mysql"),
    ("hastb", "service mysql-server onestart"),
)


def test_a_switchover_by_hand_takes_as_long_as_recorded() -> None:
    world, begun = running(), running().now
    for node, line in SWITCHOVER:
        world = then(world, line, node=node)
    real_s = 4.18 - SSH_S * len(SWITCHOVER)  # timeline-switchover-manual
    assert world.now - begun == pytest.approx(real_s, abs=1.0)
    assert mysqld.ready(world.machine("hastb")) is not None


def test_from_the_device_to_the_database_it_takes_as_long_as_recorded() -> None:
    world = later(faults.power_cut(running(), "hasta"), 25)
    world = then(world, "hastctl role primary test; sleep 25", node="hastb")
    begun = world.now
    lines = "fsck -p -y -t ufs /dev/hast/test && mount /dev/hast/test /mysql"
    world = then(world, lines, "service mysql-server onestart", node="hastb")
    assert world.now - begun == pytest.approx(44.93 - 42.86, abs=1.0)  # timeline-failover-script


@pytest.mark.parametrize(("size", "least_s", "most_s"), [(2**28, 0.0, 0.2), (2**40, 120, 900)])
def test_a_check_takes_longer_on_a_bigger_disk(size: int, least_s: float, most_s: float) -> None:
    world = recorded_pair()
    disk = Disk(size=size, ufs=Ufs(clean=False))
    world = world.change("hasta", disks=world.machine("hasta").disks.put("/dev/ad9", disk))
    assert least_s < sh(world, "hasta", "fsck -p -t ufs /dev/ad9").took_s < most_s


def test_an_enabled_database_starts_at_boot_on_the_bare_directory() -> None:
    world = faults.power_cut(later(stopped("YES"), 1), "hasta")
    world = advance(faults.power_back(world, "hasta"), world.now + 60)
    where = sh(world, "hasta", "df /mysql/db | tail -1; pgrep -x mysqld | wc -l").answer.stdout
    assert where.split()[0] == "/dev/vtbd0p2"
    assert where.splitlines()[1].strip() == "1"


def test_a_clean_reboot_stops_the_database_in_order_but_leaves_the_mark_unclean() -> None:
    world = mysqld.put_row(running(), "hasta", "kept")[0]
    world = later(then(world, "sleep 1; shutdown -r now"), 60)
    disk = peers_disk(world)
    assert disk == ("clean\n", False, ("kept",))


def peers_disk(world: World) -> tuple[str, bool, tuple[str, ...]]:
    ufs = world.machine("hastb").disks["/dev/vtbd1"].ufs
    assert ufs is not None
    return ufs.files["db/heartbeat"].text, ufs.clean, mysqld.rows(ufs, "db")
