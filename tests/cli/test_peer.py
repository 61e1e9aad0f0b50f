"""A node alone looks at its peer by every path: when it does, and what it says of it."""

import getpass
import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from converge.cli.reach import peer as peer_module
from converge.cli.reach.doors import Doors, open_doors
from converge.core.desired import PeerTable
from converge.core.host import Host, Run
from converge.core.pair import Node
from converge.core.pair import Pair as TwoNodes
from converge.hosts.paths import PathsReader
from converge.hosts.target import parse_target
from tests.cli.commands import MYSQL, Pair, converge, new_pair
from tests.hosts.server import Server, serve

TWO = TwoNodes(
    "two",
    {
        "here": Node("here", os.uname().nodename, "127.0.0.9", "127.0.0.9"),
        "there": Node("there", "there", "127.0.0.1", "127.0.0.2"),
    },
)


@pytest.fixture(scope="module")
def _cables(tmp_path_factory: pytest.TempPathFactory) -> Pair:
    folder = tmp_path_factory.mktemp("cables")
    text = MYSQL.read_text()
    for n, address in enumerate(("192.168.1.51", "192.168.1.52"), 1):
        own = f'address  = "{address}"\n'
        text = text.replace(own, f'{own}replication_address = "10.0.0.{n}"\n')
    example = folder / "example.toml"
    example.write_text(text)
    pair = new_pair(folder, example)
    pair.settle()
    pair.learn()
    pair.lab("advance", "2d")
    return pair


@pytest.fixture
def cables(_cables: Pair, tmp_path: Path) -> Pair:
    """A converged pair with two cables, hasta and hastb; hasta serves."""
    return _cables.copied(tmp_path)


def facts(pair: Pair, command: str = "plan") -> dict[str, str]:
    """By path, what a command on hastb alone says in JSON of hasta."""
    form = json.loads(pair(command, "--json", nodes=("hastb",)).out)
    assert set(form["paths"]) == {"hasta"}
    return {
        one["name"]: "answered" if one["answered"] else "silent" if one["silent"] else one["why"]
        for one in form["paths"]["hasta"]
    }


ALL = {"lan": "answered", "replication": "answered"}


@pytest.mark.parametrize("command", ["plan", "status", "observe"])
def test_who_is_looked_at(cables: Pair, command: str) -> None:
    if command == "observe":
        form = json.loads(cables(command, "--json", nodes=("hastb",)).out)
        assert form["paths"] == {}
        assert {id.partition("/")[0] for id in form["observed"]} == {"hastb"}
    else:
        assert facts(cables, command) == ALL
    both = json.loads(cables(command, "--json", nodes=("hasta", "hastb")).out)
    assert both["paths"] == {}


@pytest.mark.parametrize("segments", [("lan",), ("storage",), ("lan", "storage")])
def test_a_cut_cable_is_a_silent_path(cables: Pair, segments: tuple[str, ...]) -> None:
    for segment in segments:
        cables.lab("fault", "cut", "hasta", segment)
    names = {"lan": "lan", "storage": "replication"}
    # Where no ping is answered either, nobody waits to hear that ssh finds nobody.
    found = "no answer yet" if len(segments) == 2 else "silent"
    assert facts(cables) == {**ALL, **{names[segment]: found for segment in segments}}


def test_a_node_alone_plans_for_itself(cables: Pair) -> None:
    """The peer differs, which is the peer's affair."""
    cables.on("hasta", "sysctl net.inet.carp.preempt=1")
    assert "to look into" not in cables("plan", nodes=("hastb",)).out
    said = cables("plan", nodes=("hastb",))
    assert said.out.splitlines()[1:] == [
        "= hasta answers on lan 192.168.1.51",
        "= hasta answers on replication 10.0.0.1",
        "",
        "hastb  = in sync",
        "",
        "nothing to do",
    ]
    assert cables("apply", "-y", nodes=("hastb",)).code == 0
    assert cables.on("hasta", "sysctl -n net.inet.carp.preempt") == "1\n"


def test_a_peer_that_leads_holds_a_promotion_here(cables: Pair) -> None:
    """The LAN between them is cut and both are MASTER; the other path says who is primary."""
    cables.lab("fault", "cut", "hasta", "lan")
    cables.lab("advance", "10s")
    plan = json.loads(cables("plan", "--json", nodes=("hastb",)).out)
    promotions = [a for a in plan["actions"] if a["verb"] == "promote"]
    assert promotions
    assert {a["verdict"]["code"] for a in promotions} == {"peer-still-primary"}


