"""What a secondary's log tells of its primary's death, and what it does not."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from converge.core.host import Answer
from converge.core.ledger import Note, Now
from converge.core.resource import Twin
from converge.core.state import Present
from converge.freebsd.carp import Carp
from converge.freebsd.hast import Hast
from converge.freebsd.hast.answers import BOOTED, HastState, parse_booted_s
from converge.freebsd.hast.evidence import waited_s
from converge.freebsd.hast.logged import LOG, Logged, parse_logged, why_untold
from converge.freebsd.hast.memory import remembered, why_unsynced
from tests.freebsd.around import Surroundings, made
from tests.looking import see
from tests.recorded import FOLDER, recording

GROUP = "1@vtnet1"
CARP = r".* kernel: carp: 1@vtnet1: .*"


def lines(text: str, pattern: str) -> list[str]:
    return [f"{line}\n" for line in text.splitlines() if re.fullmatch(pattern, line)]


TIMED_OUT = lines(Path(FOLDER, "timeline-failover-script.txt").read_text(), CARP)[-1]
LEFT = lines(recording("timeline-failover-script-hastlog").stdout, ".*exitcode=75.*")[-1]
"""One death of a primary, as the survivor logged it: 05:42:35 and 05:42:53, pid 2926."""

OTHER = "Nov 23 05:42:40 hastb sshd[999]: error: beginning MaxStartups throttling\n"


STOPPED = LEFT[:15] + lines(recording("log-hastd-peer-stopped-b").stdout, ".*Termin.*")[0][15:]


def test_the_recorded_death_is_read() -> None:
    assert parse_logged(TIMED_OUT + LEFT, "test", GROUP) == Logged("", 2926, 18)
    assert parse_logged(TIMED_OUT + OTHER + LEFT, "test", GROUP) == Logged("", 2926, 18)


def test_what_was_logged_before_the_time_out_does_not_matter() -> None:
    before = recording("log-hastd-splitbrain-b").stdout + recording("log-carp-states-b").stdout
    assert parse_logged(before + TIMED_OUT + LEFT, "test", GROUP) == Logged("", 2926, 18)


def stamped(line: str, stamp: str) -> str:
    return stamp + line[15:]


TOO_LITTLE = {
    "nothing": ("", "no line about 1@vtnet1"),
    "rotated": (LEFT, "no line about 1@vtnet1"),
    "another group": (TIMED_OUT.replace("1@", "11@") + LEFT, "no line about 1@vtnet1"),
    "worker lives": (TIMED_OUT, "no lines of hastd"),
    "link first": (LEFT + TIMED_OUT, "no lines of hastd"),
    "two workers": (TIMED_OUT + LEFT + LEFT.replace("2926", "2999"), "2 lines of hastd"),
    "split-brain": (TIMED_OUT + LEFT.replace("=75", "=78"), "something else"),
    "killed": (TIMED_OUT + LEFT.replace("exited ungracefully", "killed"), "something else"),
    "primary": (TIMED_OUT + LEFT.replace("(secondary)", "(primary)"), "something else"),
    "hastd stopped": (TIMED_OUT + LEFT + STOPPED, "2 lines of hastd"),
    "backwards": (TIMED_OUT + LEFT + stamped(OTHER, "Nov 23 05:42:34"), "do not rise"),
    "new year": (
        stamped(TIMED_OUT, "Dec 31 23:59:55") + stamped(LEFT, "Jan  1 00:00:10"),
        "do not rise",
    ),
    "no date": (TIMED_OUT + stamped(LEFT, "Nov 31 05:42:53"), "do not rise"),
    "syslogd": (
        TIMED_OUT + "Nov 23 05:42:40 hastb syslogd: exiting on signal 15\n" + LEFT,
        "lack",
    ),
    "repeated": (
        TIMED_OUT + LEFT + "Nov 23 05:42:55 hastb last message repeated 2 times\n",
        "lack",
    ),
    "other form": (TIMED_OUT + "<30>1 2026-11-23T05:42:40Z hastb hastd 1 - - x\n" + LEFT, "rise"),
}


@pytest.mark.parametrize("case", TOO_LITTLE)
def test_where_lines_are_missing_or_doubtful_nothing_is_known(case: str) -> None:
    text, why = TOO_LITTLE[case]
    found = parse_logged(text, "test", GROUP)
    assert why in found.why
    assert found.pid == 0


@pytest.mark.parametrize(
    "name",
    [
        "log-carp-states",
        "log-carp-states-b",
        "log-carp-carrier",
        "log-carp-ifdown-up",
        "log-carp-boot-backup",
    ],
)
def test_other_turns_of_the_address_are_no_time_out(name: str) -> None:
    found = parse_logged(recording(name).stdout + LEFT, "test", GROUP)
    assert "last line about 1@vtnet1 is: " in found.why


def test_another_resource_s_worker_is_not_ours() -> None:
    other = LEFT.replace("[test]", "[other]").replace("2926", "2999")
    assert parse_logged(TIMED_OUT + other + LEFT, "test", GROUP) == Logged("", 2926, 18)
    assert "no lines of hastd" in parse_logged(TIMED_OUT + other, "test", GROUP).why


def test_what_an_old_release_logs_tells_nothing() -> None:
    # legacy-carp.md: 9.3 logs no line when the timer runs out.
    old = "Nov 23 05:42:35 hastb kernel: carp0: link state changed to UP\n"
    assert parse_logged(old + LEFT, "test", GROUP).why


# The inequality


@pytest.mark.parametrize(
    ("after_s", "timeout_s", "quiet_s", "known"),
    [
        (6, 20, 0.0, False),  # the stamps alone: 1 <= after - 6
        (7, 20, 0.0, True),
        (5, 20, 3.39, False),  # CARP was quiet for 3.39 s: -0.26 <= after - 6
        (6, 20, 3.39, True),
        (6, 20, 3.0, True),
        (6, 20, 1.0, False),  # less than a period: it helps nothing
        (21, 5, 3.39, True),  # the primary waits for 5 s only: 15 s more are needed
        (20, 5, 3.39, False),
        (6, 60, 3.39, True),  # a longer wait is no help where the link was closed
        (5, 60, 3.39, False),
        (26, 20, 3.39, True),
        (27, 20, 3.39, False),  # packets came when CARP was silent already
    ],
)
def test_how_long_after_the_time_out_the_worker_must_have_left(
    after_s: int, timeout_s: float, quiet_s: float, known: object
) -> None:
    why = why_untold(Logged("", 7, after_s), 7, timeout_s, quiet_s)
    assert (why == "") is known


def test_the_log_must_be_about_the_worker_that_was_in_sync() -> None:
    assert "another worker (pid 8 instead of 7)" in why_untold(Logged("", 8, 10), 7, 20.0, 3.0)
    assert why_untold(Logged("lost"), 7, 20.0, 3.0) == "lost"
    assert why_untold(None, 7, 20.0, 3.0)


# What is remembered

ALIVE = HastState("secondary", "/dev/vtbd1", "192.168.1.51", "fullsync", "test", resuid=1)
ALIVE = replace(ALIVE, workerpid=7, status="complete", booted_s=1000)
GONE = replace(ALIVE, workerpid=0, status="-", logged=Logged("", 7, 10))
PRIMARY = Twin(Present(replace(ALIVE, role="primary")), {"whole": True})


def notes(at_s: float = 100.0, gone_s: float = 160.0) -> dict[str, Note]:
    alive = remembered(ALIVE, PRIMARY, {}, Now(at_s))
    return dict(remembered(GONE, Twin(), alive, Now(gone_s)))


def test_the_log_fills_the_gap_between_two_looks() -> None:
    assert why_unsynced(GONE, notes(), 20.0, 3.39) == ""
    bare = replace(GONE, logged=None)
    assert "last seen 60 s before" in why_unsynced(bare, notes(), 20.0, 3.39)
    assert why_unsynced(bare, notes(gone_s=120.0), 20.0, 3.39) == ""


def test_a_clock_that_was_set_makes_the_log_worthless() -> None:
    for booted_s in (1001, 999, None):
        seen = replace(GONE, booted_s=booted_s)
        assert "clock may have been set" in why_unsynced(seen, notes(), 20.0, 3.39)
    unknown = notes()
    del unknown["booted_s"]
    assert "clock may have been set" in why_unsynced(GONE, unknown, 20.0, 3.39)
    never = replace(GONE, booted_s=None)
    assert "clock may have been set" in why_unsynced(never, unknown, 20.0, 3.39)
    unseen = remembered(replace(ALIVE, booted_s=None), PRIMARY, notes(), Now(170.0))
    assert "booted_s" not in unseen


def test_an_old_log_is_not_believed() -> None:
    assert why_unsynced(GONE, notes(gone_s=700.0), 20.0, 3.39) == ""
    assert "last seen 601 s before" in why_unsynced(GONE, notes(gone_s=701.0), 20.0, 3.39)


def test_a_connection_that_ended_is_forgotten_whole() -> None:
    assert "booted_s" not in remembered(GONE, PRIMARY, notes(), Now(170.0))


def test_how_long_carp_waited_is_in_its_own_notes() -> None:
    assert waited_s({"master_at": 60.0, "quiet_at": 56.5}) == 3.5
    assert waited_s({"master_at": 60.0}) == waited_s({"quiet_at": 60.0}) == waited_s({}) == 0.0


# The look


def looked(listed: str, log: Answer, **table: Any) -> HastState:
    table = {"device": "/dev/vtbd1", "follow": "carp.vip", **table}
    answers = {
        "hastctl list": recording(listed).answer,
        "hastctl dump test": recording("hast-dump-while-secondary").answer,
        "mount -p": recording("mount-p-not-mounted").answer,
        "read /var/db/converge/ledger.json": Answer(66),
        "sysctl -n kern.boottime": recording("sys-boottime").answer,
        str(LOG): log,
    }
    around = Surroundings(offers={"carp.vip": {"group": GROUP}})
    seen = see(made(Hast, "test", **table), around, answers)
    assert isinstance(seen, Present)
    return seen.state


WAITING = "hast-secondary-waiting-list-hastb"


def test_a_secondary_without_a_worker_asks_its_log() -> None:
    seen = looked(WAITING, Answer(stdout=TIMED_OUT + LEFT))
    assert seen.logged == Logged("", 2926, 18)
    assert seen.booted_s == parse_booted_s(recording("sys-boottime").stdout) == 1795409946


@pytest.mark.parametrize("lost", [Answer(lost="no answer"), Answer(1, stderr="tail: no file")])
def test_a_log_that_cannot_be_read_does_not_hide_the_rest(lost: Answer) -> None:
    seen = looked(WAITING, lost)
    assert seen.logged
    assert "cannot be read" in seen.logged.why
    assert LOG.silence_speaks
    assert BOOTED.silence_speaks


def test_nobody_else_asks_the_log() -> None:
    with_worker = looked("hast-synced-list-hastb", Answer(stdout=TIMED_OUT + LEFT))
    assert (with_worker.logged, with_worker.booted_s) == (None, 1795409946)
    primary = looked("hast-synced-list-hasta", Answer(stdout=TIMED_OUT + LEFT))
    assert (primary.logged, primary.booted_s) == (None, None)
    fixed = looked(WAITING, Answer(stdout=TIMED_OUT + LEFT), follow=None, role="secondary")
    assert (fixed.logged, fixed.booted_s) == (None, None)


def test_what_has_no_group_is_not_looked_for_in_the_log() -> None:
    answers = {
        "hastctl list": recording(WAITING).answer,
        "hastctl dump test": recording("hast-dump-while-secondary").answer,
        "mount -p": recording("mount-p-not-mounted").answer,
        "read /var/db/converge/ledger.json": Answer(66),
        "sysctl -n kern.boottime": Answer(lost="no answer"),
    }
    hast = made(Hast, "test", device="/dev/vtbd1", follow="service.leader")
    seen = see(hast, Surroundings(), answers)
    assert (seen.state.logged, seen.state.booted_s) == (None, None)


def test_a_carp_address_offers_the_name_that_the_log_knows() -> None:
    carp = made(Carp, "vip", interface="vtnet1", vhid=1, address="192.168.1.50/32")
    assert carp.offers()["group"] == GROUP
