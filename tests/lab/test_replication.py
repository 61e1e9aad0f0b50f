"""Writes, counters, synchronisation, split-brain and the blind spots of the lab's HAST."""

from dataclasses import replace

import pytest

from converge.lab.hast import storage
from converge.lab.machine import boot
from converge.lab.world import World
from tests.lab.hast_steps import (
    DEVICE,
    after,
    content,
    cut,
    dirty,
    do,
    dump,
    fill,
    heal,
    hooks,
    log,
    moment,
    paired,
    plug_pulled,
    shown,
    state,
    text,
    with_conf,
    write,
)


def swap(world: World, to: str, was: str) -> World:
    """Planned: demote there, promote here, wait for the short synchronisation."""
    world = do(after(world, 0.1), was, "hastctl role secondary test")
    return after(do(world, to, "hastctl role primary test"), 30.0)


def both_wrote() -> World:
    """The network was cut, both were primary and wrote; hastb is secondary again."""
    world, _ = write(after(cut(paired()), 1.0), "hasta", w="a")
    world = after(do(world, "hastb", "hastctl role primary test"), 25.0)
    world, _ = write(world, "hastb", w="b")
    world, _ = write(world, "hasta", v="a")
    return after(heal(do(world, "hastb", "hastctl role secondary test")), 35.0)


def test_a_write_is_on_both_disks() -> None:
    world, stall_s = write(paired(), "hasta", x="1")
    assert (stall_s, text(world, "hasta", "x"), text(world, "hastb", "x")) == (0.0, "1", "1")
    assert dump(world, "hasta")["localcnt"] == "0"
    assert dirty(world, "hasta") == 0


def test_the_first_lone_write_raises_localcnt_once() -> None:
    world = do(paired(), "hastb", "hastctl role init test")
    world, _ = write(world, "hasta", x="1")
    assert state(world, "hasta") == "primary degraded"
    assert (dump(world, "hasta")["localcnt"], dump(world, "hasta")["prevrole"]) == ("1", "primary")
    world, _ = write(world, "hasta", x="2")
    assert dump(world, "hasta")["localcnt"] == "1"
    assert text(world, "hastb", "x") is None


def test_a_synchronisation_makes_the_counters_fit_crosswise() -> None:
    world = do(paired(), "hastb", "hastctl role init test")
    world, _ = write(write(world, "hasta", x="1")[0], "hasta", x="2")
    world = after(do(world, "hastb", "hastctl role secondary test"), 20.0)
    assert text(world, "hastb", "x") == "2"
    assert (dump(world, "hasta")["localcnt"], dump(world, "hastb")["remotecnt"]) == ("0", "0")
    assert content(world, "hasta") == content(world, "hastb")


def test_split_brain_freezes_both() -> None:
    """hast-splitbrain-*: the primary degraded, the other without a worker, exitcode=78."""
    world = both_wrote()
    assert (state(world, "hasta"), state(world, "hastb")) == ("primary degraded", "secondary -")
    assert "[test] (secondary) Worker process exited ungracefully" in log(world, "hastb")
    assert "exitcode=78" in log(world, "hastb")
    assert "split" not in (log(world, "hasta") + log(world, "hastb")).lower()
    assert (text(world, "hasta", "w"), text(world, "hastb", "w")) == ("a", "b")
    world = after(world, 300.0)
    assert log(world, "hastb").count("exitcode=78") == 3
    assert replace(after(world, 100.0), now=world.now) == world


def test_split_brain_is_told_to_the_hook_on_both_sides() -> None:
    world = with_conf(paired(), "exec /usr/local/sbin/hook")
    world, _ = write(after(cut(world), 1.0), "hasta", w="a")
    world = after(do(world, "hastb", "hastctl role primary test"), 25.0)
    world, _ = write(world, "hastb", w="b")
    world = do(world, "hastb", "hastctl role secondary test")
    world = after(heal(after(world, 20.0)), 30.0)
    for node in ("hasta", "hastb"):
        assert "split-brain test" in hooks(world, node)


def test_the_way_out_of_a_split_brain() -> None:
    world = both_wrote()
    for line in ("role init", "create", "role secondary"):
        world = do(world, "hastb", f"hastctl {line} test")
    world = after(world, 40.0)
    assert (state(world, "hasta"), state(world, "hastb")) == (
        "primary complete",
        "secondary complete",
    )
    assert content(world, "hasta") == content(world, "hastb")
    assert (text(world, "hastb", "w"), dump(world, "hasta")["localcnt"]) == ("a", "0")


def test_a_lone_fsck_is_enough_for_a_split_brain() -> None:
    """Fact 28: any write on both sides, here the mark of a check."""
    world = after(do(paired(), "hastb", "hastctl role primary test"), 30.0)
    ufs = shown(world, "hastb")
    world, _ = storage.write(world, "hastb", DEVICE, replace(ufs, last_mounted="/x"))
    world, _ = write(world, "hasta", w="a")
    world = after(do(world, "hastb", "hastctl role secondary test"), 15.0)
    assert "exitcode=78" in log(world, "hastb")


