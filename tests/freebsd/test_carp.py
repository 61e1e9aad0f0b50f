"""CARP addresses: reading ifconfig of both dialects, and the few commands that are needed."""

from dataclasses import replace
from ipaddress import IPv4Interface
from typing import Any

import pytest
from pydantic import ValidationError

from converge.core.host import Answer, Command
from converge.core.ids import ResourceId
from converge.core.plan import Action, Direction
from converge.core.secret import Secret, reveal
from converge.core.state import Absent, Present, Unknown, in_sync, is_active
from converge.freebsd import kinds
from converge.freebsd.carp import Carp
from converge.freebsd.carp.answers import CarpState, parse_dialect, parse_ifconfig
from tests.freebsd.around import Neighbours, Surroundings, change, made, pair
from tests.looking import see
from tests.recorded import recording, recordings

AROUND = Surroundings()
OLD = Surroundings(pair("9.3"))
VIP = IPv4Interface("192.168.1.50/32")
UNAME, UNAME_OLD = Answer(0, "13.2-RELEASE\n"), Answer(0, "9.3-RELEASE-p5\n")

SHOWN = sorted(
    name
    for name, one in recordings().items()
    if one.rc == 0 and one.cmd in {"ifconfig vtnet1", "ifconfig -v vtnet1"}
)

# The article's carpN interface: no such system was recorded, the lines are from the sources of
# 9.3 (sbin/ifconfig), so white space and order are likely, not certain.
CARP0 = """\
carp0: flags=49<UP,LOOPBACK,RUNNING> metric 0 mtu 1500
\tinet 192.168.1.50 netmask 0xffffff00\x20
\tnd6 options=29<PERFORMNUD,IFDISABLED,AUTO_LINKLOCAL>
\tcarp: MASTER vhid 1 advbase 1 advskew 0
"""
CARP0_NEW = "carp0: flags=8<LOOPBACK> metric 0 mtu 1500\n"
NO_CARP0 = recording("ifconfig-carp0-no-such-if").answer
FXP0 = """\
fxp0: flags=8843<UP,BROADCAST,RUNNING,SIMPLEX,MULTICAST> metric 0 mtu 1500
\tether 00:02:b3:00:00:01
\tinet 192.168.1.51 netmask 0xffffff00 broadcast 192.168.1.255
\tmedia: Ethernet autoselect (100baseTX <full-duplex>)
\tstatus: active
"""


def vip(**table: Any) -> Carp:
    """The recorded address."""
    base = {"interface": "vtnet1", "vhid": 1, "password": "testpass", "address": "192.168.1.50/32"}
    return made(Carp, "vip", **{**base, **table})


def article(node: str = "hasta", **table: Any) -> Carp:
    """The article's address on FreeBSD 9."""
    base = {"interface": "fxp0", "vhid": 1, "password": "testpass", "address": "192.168.1.50/24"}
    return made(Carp, "vip", node, **{**base, **table})


def look(carp: Carp, shown: Answer | str, **more: Answer) -> Any:
    answer = Answer(0, shown) if isinstance(shown, str) else shown
    return see(carp, AROUND, {"ifconfig vtnet1": answer, "uname -r": UNAME})


def look_old(carp: Carp, shown: Answer | str, parent: str = FXP0) -> Any:
    answer = Answer(0, shown) if isinstance(shown, str) else shown
    heard = {"ifconfig carp0": answer, "ifconfig fxp0": Answer(0, parent), "uname -r": UNAME_OLD}
    return see(carp, OLD, heard)


def act(carp: Carp, observed: Any, around: Surroundings = AROUND) -> tuple[Action, ...]:
    return carp.actions(change(carp, observed, carp.want(Neighbours(around))))


def argv(action: Action) -> str:
    """The real command, secrets and all."""
    assert isinstance(action.effect, Command)
    return " ".join(reveal(word) for word in action.effect.argv)


def sees(text: str) -> Any:
    return look(vip(), text)


