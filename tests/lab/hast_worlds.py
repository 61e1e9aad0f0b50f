"""Worlds in which a running HAST pair is as some recording says, by commands and faults.

They follow the recorder's story: never created, created, connected, peer stopped, resync,
network cut, both primary, split-brain. Dead machines are in hast_crashes.
"""

from functools import cache

from converge.lab.fresh import recorded_pair
from converge.lab.shell import sh
from converge.lab.world import World
from tests.lab.fs_worlds import later, then
from tests.lab.hast_steps import cut, heal

WIPE = "dd if=/dev/zero of=/dev/vtbd1 bs=1m count=1 2> /dev/null"
EMPTY_LOG = "printf '' > /var/log/daemon.log"
EMPTY_MESSAGES = "printf '' > /var/log/messages"


def either(world: World, *lines: str) -> World:
    """The same lines on both machines."""
    return then(then(world, *lines), *lines, node="hastb")


@cache
def uncreated() -> World:
    return either(recorded_pair(), WIPE, EMPTY_MESSAGES)


@cache
def promoted_in_vain() -> World:
    return then(uncreated(), "hastctl role primary test")


@cache
def demoted_in_vain() -> World:
    return then(uncreated(), "hastctl role secondary test; sleep 2", node="hastb")


@cache
def waiting() -> World:
    """hastb is secondary, hasta still init."""
    return then(recorded_pair(), "hastctl role secondary test", node="hastb")


def first_primary() -> World:
    return then(waiting(), "hastctl role primary test; sleep .1")


@cache
def connected() -> World:
    return then(waiting(), EMPTY_LOG, "hastctl role primary test; sleep 1")


@cache
def connected_with_logs() -> World:
    """The first connect of the second series: both logs were emptied before."""
    world = either(recorded_pair(), EMPTY_LOG, EMPTY_MESSAGES)
    world = then(world, "hastctl role secondary test", node="hastb")
    return then(world, "hastctl role primary test; sleep 1")


@cache
def written_once() -> World:
    """A file system is on the device; it was mounted and unmounted."""
    make = "newfs -U /dev/hast/test > /dev/null; mount /dev/hast/test /mysql; touch /mysql/w.txt"
    return then(connected_with_logs(), f"{make}; umount /mysql; sleep 1")


@cache
def changed_roles() -> World:
    """Five times to init and back, three times to secondary and back, as it was timed."""
    world = connected_with_logs()
    for role in (*["init"] * 5, *["secondary"] * 3):
        world = then(world, f"hastctl role {role} test; sleep .5")
        world = then(world, "hastctl role primary test; sleep .5")
    return world


@cache
def in_use() -> World:
    """The same, and mounted; that took less than two seconds."""
    make = "newfs -U /dev/hast/test > /dev/null; mount /dev/hast/test /mysql"
    return then(changed_roles(), f"{make}; touch /mysql/w.txt")


@cache
def peer_stopped() -> World:
    return later(then(in_use(), "service hastd stop", node="hastb"), 1.0)


BIG = "dd if=/dev/zero of=/mysql/big bs=1m count=100 2> /dev/null"


@cache
def degraded() -> World:
    """100 MB written meanwhile; the refused call at ten seconds is over."""
    return then(peer_stopped(), BIG, "sleep 1")


@cache
def peer_back() -> World:
    return then(degraded(), "service hastd start", node="hastb")


@cache
def resyncing() -> World:
    return then(peer_back(), "hastctl role secondary test", node="hastb")


def until(world: World, node: str, line: str, said: str) -> World:
    """When a line first prints that; looked at every tenth of a second."""
    for _ in range(400):
        if said in sh(world, node, line).answer.stdout.split():
            return world
        world = later(world, 0.1)
    raise AssertionError(f"{node}: {line} never prints {said}")


def until_connected(world: World, seconds: float) -> World:
    """So many seconds after the moment when hasta calls itself complete."""
    return later(until(world, "hasta", "hastctl status", "complete"), seconds)


@cache
def resynced() -> World:
    return until_connected(resyncing(), 20.0)


@cache
def cut_and_idle() -> World:
    return later(cut(later(resynced(), 90.0)), 45.0)


@cache
def healed() -> World:
    return later(heal(cut_and_idle()), 30.0)


WRITE = "date >> /mysql/w.txt; sleep .2"


def writes(world: World, seconds: float) -> World:
    """Small writes all the time."""
    until = world.now + seconds
    while world.now < until:
        world = then(world, WRITE)
    return world


@cache
def cut_and_writing() -> World:
    return writes(cut(writes(healed(), 2.0)), 45.0)


@cache
def healed_again() -> World:
    return writes(heal(cut_and_writing()), 20.0)


@cache
def both_primary() -> World:
    """hastb's daemon.log was emptied before; a second later something is written on hasta."""
    world = then(healed_again(), EMPTY_LOG, node="hastb")
    return writes(then(world, "hastctl role primary test", node="hastb"), 1.0)


@cache
def both_primary_unchecked() -> World:
    return writes(both_primary(), 24.0)


@cache
def both_primary_later() -> World:
    return then(
        both_primary_unchecked(), "fsck -p -y -t ufs /dev/hast/test > /dev/null", node="hastb"
    )


@cache
def split() -> World:
    """hastb has gone back to secondary and was called once."""
    world = then(both_primary_later(), "hastctl role secondary test", node="hastb")
    return later(until(world, "hastb", "grep -c exitcode=78 /var/log/messages", "1"), 6.0)


@cache
def split_for_long() -> World:
    """hasta has just called for the third time."""
    calls = "grep -c Connection /var/log/daemon.log"
    return until(split(), "hastb", calls, str(2 + 3 * 2))


def create_while_primary() -> World:
    return then(connected(), "hastctl create test")
