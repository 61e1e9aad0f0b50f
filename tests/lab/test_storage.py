"""HAST devices and roles of the lab: when a device comes and goes, and for whom."""

from dataclasses import replace

import pytest

from converge.lab.fresh import recorded_pair
from converge.lab.hast import storage
from converge.lab.machine import boot
from converge.lab.world import Disk, File, Metadata, Mount, World
from tests.lab.hast_steps import (
    DEVICE,
    after,
    cut,
    do,
    fill,
    has_device,
    heal,
    log,
    paired,
    plug_pulled,
    shown,
    state,
    text,
    write,
)


def without_metadata(world: World, node: str) -> World:
    disks = world.machine(node).disks
    blank = replace(disks["/dev/vtbd1"], metadata=None)
    return world.change(node, disks=disks.put("/dev/vtbd1", blank))


def mounted(world: World, node: str) -> World:
    mount = Mount(DEVICE, "/mysql", ufs=shown(world, node), since=world.now)
    return world.change(node, mounts=(mount,))


def test_a_stable_pair_waits_for_nothing_and_only_gets_older() -> None:
    world = paired()
    assert [t for t in world.timers if t.what.startswith("hast-")] == []
    later = after(world, 1000.0)
    assert replace(later, now=world.now) == world


@pytest.mark.parametrize("end", ["hastctl role init test", "service hastd stop"])
def test_a_pair_without_a_secondary_becomes_stable_too(end: str) -> None:
    world = after(do(paired(), "hastb", end), 100.0)
    assert state(world, "hasta") == "primary degraded"
    assert [t for t in world.timers if t.what.startswith("hast-")] == []


def test_role_primary_without_metadata_says_0_and_is_init() -> None:
    """hast-nometa-*: only the log tells."""
    world = without_metadata(recorded_pair(), "hasta")
    world = after(do(world, "hasta", "hastctl role primary test"), 2.0)
    assert (state(world, "hasta"), has_device(world, "hasta")) == ("init -", False)
    unable = "[test] (primary) Unable to read metadata from /dev/vtbd1: No such file or directory."
    assert unable in log(world, "hasta")
    assert "exitcode=66" in log(world, "hasta")


def test_role_secondary_looks_at_the_disk_only_when_a_primary_comes() -> None:
    world = do(without_metadata(recorded_pair(), "hastb"), "hastb", "hastctl role secondary test")
    assert (state(world, "hastb"), log(world, "hastb").count("hastd[")) == ("secondary -", 0)
    world = after(do(world, "hasta", "hastctl role primary test"), 1.0)
    assert "[test] (secondary) Unable to read metadata" in log(world, "hastb")
    assert (state(world, "hasta"), state(world, "hastb")) == ("primary degraded", "secondary -")


def test_a_foreign_disk_or_a_kernel_without_gates_is_no_primary() -> None:
    disks = recorded_pair().machine("hasta").disks
    foreign = Disk(metadata=Metadata(resource="other"))
    world = recorded_pair().change("hasta", disks=disks.put("/dev/vtbd1", foreign))
    world = do(world, "hasta", "hastctl role primary test")
    assert "Provider /dev/vtbd1 is not part of resource test." in log(world, "hasta")
    world = do(recorded_pair(), "hasta", "kldunload geom_gate")
    world = do(world, "hasta", "hastctl role primary test")
    assert "exitcode=72" in log(world, "hasta")


@pytest.mark.parametrize(
    ("end", "told"),
    [
        ("hastctl role init test", "We act as init for the resource and not as secondary"),
        ("service hastd stop", ""),
    ],
)
def test_a_peer_that_refuses_costs_no_time(end: str, told: str) -> None:
    world = do(do(paired(), "hastb", end), "hasta", "hastctl role init test")
    world = after(do(world, "hasta", "hastctl role primary test"), 0.2)
    assert (state(world, "hasta"), has_device(world, "hasta")) == ("primary degraded", True)
    assert told in log(world, "hastb")
    refused = "Unable to connect to 192.168.1.52: Connection refused."
    assert (refused in log(world, "hasta", "daemon.log")) is (told == "")