# --- reading ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SHOWN)
def test_reads_every_recorded_interface(name: str) -> None:
    text = recording(name).stdout
    shown = parse_ifconfig(text)
    assert shown is not None
    carp = [line.split() for line in text.splitlines() if line.startswith("\tcarp:")]
    inet = [line.split() for line in text.splitlines() if line.startswith("\tinet ")]
    assert shown.groups == {int(w[3]): (w[1], int(w[5]), int(w[7])) for w in carp}
    assert [str(a.ip) for a, _ in shown.addresses] == [w[1] for w in inet]
    assert [v for _, v in shown.addresses] == [int(w[-1]) if "vhid" in w else 0 for w in inet]
    assert ("UP" in shown.flags) == ("<UP," in text)
    assert ("PROMISC" in shown.flags) == ("PROMISC" in text)


def test_the_recordings_are_as_many_as_they_were() -> None:
    assert len(SHOWN) >= 25


def test_reads_the_masks() -> None:
    shown = parse_ifconfig(recording("ifconfig-vtnet1-master").stdout)
    assert shown is not None
    assert shown.addresses == ((IPv4Interface("192.168.1.51/24"), 0), (VIP, 1))
    other = "em0: flags=8802<BROADCAST> metric 0\n\tinet 10.1.0.1/30 broadcast 10.1.0.3 vhid 7\n"
    shown = parse_ifconfig(other + "\tinet 10.2.0.1 --> 10.2.0.2 netmask 0xfffffffc\n")
    assert shown is not None
    assert shown.addresses[0] == (IPv4Interface("10.1.0.1/30"), 7)
    assert shown.addresses[1] == (IPv4Interface("10.2.0.1/30"), 0)


def test_reads_the_old_dialect() -> None:
    shown = parse_ifconfig(CARP0)
    assert shown is not None
    assert shown.addresses == ((IPv4Interface("192.168.1.50/24"), 0),)
    assert shown.groups == {1: ("MASTER", 1, 0)}


def test_reads_past_the_lines_of_later_releases() -> None:
    text = recording("ifconfig-vtnet1-master").stdout.replace(
        "advskew 0\n", "advskew 0\n\t      peer 224.0.0.18 peer6 ff02::12\n"
    )
    shown = parse_ifconfig(text + "\tinet6 fe80::1%vtnet1 prefixlen 64 scopeid 0x2 vhid 1\n")
    assert shown is not None
    assert shown.groups == {1: ("MASTER", 1, 0)}
    assert len(shown.addresses) == 2


@pytest.mark.parametrize("name", ["ifconfig-no-such-if", "ifconfig-l", "ifconfig-vhid-filter"])
def test_what_is_no_interface_is_nothing(name: str) -> None:
    assert parse_ifconfig(recording(name).stdout) is None


@pytest.mark.parametrize(
    ("text", "dialect"),
    [
        (recording("sys-uname-rs").stdout, "vhid"),
        ("13.2-RELEASE\n", "vhid"),
        ("15.0-CURRENT\n", "vhid"),
        ("10.0-RELEASE-p1\n", "vhid"),
        ("9.3-RELEASE\n", "carp0"),
        ("FreeBSD 8.4-STABLE\n", "carp0"),
        ("9.3", "carp0"),
        ("14", "vhid"),
        ("", ""),
        ("uname: nonsense", ""),
    ],
)
def test_the_dialect_is_told_by_the_release(text: str, dialect: str) -> None:
    assert parse_dialect(text) == dialect


