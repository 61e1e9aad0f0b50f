"""New pairs: what they have and what they lack."""

import pytest

from converge.lab.fresh import (
    BlueDatabase,
    BlueNode,
    Blueprint,
    BlueVolume,
    fresh,
    recorded_pair,
)
from converge.lab.machine import run
from converge.lab.net import talks
from converge.lab.world import Table
from tests.lab.net_steps import after, does

PLAN = Blueprint(
    (
        BlueNode("hasta", "hasta.example.org", "192.168.1.51"),
        BlueNode("hastb", "hastb.example.org", "192.168.1.52"),
    ),
    (BlueVolume("test", "/hast/test", Table({"hasta": "/dev/ad6", "hastb": "/dev/ad6"})),),
    (BlueDatabase("mysql-server", "/hast/test/mysql", "test"),),
    "192.168.1.50",
    ("192.168.1.1",),
)
HAST_CONF = """resource test {
    on hasta {
        local /dev/ad6
        remote 192.168.1.52
    }
    on hastb {
        local /dev/ad6
        remote 192.168.1.51
    }
}
"""


def test_a_fresh_pair_is_bare():
    world = fresh(PLAN)
    for node in ("hasta", "hastb"):
        machine = world.machine(node)
        assert machine.modules == ()
        assert machine.hastd is None
        assert machine.mounts == ()
        assert "/etc/hast.conf" not in machine.files
        assert machine.files["/boot/loader.conf"].text == ""
        rc = machine.files["/etc/rc.conf"].text
        assert rc.splitlines()[0] == f'hostname="{node}.example.org"'
        assert machine.files["/usr/local/etc/rc.d/mysql-server"].mode == "555"
        assert run(world, node, ("ifconfig", "em0", "vhid", "1")).answer.code == 1
    assert world.timers == ()
    assert talks(world, "hasta", "192.168.1.52")
    assert not talks(world, "hasta", "192.168.1.50")
    assert talks(world, "hastb", "192.168.1.1")


def test_its_disks_are_a_pair_in_sync_that_was_mounted_when_the_power_went():
    world = fresh(PLAN)
    a, b = (world.machine(n).disks["/dev/ad6"] for n in ("hasta", "hastb"))
    assert a.ufs == b.ufs
    assert a.ufs is not None
    assert not a.ufs.clean
    assert {"mysql", "mysql/mysql", "mysql/ibdata1"} <= set(a.ufs.files)
    assert a.metadata is not None
    assert b.metadata is not None
    assert a.metadata.resuid == b.metadata.resuid != 0
    assert (a.metadata.localcnt, a.metadata.remotecnt) == (0, 0)
    assert (b.metadata.localcnt, b.metadata.remotecnt) == (0, 0)


def test_two_volumes_are_two_identities():
    volumes = tuple(
        BlueVolume(n, f"/hast/{n}", Table({"hasta": f"/dev/{d}", "hastb": f"/dev/{d}"}))
        for n, d in (("one", "ad6"), ("two", "ad8"))
    )
    world = fresh(Blueprint(PLAN.nodes, volumes))
    disks = world.machine("hasta").disks
    ids = {d.metadata.resuid for d in disks.values() if d.metadata}
    assert len(ids) == 2


def test_it_can_be_set_up_by_hand_and_serves_the_old_rows():
    """What a reconciler has to do, once, with the commands themselves."""
    world = fresh(PLAN)
    for node in ("hasta", "hastb"):
        machine = world.machine(node)
        conf = machine.files.put("/etc/hast.conf", type(machine.files["/etc/rc.conf"])(HAST_CONF))
        world = world.change(node, files=conf)
        world = does(world, node, "service hastd onestart")
    world = does(world, "hastb", "hastctl role secondary test")
    world = after(1, does(world, "hasta", "hastctl role primary test"))
    world = does(world, "hasta", "fsck -p -y -t ufs /dev/hast/test")
    world = does(world, "hasta", "mount /dev/hast/test /hast/test")
    rows = run(world, "hasta", ("cat", "/hast/test/mysql/ibdata1")).answer.stdout
    assert rows == "row 1\nrow 2\nrow 3\n"
    status = run(world, "hasta", ("hastctl", "status", "test")).answer.stdout
    assert "complete primary" in status


@pytest.mark.parametrize("release", ["9.3-RELEASE", "12.4-RELEASE", "14.1-RELEASE"])
def test_other_releases(release):
    nodes = tuple(BlueNode(n.name, n.hostname, n.address, release) for n in PLAN.nodes)
    world = fresh(Blueprint(nodes))
    assert run(world, "hasta", ("uname", "-r")).answer.stdout == f"{release}\n"
    carp = "if_carp" if release.startswith("9") else "carp"
    world = does(world, "hasta", f"kldload {carp}")
    assert run(world, "hasta", ("kldstat", "-q", "-m", "carp")).answer.code == 0


def test_the_recorded_pair_is_the_readmes():
    world = recorded_pair()
    assert world.now == 300.0
    for node in ("hasta", "hastb"):
        machine = world.machine(node)
        assert machine.modules == ("carp", "geom_gate")
        assert machine.hastd is not None
        assert [r.role for r in machine.hastd.resources.values()] == ["init"]
