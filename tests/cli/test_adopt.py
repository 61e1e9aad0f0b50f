"""converge adopt: the file says what was seen, everything else in it stays."""

import errno
import json
import os
import tomllib
from pathlib import Path

import pytest

from converge.cli import adopt
from converge.core.host import Answer
from converge.hosts import disk
from converge.reconcile import adopting
from tests.cli.commands import Pair, Said, Terminal, converge

HERE = Path(__file__).parent / "golden"
RC = 'ifconfig_vtnet1_alias0="inet vhid 1 advskew {} pass testpass alias 192.168.1.50/32"'
HAND = [
    ("hasta", "ifconfig vtnet1 vhid 1 advskew 50"),
    ("hasta", f"sysrc {RC.format(50)}"),
    ("hasta", "sysrc hastd_enable=NO"),
    ("hasta", "sysrc -f /boot/loader.conf carp_load=NO"),
    ("hasta", "sed -i '' s/fullsync/memsync/ /etc/hast.conf"),
    ("hastb", "sed -i '' s/fullsync/memsync/ /etc/hast.conf"),
    ("hasta", "sysrc mysql_enable=YES"),
    ("hastb", "sysrc mysql_enable=YES"),
    ("hasta", "service mysql-server onestop"),
]
"""What somebody did by hand: on one node, on both, what no field says, and what only happened."""


@pytest.fixture
def pair(mysql_pair: Pair, tmp_path: Path) -> Pair:
    """The pair of mysql-pair.toml, converged; the file is this test's own."""
    config = tmp_path / "desired.toml"
    config.write_bytes(mysql_pair.config.read_bytes())
    return Pair(config, mysql_pair.state)


def tampered(pair: Pair, *lines: tuple[str, str]) -> None:
    for node, line in lines or HAND:
        pair.on(node, line)


def shown(said: Said, pair: Pair) -> str:
    return said.out.replace(str(pair.config), "converge.toml")


def unquiet(pair: Pair) -> set[str]:
    """What still differs."""
    plan = json.loads(pair("plan", "--json").out)
    return {change["id"] for change in plan["changes"]}


def test_what_is_taken_what_is_not_and_the_diff(pair: Pair, golden) -> None:
    tampered(pair)
    before = pair.config.read_bytes()
    said = pair("adopt", "-n")
    assert (said.code, said.err) == (0, "")
    golden(HERE / "adopt.txt", shown(said, pair))
    assert pair.config.read_bytes() == before
    assert pair("adopt", "-y", "-n").code == 0
    assert pair.config.read_bytes() == before


def test_what_was_adopted_differs_no_more(pair: Pair) -> None:
    tampered(pair)
    before = unquiet(pair)
    assert len(before) == 9
    old = pair.config.read_text()
    said = pair("adopt", "-y")
    assert said.code == 0
    assert "read back: 6 fields differ from before, nothing else" in said.out
    # hastd has not read its file again: what it runs is another thing than what it is to read.
    running = {"hasta/hast.test", "hastb/hast.test"}
    assert all(f"? {id}: is as wished now, and would differ then" in said.out for id in running)
    assert unquiet(pair) == {"hasta/mysqld.main", "hasta/setting.carp_load", *running}
    assert converge("validate", "-c", str(pair.config)).code == 0
    lost = set(old.splitlines()) - set(pair.config.read_text().splitlines())
    assert len(lost) == 2
    assert all("fullsync" in line or "enabled = false" in line for line in lost)


def test_a_value_of_one_node_goes_under_that_node(pair: Pair) -> None:
    tampered(pair, ("hasta", "sysrc mysql_enable=YES"))
    assert pair("adopt", "-y").code == 0
    said = tomllib.loads(pair.config.read_text())
    assert said["node"]["hasta"]["mysqld"]["main"] == {"enabled": True}
    assert said["mysqld"]["main"]["enabled"] is False


def test_a_value_of_both_goes_into_the_shared_table(pair: Pair) -> None:
    tampered(pair, ("hasta", "sysrc mysql_enable=YES"), ("hastb", "sysrc mysql_enable=YES"))
    assert pair("adopt", "-y").code == 0
    said = tomllib.loads(pair.config.read_text())
    assert said["mysqld"]["main"]["enabled"] is True
    assert "mysqld" not in said["node"].get("hasta", {})