# --- looking ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "state", "advskew"),
    [
        ("ifconfig-vtnet1-master", "MASTER", 0),
        ("ifconfig-vtnet1-backup", "BACKUP", 100),
        ("ifconfig-vtnet1-down-init", "INIT", 0),
        ("ifconfig-no-carrier", "INIT", 0),
        ("ifconfig-advskew-20", "MASTER", 20),
        ("ifconfig-after-netif-restart", "BACKUP", 0),
        ("ifconfig-two-vhids-new", "MASTER", 0),
        ("compiledin-ifconfig-vtnet1", "BACKUP", 100),
    ],
)
def test_sees_the_group_and_its_state(name: str, state: str, advskew: int) -> None:
    seen = sees(recording(name).stdout)
    assert seen == Present(CarpState(1, 1, advskew, (VIP,)))
    assert (seen.state.state, seen.state.target) == (state, "vtnet1")
    assert is_active(seen) == (state == "MASTER")


def test_the_second_group_is_seen_by_its_number() -> None:
    carp = vip(vhid=2, address="192.168.1.60/32")
    seen = look(carp, recording("ifconfig-two-vhids-new").stdout)
    assert seen == Present(CarpState(2, 1, 50, (IPv4Interface("192.168.1.60/32"),)))
    assert not is_active(seen)


def test_its_number_counts_more_than_its_address() -> None:
    seen = look(vip(vhid=2), recording("ifconfig-two-vhids-new").stdout)
    assert seen == Present(CarpState(2, 1, 50, (IPv4Interface("192.168.1.60/32"),)))


@pytest.mark.parametrize(
    "name",
    [
        "ifconfig-after-vhid-not-loaded",  # no module: ifconfig has no carp lines at all
        "ifconfig-after-kldload",
        "ifconfig-vip-removed",
        "ifconfig-vhid-no-address-after",  # another group, and one without an address
    ],
)
def test_no_group_is_absent(name: str) -> None:
    assert sees(recording(name).stdout) == Absent()


def test_a_group_without_an_address_serves_nothing() -> None:
    carp = vip(vhid=3)
    assert look(carp, recording("ifconfig-vhid-no-address-after").stdout) == Absent()


def test_a_missing_interface_is_unknown() -> None:
    seen = look(vip(), recording("ifconfig-no-such-if").answer)
    assert isinstance(seen, Unknown)
    assert "interface vtnet7 does not exist" in seen.why


def test_a_group_of_vrrp_is_unknown() -> None:
    text = recording("ifconfig-vtnet1-master").stdout.replace(
        "carp: MASTER vhid 1 advbase 1 advskew 0", "vrrp: MASTER vrid 1 prio 100 interval 100"
    )
    seen = sees(text)
    assert isinstance(seen, Unknown)
    assert "VRRP" in seen.why


def test_a_release_of_the_other_dialect_is_unknown_and_says_what_to_write() -> None:
    seen = see(article(), OLD, {"ifconfig carp0": NO_CARP0, "uname -r": UNAME})
    assert isinstance(seen, Unknown)
    assert "13.2-RELEASE" in seen.why
    assert "[node.hasta]" in seen.why
    shown = recording("ifconfig-vtnet1-master").answer
    seen = see(vip(), AROUND, {"ifconfig vtnet1": shown, "uname -r": UNAME_OLD})
    assert isinstance(seen, Unknown)
    seen = see(vip(), AROUND, {"ifconfig vtnet1": shown, "uname -r": Answer(1, "", "no")})
    assert isinstance(seen, Unknown)


def test_the_dialect_may_be_written_out() -> None:
    carp = article(dialect="carp0")
    seen = see(carp, AROUND, {"ifconfig carp0": Answer(0, CARP0), "uname -r": UNAME_OLD})
    assert isinstance(seen, Present)


def test_sees_the_old_dialect() -> None:
    seen = look_old(article(), CARP0)
    assert seen == Present(CarpState(1, 1, 0, (IPv4Interface("192.168.1.50/24"),)))
    assert is_active(seen)
    assert seen.state.target == "carp0"
    assert look_old(article(), NO_CARP0) == Absent()
    assert look_old(article(), CARP0_NEW) == Present(CarpState(0, 1, 0, ()))