def test_a_half_synchronised_copy_can_be_promoted_and_is_torn() -> None:
    """Fact 5, B4, hast-midsync-*: the verdict comes only when the first primary returns."""
    world = fill(do(paired(), "hastb", "service hastd stop"), "hasta", 100)
    world = do(do(world, "hastb", "service hastd start"), "hastb", "hastctl role secondary test")
    world = plug_pulled(after(world, 12.0), "hasta")
    assert content(world, "hastb").torn
    world = after(do(world, "hastb", "hastctl role primary test"), 25.0)
    assert (dump(world, "hastb")["localcnt"], dump(world, "hastb")["prevrole"]) == (
        "0",
        "secondary",
    )
    assert shown(world, "hastb").torn
    world, _ = write(world, "hastb", w="b")
    world = after(boot.power_on(world, "hasta"), 40.0)
    world = after(do(world, "hasta", "hastctl role secondary test"), 15.0)
    assert "exitcode=78" in log(world, "hasta")


def mid_sync() -> World:
    """100 MB were written while hastb was away; some seconds of the copying are over."""
    world = fill(do(paired(), "hastb", "hastctl role init test"), "hasta", 100)
    world = do(world, "hastb", "hastctl role secondary test")
    world = after(world, moment(world, "hasta", "primary complete", 21.0) + 4.0)
    assert 60 < dirty(world, "hasta") < 110
    return world


def test_a_synchronisation_waits_for_a_short_gap_of_the_network() -> None:
    world = mid_sync()
    left = dirty(world, "hasta")
    world = after(cut(world), 12.0)
    assert dirty(world, "hasta") == left
    assert state(world, "hastb") == "secondary complete"
    world = after(heal(world), 5.0)
    assert 0 < dirty(world, "hasta") < left
    world = after(world, 10.0)
    assert (dirty(world, "hasta"), state(world, "hasta")) == (0, "primary complete")
    assert content(world, "hasta") == content(world, "hastb")


def test_a_synchronisation_breaks_off_in_a_long_gap_and_goes_on_later() -> None:
    """Its own request waits for an answer: degraded after the timeout, without any write."""
    world = mid_sync()
    left = dirty(world, "hasta")
    world = after(cut(world), 21.0)
    assert (state(world, "hasta"), state(world, "hastb")) == ("primary degraded", "secondary -")
    assert dirty(world, "hasta") == left
    assert content(world, "hastb").torn
    world = after(heal(world), 30.0)
    assert content(world, "hasta") == content(world, "hastb")
    assert dump(world, "hasta")["localcnt"] == "0"


def test_a_synchronisation_notices_at_once_that_the_peer_has_gone() -> None:
    world = do(mid_sync(), "hastb", "hastctl role init test")
    assert state(world, "hasta") == "primary degraded"
    assert content(world, "hastb").torn


def test_a_secondary_hears_of_its_primary_until_a_synchronisation_breaks_off() -> None:
    world = plug_pulled(mid_sync(), "hasta")
    assert moment(world, "hastb", "secondary -", 25.0) == pytest.approx(20.0, abs=0.2)


def test_a_write_during_a_synchronisation_does_not_make_the_copy_whole() -> None:
    world, _ = write(mid_sync(), "hasta", x="1")
    assert (text(world, "hastb", "x"), content(world, "hastb").torn) == ("1", True)


def test_a_stale_primary_reads_from_its_peer_until_it_has_caught_up() -> None:
    world = do(paired(), "hastb", "hastctl role init test")
    world = fill(write(world, "hasta", x="new")[0], "hasta", 20)
    world = do(world, "hasta", "hastctl role secondary test")
    world = do(world, "hastb", "hastctl role primary test")
    world = after(world, 0.5)
    assert shown(world, "hastb").files["x"].text == "new"
    assert content(world, "hastb").torn
    assert dirty(world, "hastb") > 0
    world = after(world, 30.0)
    assert content(world, "hastb") == content(world, "hasta")
    assert (dump(world, "hastb")["localcnt"], dump(world, "hastb")["remotecnt"]) == ("0", "1")


def test_a_stale_primary_that_loses_its_peer_can_read_nothing() -> None:
    world = fill(do(paired(), "hastb", "hastctl role init test"), "hasta", 100)
    world = do(world, "hasta", "hastctl role secondary test")
    world = after(do(world, "hastb", "hastctl role primary test"), 2.0)
    found = storage.device(plug_pulled(world, "hasta"), "hastb", DEVICE)
    assert found is not None
    assert found.fails == "read"


def test_planned_swaps_back_and_forth_keep_both_the_same() -> None:
    world, _ = write(swap(paired(), "hastb", "hasta"), "hastb", x="b")
    world, _ = write(swap(world, "hasta", "hastb"), "hasta", y="a")
    assert (text(world, "hastb", "x"), text(world, "hastb", "y")) == ("b", "a")
    assert content(world, "hasta") == content(world, "hastb")
    assert (state(world, "hasta"), state(world, "hastb")) == (
        "primary complete",
        "secondary complete",
    )
