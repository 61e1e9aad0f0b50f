"""Sysctls: one question for a subtree, a value set and kept for the next boot."""

from typing import Any

import pytest
from pydantic import ValidationError

from converge.core.host import Answer, Command
from converge.core.plan import Direction
from converge.core.state import Absent, Present, Unknown, in_sync
from converge.freebsd.setting import Setting
from converge.freebsd.sysctl import Sysctl, SysctlState, parse_sysctl
from tests.freebsd.around import Neighbours, Surroundings, change, made, pair
from tests.looking import see
from tests.recorded import recording, recordings

AROUND = Surroundings()
VIEW = Neighbours(AROUND)

TREES = sorted(n for n, one in recordings().items() if one.cmd == "sysctl net.inet.carp")


def look(sysctl: Sysctl, answer: Answer) -> Any:
    return see(sysctl, AROUND, {str(next(sysctl.look(AROUND))): answer})


def preempt(value: int | str = 0, **table: Any) -> Sysctl:
    return made(Sysctl, "net.inet.carp.preempt", value=value, **table)


# --- reading and looking ---------------------------------------------------------------------


@pytest.mark.parametrize("name", TREES)
def test_reads_every_recorded_subtree(name: str) -> None:
    one = recording(name)
    found = parse_sysctl(one.stdout)
    assert found == dict(line.split(": ") for line in one.stdout.splitlines())
    assert (len(found) == 7) == (one.rc == 0)


def test_reads_single_values_and_odd_ones() -> None:
    assert parse_sysctl(recording("sysctl-demotion-200").stdout) == {
        "net.inet.carp.demotion": "200"
    }
    booted = parse_sysctl(recording("sys-boottime-named").stdout)["kern.boottime"]
    assert booted.startswith("{ sec = 1795409946, usec = ")
    assert parse_sysctl("a.b: x\nmore: of it\n\na.c:\na.d: \n") == {
        "a.b": "x\nmore: of it\n",
        "a.c": "",
        "a.d": "",
    }
    assert parse_sysctl("junk\n") == {}


def test_resources_of_one_subtree_share_a_question() -> None:
    other = made(Sysctl, "net.inet.carp.log", value=2)
    assert str(next(preempt().look(AROUND))) == "sysctl net.inet.carp"
    assert next(preempt().look(AROUND)) == next(other.look(AROUND))
    short = made(Sysctl, "kern.geom.debugflags", value=16)
    assert str(next(short.look(AROUND))) == "sysctl kern.geom.debugflags"
    answer = recording("sysctl-carp-master").answer
    assert look(preempt(), answer) == Present(SysctlState("0"))
    assert look(other, answer) == Present(SysctlState("1"))


UNKNOWN = [
    ("net.inet.carp.preempt", "sysctl-carp-not-loaded"),
    ("net.inet.carp.nosuch", "sysctl-carp-master"),
    ("kern.nosuchoid", "sys-sysctl-unknown-oid"),
]


@pytest.mark.parametrize(("name", "answer"), UNKNOWN)
def test_what_the_kernel_does_not_know_may_come_with_what_it_needs(name: str, answer: str) -> None:
    alone = made(Sysctl, name, value=1)
    waiting = made(Sysctl, name, value=1, needs=["kernel_module.carp"])
    assert look(waiting, recording(answer).answer) == Absent()
    said = Unknown(f"there is no sysctl {name} on this node")
    assert look(alone, recording(answer).answer) == said


def test_other_failures_are_unknown() -> None:
    seen = look(preempt(), Answer(1, "", "sysctl: sysctl(net.inet.carp): Permission denied"))
    assert isinstance(seen, Unknown)
    assert "Permission denied" in seen.why


# --- wishing and acting ----------------------------------------------------------------------


@pytest.mark.parametrize("value", [16, "16", "0x10", " 16 "])
def test_numbers_are_compared_as_numbers(value: int | str) -> None:
    sysctl = made(Sysctl, "kern.geom.debugflags", value=value)
    seen = look(sysctl, Answer(0, "kern.geom.debugflags: 16\n"))
    assert in_sync(seen, sysctl.want(VIEW))
    assert not in_sync(Present(SysctlState("17")), sysctl.want(VIEW))
    (brought,) = sysctl.implied(AROUND)
    assert brought.table == {"file": "/etc/sysctl.conf", "value": "16"}


def test_sets_as_recorded() -> None:
    seen = look(preempt(0), Answer(0, "net.inet.carp.preempt: 1\n"))
    (action,) = preempt(0).actions(change(preempt(0), seen, preempt(0).want(VIEW)))
    assert str(action.effect) == recording("sysctl-set-ok").cmd
    assert isinstance(action.effect, Command)
    assert (action.verb, action.direction, action.settle_s) == ("set", Direction.UP, 2.0)
    assert action.why == "net.inet.carp.preempt is 1, wished is 0"


def test_nothing_is_done_without_the_module_or_the_wish() -> None:
    sysctl = preempt()
    assert sysctl.actions(change(sysctl, Absent(), sysctl.want(VIEW))) == ()
    assert sysctl.actions(change(sysctl, Present(SysctlState("1")), Absent())) == ()


def test_it_is_kept_for_the_next_boot_unless_told_otherwise() -> None:
    (brought,) = preempt(1).implied(AROUND)
    assert (brought.kind, brought.name) == ("setting", "net.inet.carp.preempt")
    assert brought.table == {"file": "/etc/sysctl.conf", "value": "1"}
    assert list(preempt(1, persistent=False).implied(AROUND)) == []


def test_on_old_releases_a_node_that_hears_nobody_becomes_a_second_master() -> None:
    old, new = (Neighbours(Surroundings(pair(release))) for release in ("9.3", "10.1"))
    for value in (0, "0x0"):
        sysctl = made(Sysctl, "net.inet.carp.allow", value=value)
        wish = sysctl.want(old)
        assert isinstance(wish, Unknown)
        assert "second MASTER" in wish.why
        assert sysctl.want(new) == Present(SysctlState("0"))
    allowed = made(Sysctl, "net.inet.carp.allow", value=1)
    assert allowed.want(old) == Present(SysctlState("1"))


# --- what the desired file may say -----------------------------------------------------------


def test_demotion_is_refused_because_writing_adds() -> None:
    assert recording("sysctl-demotion-add-100").stdout == "net.inet.carp.demotion: 0 -> 100\n"
    with pytest.raises(ValidationError, match="added to it") as raised:
        made(Sysctl, "net.inet.carp.demotion", value=0)
    assert "advskew" in str(raised.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("preempt", 1),
        ("net.inet.", 1),
        ("net inet", 1),
        ("a.b", "x\ny"),
        ("a.b", "#x"),
        ("a.b", '"x"'),
        ("a.b", 1.5),
        ("a.b", True),
        ("a.b", None),
    ],
)
def test_what_cannot_be_set_is_refused(name: str, value: Any) -> None:
    with pytest.raises(ValidationError):
        made(Sysctl, name, value=value)


@pytest.mark.parametrize("value", ["a b", "-1", -5, "1,2", "", " x "])
def test_what_can_be_set_can_be_kept(value: int | str) -> None:
    (brought,) = made(Sysctl, "a.b", value=value).implied(AROUND)
    made(Setting, brought.name, **brought.table)
