"""The lab keeps the times of the recorded time lines (within 1 s or 10 %)."""

import pytest

from converge.lab.machine import boot
from converge.lab.world import World
from tests.lab.hast_steps import (
    after,
    cut,
    dirty,
    do,
    dump,
    fill,
    has_device,
    heal,
    log,
    moment,
    paired,
    plug_pulled,
    resource,
    said,
    state,
    text,
    with_conf,
    write,
)


def until_device(world: World, node: str, within: float) -> float:
    """Seconds from now until the device node is there."""
    start = world.now
    while world.now - start <= within:
        if has_device(world, node):
            return world.now - start
        world = after(world, 0.01)
    raise AssertionError(f"no device within {within} s")


def test_device_after_role_primary_with_a_connected_peer() -> None:
    """timing-role-primary-device.txt: 0.05 to 0.1 s after the command, gone at once before."""
    world = do(paired(), "hasta", "hastctl role init test")
    assert not has_device(world, "hasta")
    world = do(world, "hasta", "hastctl role primary test")
    assert 0.04 <= until_device(world, "hasta", 1.0) <= 0.11


@pytest.mark.parametrize(("conf", "recorded"), [("", 19.645), ("timeout 5", 4.881)])
def test_device_after_role_primary_with_a_dead_peer(conf: str, recorded: float) -> None:
    """timeline-failover-manual.txt and timeline-failover-manual-timeout5.txt."""
    world = plug_pulled(with_conf(paired(), conf) if conf else paired(), "hasta")
    world = do(after(world, 2.5), "hastb", "hastctl role primary test")
    assert state(world, "hastb") == "primary degraded"
    assert until_device(world, "hastb", 30.0) == pytest.approx(recorded, abs=0.5)


def test_dead_primary_is_noticed_after_two_keepalives() -> None:
    """timeline-failover-script.txt: written until the end, gone after 20.78 s."""
    world = plug_pulled(write(paired(), "hasta", x="1")[0], "hasta")
    assert state(after(world, 3.0), "hastb") == "secondary complete"
    assert moment(world, "hastb", "secondary -", 30.0) == pytest.approx(20.78, abs=1.0)


def test_cut_network_and_an_idle_primary() -> None:
    """timeline-hast-partition-idle.txt: the last keepalive was 7.2 s before the cut."""
    base = paired()
    spoke = resource(base, "hasta").spoke
    world = cut(after(base, (7.2 - (base.now - spoke)) % 10.0))
    assert moment(world, "hastb", "secondary -", 30.0) == pytest.approx(12.78, abs=0.3)
    world = after(world, 46.4)
    assert state(world, "hasta") == "primary complete"
    world = heal(world)
    noticed = moment(world, "hasta", "primary degraded", 15.0)
    assert noticed == pytest.approx(53.11 - 46.38, abs=1.0)
    again = moment(after(world, noticed), "hasta", "primary complete", 15.0)
    assert again <= 11.0
    assert "exitcode=75" in log(after(world, 20.0), "hastb")


def test_cut_network_and_a_writing_primary() -> None:
    """timeline-hast-partition-writes.txt: the first write hangs 20.2 s, then degraded."""
    world, _ = write(paired(), "hasta", w="0")
    world = after(cut(after(world, 0.2)), 0.2)
    world, stall_s = write(world, "hasta", w="1")
    assert stall_s == pytest.approx(20.2, abs=0.5)
    assert (state(world, "hasta"), dirty(world, "hasta") > 0) == ("primary complete", True)
    assert moment(world, "hastb", "secondary -", 30.0) == pytest.approx(19.84, abs=0.5)
    assert moment(world, "hasta", "primary degraded", 30.0) == pytest.approx(20.76, abs=1.0)
    world, stall_s = write(after(world, 21.0), "hasta", w="2")
    assert (stall_s, dirty(world, "hasta")) == (0.0, 4)
    world = heal(after(world, 25.0))
    assert moment(world, "hasta", "primary complete", 15.0) <= 11.0
    assert text(after(world, 15.0), "hastb", "w") == "2"


def resync() -> tuple[World, float]:
    """100 MB written while the peer's hastd was down; the world when it is secondary again."""
    world = do(paired(), "hastb", "service hastd stop")
    world = fill(world, "hasta", 100)
    world = do(do(world, "hastb", "service hastd start"), "hastb", "hastctl role secondary test")
    return world, moment(world, "hasta", "primary complete", 11.0)


def test_resync_drains_at_the_recorded_rate() -> None:
    """timeline-hast-resync.txt: 110 MB at 1.6 s, then down to 0 at about 15.3 s."""
    world, began = resync()
    assert dirty(world, "hasta") == 110
    world = after(world, began)
    for seconds, left in [(2.8, 92), (5.9, 64), (8.3, 46), (11.0, 23), (13.0, 6)]:
        assert dirty(after(world, seconds), "hasta") == pytest.approx(left, abs=12)
    assert dirty(after(world, 13.0), "hasta") > 0
    assert dirty(after(world, 14.5), "hasta") == 0


