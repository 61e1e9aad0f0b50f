"""The files in desired/ are what people read first: they load, and say what they claim to say."""

from ipaddress import IPv4Interface
from pathlib import Path

import pytest

from converge.core.ids import ResourceId
from converge.core.secret import Secret
from converge.engine.desired import load
from converge.engine.graph import build
from converge.freebsd import kinds

FOLDER = Path(__file__).parents[1] / "desired"
FILES = {"/usr/local/etc/converge/carp.pass": "testpass\n"}


def example(name):
    return load((FOLDER / name).read_text(), name, kinds(), FILES.get)


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.toml")), ids=lambda path: path.stem)
def test_it_loads_and_makes_a_graph_without_a_flaw(path):
    desired = example(path.name)
    graph, flaws = build(desired.pair, desired.resources, kinds(), desired.digest)
    assert not flaws
    assert {node for node in desired.pair.nodes} == {id.node for id in graph.resources}
    assert [secret.value for secret in desired.secrets] == ["testpass"]


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.toml")), ids=lambda path: path.stem)
def test_lines_fit_a_screen(path):
    assert max(map(len, path.read_text().splitlines())) <= 102


def test_the_seed_is_the_pair_of_the_article():
    desired = example("seed-pair.toml")
    on = {(id.node, str(id.ref)): resource for id, resource in desired.resources.items()}
    hasta, hastb = desired.pair.nodes.values()
    assert (hasta.hostname, hasta.address) == ("hasta.example.org", "192.168.1.51")
    assert (hastb.hostname, hastb.address) == ("hastb.example.org", "192.168.1.52")
    for node, skew in (("hasta", 0), ("hastb", 100)):
        vip = on[node, "carp.vip"]
        assert (vip.interface, vip.dialect, vip.vhid, vip.advskew) == ("fxp0", "carp0", 1, skew)
        assert vip.password == Secret("testpass")
        assert vip.address == IPv4Interface("192.168.1.50/24")
        assert vip.promisc
        assert not vip.preempt
        assert on[node, "hast.test"].device == "/dev/ad6"
        assert on[node, "hast.test"].replication == "memsync"
        assert on[node, "mount./hast/test"].device == "hast.test"
        mysqld = on[node, "mysqld.main"]
        assert mysqld.datadir == "/hast/test/mysql"
        assert mysqld.skip_name_resolve
        assert mysqld.enabled
        assert on[node, f"file.{mysqld.script}"].mode == "000"
    assert ("hasta", "setting.autoboot_delay") not in on
    delay = on["hastb", "setting.autoboot_delay"]
    assert (delay.file, delay.value) == ("/boot/loader.conf", "240")


def test_the_seed_implies_the_lines_that_the_article_writes():
    desired = example("seed-pair.toml")
    graph, _ = build(desired.pair, desired.resources, kinds())
    values = {
        id.name: resource.value
        for id, resource in graph.resources.items()
        if id.node == "hastb" and id.kind == "setting"
    }
    assert values["if_carp_load"] == values["hastd_enable"] == values["mysql_enable"] == "YES"
    assert values["cloned_interfaces"] == "carp0"
    assert values["mysql_dbdir"] == "/hast/test/mysql"
    assert values["mysql_args"] == "--bind-address=192.168.1.50 --skip-name-resolve"
    line = values["ifconfig_carp0"].value
    assert line.split()[-1] == "192.168.1.50/24"
    assert "vhid 1" in line
    assert "advskew 100" in line
    assert "pass testpass" in line


def test_todays_pair_waits_itself_and_starts_nothing_at_boot():
    desired = example("mysql-pair.toml")
    assert {node.boot_delay_s for node in desired.pair.nodes.values()} == {60}
    assert desired.witness.ping == ("192.168.1.1",)
    for node in ("hasta", "hastb"):
        assert not desired.resources[ResourceId(node, "mysqld", "main")].enabled
        assert desired.resources[ResourceId(node, "hast", "test")].replication == "fullsync"


def test_many_disks_are_many_chains_and_one_may_differ_on_a_node():
    desired = example("multi-disk.toml")
    disks = {
        (id.node, id.name): resource.device
        for id, resource in desired.resources.items()
        if id.kind == "hast"
    }
    assert disks["alpha", "backup"] == "/dev/ada3"
    assert disks["beta", "backup"] == "/dev/ada4"
    graph, _ = build(desired.pair, desired.resources, kinds())
    needs = graph.all_needs[ResourceId("alpha", "mysqld", "users")]
    assert ResourceId("alpha", "mount", "/db/users") in needs
    assert ResourceId("alpha", "mount", "/backup") not in needs
