"""Two nodes' files: named on the command line, or the peer's own, read with a plan's questions."""

import json
import shlex
from collections.abc import Sequence
from pathlib import Path
from unittest.mock import patch

import pytest

from converge.core.host import Answer, Query
from converge.hosts.paths import PathsReader
from tests.cli.commands import MYSQL, Pair, converge

PATH = "/usr/local/etc/converge/converge.toml"


@pytest.fixture
def pair(mysql_pair: Pair) -> Pair:
    """A converged pair of today."""
    return mysql_pair


def write(pair: Pair, text: str, node: str = "hastb") -> None:
    """The node's own desired file."""
    pair.on(node, f"mkdir -p {PATH.rpartition('/')[0]}; printf %s {shlex.quote(text)} > {PATH}")


def told(pair: Pair, command: str = "plan") -> dict[str, str]:
    form = json.loads(pair(command, "--json", nodes=("hasta",)).out)
    concerns: dict[str, str] = form["concerns"]
    return concerns


def files(folder: Path, *edits: tuple[str, str]) -> list[str]:
    """The example, and the example with these edits."""
    text = MYSQL.read_text()
    (folder / "a.toml").write_text(text)
    for old, new in edits:
        assert old in text
        text = text.replace(old, new)
    (folder / "b.toml").write_text(text)
    return ["a.toml", "b.toml"]


def test_a_pair_of_files(tmp_path: Path) -> None:
    said = converge("validate", "--pair", *files(tmp_path))
    assert (said.code, said.out) == (0, "0 to put right, 0 merely different\n")
    said = converge("validate", "--pair", *files(tmp_path, ("vhid      = 1", "vhid      = 2")))
    assert said.code == 65
    assert (
        said.out
        == """\
! carp.vip vhid: on hastb vhid is 2, on hasta 1: CARP signs it, so neither node
  believes the other, and both become MASTER
    a.toml:37: vhid      = 1
    b.toml:37: vhid      = 2
1 to put right, 0 merely different
"""
    )
    said = converge("validate", "--pair", *files(tmp_path, ('"60s"', '"70s"')))
    assert (said.code, said.out.splitlines()[0]) == (0, "~ guard.boot_delay: not the same")
    table = ("[mysqld.main]", "[mysqld.other]")
    said = converge("validate", "--pair", *files(tmp_path, table))
    assert "mysqld.main]\n" in said.out


def test_each_file_of_a_pair_must_be_right_itself(tmp_path: Path) -> None:
    said = converge("validate", "--pair", *files(tmp_path, ("advskew = 100", "advskew = 0")))
    assert (said.code, said.out) == (65, "")
    assert "b.toml:24:11: node.hastb.carp.vip.advskew: both nodes have advskew 0" in said.err
    assert converge("validate", "--pair", "a.toml", "none.toml").code == 66


def test_a_plan_says_what_the_peers_file_says_otherwise(pair: Pair) -> None:
    own = pair.config.read_text()
    assert told(pair) == {}
    write(pair, own)
    assert told(pair) == {}
    write(pair, own.replace('"testpass"', '"othersecret"').replace('"60s"', '"61s"'))
    concerns = told(pair)
    assert set(concerns) == {"hasta/carp.vip", "hasta/pair.files"}
    assert "password is not the same in both nodes' files" in concerns["hasta/carp.vip"]
    assert f"hastb:{PATH}:38: password  = ***" in concerns["hasta/carp.vip"]
    assert "secret" not in str(concerns)
    said = pair("apply", "--trigger", "manual", "-y", nodes=("hasta",))
    assert said.code == 0
    assert "! hasta/carp.vip: password is not the same" in said.out
    assert "! hasta/carp.vip: password" in pair("status", nodes=("hasta",)).out
    assert told(pair, "plan") == concerns


def test_a_peers_file_that_is_no_desired_file_is_told(pair: Pair) -> None:
    write(pair, pair.config.read_text().replace("vhid ", "vhit "))
    assert "hastb's own desired file is wrong in" in told(pair)["hasta/pair.files"]


def test_a_silent_peer_says_nothing_of_its_file(pair: Pair) -> None:
    write(pair, pair.config.read_text().replace("vhid      = 1", "vhid      = 2"))
    assert "hasta/carp.vip" in told(pair)
    pair.lab("fault", "power-off", "hastb")
    assert "vhid" not in str(told(pair))


def test_the_peers_file_is_one_more_query_of_the_first_batch(pair: Pair) -> None:
    batches: list[list[str]] = []
    ask = PathsReader.ask

    def noted(self: PathsReader, queries: Sequence[Query]) -> list[Answer]:
        batches.append([str(query) for query in queries])
        return ask(self, queries)

    with patch.object(PathsReader, "ask", noted):
        assert pair("plan", nodes=("hasta",)).code == 0
    asked = [query for batch in batches for query in batch]
    assert asked.count(f"read {PATH}") == 1
    assert f"read {PATH}" in batches[0]


def test_both_nodes_from_one_place_read_no_file(pair: Pair) -> None:
    write(pair, pair.config.read_text().replace("vhid      = 1", "vhid      = 2"))
    assert json.loads(pair("plan", "--json").out)["concerns"] == {}
