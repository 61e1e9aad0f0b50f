"""Each check of the doctor: seen to be content once, and to find what it is there for."""

from pathlib import Path

import pytest

from converge.cli.reach.site import graph_of
from converge.core.check import Asked, Check, Found, Mark
from converge.core.graph import Graph
from converge.core.host import NO_SUCH_FILE, Answer
from converge.engine.desired import load
from converge.freebsd import kinds
from converge.freebsd.checkup import of_machine
from converge.freebsd.checkup.clock import clock
from tests.recorded import recording

EXAMPLE = Path(__file__).parents[2] / "desired" / "mysql-pair.toml"
CONF = """\
resource test {
    on hasta { local /dev/vtbd1
               remote 192.168.1.52 }
    on hastb { local /dev/vtbd1
               remote 192.168.1.51 }
}
"""
DISK = recording("hast-diskinfo").stdout
LARGE = DISK.replace("\t512 ", "\t4096")
UNICAST = "\tcarp: MASTER vhid 1 advbase 1 advskew 0\n\t      peer 10.9.9.9 peer6 ff02::12\n"
MULTICAST = UNICAST.replace("10.9.9.9", "224.0.0.18")


def graph() -> Graph:
    return graph_of(load(EXAMPLE.read_text(), "desired.toml", kinds(), lambda path: None))


def all_checks(node: str = "hasta") -> dict[str, Check]:
    """Every check of a node of today's pair, by its title."""
    pair = graph()
    found = {check.title: check for check in of_machine(pair.pair.nodes[node])}
    for id in [id for id in pair.order if id.node == node]:
        found |= {c.title: c for c in pair.resources[id].checks(pair.around(node))}
    return found


CHECKS = all_checks()

Said = str | Answer | tuple[str | Answer, ...]


def asked(said: Said) -> Asked:
    answers = said if isinstance(said, tuple) else (said,)
    return Asked(
        tuple(a if isinstance(a, Answer) else Answer(0, a) for a in answers), 100.0, 101.0
    )


def judged(title: str, here: Said, there: Said | None = None) -> Found:
    check = CHECKS[title]
    ours = asked(here)
    assert len(ours.answers) == len(check.asks)
    return check.judge(ours, None if there is None else asked(there))


def rec(name: str) -> str:
    return recording(name).stdout


MASTER, BACKUP = rec("ifconfig-vtnet1-master"), rec("ifconfig-vtnet1-backup")
BARE = rec("ifconfig-vip-removed")
QUIET, REFUSED = rec("netstat-carp"), rec("netstat-carp-wrong-pass")
SYSCTLS = rec("sysctl-carp-master")
IDS = "4a8f\n77\n"
MISSING = Answer(1, stderr="stat: x: stat: No such file or directory\n")
NO = Answer(1)
OK, NOTICE, WRONG, UNKNOWN = Mark.OK, Mark.NOTICE, Mark.WRONG, Mark.UNKNOWN