def test_promiscuous_mode_counts_only_where_wished() -> None:
    master, down = recording("ifconfig-vtnet1-master").stdout, CARP0
    assert look(vip(promisc=True), master).state.promisc
    assert not look(vip(), master).state.promisc
    assert not look_old(article(promisc=True), down).state.promisc
    parent = FXP0.replace("RUNNING", "RUNNING,PROMISC")
    assert look_old(article(promisc=True), down, parent).state.promisc


# --- wishing and acting ----------------------------------------------------------------------


def test_what_is_as_wished_is_left_alone() -> None:
    carp = vip(promisc=True, preempt=False)
    seen = look(carp, recording("ifconfig-vtnet1-master").stdout)
    assert in_sync(seen, carp.want(Neighbours(AROUND)))
    assert act(carp, seen) == ()
    backup = look(vip(advskew=100), recording("ifconfig-vtnet1-backup").stdout)
    assert in_sync(backup, vip(advskew=100).want(Neighbours(AROUND)))


def test_adds_the_address_as_it_was_recorded() -> None:
    (action,) = act(vip(), Absent())
    assert argv(action) == recording("ifconfig-vip-add-again").cmd
    assert (action.verb, action.direction) == ("add", Direction.UP)
    assert action.settle_s == 4.0
    (action,) = act(
        vip(vhid=2, advskew=50, password="secret2", address="192.168.1.60/32"), Absent()
    )
    assert argv(action) == recording("ifconfig-vhid2-add").cmd
    (action,) = act(vip(advbase=5, advskew=3, password=None), Absent())
    assert argv(action) == "ifconfig vtnet1 vhid 1 advbase 5 advskew 3 alias 192.168.1.50/32"


def test_a_group_left_without_an_address_gets_it_again() -> None:
    carp = vip(vhid=3)
    seen = look(carp, recording("ifconfig-vhid-no-address-after").stdout)
    assert [a.verb for a in act(carp, seen)] == ["add"]


def test_advskew_changes_in_place_and_keeps_the_state() -> None:
    seen = sees(recording("ifconfig-advskew-20").stdout)
    (action,) = act(vip(), seen)
    assert argv(action) == recording("ifconfig-advskew-back").cmd
    assert action.why == "on vtnet1 advskew is 20, wished is 0"
    (action,) = act(vip(advskew=20), sees(recording("ifconfig-vtnet1-master").stdout))
    assert argv(action) == recording("ifconfig-advskew-change").cmd
    (action,) = act(vip(advbase=2, advskew=20), sees(recording("ifconfig-vtnet1-master").stdout))
    assert argv(action) == "ifconfig vtnet1 vhid 1 advbase 2 advskew 20"


def test_an_address_that_is_there_is_never_added_again() -> None:
    seen = sees(recording("ifconfig-vtnet1-master").stdout)
    carp = vip(aliases=["192.168.1.60/32"], advskew=7)
    steps = act(carp, seen)
    assert [argv(a) for a in steps] == [
        "ifconfig vtnet1 vhid 1 advskew 7 pass testpass alias 192.168.1.60/32",
        "ifconfig vtnet1 vhid 1 advskew 7",
    ]
    assert [a.verb for a in steps] == ["add1", "set"]
    assert [a.settle_s for a in steps] == [0.0, 4.0]


def test_a_wrong_mask_goes_down_before_the_right_one_comes() -> None:
    seen = sees(recording("ifconfig-vtnet1-master").stdout)
    down, up = act(vip(address="192.168.1.50/24", advskew=9), seen)
    assert argv(down) == recording("ifconfig-remove-vip").cmd
    assert (down.direction, down.settle_s) == (Direction.DOWN, 0.0)
    assert argv(up) == "ifconfig vtnet1 vhid 1 advskew 9 pass testpass alias 192.168.1.50/24"
    assert up.direction is Direction.UP