def test_nothing_but_dirty_tells_that_a_resync_runs() -> None:
    """Fact 4: both sides say complete, the secondary says 0."""
    world, began = resync()
    world = after(world, began + 3.0)
    assert state(world, "hasta") == "primary complete"
    assert state(world, "hastb") == "secondary complete"
    assert (dirty(world, "hasta") > 0, dirty(world, "hastb")) == (True, 0)
    ufs = world.machine("hastb").disks["/dev/vtbd1"].ufs
    assert ufs is not None
    assert ufs.torn


def test_full_synchronisation_of_a_new_copy() -> None:
    """timeline-hast-splitbrain-resolved.txt: some 11 s for 256 MB with 100 MB in use."""
    world, began = resync()
    world = after(world, began + 20.0)
    for line in ("role init", "create", "role secondary"):
        world = do(world, "hastb", f"hastctl {line} test")
    world = after(world, moment(world, "hasta", "primary degraded", 25.0))
    world = after(world, moment(world, "hasta", "primary complete", 12.0) + 0.1)
    assert dirty(world, "hasta") == pytest.approx(250, abs=10)
    spans = [n / 10 for n in range(400) if dirty(after(world, n / 10), "hasta") > 0]
    assert 7.0 <= max(spans) <= 20.0
    assert dump(after(world, 30.0), "hasta")["localcnt"] == "0"


def test_both_primary_the_second_one_waits_for_its_timeout() -> None:
    """hast-dual-primary-*: refused every second from 05:19:32 to 05:19:54, then it starts."""
    world = do(paired(), "hastb", "hastctl role primary test")
    assert not has_device(after(world, 7.0), "hastb")
    assert until_device(world, "hastb", 30.0) == pytest.approx(22.0, abs=1.5)
    world = after(world, 25.0)
    refused = "We act as primary for the resource and not as secondary as requested by tcp://"
    assert log(world, "hasta").count(refused) == pytest.approx(20, abs=2)
    assert state(world, "hastb") == "primary degraded"


def test_a_returned_node_is_called_within_ten_seconds() -> None:
    """timeline-rejoin.txt: 10.24 s, timeline-rejoin2.txt: 7.26 s; then a short resync."""
    world = plug_pulled(paired(), "hasta")
    world = after(do(after(world, 25.0), "hastb", "hastctl role primary test"), 25.0)
    world, _ = write(world, "hastb", new="new")
    world = after(boot.power_on(world, "hasta"), 40.0)
    assert state(world, "hasta") == "init -"
    world = do(world, "hasta", "hastctl role secondary test")
    called = moment(world, "hastb", "primary complete", 11.0)
    world = after(world, called)
    assert dirty(world, "hastb") > 0
    world = after(world, 3.0)
    assert (dirty(world, "hastb"), text(world, "hasta", "new")) == (0, "new")


def test_withdrawn_promotion() -> None:
    """timeline-promotion-withdrawn.txt, both trials: no split-brain without a write."""
    for seconds, device in ((11.0, False), (26.0, True)):
        world = after(cut(write(paired(), "hasta", w="1")[0]), 6.0)
        world = do(world, "hastb", "hastctl role primary test")
        world, _ = write(world, "hasta", w="2")
        world = after(world, seconds)
        assert has_device(world, "hastb") is device
        if device:
            assert do(world, "hastb", "dd if=/dev/hast/test of=/dev/null bs=512 count=1")
        world = do(world, "hastb", "hastctl role secondary test")
        assert dump(world, "hastb")["localcnt"] == "0"
        world, _ = write(after(world, 30.0), "hasta", w="3")
        assert dump(world, "hasta")["localcnt"] == "1"
        world = after(heal(world), 25.0)
        assert (state(world, "hasta"), state(world, "hastb")) == (
            "primary complete",
            "secondary complete",
        )
        assert text(world, "hastb", "w") == "3"


def test_split_brain_shows_a_worker_for_half_a_second_every_ten() -> None:
    """timeline-hast-splitbrain.txt: one flashes up, at other times none is there."""
    world, _ = write(after(cut(paired()), 1.0), "hasta", w="1")
    world = after(do(world, "hastb", "hastctl role primary test"), 25.0)
    world = do(write(world, "hastb", w="2")[0], "hastb", "hastctl role secondary test")
    world = after(heal(world), 60.0)
    seen = [
        "secondary" in said(after(world, n / 5), "hastb", "pgrep -lf 'hastd: test'")
        for n in range(100)
    ]
    assert 2 <= sum(seen) <= 8
