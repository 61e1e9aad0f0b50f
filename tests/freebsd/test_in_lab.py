"""The kinds of the system's configuration against the lab: one run puts all right, once."""

from typing import Any

import pytest

from converge.core.ids import ResourceId
from converge.core.plan import Outcome
from converge.core.resource import Resource
from converge.core.state import Present
from converge.engine.graph import build
from converge.freebsd import kinds
from converge.freebsd.carp import Carp
from converge.freebsd.file import File
from converge.freebsd.service import Service
from converge.lab import machine
from converge.lab.fresh import BlueNode, Blueprint, fresh
from converge.lab.host import Lab, LabClock, LabHost
from converge.lab.recorded import recorded_pair
from converge.lab.world import World
from converge.reconcile import End, Run
from tests.freebsd.around import made, pair

CONF, PID = "/etc/hast.conf", "/var/run/hastd.pid"


def bare(release: str) -> World:
    nodes = [
        BlueNode(f"hast{n}", f"hast{n}", f"192.168.1.5{i}", release)
        for i, n in ((1, "a"), (2, "b"))
    ]
    return fresh(Blueprint(tuple(nodes), vip="192.168.1.50"))


def vip(node: str, **table: Any) -> Carp:
    """The seed's address: hastb stands back."""
    base = {
        "interface": "em0",
        "vhid": 1,
        "password": "testpass",
        "address": "192.168.1.50/24",
        "advskew": 100 if node == "hastb" else 0,
        "preempt": False,
    }
    return made(Carp, "vip", node, **{**base, **table})


def run(lab: Lab, release: str, *resources: Resource[Any]) -> list[Outcome]:
    """Run to the end, which must be converged, and what was done for it."""
    graph, flaws = build(pair(release), {r.id: r for r in resources}, kinds())
    assert graph is not None, flaws
    hosts = {node: LabHost(lab, node) for node in sorted({r.id.node for r in resources})}
    told = Run(graph, hosts, LabClock(lab), lambda *_: None).to_the_end()
    assert told.end is End.CONVERGED
    for id, seen in told.passes[-1].snapshot.observed.items():
        assert isinstance(seen, Present), id
    return [outcome for one in told.passes for outcome in one.outcomes]


def says(lab: Lab, node: str, *argv: str) -> str:
    return machine.run(lab.world, node, argv).answer.stdout


@pytest.mark.parametrize(
    ("release", "shown", "module"), [("9.3", "carp0", "if_carp"), ("14.1", "em0", "carp")]
)
def test_a_bare_pair_gets_its_address_and_keeps_it_over_a_boot(
    release: str, shown: str, module: str
) -> None:
    lab = Lab(bare(f"{release}-RELEASE"))
    carps = [vip("hasta", promisc=True), vip("hastb", promisc=True)]
    assert run(lab, release, *carps)
    lab.pass_until(lab.world.now + 10)
    assert "carp: MASTER vhid 1 advbase 1 advskew 0" in says(lab, "hasta", "ifconfig", shown)
    assert "carp: BACKUP vhid 1 advbase 1 advskew 100" in says(lab, "hastb", "ifconfig", shown)
    assert f'{module}_load="YES"\n' in says(lab, "hasta", "cat", "/boot/loader.conf")
    assert run(lab, release, *carps) == []
    lab.world = machine.run(lab.world, "hasta", ("shutdown", "-r", "now")).world
    lab.pass_until(lab.world.now + 300)
    assert "inet 192.168.1.50 " in says(lab, "hasta", "ifconfig", shown)
    assert run(lab, release, vip("hasta"), vip("hastb")) == []


@pytest.mark.parametrize(("release", "shown"), [("9.3", "carp0"), ("14.1", "em0")])
def test_every_parameter_can_be_changed_at_once(release: str, shown: str) -> None:
    lab = Lab(bare(f"{release}-RELEASE"))
    run(lab, release, vip("hasta"))
    other = vip("hasta", vhid=2, advbase=2, advskew=7, aliases=["192.168.1.60/24"], preempt=True)
    assert run(lab, release, other)
    text = says(lab, "hasta", "ifconfig", shown)
    assert "vhid 2 advbase 2 advskew 7" in text
    assert "vhid 1" not in text
    assert "inet 192.168.1.50 " in text
    assert "inet 192.168.1.60 " in text
    assert run(lab, release, other) == []


def test_the_recorded_pair_needs_only_what_it_lacks() -> None:
    lab = Lab(recorded_pair())
    carps = [
        vip(node, interface="vtnet1", address="192.168.1.50/32", preempt=None)
        for node in ("hasta", "hastb")
    ]
    assert run(lab, "13.2", *carps) == []
    changed = vip("hasta", interface="vtnet1", address="192.168.1.50/32", advskew=20, preempt=None)
    done = run(lab, "13.2", changed)
    assert [o.action.verb for o in done] == ["set", "set"]
    assert "carp: MASTER vhid 1 advbase 1 advskew 20" in says(lab, "hasta", "ifconfig", "vtnet1")


def test_a_service_is_started_again_when_its_file_is_newer() -> None:
    lab = Lab(recorded_pair())
    hastd = made(Service, "hastd", reads=[CONF], pidfile=PID)
    assert run(lab, "13.2", hastd) == []
    lab.pass_until(lab.world.now + 5)
    lab.world = machine.run(lab.world, "hasta", ("touch", CONF)).world
    lab.pass_until(lab.world.now + 5)
    assert [o.action.verb for o in run(lab, "13.2", hastd)] == ["stop", "start"]
    assert run(lab, "13.2", hastd) == []


def test_a_file_gets_its_mode_before_its_service_is_looked_after() -> None:
    lab = Lab(recorded_pair())
    file = made(File, CONF, mode="600", owner="root:wheel")
    hastd = made(Service, "hastd", needs=[f"file.{CONF}"])
    assert [o.action.id for o in run(lab, "13.2", file, hastd)] == [
        ResourceId("hasta", "file", CONF)
    ]
    assert says(lab, "hasta", "stat", "-f", "%Lp %Su:%Sg", CONF) == "600 root:wheel\n"
