"""The list of faults: each can be typed, none changes what it is given, and each can be undone."""

import pytest

from converge.core.errors import UsageError
from converge.core.host import Command, Write
from converge.lab.faults import FAULTS
from converge.lab.fresh import recorded_pair
from converge.lab.host import Lab, LabHost
from converge.lab.machine import run
from tests.lab.fs_worlds import running, then
from tests.lab.net_steps import after, does

WORDS = {"hang": "hastctl", "slow": "hastctl:30", "clock-jump": "-90"}
UNDONE = [
    ("cable-out", "cable-in", ""),
    ("cut", "heal", "lan"),
    ("isolate", "heal", ""),
    ("one-way", "heal", ""),
    ("hang", "unhang", "hastctl"),
    ("disk-read-error", "disk-ok", "/dev/vtbd1"),
    ("disk-write-error", "disk-ok", ""),
    ("disk-full", "disk-free", ""),
    ("power-off", "power-on", ""),
]


@pytest.mark.parametrize("name", sorted(FAULTS))
@pytest.mark.parametrize("before", ["power-on", "power-off"])
def test_every_fault_can_happen_at_any_time(name, before):
    world = FAULTS[before].act(recorded_pair(), "hasta", "")
    copy = hash(world)
    changed = after(120, FAULTS[name].act(world, "hasta", WORDS.get(name, "")))
    assert hash(world) == copy
    assert changed.now == 420.0
    assert FAULTS[name].does


@pytest.mark.parametrize(("name", "undo", "argument"), UNDONE)
def test_a_fault_shows_and_can_be_undone(name, undo, argument):
    world = FAULTS[name].act(recorded_pair(), "hasta", argument)
    assert world != recorded_pair()
    back = after(120, FAULTS[undo].act(world, "hasta", argument))
    machine, was = back.machine("hasta"), recorded_pair().machine("hasta")
    same = ("powered", "booting", "hangs", "disks", "full")
    assert [getattr(machine, f) for f in same] == [getattr(was, f) for f in same]
    assert [i.carrier for i in machine.interfaces.values()] == [True] * 3
    assert back.cuts == frozenset()


def test_a_full_disk_takes_no_file_and_a_free_one_does():
    lab = Lab(FAULTS["disk-full"].act(recorded_pair(), "hasta", ""))
    host = LabHost(lab, "hasta")
    assert written(host).code == 74
    lab.world = FAULTS["disk-free"].act(lab.world, "hasta", "")
    assert written(host).code == 0


def written(host):
    ticket = host.begin(Write("/etc/new", "x" * 5000))
    return host.wait([ticket], float("inf"))[ticket]


def test_a_hung_program_hangs_on_one_node_only():
    world = FAULTS["hang"].act(recorded_pair(), "hasta", "hastctl")
    lab = Lab(world)
    for node, lost in (("hasta", "no answer within 5 s"), ("hastb", "")):
        host = LabHost(lab, node)
        ticket = host.begin(Command(("hastctl", "status"), 5.0))
        assert host.wait([ticket], float("inf"))[ticket].lost == lost


def test_only_the_named_cable_comes_out():
    world = FAULTS["cable-out"].act(recorded_pair(), "hasta", "storage")
    assert world == recorded_pair()
    world = FAULTS["cable-out"].act(recorded_pair(), "hasta", "lan")
    shown = run(world, "hasta", ("ifconfig", "vtnet1")).answer.stdout
    assert "status: no carrier" in shown


def test_a_cable_of_a_dead_machine_is_out_when_it_boots():
    world = FAULTS["power-off"].act(recorded_pair(), "hasta", "")
    world = FAULTS["cable-out"].act(world, "hasta", "lan")
    world = after(60, FAULTS["power-on"].act(world, "hasta", ""))
    assert world.machine("hasta").interfaces["vtnet1"].vhids[0].state == "INIT"
    assert does(world, "hasta", "ifconfig -l") == world


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("cut", "lam"),
        ("cable-out", "x"),
        ("heal", "x"),
        ("hang", ""),
        ("slow", "hastctl"),
        ("slow", ":3"),
        ("slow", "hastctl:-1"),
        ("clock-jump", "soon"),
        ("worker-dies", "nosuch"),
        ("unhang", "nosuch"),
        ("disk-ok", "/dev/no"),
        ("disk-full", "/nope"),
        ("disk-free", "/nope"),
    ],
)
def test_a_word_that_means_nothing_is_refused(name, word):
    with pytest.raises(UsageError):
        FAULTS[name].act(recorded_pair(), "hasta", word)


HANDS = {
    "address-moved": ("ifconfig vtnet1", "carp: BACKUP"),
    "password-changed": ("ifconfig -k vtnet1", "other"),
    "mount-elsewhere": ("mount -p", "/mnt"),
    "data-gone": ("ls /mysql/db/mysql", "No such file"),
    "data-of-others": ("cat /mysql/db/converge.id", "other/mysqld.main"),
}


@pytest.mark.parametrize("name", HANDS)
def test_what_a_person_does_by_hand_shows(name):
    line, says = HANDS[name]
    argv = tuple(line.split())
    world = running()
    was = run(world, "hasta", argv).answer
    now = run(FAULTS[name].act(world, "hasta", ""), "hasta", argv).answer
    assert (now.stdout, now.stderr) != (was.stdout, was.stderr)
    assert says in now.stdout + now.stderr
    assert says not in was.stdout + was.stderr


def test_a_volume_is_unmounted_by_hand_only_while_nobody_uses_it():
    world = FAULTS["volume-away"].act(running(), "hasta", "")
    assert mounts(world) == ["/mysql"]
    world = then(world, "service mysql-server onestop", "chflags schg /mysql")
    world = FAULTS["volume-away"].act(world, "hasta", "")
    assert mounts(world) == []
    assert world.machine("hasta").files["/mysql"].flags == ""


def test_a_volume_that_is_not_mounted_can_be_mounted_meanwhile():
    assert mounts(FAULTS["mount-meanwhile"].act(running(), "hasta", "")) == ["/mysql"]
    world = run(running(), "hasta", ("umount", "-f", "/mysql")).world
    assert mounts(FAULTS["mount-meanwhile"].act(world, "hasta", "")) == ["/mnt"]


def mounts(world):
    return [m.path for m in world.machine("hasta").mounts if "hast" in m.device and not m.gone]