ROWS: list[tuple[str, Mark, str, Said, Said | None]] = [
    ("clock", OK, "agree", "100", "101"),
    ("clock", OK, "no other clock", "100", None),
    ("clock", WRONG, "at least 8 s behind", "100", "110"),
    ("clock", WRONG, "at least 8 s ahead", "110", "100"),
    ("time service", OK, "runs", "712\n", None),
    ("time service", NOTICE, "neither ntpd nor chronyd", NO, None),
    ("name", OK, "hasta", "hasta\n", None),
    ("name", WRONG, "calls itself hastx", "hastx.example.org\n", None),
    ("release", OK, "13.2-RELEASE", "13.2-RELEASE\n", "13.2-RELEASE-p5\n"),
    ("release", WRONG, "the desired file says 13.2", "14.0-RELEASE\n", None),
    ("release", WRONG, "F41", "13.2-RELEASE\n", "12.4-RELEASE\n"),
    ("release", NOTICE, "and the other node 13.1", "13.2-RELEASE\n", "13.1-RELEASE\n"),
    ("kernel", OK, "13.2", rec("sys-freebsd-version-kru"), None),
    ("kernel", OK, "no freebsd-version", Answer(127), None),
    ("kernel", NOTICE, "13.2-RELEASE-p1 is installed", "13.2-RELEASE-p1\n13.2-RELEASE\n", None),
    ("rules of devd", OK, "no rule", NO, None),
    ("rules of devd", WRONG, "carp-hast", "/etc/devd.conf: action carp-hast-switch", None),
    ("state folder", OK, "drwx", ("drwx------ root\n", ""), None),
    ("state folder", NOTICE, "no run has acted", (MISSING, NO), None),
    ("state folder", WRONG, "drwxr-xr-x of root", ("drwxr-xr-x root\n", ""), None),
    ("state folder", WRONG, "of mysql", ("drwx------ mysql\n", ""), None),
    ("state folder", WRONG, "cannot be written", ("drwx------ root\n", NO), None),
    ("room", OK, "227 MB are free on /mysql", rec("df-mounted"), None),
    ("room", NOTICE, "31 MB", rec("df-mounted").replace("233296", "32296"), None),
    ("room", WRONG, "0 MB", rec("df-mounted").replace("233296", "296"), None),
    ("room", UNKNOWN, "df: no", Answer(1, stderr="df: no\n"), None),
    ("left behind", OK, "no write", Answer(1, stderr="find: /boot: No such file\n"), None),
    ("left behind", WRONG, "/etc/.converge-1", "/etc/.converge-1\n", None),
    ("sections of /etc/hast.conf", OK, "each of its 1", ("hasta\n", IDS, CONF), None),
    ("sections of /etc/hast.conf", OK, "each", ("x\n", IDS, CONF.replace("hasta", "4A8F")), None),
    ("sections of /etc/hast.conf", OK, "each", ("x\n", IDS, CONF.replace("hasta", "hostid77")),
     None),
    ("sections of /etc/hast.conf", WRONG, "for hasta, hastb, not for", ("x\n", IDS, CONF), None),
    ("sections of /etc/hast.conf", WRONG, "rejects", ("hasta\n", IDS, "resource {"), None),
    ("sections of /etc/hast.conf", NOTICE, "not there", ("x\n", IDS, Answer(NO_SUCH_FILE)), None),
    ("announcements", OK, "nothing", (MASTER, QUIET), (BACKUP, QUIET)),
    ("announcements", OK, "nothing", (BARE, ""), None),
    ("announcements", NOTICE, "3 discarded for bad", (MASTER, REFUSED), (BACKUP, QUIET)),
    ("announcements", WRONG, "both nodes are MASTER; 3 discarded", (MASTER, REFUSED),
     (MASTER, QUIET)),
    ("announcements", WRONG, "no announcement came", (MASTER, QUIET), (MASTER, QUIET)),
    ("announcements", WRONG, "other node does not answer", (MASTER, REFUSED), None),
    ("sysctls", OK, "preempt is 0", SYSCTLS, SYSCTLS),
    ("sysctls", OK, "not loaded", recording("sysctl-carp-not-loaded").answer, None),
    ("sysctls", WRONG, "wished is 0", SYSCTLS.replace("preempt: 0", "preempt: 1"), None),
    ("sysctls", WRONG, "1 on the other", SYSCTLS, SYSCTLS.replace("preempt: 0", "preempt: 1")),
    ("sysctls", WRONG, "allow is 0", SYSCTLS.replace("allow: 1", "allow: 0"), None),
    ("sysctls", WRONG, "worse by 240", rec("sysctl-carp-if-down"), None),
    ("reached from the other node", OK, "BACKUP only", (MASTER, ""), (BACKUP, "")),
    ("reached from the other node", OK, "answers", (BACKUP, rec("ping-vip-on-backup")),
     (MASTER, "")),
    ("reached from the other node", WRONG, "does not answer", (BACKUP, Answer(2)), (MASTER, "")),
    ("promiscuous mode", OK, "takes", (MASTER, "none\n"), None),
    ("promiscuous mode", OK, "takes", (BARE, "none\n"), None),
    ("promiscuous mode", NOTICE, "vmware", (MASTER, "vmware\n"), None),
    ("promiscuous mode", WRONG, "not in promiscuous", (MASTER.replace("PROMISC,", ""), ""), None),
    ("announced to", OK, "everybody", MASTER, BACKUP),
    ("announced to", OK, "10.9.9.9", UNICAST, UNICAST),
    ("announced to", WRONG, "10.9.9.9", UNICAST, MULTICAST),
    ("hastd of this release", OK, "13.2", "13.2-RELEASE\n", None),
    ("hastd of this release", WRONG, "292322", "15.0-RELEASE\n", None),
    ("hastd of this release", NOTICE, "not known", "15.1-RELEASE\n", None),
    ("disk", OK, "268430848 bytes in sectors of 512", DISK, DISK),
    ("disk", WRONG, "in sectors of 4096", DISK, LARGE),
    ("disk", NOTICE, "1048576", DISK, DISK.replace("268430848", "1048576")),
    ("disk", WRONG, "cannot be asked", Answer(1, stderr="diskinfo: /dev/x: No such\n"), None),
    ("fstab", OK, "alone", Answer(NO_SUCH_FILE), None),
    ("fstab", OK, "alone", "# /dev/hast/test /mysql ufs rw 2 2\n/dev/ada0p2 / ufs rw 1 1\n", None),
    ("fstab", OK, "alone", "/dev/hast/test /mysql ufs rw,noauto 0 0\n", None),
    ("fstab", WRONG, "/dev/hast/test on /mysql", "/dev/hast/test /mysql ufs rw 2 2\n", None),
    ("fstab", WRONG, "on /mysql at boot", "/dev/ada9 /mysql ufs rw,late 2 2\n", None),
    ("version", OK, "8.0.35", "mysqld  Ver 8.0.35 for\n", "mysqld  Ver 8.0.35 for\n"),
    ("version", WRONG, "8.4.2 on the other", "mysqld  Ver 8.0.35 for", "mysqld  Ver 8.4.2 for"),
    ("version", WRONG, "no server answers", Answer(127, stderr="not found\n"), None),
    ("user", OK, "88", "88\n", "88\n"),
    ("user", WRONG, "89 on the other", "88\n", "89\n"),
    ("user", WRONG, "no user", Answer(1, stderr="id: mysql: no such user\n"), None),
    ("at boot", OK, "does not start", rec("mysql-service-e"), None),
    ("at boot", WRONG, "empty database", "/usr/local/etc/rc.d/mysql-server\n", None),
    ("at boot", WRONG, "failed", Answer(1, stderr="no\n"), None),
]  # fmt: skip


@pytest.mark.parametrize(("title", "mark", "said", "here", "there"), ROWS)
def test_what_it_makes_of_the_answers(
    title: str, mark: Mark, said: str, here: Said, there: Said | None
) -> None:
    found = judged(title, here, there)
    assert (found.mark, said in found.seen) == (mark, True), found
    assert bool(found.do) or mark is not WRONG


def test_each_check_is_seen_content_and_seen_to_find_something() -> None:
    content = {title for title, mark, *_ in ROWS if mark is OK}
    found = {title for title, mark, *_ in ROWS if mark in (WRONG, NOTICE)}
    assert set(CHECKS) - content == set()
    assert set(CHECKS) - found == set()


def test_a_clock_that_took_long_to_answer_is_not_called_wrong() -> None:
    slow = Asked((Answer(0, "100"),), 90.0, 130.0)
    other = Asked((Answer(0, "110"),), 130.0, 131.0)
    assert clock(slow, other).mark is OK


def test_two_nodes_have_the_same_checks() -> None:
    assert list(all_checks("hastb")) == list(CHECKS)