def test_of_a_node_that_is_not_looked_at_nothing_changes(pair: Pair) -> None:
    tampered(pair, ("hasta", "sysrc mysql_enable=YES"), ("hastb", "sysrc mysql_enable=YES"))
    assert pair("adopt", "-y", "--node", "hasta").code == 0
    said = tomllib.loads(pair.config.read_text())
    assert said["node"]["hasta"]["mysqld"]["main"] == {"enabled": True}
    assert "mysqld" not in said["node"]["hastb"]


def test_what_a_node_has_for_itself_is_changed_there(pair: Pair) -> None:
    tampered(pair, ("hastb", "ifconfig vtnet1 vhid 1 advskew 120"))
    before = pair.config.read_text()
    assert pair("adopt", "-y", "hastb/carp.vip").code == 0
    assert pair.config.read_text() == before.replace("advskew = 100", "advskew = 120")


def test_only_what_is_named(pair: Pair) -> None:
    tampered(pair)
    assert pair("adopt", "-y", "carp.vip").code == 0
    text = pair.config.read_text()
    assert "advskew   = 50\n" in text
    assert "fullsync" in text


def test_the_table_that_a_value_goes_to_may_be_named(pair: Pair) -> None:
    tampered(pair, ("hasta", "sysrc hastd_enable=NO"))
    said = pair("adopt", "-n", "service.hastd")
    assert said.out.startswith("~ hasta/service.hastd enabled: false  (as setting.")
    assert pair("adopt", "-n", "hastb/service.hastd").out.startswith("nothing to adopt")


def test_an_address_on_the_interface(pair: Pair) -> None:
    add = "ifconfig vtnet1 vhid 1 {}pass testpass alias 192.168.1.60/32"
    tampered(pair, ("hasta", add.format("")), ("hastb", add.format("advskew 100 ")))
    assert pair("adopt", "-y", "carp.vip").code == 0
    said = tomllib.loads(pair.config.read_text())["carp"]["vip"]
    assert (said["address"], said["aliases"]) == ("192.168.1.50/32", ["192.168.1.60/32"])


def test_it_does_not_become_something_else_altogether(pair: Pair) -> None:
    # With dialect = "carp0" nobody would wish for that line; nor for anything else that is there.
    tampered(pair, ("hasta", "sysrc -f /boot/loader.conf -x carp_load"))
    for words in ((), ("setting.carp_load",)):
        said = pair("adopt", "-y", *words)
        assert said.code == 1
        assert "dialect" not in said.out


def test_a_password_is_neither_copied_nor_shown(pair: Pair) -> None:
    tampered(
        pair,
        ("hasta", f"sysrc {RC.format(7).replace('advskew 7 pass testpass', 'pass hidden99')}"),
    )
    before = pair.config.read_bytes()
    said = pair("adopt", "-y")
    assert said.code == 1
    assert "hidden99" not in said.out + said.err
    assert "secrets are not copied" in " ".join(said.out.split())
    assert pair.config.read_bytes() == before
    tampered(pair, ("hasta", f"sysrc {RC.format(7).replace('testpass', 'hidden99')}"))
    said = pair("adopt", "-y")  # the rest of that line is not taken without it
    assert (said.code, said.out.count("!")) == (1, 1)
    tampered(pair)
    said = pair("adopt", "-y")
    assert "testpass" not in said.out + said.err
    assert b'"testpass"' in pair.config.read_bytes()


def test_a_line_that_could_hold_a_secret_is_in_the_diff_too(pair: Pair) -> None:
    text = pair.config.read_text() + '\n[setting.zfs_enable]\nvalue = "YES"\n'
    pair.config.write_text(text)
    said = pair("adopt", "-n", "setting.zfs_enable", nodes=("hasta",))
    assert "not there" in said.out
    for node in ("hasta", "hastb"):
        pair.on(node, "sysrc zfs_enable=NO")
    said = pair("adopt", "-n", "setting.zfs_enable")
    assert "\n-value = ***\n+value = ***\n" in said.out


def test_nothing_differs(pair: Pair) -> None:
    said = pair("adopt")
    assert (said.code, said.out) == (0, "nothing to adopt: what is seen is what is wished\n")


def test_1_when_none_of_it_can_be_adopted(pair: Pair) -> None:
    tampered(pair, HAND[-1])
    said = pair("adopt", "-y")
    assert said.code == 1
    assert "it follows from what is seen" in said.out


