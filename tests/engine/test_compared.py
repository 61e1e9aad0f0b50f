"""Two nodes' files: each thing that matters, made different once, is named with both lines."""

import re

import pytest

from converge.core.beside import Difference
from converge.core.desired import Desired
from converge.core.errors import BadDesired
from converge.engine.desired import load
from converge.engine.desired.compared import ELSEWHERE, compared
from converge.engine.graph import build
from converge.engine.show.differences import difference_concerns, differences_text
from converge.engine.show.marks import Paint
from converge.freebsd import kinds

BASE = """\
schema = 1
[pair]
name = "mysql"
nodes = ["hasta", "hastb"]
[node.hasta]
hostname = "hasta.example.org"
address = "192.168.1.51"
replication_address = "10.0.0.1"
release = "13.2"
[node.hastb]
hostname = "hastb.example.org"
address = "192.168.1.52"
replication_address = "10.0.0.2"
release = "13.2"
[node.hastb.carp.vip]
advskew = 100
[guard]
boot_delay = "60s"
passes_max = 10
[witness]
ping = ["192.168.1.1"]
[peer]
user = "root"
[carp.vip]
interface = "vtnet1"
vhid = 1
password = "testpass"
address = "192.168.1.50/32"
aliases = ["192.168.1.60/32"]
advbase = 1
[carp.other]
interface = "vtnet2"
vhid = 9
address = "192.168.1.90/32"
advskew = 7
[node.hastb.carp.other]
advskew = 8
[service.hastd]
[hast.test]
device = "/dev/vtbd1"
follow = "carp.vip"
replication = "fullsync"
timeout = 20
checksum = "none"
compression = "hole"
provider = "test"
[node.hasta.hast.test]
remote = "10.0.0.2"
[node.hastb.hast.test]
remote = "10.0.0.1"
[hast_entry.plain]
replication = "fullsync"
timeout = 20
checksum = "none"
compression = "hole"
provider = "plain"
nodes = { hasta = { local = "/dev/a", remote = "x" }, hastb = { local = "/dev/a", remote = "y" } }
[mount."/mysql"]
device = "hast.test"
options = ["rw"]
[mysqld.main]
datadir = "/mysql/data"
volume = "mount./mysql"
"""


def read(text: str, path: str) -> Desired:
    return load(text, path, kinds(), {"/etc/pass": "fromfile"}.get)


Edit = tuple[str, str, str]
"""A table's header, what stands below it, and what stands there instead."""


def edited(*edits: Edit) -> str:
    """BASE with these edits, each of the first such text below its header."""
    text = BASE
    for header, old, new in edits:
        start = text.index(f"[{header}]\n")
        assert old in text[start:]
        text = text[:start] + text[start:].replace(old, new, 1)
    return text


def differing(*edits: Edit) -> tuple[Difference, ...]:
    """What BASE and BASE with these edits say differently."""
    return compared(read(BASE, "a.toml"), read(edited(*edits), "b.toml"), "hasta", "hastb")