def test_an_idle_primary_notices_a_stopped_peer_at_its_second_keepalive() -> None:
    """hast-peer-stopped-1s-*: complete for a while."""
    world = do(paired(), "hastb", "service hastd stop")
    assert state(after(world, 1.0), "hasta") == "primary complete"
    assert state(after(world, 20.0), "hasta") == "primary degraded"


def test_demotion_takes_the_device_from_under_a_mount() -> None:
    """mounted-role-secondary-*: 0 at once, the mount stands, later the kernel gives it up."""
    world = do(mounted(paired(), "hasta"), "hasta", "hastctl role secondary test")
    assert not has_device(world, "hasta")
    (mount,) = world.machine("hasta").mounts
    assert (mount.gone, mount.path) == (True, "/mysql")
    world = after(world, 6.0)
    assert world.machine("hasta").mounts == ()
    gave_up = "kernel: UFS: forcibly unmounting /dev/hast/test from /mysql"
    assert gave_up in log(world, "hasta")


def test_a_queued_write_is_on_the_disk_in_no_time() -> None:
    world, _ = write(paired(), "hasta", x="1")
    assert world.machine("hastb").disks["/dev/vtbd1"].queued is not None
    world = storage.react(after(world, 0.01))
    assert world.machine("hastb").disks["/dev/vtbd1"].queued is None


def test_a_file_system_made_below_hast_takes_the_disk_over() -> None:
    world = do(do(paired(), "hasta", "hastctl role init test"), "hasta", "newfs -U /dev/vtbd1")
    assert world.machine("hasta").disks["/dev/vtbd1"].metadata is None
    found = storage.device(world, "hasta", "/dev/vtbd1")
    assert found is not None
    assert found.ufs is not None


def test_a_power_cut_leaves_disks_and_nothing_else() -> None:
    world = plug_pulled(fill(paired(), "hasta", 10), "hasta")
    assert not [t for t in world.timers if t.node == "hasta"]
    world = after(boot.power_on(world, "hasta"), 40.0)
    assert (state(world, "hasta"), storage.device(world, "hasta", DEVICE)) == ("init -", None)
    disk = world.machine("hasta").disks["/dev/vtbd1"]
    assert disk.metadata is not None
    assert (disk.metadata.prevrole, disk.metadata.dirty > 0) == ("primary", True)


def test_a_network_that_is_back_in_time_delivers_what_waited() -> None:
    world, _ = write(cut(write(paired(), "hasta", x="0")[0]), "hasta", x="1")
    world = after(heal(after(world, 9.0)), 20.0)
    assert (state(world, "hasta"), state(world, "hastb")) == (
        "primary complete",
        "secondary complete",
    )
    assert text(world, "hastb", "x") == "1"


def test_two_resources_live_side_by_side() -> None:
    world = recorded_pair()
    for node, peer in (("hasta", "192.168.1.52"), ("hastb", "192.168.1.51")):
        files = world.machine(node).files
        on = f"on {node} {{ local /dev/vtbd2 remote {peer} }}"
        more = files["/etc/hast.conf"].text + f"resource two {{ name data {on} }}\n"
        world = world.change(node, files=files.put("/etc/hast.conf", File(more)))
        world = do(do(world, node, "hastctl create two"), node, "service hastd restart")
    for node, name, role in (("hastb", "test", "secondary"), ("hasta", "two", "secondary")):
        world = do(world, node, f"hastctl role {role} {name}")
    world = do(
        do(world, "hasta", "hastctl role primary test"), "hastb", "hastctl role primary two"
    )
    world = after(world, 1.0)
    assert storage.device_nodes(world, "hasta")[0] == "/dev/hast/test"
    assert storage.device_nodes(world, "hastb")[0] == "/dev/hast/data"
    assert (state(world, "hasta", "two"), state(world, "hastb", "two")) == (
        "secondary complete",
        "primary complete",
    )
    found = storage.device(world, "hastb", "/dev/hast/data")
    assert found is not None
    assert found.size == 67108864 - 4608
    world = do(world, "hasta", "hastctl role init all")
    assert (state(world, "hasta"), state(world, "hasta", "two")) == ("init -", "init -")