def test_what_is_down_is_adopted_only_by_name(pair: Pair) -> None:
    tampered(pair, ("hastb", "service hastd onestop"))
    said = pair("adopt", "-y")
    assert (said.code, "running" in said.out) == (1, False)
    assert "hastb/service.hastd: it is not there, or down; name it" in said.out
    assert pair("adopt", "-y", "service.hastd").code == 0
    said = tomllib.loads(pair.config.read_text())
    assert said["node"]["hastb"]["service"]["hastd"] == {"running": False}


def test_6_when_too_little_can_be_seen(pair: Pair) -> None:
    pair.lab("fault", "power-off", "hasta")
    said = pair("adopt", "--node", "hasta")
    assert said.code == 6
    assert "hasta does not answer" in said.out


def test_64_when_nobody_can_be_asked_or_nothing_is_so_called(pair: Pair) -> None:
    tampered(pair)
    before = pair.config.read_bytes()
    for words in ((), ("--no-input",)):
        said = pair("adopt", *words)
        assert said.code == 64
        assert "say -y" in said.err
    said = pair("adopt", "carp.vpi")
    assert said.code == 64
    assert "Did you mean carp.vip?" in said.err
    assert pair.config.read_bytes() == before


@pytest.mark.parametrize(("answer", "changed"), [("y\n", True), ("n\n", False), ("\n", False)])
def test_a_person_is_asked(pair: Pair, answer: str, changed: bool) -> None:  # noqa: FBT001 - a case
    tampered(pair)
    before = pair.config.read_bytes()
    said = converge("adopt", *pair.doors(), stdin=Terminal(answer))
    assert said.code == 0
    assert "Write it?" in said.err
    assert (pair.config.read_bytes() != before) == changed


def test_75_when_somebody_saved_the_file_meanwhile(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    tampered(pair)

    def slow(question: str, advice: str, *, no_input: bool) -> bool:
        pair.config.write_text(pair.config.read_text() + "# mine\n")
        return True

    monkeypatch.setattr(adopt, "agreed", slow)
    said = pair("adopt")
    assert said.code == 75
    assert "somebody else" in said.err
    assert pair.config.read_text().endswith("# mine\n")
    assert "memsync" not in pair.config.read_text()


def test_70_when_it_would_not_read_back_as_meant(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    tampered(pair)
    before = pair.config.read_bytes()

    def careless(text, keys, value):
        return text.replace("vhid      = 1 ", "vhid      = 2 ")

    monkeypatch.setattr(adopting, "written", careless)
    monkeypatch.setattr(adopting, "_apart", lambda change: 0)
    monkeypatch.setattr(adopting, "in_sync", lambda *_: True)
    said = pair("adopt", "-y")
    assert said.code == 70
    assert "nothing was written" in said.err
    assert pair.config.read_bytes() == before


def test_70_when_it_does_not_read_back(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    tampered(pair)
    monkeypatch.setattr(disk, "read", lambda path: Answer(0, "something else\n"))
    said = pair("adopt", "-y")
    assert said.code == 70
    assert "does not read back as it was written" in said.err


@pytest.mark.parametrize(("number", "code"), [(errno.EROFS, 73), (errno.ENOSPC, 74)])
def test_73_and_74_when_it_cannot_be_written(
    pair: Pair, monkeypatch: pytest.MonkeyPatch, number: int, code: int
) -> None:
    tampered(pair)
    before = pair.config.read_bytes()

    replace = disk._replace

    def full(place, *words, **options):
        if place.path == pair.config:
            raise OSError(number, os.strerror(number))
        replace(place, *words, **options)

    monkeypatch.setattr(disk, "_replace", full)
    said = pair("adopt", "-y")
    assert said.code == code
    assert "Nothing was written" in said.err
    assert pair.config.read_bytes() == before


def test_mode_and_link_stay(pair: Pair, tmp_path: Path) -> None:
    tampered(pair)
    pair.config.chmod(0o640)
    link = tmp_path / "link.toml"
    link.symlink_to(pair.config)
    assert Pair(link, pair.state)("adopt", "-y").code == 0
    assert link.is_symlink()
    assert pair.config.stat().st_mode & 0o777 == 0o640
    assert "memsync" in pair.config.read_text()


def test_lines_that_end_in_cr_lf_stay_so(pair: Pair) -> None:
    tampered(pair)
    pair.config.write_bytes(pair.config.read_bytes().replace(b"\n", b"\r\n"))
    assert pair("adopt", "-y").code == 0
    text = pair.config.read_bytes()
    assert text.count(b"\n") == text.count(b"\r\n")
    assert b"advskew   = 50\r\n" in text