GRAVE: dict[str, Edit] = {
    "carp.vip vhid": ("carp.vip", "vhid = 1", "vhid = 2"),
    "carp.vip password": ("carp.vip", '"testpass"', '"otherpass"'),
    "carp.vip address": ("carp.vip", "192.168.1.50/32", "192.168.1.49/32"),
    "carp.vip aliases": ("carp.vip", "192.168.1.60/32", "192.168.1.61/32"),
    "carp.vip advbase": ("carp.vip", "advbase = 1", "advbase = 2"),
    "carp.vip advskew": ("node.hastb.carp.vip", "advskew = 100", "advskew = 0"),
    "hast.test follow": ("hast.test", '"carp.vip"', '"carp.other"'),
    "hast.test provider": ("hast.test", '"test"', '"tset"'),
    "hast.test replication": ("hast.test", '"fullsync"', '"async"'),
    "hast.test timeout": ("hast.test", "timeout = 20", "timeout = 30"),
    "hast.test checksum": ("hast.test", '"none"', '"crc32"'),
    "hast.test compression": ("hast.test", '"hole"', '"lzf"'),
    "hast.test remote": ("node.hastb.hast.test", '"10.0.0.1"', '"192.168.1.51"'),
    "hast_entry.plain replication": ("hast_entry.plain", '"fullsync"', '"async"'),
    "hast_entry.plain timeout": ("hast_entry.plain", "timeout = 20", "timeout = 30"),
    "hast_entry.plain checksum": ("hast_entry.plain", '"none"', '"crc32"'),
    "hast_entry.plain compression": ("hast_entry.plain", '"hole"', '"lzf"'),
    "hast_entry.plain provider": ("hast_entry.plain", '"plain"', '"lain"'),
    "hast_entry.plain nodes": ("hast_entry.plain", 'remote = "y"', 'remote = "z"'),
    "mount./mysql device": ('mount."/mysql"', '"hast.test"', '"/dev/other"'),
    "mysqld.main datadir": ("mysqld.main", '"/mysql/data"', '"/mysql/db"'),
    "mysqld.main volume": ("mysqld.main", '"mount./mysql"', '"mount./hast"'),
    "pair.name": ("pair", '"mysql"', '"other"'),
    "witness.ping": ("witness", '"192.168.1.1"', '"192.168.1.2"'),
    "node.hasta hostname": ("node.hasta", "hasta.ex", "hastx.ex"),
    "node.hastb address": ("node.hastb", '"192.168.1.52"', '"192.168.1.53"'),
    "node.hasta replication_address": ("node.hasta", '"10.0.0.1"', '"10.0.0.3"'),
}
MERELY: dict[str, Edit] = {
    "node.hastb release": ("node.hastb", '"13.2"', '"13.1"'),
    "guard.boot_delay": ("guard", '"60s"', '"61s"'),
    "guard.passes_max": ("guard", "passes_max = 10", "passes_max = 9"),
    "peer.user": ("peer", '"root"', '"toor"'),
    "carp.vip interface": ("carp.vip", '"vtnet1"', '"vtnet2"'),
    "carp.other advskew": ("node.hastb.carp.other", "advskew = 8", "advskew = 9"),
    "hast.test device": ("hast.test", "/dev/vtbd1", "/dev/vtbd2"),
    "mount./mysql options": ('mount."/mysql"', '["rw"]', '["rw", "noatime"]'),
}


@pytest.mark.parametrize("what", [*GRAVE, *MERELY])
def test_what_is_made_different_is_named_with_both_lines(what: str) -> None:
    edit = (GRAVE | MERELY)[what]
    found = {one.what: one for one in differing(edit)}
    assert found[what].grave == (what in GRAVE)
    assert sum(one.grave for one in found.values()) == (what in GRAVE), found
    ours, theirs = found[what].sides
    pairs = zip(BASE.splitlines(), edited(edit).splitlines(), strict=True)
    at = next(n for n, (a, b) in enumerate(pairs, 1) if a != b)
    assert (theirs.path, theirs.line) == ("b.toml", at)
    key = re.split("[ .]", what)[-1]
    assert theirs.text.startswith(key)
    assert ours.path == "a.toml"
    assert ours.line
    assert key in ours.text


@pytest.mark.parametrize("header", ["service.hastd", 'mount."/mysql"'])
def test_what_only_one_file_has(header: str) -> None:
    start = BASE.index(f"[{header}]")
    less = BASE[:start] + BASE[start:].partition("\n[")[2].join(("[", ""))
    found = compared(read(BASE, "a.toml"), read(less, "b.toml"), "hasta", "hastb")
    (one,) = [d for d in found if d.field == "" and d.what == header.replace('"', "")]
    assert [side.line > 0 for side in one.sides] == [True, False]
    assert one.grave == header.startswith("mount")


def test_every_field_that_must_agree_is_made_different_once() -> None:
    fields = {
        f"{kind} {name}" for kind, one in kinds().items() for name in (*one.agrees, *one.ranks)
    }
    tried = {f"{what.partition('.')[0]} {what.split()[-1]}" for what in GRAVE if " " in what}
    assert fields - tried == set()


def test_the_same_file_differs_in_nothing() -> None:
    assert differing() == ()


