"""Worlds in which file systems and the database are as some recording says; by commands."""

from collections.abc import Callable
from functools import cache

from converge.lab import faults
from converge.lab.fresh import recorded_pair
from converge.lab.machine import advance, processes
from converge.lab.shell import sh
from converge.lab.ufs import write_file
from converge.lab.world import File, World


def then(world: World, *lines: str, node: str = "hasta") -> World:
    """The world after these lines of shell; each must work."""
    for line in lines:
        result = sh(world, node, line)
        assert result.answer.code == 0, (line, result.answer)
        world = result.world
    return world


def later(world: World, seconds: float) -> World:
    return advance(world, world.now + seconds)


@cache
def connected() -> World:
    """hasta primary and complete, no file system yet."""
    world = then(recorded_pair(), "hastctl role secondary test", node="hastb")
    return then(world, "hastctl role primary test; sleep 12")


@cache
def formatted() -> World:
    return then(connected(), "newfs -U /dev/hast/test")


@cache
def mounted() -> World:
    return then(formatted(), "mount /dev/hast/test /mysql")


@cache
def mounted_and_left() -> World:
    return then(mounted(), "umount /mysql")


def busy() -> World:
    """A shell and a tail have a file open there."""
    world = then(mounted(), "touch /mysql/openfile")
    world, _ = processes.hold_open(world, "hasta", "tail -f /dev/null", "/mysql/openfile")
    return processes.hold_open(world, "hasta", "sh -c sleep", "/mysql/openfile")[0]


def left_by_force() -> World:
    return then(busy(), "umount -f /mysql")


@cache
def stopped(switch: str = "NO") -> World:
    """The database has run for more than a minute and was stopped; only the switch differs."""
    start = "service mysql-server onestart; sleep 70; service mysql-server onestop"
    return then(mounted(), f"sysrc mysql_enable={switch}", start)


@cache
def running(switch: str = "NO") -> World:
    return then(stopped(switch), "service mysql-server onestart; sleep 2")


@cache
def stopped_while_disabled() -> World:
    return then(running(), "service mysql-server stop")


@cache
def killed() -> World:
    """mysqld was killed and mysqld_safe starts it again."""
    return then(running("YES"), "kill -9 $(pgrep -x mysqld)")


@cache
def stale() -> World:
    """mysqld_safe and mysqld killed together: nobody starts it again."""
    return then(running("YES"), "pkill -9 -f mysqld; sleep 3")


@cache
def pidfile_removed() -> World:
    return then(running("YES"), "rm /mysql/db/hasta.pid")


def started_twice() -> World:
    return then(pidfile_removed(), "service mysql-server start")


def foreign_pidfile() -> World:
    return then(stopped("YES"), "echo 1 > /mysql/db/hasta.pid")


@cache
def no_address() -> World:
    """The address that the database binds to is on no interface."""
    return then(stopped("YES"), "ifconfig vtnet1 inet 192.168.1.50 -alias")


def bind_failed() -> World:
    return then(no_address(), "service mysql-server start")


@cache
def unmounted_with_switch() -> World:
    return then(stopped("YES"), "umount /mysql")


def on_the_bare_directory() -> World:
    return then(unmounted_with_switch(), "service mysql-server start")


def script_closed() -> World:
    return then(stopped("YES"), "chmod 000 /usr/local/etc/rc.d/mysql-server")


@cache
def promoted_after_power_cut() -> World:
    """The primary's power was cut while it was mounted; hastb is primary, nothing checked."""
    world = faults.power_cut(running(), "hasta")
    return then(later(world, 25), "hastctl role primary test; sleep 25", node="hastb")


@cache
def checked_after_power_cut() -> World:
    return then(promoted_after_power_cut(), "fsck_ufs -p /dev/hast/test", node="hastb")


@cache
def mounted_on_hastb() -> World:
    """hastb primary and mounted, the database runs there; hasta secondary."""
    world = then(stopped(), "umount /mysql; hastctl role secondary test")
    world = then(world, "ifconfig vtnet1 vhid 1 advskew 200")
    world = then(world, "ifconfig vtnet1 vhid 1 state master; sleep 2", node="hastb")
    world = then(world, "hastctl role primary test; sleep 12", node="hastb")
    world = then(world, "mount /dev/hast/test /mysql", node="hastb")
    big = write_file(world, "hastb", "/mysql/big", File(zeros=100 * 2**20))
    world = then(big.world, "touch /mysql/f0 /mysql/sb.txt /mysql/w.txt", node="hastb")
    world = then(world, "service mysql-server onestart; sleep 2", node="hastb")
    rows = r"printf '" + r"PUT x\n" * 52 + "QUIT' | nc -w 3 192.168.1.50 3306"
    return then(world, rows, node="hastb")


@cache
def demoted_under_mount() -> World:
    return then(mounted_on_hastb(), "hastctl role secondary test", node="hastb")


def forcibly_unmounted() -> World:
    return later(demoted_under_mount(), 8)


@cache
def back_on_hasta() -> World:
    """hastb's power was cut while it was primary and mounted; hasta is primary, not checked."""
    world = faults.power_cut(mounted_on_hastb(), "hastb")
    return then(later(world, 25), "hastctl role primary test; sleep 25")


def mounted_without_check() -> World:
    return then(back_on_hasta(), "mount /dev/hast/test /mysql")


@cache
def master_rebooted() -> World:
    """The mounted primary was rebooted soon after its database was made; hastb is promoted."""
    world = then(mounted(), "service mysql-server onestart; sleep 5; shutdown -r now")
    return then(later(world, 60), "hastctl role primary test; sleep 25", node="hastb")


def master_rebooted_and_checked() -> World:
    return then(master_rebooted(), "fsck -p -y -t ufs /dev/hast/test", node="hastb")


@cache
def spare_mounted() -> World:
    return then(recorded_pair(), "newfs -U /dev/vtbd2; mount /dev/vtbd2 /mnt")


@cache
def spare_after_power_cut() -> World:
    """Directories made half a minute before, with fsynced files, when the power was cut."""
    lines = "mkdir /mnt/old; sleep 35; mkdir -p /mnt/one /mnt/two/deep"
    world = then(spare_mounted(), lines, "touch /mnt/old/f /mnt/one/f /mnt/two/deep/f")
    world = faults.power_back(faults.power_cut(world, "hasta"), "hasta")
    return later(world, 60)


def spare_checked() -> World:
    return then(spare_after_power_cut(), "fsck -p -y -t ufs /dev/vtbd2")


def edited(*lines: str) -> Callable[[], World]:
    """The recorded pair after lines of shell on hasta."""
    return lambda: then(recorded_pair(), *lines)
