"""Who reaches whom, and what the network's programs say when nobody answers."""

import pytest

from converge.lab import faults
from converge.lab.fresh import BlueNode, Blueprint, fresh, recorded_pair
from converge.lab.machine import run
from converge.lab.net import owner, reaches, talks
from tests.lab.net_steps import DROP_VIP, after, does, session

A, B, VIP, ROUTER = "192.168.1.51", "192.168.1.52", "192.168.1.50", "192.168.1.1"


def two_cables():
    nodes = [
        BlueNode("hasta", "hasta", A, storage_address="10.0.0.1"),
        BlueNode("hastb", "hastb", B, storage_address="10.0.0.2"),
    ]
    return fresh(Blueprint(tuple(nodes), others=(ROUTER,)))


def test_the_master_owns_the_vip_and_the_backup_reaches_it_over_the_wire():
    world = recorded_pair()
    assert owner(world, VIP) == "hasta"
    assert talks(world, "hastb", VIP)
    assert owner(world, "192.168.1.99") is None
    assert owner(session()["up"], VIP) == "hastb"


def test_two_masters_each_talk_to_themselves():
    world = session()["partition"]
    assert reaches(world, "hasta", VIP)
    assert reaches(world, "hastb", VIP)
    assert not reaches(world, "hasta", B)
    assert owner(world, VIP, "hasta") == "hasta"
    assert owner(world, VIP, "hastb") == "hastb"


def test_one_way_loss_lets_packets_pass_but_nobody_talks():
    world = faults.one_way(two_cables(), "hasta", "lan")
    assert reaches(world, "hastb", A)
    assert not reaches(world, "hasta", B)
    assert not talks(world, "hastb", A)
    assert talks(world, "hasta", ROUTER)
    assert talks(world, "hasta", "10.0.0.2")


def test_isolated_nodes_do_not_reach_the_router_either():
    world = faults.isolate(two_cables(), "hasta")
    assert not talks(world, "hasta", ROUTER)
    assert talks(world, "hastb", ROUTER)
    assert talks(faults.heal(world, "hasta"), "hasta", ROUTER)
    both = faults.heal(faults.isolate(world, "hastb"), "hasta")
    assert talks(both, "hasta", ROUTER)
    assert not talks(both, "hastb", ROUTER)


@pytest.mark.parametrize("fault", ["power-off", "cable-out"])
def test_a_machine_that_is_off_or_unplugged_is_not_reached(fault):
    world = faults.FAULTS[fault].act(two_cables(), "hasta", "")
    assert not talks(world, "hastb", A)
    assert not talks(world, "hastb", "10.0.0.1")


def test_only_the_pulled_cable_is_dead():
    world = faults.plug(two_cables(), "hasta", "storage", carrier=False)
    assert talks(world, "hastb", A)
    assert not talks(world, "hastb", "10.0.0.1")


def test_ping_of_the_dead_takes_its_time_and_ends_with_2():
    world = faults.power_cut(recorded_pair(), "hastb")
    result = run(world, "hasta", ("ping", "-c", "1", "-t", "2", B))
    assert (result.answer.code, result.took_s) == (2, 2.0)
    assert "100.0% packet loss" in result.answer.stdout
    assert run(world, "hasta", ("ping", B)).took_s == float("inf")


def test_without_its_vip_nobody_answers_for_it():
    world = after(1, does(recorded_pair(), "hasta", DROP_VIP))
    assert owner(world, VIP) is None
    assert owner(after(5, world), VIP) == "hastb"


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ("vtnet1 inet 192.168.1.77 -alias", "ioctl (SIOCDIFADDR): Can't assign requested address"),
        ("vtnet1 nonsense", "nonsense: bad value"),
        ("vtnet1 vhid", "'vhid' requires argument"),
        ("vtnet1 advskew 3", "expected vhid"),
    ],
)
def test_ifconfig_refuses(words, error):
    before = recorded_pair()
    result = run(before, "hasta", ("ifconfig", *words.split()))
    assert result.answer.code == 1
    assert error in result.answer.stderr
    assert result.world == before


def test_an_address_without_alias_takes_the_place_of_the_first():
    world = does(recorded_pair(), "hasta", "ifconfig vtnet1 inet 192.168.1.71/24")
    addresses = [a.address for a in world.machine("hasta").interfaces["vtnet1"].addresses]
    assert addresses == [VIP, "192.168.1.71"]


def test_passwords_are_shown_only_on_demand_and_cut_at_19_characters():
    world = does(recorded_pair(), "hasta", f"ifconfig vtnet1 vhid 1 pass {'x' * 25}")
    assert "xxx" not in run(world, "hasta", ("ifconfig", "vtnet1")).answer.stdout
    shown = run(world, "hasta", ("ifconfig", "-k", "vtnet1")).answer.stdout
    assert f'key "{"x" * 19}"\n' in shown


def test_the_text_of_14_has_a_line_of_peers():
    nodes = [BlueNode(n, n, a, "14.1-RELEASE") for n, a in (("hasta", A), ("hastb", B))]
    world = fresh(Blueprint(tuple(nodes)))
    world = does(
        world, "hasta", "kldload carp", "ifconfig em0 vhid 1 pass x alias 192.168.1.50/32"
    )
    text = run(world, "hasta", ("ifconfig", "em0")).answer.stdout
    assert text.startswith(
        "em0: flags=1008943<UP,BROADCAST,RUNNING,PROMISC,SIMPLEX,MULTICAST,LOWER_UP> "
    )
    carp = "\tcarp: BACKUP vhid 1 advbase 1 advskew 0\n\t      peer 224.0.0.18 peer6 ff02::12\n"
    assert carp in text