def test_after_a_power_cut_both_paths_are_silent_and_the_run_goes_on(cables: Pair) -> None:
    cables.lab("fault", "power-off", "hasta")
    cables.lab("advance", "10s")
    shown = cables("plan", nodes=("hastb",)).out
    assert "? hasta has not answered yet on lan 192.168.1.51\n" in shown
    assert "? hasta has not answered yet on replication 10.0.0.1\n" in shown
    assert "hasta/" not in shown
    said = cables("apply", "-y", "--wait", nodes=("hastb",))
    assert said.code == 0, said.out + said.err
    assert "? hasta is silent on lan" in said.out
    run = json.loads(cables("apply", "-y", "--json", nodes=("hastb",)).out)
    assert run["passes"][-1]["paths"]["hasta"][0]["answered"] is False


def test_who_does_not_want_to_ask_does_not(cables: Pair, tmp_path: Path) -> None:
    config = tmp_path / "shy.toml"
    config.write_text(cables.config.read_text() + "\n[peer]\nask = false\n")
    shy = Pair(config, cables.state)
    assert json.loads(shy("plan", "--json", nodes=("hastb",)).out)["paths"] == {}


def test_a_saved_plan_is_not_stale_because_time_passed(cables: Pair, tmp_path: Path) -> None:
    cables.lab("fault", "power-off", "hasta")
    cables.lab("advance", "10s")
    saved = tmp_path / "plan.json"
    cables("plan", "-o", str(saved), nodes=("hastb",))
    assert cables("apply", "-y", str(saved), nodes=("hastb",)).code == 0


def test_a_lab_without_the_peer_and_a_bundle_have_none_to_look_at(cables: Pair) -> None:
    bundle = cables.state.with_name("hastb.bundle")
    cables("observe", "--bundle", str(bundle), nodes=("hastb",))
    said = converge("plan", "-c", str(cables.config), "--host", f"hastb=bundle:{bundle}", "--json")
    assert json.loads(said.out)["paths"] == {}


# Doors on a real machine.


def opened(*urls: str, table: PeerTable | None = None) -> Doors:
    return open_doors(TWO, urls, (), table or PeerTable())


@pytest.mark.parametrize("urls", [(), ("here=local:",)])
def test_this_machine_reads_its_peer_and_cannot_act_on_it(urls: tuple[str, ...]) -> None:
    doors = opened(*urls)
    assert list(doors.hosts) == ["here"]
    assert isinstance(doors.readers["there"], PathsReader)
    assert not isinstance(doors.readers["there"], Host)
    doors.close()


def test_no_peer_is_read_unless_this_machine_is_alone() -> None:
    assert opened("here=ssh://127.0.0.9").readers == {}
    both = opened("here=local:", "there=ssh://127.0.0.1")
    assert (list(both.hosts), both.readers) == (["here", "there"], {})
    assert opened(table=PeerTable(ask=False)).readers == {}
    assert open_doors(TWO, (), ()).readers == {}


@pytest.fixture
def sshd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """There, with sshd at both addresses; `ssh` is told of its host key, not of a user's key."""
    with tempfile.TemporaryDirectory(prefix="cvg") as sockets:
        found = serve(tmp_path, Path(sockets), ("127.0.0.1", "127.0.0.2"))
        (tmp_path / "bare").write_text(
            f"UserKnownHostsFile {tmp_path}/known_hosts\nStrictHostKeyChecking yes\n"
            "ControlMaster no\nIdentityAgent none\n"
        )
        monkeypatch.setattr(peer_module, "SSH", ("ssh", "-F", str(tmp_path / "bare")))
        yield found
        found.stop()


@pytest.mark.ssh
def test_user_port_and_identity_are_used(sshd: Server) -> None:
    port = parse_target(sshd.url).port
    assert port
    right = PeerTable(user=getpass.getuser(), port=port, identity=str(sshd.folder / "user"))
    wrong = right.model_copy(update={"identity": str(sshd.folder / "host")})
    for table, answered in ((wrong, False), (right, True)):
        doors = opened(table=table)
        reader = doors.readers["there"]
        assert isinstance(reader, PathsReader)
        (answer,) = reader.ask([Run(("echo", "x"))])
        assert answer.stdout == ("x\n" if answered else "")
        assert [path.answered for path in reader.paths] == [answered] * 2
        assert answered or "Permission denied" in reader.paths[0].why
        doors.close()
