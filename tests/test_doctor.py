"""`converge doctor` on the simulated pair: healthy, with many things wrong, as JSON.

`pytest tests/test_doctor.py --update` writes tests/doctor/*.txt anew: read the diff.
"""

import json
import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.commands import MYSQL, NODES, SEED, Pair, new_pair

FOLDER = Path(__file__).parent / "doctor"
CONFIG = "/usr/local/etc/converge/converge.toml"
Golden = Callable[[Path, str], None]


@pytest.fixture(autouse=True)
def _plain_surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("CONVERGE_CONFIG", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def _settled(tmp_path_factory: pytest.TempPathFactory) -> Pair:
    """The pair of today, converged, with all that an installed converge has on a node."""
    pair = new_pair(tmp_path_factory.mktemp("doctor"), MYSQL)
    pair.settle()
    pair.learn()
    for node in NODES:
        pair.on(node, "mkdir /var/db/converge; chmod 700 /var/db/converge")
        write(pair, node, pair.config.read_text())
    return pair


@pytest.fixture
def pair(_settled: Pair, tmp_path: Path) -> Pair:
    return _settled.copied(tmp_path)


def write(pair: Pair, node: str, text: str) -> None:
    """The node's own desired file."""
    folder = CONFIG.rpartition("/")[0]
    pair.on(node, f"mkdir -p {folder}; printf %s {shlex.quote(text)} > {CONFIG}")


def shown(text: str) -> str:
    """Without what a run is called and when it was."""
    return re.sub(r'"taken": "[^"]+"', '"taken": "TIME"', text)


def test_a_healthy_pair(pair: Pair, golden: Golden) -> None:
    said = pair("doctor", "-v")
    golden(FOLDER / "healthy.txt", said.out)
    assert said.code == 0
    short = pair("doctor")
    assert short.code == 0
    assert short.out.count("nothing wrong in") == 2


BROKEN = {
    "hasta": (
        "printf '/dev/hast/test /mysql ufs rw 2 2\\n' > /etc/fstab",
        "printf x > /etc/.converge-0a1b2c; printf x > /usr/local/etc/.converge-AbCd",
        "printf 'action \"/usr/local/sbin/carp-hast-switch master\";\\n' > /etc/devd.conf",
        "chmod 755 /var/db/converge",
        "sysctl net.inet.carp.demotion=240",
    ),
    "hastb": (
        "ifconfig vtnet1 vhid 1 pass somethingelse",
        "printf 8.4.2 > /usr/local/libexec/mysqld",
        "printf 'mysql_enable=\"YES\"\\n' > /etc/rc.conf.local",
        "sysctl net.inet.carp.preempt=1",
        "hostname hastx.example.org",
    ),
}


@pytest.fixture
def broken(pair: Pair) -> Pair:
    """Ten things done by hand, a clock that is wrong, a program that hangs, another file."""
    for node, lines in BROKEN.items():
        for line in lines:
            pair.on(node, line)
    write(pair, "hastb", pair.config.read_text().replace("vhid      = 1", "vhid      = 3"))
    pair.lab("fault", "clock-jump", "hastb", "90")
    pair.lab("fault", "hang", "hastb", "diskinfo")
    pair.lab("advance", "120s")
    return pair


def test_a_broken_pair(broken: Pair, golden: Golden) -> None:
    said = broken("doctor")
    golden(FOLDER / "broken.txt", said.out)
    assert said.code == 78
    assert "testpass" not in said.out
    assert max(map(len, said.out.splitlines())) <= 80


def test_as_json(broken: Pair, golden: Golden) -> None:
    said = broken("doctor", "--json")
    golden(FOLDER / "broken.json", shown(said.out))
    form = json.loads(said.out)
    assert (said.code, form["format_version"], form["kind"]) == (78, 1, "checkup")
    verdicts = [one["verdict"] for one in form["findings"]]
    assert {v: verdicts.count(v) for v in set(verdicts)} == {
        verdict: n for verdict, n in form["counts"].items() if n
    }


def test_nothing_is_changed(broken: Pair) -> None:
    def machines() -> str:
        return str(json.loads(broken.state.read_text())["world"]["machines"])

    before = machines()
    broken("doctor", "-v")
    assert machines() == before


@pytest.mark.parametrize(("fault", "code"), [
    (("power-off", "hastb"), 69), (("hang", "hastb", "uname"), 6), (("hang", "hasta", "true"), 0),
    (("hang", "hastb", "date"), 6),
])  # fmt: skip
def test_exit_codes(pair: Pair, fault: tuple[str, ...], code: int) -> None:
    pair.lab("fault", *fault)
    said = pair("doctor")
    assert said.code == code
    assert ("hastb  ? not reached" in said.out) == (code == 69)


@pytest.mark.parametrize("node", NODES)
def test_a_nodes_own_file_that_is_none(pair: Pair, node: str) -> None:
    write(pair, node, "schema = 1\n[pear]\n")
    said = pair("doctor", "--json")
    found = {
        one["node"]: one["seen"]
        for one in json.loads(said.out)["findings"]
        if one["title"] == "desired file" and one["verdict"] == "wrong"
    }
    assert said.code == 78
    assert "is wrong in" in found[node]


def test_what_is_wrong_is_said_before_who_is_missing(pair: Pair) -> None:
    pair.lab("fault", "power-off", "hastb")
    pair.on("hasta", "chmod 755 /var/db/converge")
    assert pair("doctor").code == 78


def test_a_node_alone_looks_at_its_peer_too(pair: Pair) -> None:
    form = json.loads(pair("doctor", "--json", nodes=("hasta",)).out)
    assert {one["node"] for one in form["findings"]} == {*NODES}


def test_a_node_is_asked_twice_and_no_more(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    from converge.lab.host import LabReader

    batches: list[int] = []
    ask = LabReader.ask
    monkeypatch.setattr(
        LabReader, "ask", lambda self, asked: batches.append(len(asked)) or ask(self, asked)
    )
    assert pair("doctor").code == 0
    assert batches == [1, batches[1], 1, batches[1]]
    assert batches[1] > 15


def test_the_old_dialect(tmp_path: Path) -> None:
    pair = new_pair(tmp_path, SEED)
    pair.settle()
    said = pair("doctor", "-v")
    assert said.code == 0, said.out
    assert "promiscuous" not in said.out
    assert "only its mode keeps mysql-server from starting at boot" in " ".join(said.out.split())