def test_no_password_is_shown() -> None:
    found = differing(GRAVE["carp.vip password"])
    text = differences_text(found, Paint(on=True)) + repr(found)
    text += str(difference_concerns(found, "hasta"))
    assert "password" in text
    assert "testpass" not in text
    assert "otherpass" not in text


def test_who_is_preferred_must_be_said_alike() -> None:
    # b.toml prefers hastb; as each node does what its own file says, hasta stays preferred.
    more = "advskew = 100\n[node.hasta.carp.vip]\nadvskew = 200"
    (one,) = [d for d in differing((*SKEW, more)) if d.grave]
    assert (one.what, one.why) == (
        "carp.vip advskew", "the files do not agree which node is preferred",
    )  # fmt: skip


def test_the_order_is_kept_by_other_numbers() -> None:
    (one,) = differing((*SKEW, "advskew = 90"))
    assert (one.what, one.grave) == ("carp.vip advskew", False)


def test_a_password_in_a_file_of_each_node_is_not_compared() -> None:
    (one,) = differing(("carp.vip", '"testpass"', '{ file = "/etc/pass" }'))
    assert (one.what, one.grave, one.why) == ("carp.vip password", False, ELSEWHERE)


def test_files_of_two_pairs_are_not_compared_further() -> None:
    text = BASE.replace("hastb", "hastc")
    (one,) = compared(read(BASE, "a.toml"), read(text, "c.toml"), "hasta", "hastb")
    assert (one.what, one.grave) == ("pair.nodes", True)
    assert [side.line for side in one.sides] == [4, 4]


def test_two_fixed_primaries_are_found_across_files() -> None:
    one = BASE.replace('follow = "carp.vip"', 'role = "primary"').replace(
        "[node.hastb.hast.test]\n", '[node.hastb.hast.test]\nrole = "secondary"\n'
    )
    other = BASE.replace('follow = "carp.vip"', 'role = "primary"').replace(
        "[node.hasta.hast.test]\n", '[node.hasta.hast.test]\nrole = "secondary"\n'
    )
    found = compared(read(one, "a.toml"), read(other, "b.toml"), "hasta", "hastb")
    assert [d.what for d in found if d.grave] == ["hast.test role"]


def flaws(*edits: Edit) -> list[str]:
    """What one file alone cannot say."""
    desired = read(edited(*edits), "a.toml")
    _, found = build(desired.pair, desired.resources, kinds())
    return [f"{flaw.id.ref} {flaw.field}: {flaw.message}" for flaw in found]


SKEW = ("node.hastb.carp.vip", "advskew = 100")
REMOTE = ("node.hastb.hast.test", '"10.0.0.1"')


@pytest.mark.parametrize(("edit", "said"), [
    ((*SKEW, "advskew = 0"), "carp.vip advskew: both nodes have advskew 0"),
    ((*SKEW, "advskew = 100\nvhid = 2"), "carp.vip vhid: on hastb vhid is 2, on hasta 1"),
    ((*SKEW, 'advskew = 100\npassword = "b"'), "password: on hastb password is not the same"),
    (("carp.vip", "192.168.1.50", "192.168.1.52"), "192.168.1.52 is shared, and hastb has it as"),
    (("carp.vip", "192.168.1.60", "10.0.0.1"), "aliases: 10.0.0.1 is shared, and hasta has it as"),
    ((*REMOTE, '"10.0.0.9"'), "hastb has remote 10.0.0.9, and hasta is at"),
    ((*REMOTE, '"192.168.1.51"'), "hastb goes by lan and hasta by replication"),
])  # fmt: skip
def test_one_file_alone_can_be_no_pair(edit: Edit, said: str) -> None:
    assert any(said in flaw for flaw in flaws(edit)), flaws(edit)


def test_the_base_is_a_pair() -> None:
    assert flaws() == []
    with pytest.raises(BadDesired):
        read(BASE.replace("vhid = 1\n", "vhid = 999\n"), "a.toml")


@pytest.mark.parametrize("remote", ["tcp4://10.0.0.1:8457", "10.0.0.1:8457", "hasta-storage"])
def test_a_remote_in_other_words_is_the_same(remote: str) -> None:
    assert flaws((*REMOTE, f'"{remote}"')) == []