def test_addresses_too_many_go_last_one_first() -> None:
    shown = recording("ifconfig-two-vhids-master").stdout.replace("vhid 2\n", "vhid 1\n")
    more = shown.replace("\tether", "\tinet 192.168.1.70 netmask 0xffffffff vhid 1\n\tether")
    steps = act(vip(), sees(more))
    assert [(a.verb, argv(a).split()[3]) for a in steps] == [
        ("remove1", "192.168.1.70"),
        ("remove", "192.168.1.60"),
    ]
    assert steps[-1].settle_s == 4.0
    after_first = act(vip(), sees(shown))
    assert [a.key for a in after_first] == [steps[1].key]


def test_another_vhid_moves_the_address() -> None:
    carp = vip(vhid=9)
    seen = look(carp, recording("ifconfig-vtnet1-master").stdout)
    assert not in_sync(seen, carp.want(Neighbours(AROUND)))
    assert [argv(a) for a in act(carp, seen)] == [
        "ifconfig vtnet1 inet 192.168.1.50 -alias",
        "ifconfig vtnet1 vhid 9 pass testpass alias 192.168.1.50/32",
    ]


def test_wished_away_takes_the_address_off() -> None:
    seen = sees(recording("ifconfig-vtnet1-master").stdout)
    (action,) = vip().actions(change(vip(), seen, Absent()))
    assert argv(action) == recording("ifconfig-remove-vip").cmd
    assert action.direction is Direction.DOWN
    assert vip().actions(change(vip(), Absent(), Absent())) == ()


def test_promiscuous_mode_is_asked_for_where_it_is_missing() -> None:
    carp = vip(promisc=True)
    seen = look(carp, recording("ifconfig-vtnet1-master").stdout.replace("PROMISC,", ""))
    (action,) = act(carp, seen)
    assert argv(action) == "ifconfig vtnet1 promisc"
    assert [argv(a).split()[-1] for a in act(carp, Absent())] == ["promisc", str(VIP)]


def test_the_old_dialect_makes_its_interface_first() -> None:
    assert [argv(a) for a in act(article(), Absent(), OLD)] == [
        "ifconfig carp0 create",
        "ifconfig carp0 vhid 1 pass testpass 192.168.1.50/24",
    ]
    created = look_old(article(), CARP0_NEW)
    assert [a.verb for a in act(article(), created, OLD)] == ["add"]


def test_the_old_dialect_changes_in_place() -> None:
    carp = article(advskew=100, vhid=2)
    assert [argv(a) for a in act(carp, look_old(carp, CARP0), OLD)] == [
        "ifconfig carp0 vhid 2 advskew 100"
    ]
    carp = article(address="192.168.1.49/24", aliases=["192.168.1.50/24"])
    assert [argv(a) for a in act(carp, look_old(carp, CARP0), OLD)] == [
        "ifconfig carp0 vhid 1 pass testpass alias 192.168.1.49/24"
    ]
    carp = article(address="192.168.1.49/24")
    assert [argv(a) for a in act(carp, look_old(carp, CARP0), OLD)] == [
        "ifconfig carp0 inet 192.168.1.50 -alias",
        "ifconfig carp0 vhid 1 pass testpass 192.168.1.49/24",
    ]


def test_an_old_address_without_a_group_gets_one_with_its_password() -> None:
    plain = "".join(line for line in CARP0.splitlines(keepends=True) if "carp:" not in line)
    assert [argv(a) for a in act(article(), look_old(article(), plain), OLD)] == [
        "ifconfig carp0 vhid 1 pass testpass"
    ]


def test_the_old_dialect_wished_away_destroys_its_interface() -> None:
    carp = article()
    (action,) = carp.actions(change(carp, look_old(carp, CARP0), Absent()))
    assert argv(action) == "ifconfig carp0 destroy"
    assert action.direction is Direction.DOWN


def test_the_unit_is_the_number_of_the_interface() -> None:
    carp = article(unit=3)
    assert argv(act(carp, Absent(), OLD)[0]) == "ifconfig carp3 create"


# --- what it brings along --------------------------------------------------------------------


