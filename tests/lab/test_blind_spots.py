"""What HAST does not see or does not keep: the lab loses the same things."""

from dataclasses import replace

from converge.lab.fresh import recorded_pair
from converge.lab.world import Disk, File, Table, Ufs, World
from tests.lab.hast_steps import (
    after,
    content,
    cut,
    dirty,
    do,
    dump,
    heal,
    paired,
    plug_pulled,
    resource,
    state,
    text,
    with_conf,
    write,
)


def failing(world: World, node: str) -> World:
    """The same with a disk that takes no writes."""
    disk: Disk = world.machine(node).disks["/dev/vtbd1"]
    new = replace(disk, fails="write")
    return world.change(node, disks=world.machine(node).disks.put("/dev/vtbd1", new))


def test_b1_lone_writes_after_a_sync_from_the_secondary_are_overwritten() -> None:
    world, _ = write(do(paired(), "hastb", "hastctl role init test"), "hasta", x="1")
    world = do(world, "hasta", "hastctl role secondary test")
    world = after(do(world, "hastb", "hastctl role primary test"), 30.0)
    assert dump(world, "hasta")["localcnt"] == "1"
    world = do(cut(world), "hasta", "hastctl role primary test")
    world = after(world, 25.0)
    world, _ = write(world, "hasta", mine="lost")
    assert dump(world, "hasta")["localcnt"] == "1"
    world, _ = write(after(write(world, "hastb", y="2")[0], 25.0), "hastb", y="3")
    world = do(after(world, 25.0), "hasta", "hastctl role secondary test")
    world = after(heal(world), 30.0)
    assert state(world, "hasta") == "secondary complete"
    assert (text(world, "hasta", "mine"), text(world, "hasta", "y")) == (None, "3")


def test_b2_a_write_under_way_when_the_connection_breaks_is_forgotten() -> None:
    world, stall_s = write(cut(paired()), "hasta", x="unheard")
    assert stall_s == 20.0
    world = after(heal(after(world, 30.0)), 30.0)
    assert (state(world, "hasta"), dirty(world, "hasta")) == ("primary complete", 0)
    assert (text(world, "hasta", "x"), text(world, "hastb", "x")) == ("unheard", None)
    other, _ = write(world, "hasta", y="1")
    assert (text(other, "hastb", "y"), content(other, "hastb").torn) == ("1", False)
    restarted = after(do(world, "hasta", "hastctl role init test"), 1.0)
    restarted = after(do(restarted, "hasta", "hastctl role primary test"), 30.0)
    assert text(restarted, "hastb", "x") == "unheard"


def test_b2_is_mended_only_by_a_synchronisation_of_the_same_extents() -> None:
    near, far = "w", ".snap/w"
    base, _ = write(paired(), "hasta", **{near: "0", far: "0"})
    lost, _ = write(cut(after(base, 1.0)), "hasta", **{far: "1"})
    lost = after(lost, 30.0)
    for later, left in ((near, "0"), (".snap/v", "1")):
        world, _ = write(lost, "hasta", **{later: "2"})
        world = after(heal(world), 30.0)
        assert (text(world, "hastb", later), text(world, "hastb", far)) == ("2", left)
        assert not content(world, "hastb").torn


