"""What the kinds find on a node that nobody has described yet."""

from collections.abc import Mapping, Sequence

from converge.core.found import Found, Like
from converge.core.host import Answer, Query, absent
from converge.engine.discover import Discovered, discover
from converge.freebsd import kinds
from tests.recorded import recording

RC_CONF = """\
hostname="hastb.example.org"
ifconfig_vtnet1="inet 192.168.1.52/24"
ifconfig_vtnet1_alias0="inet 192.168.1.70/32"
ifconfig_vtnet1_alias1="inet vhid 1 advskew 100 pass testpass alias 192.168.1.50/32"
mysql_dbdir="/mysql/data"
mysql_args="--bind-address=192.168.1.50 --skip-name-resolve --port=3307"
"""
HAST_CONF = """\
timeout 5
resource test {
    replication fullsync
    name other
    on hasta { local /dev/ad6  remote 10.0.0.2 }
    on hastb { local /dev/ad8  remote 10.0.0.1 }
}
"""
NODE = {
    "hostname": Answer(0, "hastb.example.org\n"),
    "uname -r": Answer(0, "13.2-RELEASE-p1\n"),
    "ifconfig -a": recording("ifconfig-a-backup").answer,
    "mount -p": recording("mount-p-mounted").answer,
    "read /etc/rc.conf": Answer(0, RC_CONF),
    "read /etc/hast.conf": Answer(0, HAST_CONF),
    "read /etc/sysctl.conf": Answer(0, "net.inet.carp.preempt=0\n"),
    "service hastd onestatus": Answer(0, "hastd is running as pid 812.\n"),
    "stat -f '%Lp %Su:%Sg' /usr/local/etc/rc.d/mysql-server": Answer(0, "0 root:wheel\n"),
}


class Told:
    """A node that answers so, and has nothing else."""

    def __init__(self, answers: Mapping[str, Answer]) -> None:
        self.answers, self.batches = answers, 0

    def ask(self, queries: Sequence[Query]) -> list[Answer]:
        self.batches += 1
        return [self.answers.get(str(query), absent()) for query in queries]


def found(**other: Answer) -> Discovered:
    answers = {**NODE, **{key.replace("_", " "): answer for key, answer in other.items()}}
    return discover(kinds(), Told(answers))


def only(told: Discovered, kind: str) -> list[Found]:
    return [one for one in told.found if one.kind == kind]


def test_an_address_with_what_its_lines_say() -> None:
    (vip,) = only(found(), "carp")
    assert vip.name == "vip"
    assert vip.table == {
        "interface": "vtnet1",
        "vhid": 1,
        "address": "192.168.1.50/32",
        "advskew": 100,
        "alias": 1,
        "preempt": False,
        "password": {"file": "/usr/local/etc/converge/vip.pass"},
    }
    assert vip.own == {"advskew"}


def test_two_groups_are_told_apart() -> None:
    told = found(**{"ifconfig_-a": recording("ifconfig-two-vhids-master").answer})
    assert [one.name for one in only(told, "carp")] == ["vip1", "vip2"]


def test_the_node_and_its_peer() -> None:
    nodes = only(found(), "node")
    (own,) = [one for one in nodes if not one.host]
    told = [one for one in nodes if one.host]
    assert own.table == {
        "hostname": "hastb.example.org",
        "release": "13.2",
        "address": "192.168.1.52",
    }
    assert {(one.host, *one.table.items()) for one in told} == {
        ("hasta", ("replication_address", "10.0.0.1")),
        ("hastb", ("replication_address", "10.0.0.2")),
    }


def test_a_block_of_hast_conf() -> None:
    one, other = only(found(), "hast")
    assert (one.host, other.host) == ("hasta", "hastb")
    assert one.table == {**other.table, "device": "/dev/ad6"}
    assert other.table == {
        "device": "/dev/ad8",
        "follow": Like("carp"),
        "replication": "fullsync",
        "timeout": 5,
        "provider": "other",
    }


def test_a_hast_conf_that_hastd_would_reject_is_a_remark() -> None:
    (one,) = only(found(**{"read_/etc/hast.conf": Answer(0, "resource {\n")}), "hast")
    assert (one.name, one.table) == ("", {})
    assert "cannot be understood, line 1" in one.remarks[0]


def test_a_database_with_a_script_that_was_taken_its_rights() -> None:
    (server,) = only(found(), "mysqld")
    assert server.name == "main"
    assert server.table == {
        "service": "mysql-server",
        "datadir": "/mysql/data",
        "bind": Like("carp", "address", "192.168.1.50/", "192.168.1.50"),
        "skip_name_resolve": True,
        "extra_args": "--port=3307",
        "enabled": False,
        "script": "/usr/local/etc/rc.d/mysql-server",
    }
    (script,) = only(found(), "file")
    assert script.table == {"mode": "000"}


def test_what_is_mounted_of_hast() -> None:
    (mount,) = only(found(), "mount")
    assert mount.table["device"] == "hast.test"
    none = recording("mount-p-not-mounted").answer
    (nothing,) = only(found(**{"mount_-p": none}), "mount")
    assert (nothing.name, len(nothing.remarks)) == ("", 1)


def test_hastd_that_does_not_start_at_boot() -> None:
    (hastd,) = only(found(), "service")
    assert hastd.table == {"enabled": False}
    enabled = Answer(0, f'{RC_CONF}hastd_enable="YES"\n')
    (hastd,) = only(found(**{"read_/etc/rc.conf": enabled}), "service")
    assert hastd.table == {}


def test_a_lost_answer_is_not_nothing() -> None:
    told = found(**{"ifconfig_-a": Answer(lost="no answer within 10 s")})
    assert only(told, "carp") == []
    assert told.unread == ["carp: ifconfig -a: no answer within 10 s"]
    assert only(told, "hast")


def test_few_round_trips() -> None:
    reader = Told(NODE)
    discover(kinds(), reader)
    assert reader.batches <= 4


def test_a_bare_machine_has_nothing() -> None:
    told = discover(kinds(), Told({}))
    assert [one for one in told.found if one.name] == []
