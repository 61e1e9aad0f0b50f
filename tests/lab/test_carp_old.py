"""carpN interfaces of FreeBSD 9, after their source (legacy-carp.md)."""

from converge.lab.fresh import BlueNode, Blueprint, fresh
from converge.lab.machine import run
from converge.lab.world import World
from tests.lab.net_steps import after, does, prints, states


def old_pair() -> World:
    """Two FreeBSD 9.3 machines with the seed's commands given."""
    nodes = [
        BlueNode(n, n, f"192.168.1.{i}", "9.3-RELEASE", "fxp0") for n, i in (("a", 51), ("b", 52))
    ]
    world = fresh(Blueprint(tuple(nodes)))
    for node, skew in (("a", 0), ("b", 100)):
        words = f"ifconfig carp0 vhid 1 advskew {skew} pass testpass 192.168.1.50/24"
        world = does(world, node, "ifconfig carp0 create", words)
    return after(10, world)


def test_carp0_elects_and_shows_itself_as_the_source_says():
    """legacy-carp.md."""
    world = old_pair()
    assert states(world, "carp0") == ("MASTER", "BACKUP")
    text = prints(world, "a", "ifconfig carp0")
    assert text == (
        "carp0: flags=49<UP,LOOPBACK,RUNNING> metric 0 mtu 1500\n"
        "\tinet 192.168.1.50 netmask 0xffffff00 \n"
        "\tnd6 options=29<PERFORMNUD,IFDISABLED,AUTO_LINKLOCAL>\n"
        "\tcarp: MASTER vhid 1 advbase 1 advskew 0\n"
    )
    assert "if_carp.ko" in prints(world, "a", "kldstat")
    assert prints(world, "a", "kldstat -m carp").endswith(" carp\n")
    assert "unknown oid" not in prints(world, "a", "sysctl net.inet.carp")
    assert "demotion" not in prints(world, "a", "sysctl net.inet.carp")


def test_carp0_down_hands_over_at_once_and_up_comes_back_as_backup():
    world = does(old_pair(), "a", "ifconfig carp0 down")
    assert states(world, "carp0") == ("INIT", "MASTER")
    assert "flags=8<LOOPBACK>" in prints(world, "a", "ifconfig carp0")
    world = after(10, does(world, "a", "ifconfig carp0 up"))
    assert states(world, "carp0") == ("BACKUP", "MASTER")
    kinds = [line.rpartition("=")[2] for _, line in world.machine("a").events if "carp0" in line]
    assert kinds == ["LINK_DOWN", "LINK_UP", "LINK_DOWN", "LINK_DOWN"]


def test_allow_0_makes_the_deaf_one_master_on_9():
    world = after(5, does(old_pair(), "b", "sysctl net.inet.carp.allow=0"))
    assert states(world, "carp0") == ("MASTER", "MASTER")


def test_carp0_without_a_fitting_subnet_is_refused():
    world = does(old_pair(), "a", "ifconfig carp1 create")
    argv = ("ifconfig", "carp1", "vhid", "2", "pass", "x", "10.9.9.9/24")
    assert run(world, "a", argv).answer.code == 1
