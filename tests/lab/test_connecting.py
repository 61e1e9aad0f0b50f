"""Who may connect to whom in the lab: addresses, names, identities, sizes, former workers."""

from dataclasses import replace

import pytest

from converge.lab.fresh import recorded_pair
from converge.lab.world import File, World
from tests.lab.hast_steps import (
    after,
    cut,
    do,
    dump,
    fill,
    has_device,
    heal,
    log,
    paired,
    resource,
    state,
    write,
)

REFUSED = "Unable to connect to 192.168.1.52: Connection refused."


def edited(world: World, node: str, old: str, new: str) -> World:
    """That machine's hast.conf with a change, read by a restart of its hastd."""
    files = world.machine(node).files
    text = files["/etc/hast.conf"].text
    assert old in text
    world = world.change(node, files=files.put("/etc/hast.conf", File(text.replace(old, new))))
    return do(world, node, "service hastd restart")


def promoted(world: World) -> World:
    """hasta is made primary and has had a second to call hastb."""
    world = after(do(world, "hasta", "hastctl role primary test"), 1.0)
    assert has_device(world, "hasta")
    return world


@pytest.mark.parametrize(
    ("old", "new", "node", "told"),
    [
        ("resource test", "listen 127.0.0.1:8457\nresource test", "hasta", REFUSED),
        ("resource test", "listen 192.168.1.52:9000\nresource test", "hasta", REFUSED),
        ("remote 192.168.1.51", "remote 192.168.1.99", "hastb", "isn't known."),
        ("resource test", "resource other", "hastb", "No resource 'test' as requested by tcp://"),
    ],
)
def test_a_peer_that_does_not_listen_or_does_not_know(
    old: str, new: str, node: str, told: str
) -> None:
    world = edited(recorded_pair(), "hastb", old, new)
    world = promoted(do(world, "hastb", "hastctl role secondary all"))
    assert state(world, "hasta") == "primary degraded"
    assert told in log(world, node, "daemon.log")


def test_a_peer_that_listens_on_its_own_address_is_found() -> None:
    world = edited(recorded_pair(), "hastb", "resource test", "listen 192.168.1.52\nresource test")
    world = promoted(do(world, "hastb", "hastctl role secondary test"))
    assert state(world, "hasta") == "primary complete"


def test_one_of_two_resources_may_be_meant_for_somebody_else() -> None:
    two = "resource two { on hastb { local /dev/vtbd2 remote 192.168.1.51 } }\nresource test"
    world = edited(recorded_pair(), "hastb", "resource test", two)
    world = edited(world, "hastb", "remote 192.168.1.51\n", "remote 192.168.1.99\n")
    world = promoted(do(world, "hastb", "hastctl role secondary all"))
    assert (state(world, "hasta"), state(world, "hastb")) == ("primary degraded", "secondary -")


def test_the_shared_address_leads_to_oneself() -> None:
    """A pair whose HAST runs over the address that moves: the MASTER never finds its peer."""
    world = edited(recorded_pair(), "hasta", "remote 192.168.1.52", "remote 192.168.1.50")
    world = do(
        do(world, "hastb", "hastctl role secondary test"), "hasta", "hastctl role primary test"
    )
    assert state(after(world, 30.0), "hasta") == "primary degraded"


def test_a_resource_without_a_remote_is_alone_and_content() -> None:
    world = promoted(edited(recorded_pair(), "hasta", "remote 192.168.1.52", "remote none"))
    assert state(world, "hasta") == "primary degraded"
    assert "hast-retry" not in [t.what for t in after(world, 60.0).timers]


@pytest.mark.parametrize("options", ["", "-m 100m", "-e 4m"])
def test_a_copy_with_another_identity_or_size_is_never_connected(options: str) -> None:
    """Neither a foreign resuid nor another size lets them meet, and no hook tells."""
    world = do(paired(), "hastb", "hastctl role init test")
    world = do(world, "hastb", f"hastctl create {options} test")
    if not options:
        disks = world.machine("hastb").disks
        metadata = disks["/dev/vtbd1"].metadata
        assert metadata is not None
        other = replace(disks["/dev/vtbd1"], metadata=replace(metadata, resuid=4711))
        world = world.change("hastb", disks=disks.put("/dev/vtbd1", other))
    world = after(do(world, "hastb", "hastctl role secondary test"), 60.0)
    assert (state(world, "hasta"), state(world, "hastb")) == ("primary degraded", "secondary -")
    assert f"exitcode={75 if options else 78}" in log(world, "hastb")


def test_a_new_call_puts_a_former_worker_away() -> None:
    """The network was away for less than the 20 s that a secondary waits."""
    world, _ = write(paired(), "hasta", x="1")
    before = resource(world, "hastb").worker
    world = do(cut(world), "hasta", "hastctl role init test")
    world = heal(after(world, 5.0))
    assert state(world, "hastb") == "secondary complete"
    world = promoted(world)
    assert (state(world, "hasta"), state(world, "hastb")) == (
        "primary complete",
        "secondary complete",
    )
    assert resource(world, "hastb").worker != before
    assert f"Worker process killed (pid={before}, signal=2)." in log(world, "hastb")


def test_a_primary_that_fills_a_blank_copy_counts_it_as_a_lone_write() -> None:
    world = do(fill(paired(), "hasta", 50), "hastb", "hastctl role init test")
    assert dump(world, "hasta")["localcnt"] == "0"
    world = do(do(world, "hastb", "hastctl create test"), "hastb", "hastctl role secondary test")
    for _ in range(300):
        if state(world, "hastb") == "secondary complete":
            break
        world = after(world, 0.1)
    assert dump(world, "hasta")["localcnt"] == "1"
    assert dump(after(world, 60.0), "hasta")["localcnt"] == "0"