def brought(carp: Carp, around: Surroundings) -> dict[str, dict[str, Any]]:
    return {f"{i.kind}.{i.name}": dict(i.table) for i in carp.implied(around)}


def test_brings_the_recorded_line_of_rc_conf() -> None:
    found = brought(vip(preempt=False), AROUND)
    value = found["setting.ifconfig_vtnet1_alias0"]["value"]
    line = f'ifconfig_vtnet1_alias0="{reveal(value)}"\n'
    assert line in recording("sysrc-file-after").stdout
    assert str(value) == "inet vhid 1 pass *** alias 192.168.1.50/32"
    assert found["kernel_module.carp"] == {}
    assert found["sysctl.net.inet.carp.preempt"] == {
        "value": 0,
        "needs": ("kernel_module.carp",),
    }
    assert len(found) == 3
    assert list(vip().needed(AROUND)) == ["kernel_module.carp"]


def test_brings_a_line_for_each_alias_and_every_parameter() -> None:
    carp = vip(
        interface="em0.10", aliases=["10.0.0.1/32"], alias=2, advbase=2, advskew=100, password=None
    )
    found = brought(carp, AROUND)
    assert found["setting.ifconfig_em0_10_alias2"]["value"] == (
        "inet vhid 1 advbase 2 advskew 100 alias 192.168.1.50/32"
    )
    assert found["setting.ifconfig_em0_10_alias3"]["value"] == (
        "inet vhid 1 advbase 2 advskew 100 alias 10.0.0.1/32"
    )
    assert "sysctl.net.inet.carp.preempt" not in found


def test_brings_the_lines_of_the_article_in_the_old_dialect() -> None:
    found = brought(article(preempt=True), OLD)
    line = found["setting.ifconfig_carp0"]["value"]
    assert reveal(line) == "vhid 1 pass testpass 192.168.1.50/24"
    assert found["setting.cloned_interfaces"] == {"value": "carp0", "member": True}
    assert found["kernel_module.if_carp"] == {}
    assert found["sysctl.net.inet.carp.preempt"]["needs"] == ("kernel_module.if_carp",)
    other = brought(article("hastb", advskew=100, aliases=["192.168.1.60/24"]), OLD)
    line = other["setting.ifconfig_carp0"]["value"]
    assert reveal(line) == "vhid 1 advskew 100 pass testpass 192.168.1.50/24"
    assert other["setting.ifconfig_carp0_alias0"]["value"] == "inet 192.168.1.60/24"
    assert list(article().needed(OLD)) == ["kernel_module.if_carp"]


def test_offers_the_address_without_its_mask() -> None:
    offers = {"address": "192.168.1.50", "interface": "vtnet1", "group": "1@vtnet1"}
    assert vip().offers() == offers


def test_the_password_is_never_shown() -> None:
    carp = vip(advskew=3)
    seen = sees(recording("ifconfig-two-vhids-new").stdout)
    told = f"{carp!r} {act(carp, Absent())} {act(carp, seen)} {brought(carp, AROUND)}"
    told += " ".join(str(a.effect) for a in act(carp, Absent()))
    assert "testpass" not in told
    assert "pass *** alias" in told


def test_what_it_brings_is_accepted_by_the_other_kinds() -> None:
    for carp, around in ((vip(preempt=True), AROUND), (article(preempt=True), OLD)):
        for one in carp.implied(around):
            id = ResourceId("hasta", one.kind, one.name)
            kinds()[one.kind].model_validate({"id": id, **one.table})


# --- what the desired file may say -----------------------------------------------------------


