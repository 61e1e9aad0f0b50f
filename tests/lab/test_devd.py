"""devd's rules: what is read, when, and which of them an event of a real pair meets."""

import re

import pytest

from converge.freebsd.trigger.texts import RULES, WAKER
from converge.lab.fresh import recorded_pair
from converge.lab.machine import devd
from converge.lab.world import File, World
from tests.lab.fs_worlds import then
from tests.recorded import recording

OURS = "/usr/local/etc/devd/converge.conf"
CARDS = frozenset({"vtnet0", "vtnet1"})


def lines(name: str) -> list[str]:
    """The events of a recording, without the second in front."""
    return [line.split(" ", 1)[1] for line in recording(name).stdout.strip().splitlines()]


def asked(text: str, line: str) -> str:
    return devd.action(devd.parse(text), line, CARDS)


# --- our rules and recorded events -------------------------------------------------------------


@pytest.mark.parametrize("name", ["devd-pipe-a", "devd-pipe-b"])
def test_every_recorded_change_of_carp_wakes_and_nothing_else_does(name: str) -> None:
    for line in lines(name):
        carp = re.fullmatch(r"!system=CARP subsystem=1@vtnet1 type=(MASTER|BACKUP|INIT)", line)
        assert asked(RULES, line) == (f"{WAKER} devd" if carp else ""), line


def test_the_packets_of_the_other_socket_are_the_same_lines() -> None:
    seqpacket = [line.split(" ", 1)[1] for line in lines("devd-seqpacket-a")]
    assert {asked(RULES, line) for line in seqpacket} == {f"{WAKER} devd"}


@pytest.mark.parametrize(
    ("line", "wakes"),
    [
        ("!system=CARP subsystem=1@em0.10 type=MASTER", True),
        ("!system=CARP subsystem=255@lagg0 type=INIT", True),
        ("!system=IFNET subsystem=carp0 type=LINK_UP", True),
        ("!system=IFNET subsystem=carp12 type=LINK_DOWN", True),
        ("!system=IFNET subsystem=vtnet1 type=LINK_UP", False),
        ("!system=IFNET subsystem=carp0 type=ATTACH", False),
        ("!system=CARP subsystem=carp0 type=MASTER", False),
        ("+carp0 at vtnet1", False),
    ],
)
def test_both_dialects_and_no_cable(line: str, wakes: bool) -> None:  # noqa: FBT001 - a table
    """A rule on the card's own LINK_UP would be true on both nodes (F08)."""
    assert bool(asked(RULES, line)) is wakes


# --- devd itself -------------------------------------------------------------------------------


def rule(action: str, priority: int = 0, *matches: str) -> str:
    return f'notify {priority} {{ {" ".join(matches)} action "{action}"; }};\n'


CARP = 'match "system" "CARP";'
EVENT = "!system=CARP subsystem=1@vtnet1 type=INIT"


def test_the_highest_priority_runs_and_no_other() -> None:
    text = rule("low", 0, CARP) + rule("high", 20, CARP) + rule("same", 20, CARP)
    assert asked(text, EVENT) == "high"


def test_the_rule_of_carp_4_never_sees_the_lost_carrier() -> None:
    """carp(4) of FreeBSD 13 matches MASTER and BACKUP only (F07)."""
    of_the_manual = rule("x", 0, CARP, 'match "type" "(MASTER|BACKUP)";')
    assert asked(of_the_manual, EVENT) == ""


def test_the_pattern_of_carp_4_of_freebsd_9_matches_no_interface() -> None:
    text = rule("x", 0, 'match "system" "IFNET";', 'match "subsystem" "carp*";')
    assert asked(text, "!system=IFNET subsystem=carp0 type=LINK_DOWN") == ""
    assert asked(text, "!system=IFNET subsystem=carp type=LINK_DOWN") == "x"


def test_patterns_know_no_case_and_may_be_turned_round() -> None:
    assert asked(rule("x", 0, 'match "system" "carp";'), EVENT) == "x"
    assert asked(rule("x", 0, 'match "system" "!IFNET";'), EVENT) == "x"
    assert asked(rule("x", 0, 'match "system" "!CARP";'), EVENT) == ""


def test_variables_are_put_in() -> None:
    text = rule("/root/switch $subsystem ${type}", 0, CARP)
    assert asked(text, EVENT) == "/root/switch 1@vtnet1 INIT"


def test_names_stand_for_patterns() -> None:
    options = 'options { directory "/etc/devd"; set kinds "(CARP|IFNET)"; };\n'
    assert asked(options + rule("x", 0, 'match "system" "$kinds";'), EVENT) == "x"


def test_comments_and_a_card_that_is_none() -> None:
    text = "# one\n// two\n/* three\n */" + rule("dhcp", 0, 'media-type "ethernet";')
    assert asked(text, "!system=IFNET subsystem=vtnet1 type=LINK_UP") == "dhcp"
    assert asked(text, EVENT) == ""


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ('notify 0 {\n\tmatch "a" "b"\n};', "1"),
        ("\nnotify 0 {", "2"),
        ('nodify 0 { action "x"; };', "1"),
        ('notify x { action "x"; };', "1"),
        ('notify 0 { action "x"; }\n', "1"),
        ("?", "1"),
    ],
)
def test_what_devd_would_not_read_is_not_read(text: str, at: str) -> None:
    with pytest.raises(devd.BadRules, match=rf"^{at}: syntax error"):
        devd.parse(text)


# --- on a machine ------------------------------------------------------------------------------


def with_rules(text: str = RULES) -> World:
    world = then(recorded_pair(), "mkdir -p /usr/local/etc/devd")
    machine = world.machine("hasta")
    return world.change("hasta", files=machine.files.put(OURS, File(text, mtime=world.now)))


def words(world: World) -> tuple[str, ...]:
    return devd.called(world.machine("hasta"), EVENT)


def test_rules_are_read_at_a_start_and_never_else() -> None:
    world = with_rules()
    assert words(world) == ()
    world = then(world, "service devd restart")
    assert words(world) == (WAKER, "devd")
    world = then(world, f"rm {OURS}")
    assert words(world) == (WAKER, "devd"), "it remembers what it has read"
    assert words(then(world, "service devd restart")) == ()


def test_a_stopped_devd_calls_nobody() -> None:
    world = then(with_rules(), "service devd restart", "service devd stop")
    assert words(world) == ()


def test_with_rules_that_cannot_be_read_it_does_not_start() -> None:
    world = then(with_rules("notify 0 {"), "service devd restart || true")
    assert devd.running(world.machine("hasta")) is None