def test_b3_two_blank_copies_are_never_compared() -> None:
    base = recorded_pair()
    for node, word in (("hasta", "a"), ("hastb", "b")):
        disk = base.machine(node).disks["/dev/vtbd1"]
        ufs = Ufs(Table({"x": File(word)}))
        disks = base.machine(node).disks.put("/dev/vtbd1", replace(disk, ufs=ufs))
        base = base.change(node, disks=disks)
    world = do(base, "hastb", "hastctl role secondary test")
    world = after(do(world, "hasta", "hastctl role primary test"), 30.0)
    assert (state(world, "hasta"), dirty(world, "hasta")) == ("primary complete", 0)
    assert text(world, "hastb", "x") == "b"
    told, _ = write(world, "hasta", y="1")
    assert (text(told, "hastb", "x"), content(told, "hastb").torn) == ("b", True)
    world = do(world, "hastb", "hastctl role init test")
    world, _ = write(write(world, "hasta", y="1")[0], "hasta", z="1")
    world = after(do(world, "hastb", "hastctl role secondary test"), 30.0)
    assert (state(world, "hastb"), content(world, "hastb").torn) == ("secondary complete", True)
    for line in ("role init", "create", "role secondary"):
        world = do(world, "hastb", f"hastctl {line} test")
    world = after(world, 60.0)
    assert content(world, "hastb") == content(world, "hasta")
    world, _ = write(do(world, "hastb", "hastctl role init test"), "hasta", v="1")
    world, _ = write(world, "hasta", v="2")
    world = after(do(world, "hastb", "hastctl role secondary test"), 30.0)
    assert content(world, "hastb") == content(world, "hasta")


def test_b3_a_write_makes_no_file_system_on_a_disk_that_has_none() -> None:
    base = recorded_pair()
    disks = base.machine("hasta").disks
    disk = replace(disks["/dev/vtbd1"], ufs=Ufs())
    base = base.change("hasta", disks=disks.put("/dev/vtbd1", disk))
    world = do(base, "hastb", "hastctl role secondary test")
    world = after(do(world, "hasta", "hastctl role primary test"), 1.0)
    world, _ = write(world, "hasta", x="1")
    assert world.machine("hastb").disks["/dev/vtbd1"].ufs is None


def test_memsync_may_lose_the_last_write_and_fullsync_does_not() -> None:
    for conf, left in (("", "old"), ("replication fullsync", "new"), ("replication async", "old")):
        world = with_conf(paired(), conf) if conf else paired()
        world, _ = write(world, "hasta", old="new")
        assert text(plug_pulled(world, "hastb"), "hastb", "old") == left
        later = after(world, 0.01)
        assert text(plug_pulled(later, "hastb"), "hastb", "old") == "new"


def test_b2_what_a_secondary_lost_from_its_queue_is_on_no_map() -> None:
    world, _ = write(paired(), "hasta", old="new")
    world = do(world, "hastb", "hastctl role init test")
    world = after(do(world, "hastb", "hastctl role secondary test"), 40.0)
    assert (state(world, "hasta"), text(world, "hastb", "old")) == ("primary complete", "old")
    world, _ = write(world, "hasta", other="1")
    assert (text(world, "hastb", "other"), text(world, "hastb", "old")) == ("1", "old")
    assert not content(world, "hastb").torn


def test_async_may_lose_the_last_write_with_the_primary() -> None:
    world, _ = write(with_conf(paired(), "replication async"), "hasta", old="new")
    assert text(plug_pulled(world, "hasta"), "hastb", "old") == "old"
    world, _ = write(paired(), "hasta", old="new")
    assert text(plug_pulled(world, "hasta"), "hastb", "old") == "new"


def test_async_writes_do_not_wait_for_a_silent_peer() -> None:
    world = cut(with_conf(paired(), "replication async"))
    assert write(world, "hasta", x="1")[1] == 0.0


def test_a_local_write_error_is_hidden_by_the_peer() -> None:
    world = failing(paired(), "hasta")
    world, _ = write(world, "hasta", x="1")
    assert (text(world, "hasta", "x"), text(world, "hastb", "x")) == (None, "1")
    assert resource(world, "hasta").write_errors > 0
    alone, _ = write(do(world, "hastb", "hastctl role init test"), "hasta", x="2")
    assert (state(alone, "hasta"), dump(alone, "hasta")["localcnt"]) == ("primary degraded", "0")
    world, _ = write(failing(paired(), "hastb"), "hasta", x="1")
    assert (text(world, "hasta", "x"), text(world, "hastb", "x")) == ("1", None)
    assert resource(world, "hastb").write_errors > 0
