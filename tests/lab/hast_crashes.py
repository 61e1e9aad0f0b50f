"""Worlds in which machines of a HAST pair died or came back, as some recording says."""

from functools import cache

from converge.lab import faults
from converge.lab.fresh import recorded_pair
from converge.lab.world import World
from tests.lab.fs_worlds import later, mounted, then
from tests.lab.hast_daemons import started
from tests.lab.hast_worlds import BIG, EMPTY_LOG, either, until, until_connected


def taken_over(world: World, lost: str, by: str) -> World:
    """A node loses its power as primary; the other one takes over, checks, mounts and writes."""
    world = later(faults.power_cut(world, lost), 22.0)
    take = "hastctl role primary test; sleep 21; fsck -p -y -t ufs /dev/hast/test > /dev/null"
    return then(world, take, "mount /dev/hast/test /mysql; date > /mysql/db/g", node=by)


@cache
def survivor() -> World:
    """hastb took over from hasta, which is up again with role init."""
    world = then(mounted(), "mkdir /mysql/db; sleep 90; touch /mysql/db/f; sleep 1")
    return later(faults.power_back(taken_over(world, "hasta", "hastb"), "hasta"), 21.0)


@cache
def survivor2() -> World:
    """Then the other way round."""
    world = taken_over(later(called_again(), 20.0), "hastb", "hasta")
    return later(faults.power_back(world, "hastb"), 21.0)


@cache
def called_again() -> World:
    """hasta refuses twice as init, becomes secondary at once and is called ten seconds later."""
    world = until(survivor(), "hasta", "grep -c 'act as' /var/log/daemon.log", "2")
    return later(then(world, "hastctl role secondary test"), 11.0)


def returned_and_promoted() -> World:
    """After that hastb loses its power and hasta is promoted at once."""
    world = later(faults.power_cut(called_again(), "hastb"), 3.0)
    return then(world, "hastctl role primary test")


@cache
def other_way() -> World:
    """hastb is primary and CARP MASTER, hasta secondary and BACKUP."""
    world = then(recorded_pair(), "hastctl role secondary test", EMPTY_LOG)
    world = then(world, "hastctl role primary test; sleep 1", node="hastb")
    world = then(world, "ifconfig vtnet1 vhid 1 advskew 200")
    world = then(world, "ifconfig vtnet1 vhid 1 state master; sleep 5", node="hastb")
    return then(world, "ifconfig vtnet1 vhid 1 advskew 0; sleep 5")


@cache
def peer_just_died() -> World:
    return later(faults.power_cut(other_way(), "hastb"), 3.8)


def promoted_alone() -> World:
    return then(peer_just_died(), "hastctl role primary test")


def database_on_b() -> World:
    world = then(other_way(), "newfs -U /dev/hast/test > /dev/null", node="hastb")
    return then(world, "mount /dev/hast/test /mysql", node="hastb")


@cache
def mounted_dirty() -> World:
    """hasta lost its power and mounted the file system again without a check."""
    world = then(mounted(), "mkdir /mysql/db; sleep 90; touch /mysql/db/f; sleep 1")
    world = later(faults.power_back(faults.power_cut(world, "hasta"), "hasta"), 40.0)
    return then(world, "hastctl role primary test; sleep 5; mount /dev/hast/test /mysql")


@cache
def rebooted() -> World:
    """hasta, primary and mounted, was rebooted cleanly and is up again with role init."""
    return later(faults.clean_reboot(started(mounted()), "hasta"), 60.0)


@cache
def stopped_under_database() -> World:
    return then(started(mounted_dirty()), "service hastd stop; sleep 8")


def with_timeout_5(world: World) -> World:
    line = "printf 'timeout 5\\n' > /tmp/h; cat /etc/hast.conf >> /tmp/h"
    return later(either(world, line, "cat /tmp/h > /etc/hast.conf", "service hastd reload"), 6.0)


@cache
def mid_sync() -> World:
    """timeout 5; hasta has 120 MB for hastb and has been sending them for two seconds."""
    world = later(with_timeout_5(mounted()), 45.0)
    world = then(world, "service hastd stop", node="hastb")
    made = "mkdir -p /mysql/db/test; chown -R mysql:mysql /mysql/db"
    world = then(world, BIG, f"{made}; sleep 70")
    world = then(world, EMPTY_LOG, "service hastd start", node="hastb")
    world = then(world, "hastctl role secondary test", node="hastb")
    return until_connected(world, 2.0)


@cache
def primary_died_mid_sync() -> World:
    return faults.power_cut(mid_sync(), "hasta")


@cache
def promoted_mid_sync() -> World:
    return then(primary_died_mid_sync(), "hastctl role primary test; sleep 6", node="hastb")


def checked_mid_sync() -> World:
    check = "fsck -p -y -t ufs /dev/hast/test > /dev/null"
    return then(promoted_mid_sync(), check, node="hastb")


@cache
def used_mid_sync() -> World:
    use = "fsck -p -y -t ufs /dev/hast/test > /dev/null; mount /dev/hast/test /mysql"
    return then(promoted_mid_sync(), use, node="hastb")


@cache
def first_primary_back() -> World:
    world = then(faults.power_back(used_mid_sync(), "hasta"), "sleep 5", node="hastb")
    return until(world, "hasta", "service hastd onestatus", "running")


def first_primary_refused() -> World:
    world = then(first_primary_back(), "hastctl role secondary test")
    return until(world, "hasta", "grep -c exitcode=78 /var/log/messages", "1")


@cache
def first_primary_secondary() -> World:
    return then(first_primary_back(), "hastctl role secondary test; sleep 14")