@pytest.mark.parametrize(
    ("table", "where", "words"),
    [
        ({"vhid": 0}, "vhid", "greater than or equal to 1"),
        ({"vhid": 256}, "vhid", "less than or equal to 255"),
        ({"advskew": 255}, "advskew", "less than or equal to 254"),
        ({"advskew": -1}, "advskew", "greater than or equal to 0"),
        ({"advbase": 0}, "advbase", "greater than or equal to 1"),
        ({"advbase": 256}, "advbase", "less than or equal to 255"),
        ({"password": "a--b"}, "password", "1 to 19 letters and digits"),
        ({"password": "1-2"}, "password", "1 to 19 letters and digits"),
        ({"password": "a" * 20}, "password", "1 to 19 letters and digits"),
        ({"password": ""}, "password", "1 to 19 letters and digits"),
        ({"password": "pass word"}, "password", "1 to 19 letters and digits"),
        ({"address": "192.168.1.500/24"}, "address", "Octet|IPv4"),
        ({"interface": "EM0; reboot"}, "interface", "pattern"),
        ({"dialect": "carp"}, "dialect", "'carp0' or 'vhid'"),
        ({"carpdev": "fxp0"}, "carpdev", "write interface instead"),
        ({"group": "carp"}, "group", "take it out"),
        ({"state": "master"}, "state", "converge switchover"),
        ({"state": "init"}, "state", "advskew"),
        ({"advskewed": 1}, "advskewed", "Extra inputs"),
    ],
)
def test_what_carp_cannot_do_is_refused_where_it_stands(
    table: dict[str, Any], where: str, words: str
) -> None:
    with pytest.raises(ValidationError, match=words) as raised:
        vip(**table)
    assert [error["loc"] for error in raised.value.errors()] == [(where,)]


@pytest.mark.parametrize("password", ["a", "testpass", "A1" * 9 + "z", None])
def test_passwords_that_work(password: str | None) -> None:
    assert vip(password=password).password == (Secret(password) if password else None)


SEEN = CarpState(1, 1, 0, (VIP,), state="MASTER")


@pytest.mark.parametrize(
    ("theirs", "words"),
    [
        ({"advskew": 100, "state": "BACKUP"}, ""),
        ({"vhid": 2, "advskew": 100}, "the nodes have vhid 1 here and 2 there: CARP signs it"),
        ({"advbase": 2, "advskew": 100}, "the nodes have advbase 1 here and 2 there"),
        ({"addresses": (), "advskew": 100}, "the nodes have addresses 192.168.1.50/32 here and"),
        ({"state": "BACKUP"}, "both nodes have advskew 0"),
        ({"advskew": 100}, "both nodes are MASTER"),
        ({"advskew": 100, "state": "INIT"}, ""),
    ],
)
def test_what_is_seen_on_both_nodes_and_does_not_go_together(
    theirs: dict[str, Any], words: str
) -> None:
    said = vip().concern(SEEN, Present(replace(SEEN, **theirs)))
    assert said.startswith(words)
    assert bool(said) is bool(words)
    assert vip().concern(SEEN, Absent()) == vip().concern(SEEN, None) == ""


def test_what_stands_in_the_way_of_a_handover() -> None:
    group = (
        "\tcarp: BACKUP vhid 1 advbase 1 advskew 100\n\t      peer 192.168.1.51 peer6 ff02::12\n"
    )
    text = f"vtnet1: flags=8963<UP,PROMISC> metric 0\n{group}"
    shown = parse_ifconfig(text)
    assert shown is not None
    assert shown.unicast == "192.168.1.51"
    everybody = parse_ifconfig(text.replace("192.168.1.51", "224.0.0.18"))
    assert everybody is not None
    assert everybody.unicast == ""
    ours, seen = vip(preempt=False), CarpState(1, 1, 100, (), state="BACKUP")
    assert ours.unready(seen) == ""
    assert "F20" in ours.unready(replace(seen, unicast="192.168.1.51"))
    assert "preempt = false" in vip(preempt=True).unready(seen)
    assert "preempt = false" in vip().unready(seen)
    assert "no advskew is above 254" in vip(preempt=False, advskew=254).unready(seen)
    assert ours.unready(replace(seen, state="INIT")) == "CARP is INIT"
