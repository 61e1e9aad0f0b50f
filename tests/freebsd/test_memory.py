"""What kinds remember: of a copy, of a neighbour, of an address; and when a primary gives way."""

from dataclasses import replace
from typing import Any, NamedTuple

import pytest

from converge.core.host import Answer
from converge.core.ids import ResourceId
from converge.core.ledger import Ledger, Note, Notes, Now, Pause
from converge.core.pair import Pair
from converge.core.resource import Twin
from converge.core.state import Absent, Observation, Present, Unknown
from converge.freebsd.carp import Carp
from converge.freebsd.carp.answers import CarpState, since
from converge.freebsd.hast import Hast
from converge.freebsd.hast.answers import HastState, parse_whole
from converge.freebsd.hast.giving import gives_way, may_be_isolated
from converge.freebsd.hast.memory import remembered
from converge.freebsd.neighbour import Neighbour, NeighbourState, parse_ping, ping
from tests.freebsd.around import Neighbours, Surroundings, change, made, pair
from tests.looking import see
from tests.recorded import recording, recordings

HAST = ResourceId("hasta", "hast", "test")
STATE = HastState(
    "secondary", "/dev/vtbd1", "192.168.1.52", "fullsync", "test",
    status="complete", workerpid=7, resuid=5, localcnt=1,
)  # fmt: skip
ALONE = replace(STATE, status="-", workerpid=0)
LEADS = replace(STATE, role="primary")
DEGRADED = replace(LEADS, status="degraded")
TOLD: Twin[HastState] = Twin(Present(replace(LEADS, whole=True)))
GOES_ON: Twin[HastState] = Twin(Present(replace(DEGRADED, whole=False)))
DEAD: Twin[HastState] = Twin(Unknown("no answer"))


class Step(NamedTuple):
    """One look: when, what was seen here and there, and which notes must be there after it."""

    at: float
    seen: HastState
    twin: Twin[HastState]
    notes: dict[str, Note]


OTHERS = ("role", "resuid", "write_errors", "calm")
"""Notes that have tests of their own."""


def after(*steps: Step) -> Notes:
    notes: Notes = {}
    for step in steps:
        notes = remembered(step.seen, step.twin, notes, Now(step.at))
        kept = {k: v for k, v in notes.items() if k not in OTHERS}
        assert kept == step.notes, f"at {step.at}"
    return notes


LONELY: dict[str, Note] = {"alone": True, "whole": False}
SYNCED: dict[str, Note] = {"alone": False, "synced_pid": 7, "copy": "5/1/0", "connected_at": 1.0}
IN_STEP: dict[str, Note] = {**SYNCED, "whole": False}
FIRST = Step(1.0, STATE, TOLD, SYNCED)


@pytest.mark.parametrize(
    "steps",
    [
        # The primary promises; later its door is silent, but the very worker lives on.
        [FIRST, Step(2.0, STATE, DEAD, {**SYNCED, "connected_at": 2.0})],
        # The worker is gone while the primary is silent: that moment stays.
        [
            FIRST,
            Step(9.0, ALONE, DEAD, {**SYNCED, "parted_at": 9.0}),
            Step(12.0, ALONE, DEAD, {**SYNCED, "parted_at": 9.0}),
        ],
        # The primary is back, connected to a new worker, and promises again.
        [
            FIRST,
            Step(9.0, ALONE, DEAD, {**SYNCED, "parted_at": 9.0}),
            Step(
                20.0,
                replace(STATE, workerpid=8),
                TOLD,
                {**SYNCED, "synced_pid": 8, "connected_at": 20.0},
            ),
        ],
        # A new worker, of whose primary nothing is known: what was promised is void.
        [FIRST, Step(9.0, replace(STATE, workerpid=8), DEAD, {"alone": False})],
        # The primary goes on without us.
        [FIRST, Step(9.0, ALONE, GOES_ON, {"alone": False})],
        # It is complete, but has not written down that it is not alone any more.
        [Step(1.0, STATE, Twin(Present(LEADS)), {"alone": False})],
        [Step(1.0, STATE, Twin(Present(replace(LEADS, whole=False))), {"alone": False})],
        [Step(1.0, STATE, Twin(Present(replace(LEADS, whole=True, dirty=1))), {"alone": False})],
        [Step(1.0, STATE, Twin(Present(replace(STATE, whole=True))), {"alone": False})],
        # One run acts on both nodes: its own ledger counts, not the file there.
        [Step(1.0, STATE, Twin(Present(LEADS), {"whole": True}), SYNCED)],
        [Step(1.0, STATE, Twin(TOLD.seen, {"whole": False}), {"alone": False})],
        # The peer is there, as secondary: nothing is promised, and nothing is void.
        [FIRST, Step(9.0, ALONE, Twin(Present(ALONE)), SYNCED)],
        # Created anew: what was known was of another copy.
        [FIRST, Step(9.0, replace(ALONE, resuid=6), DEAD, {})],
        # A role is none before hastd has been told one.
        [FIRST, Step(9.0, replace(ALONE, role="init"), DEAD, {**SYNCED, "parted_at": 9.0})],
        # We lead: alone once the peer is lost, not alone when all is over there again.
        [Step(1.0, LEADS, DEAD, {"alone": False, "whole": True})],
        [
            Step(1.0, DEGRADED, DEAD, {"alone": True, "whole": False}),
            Step(2.0, replace(LEADS, dirty=9), DEAD, {"alone": True, "whole": False}),
            Step(3.0, LEADS, DEAD, {"alone": False, "whole": True}),
        ],
        # A promotion that is seen is a moment; leading at the first look is none.
        [
            FIRST,
            Step(5.0, DEGRADED, DEAD, {**LONELY, "promoted_at": (5.0,)}),
            Step(6.0, DEGRADED, DEAD, {**LONELY, "promoted_at": (5.0,)}),
            Step(7.0, STATE, TOLD, {**IN_STEP, "connected_at": 7.0, "promoted_at": (5.0,)}),
            Step(8.0, DEGRADED, DEAD, {**LONELY, "promoted_at": (5.0, 8.0)}),
        ],
    ],
)
def test_what_is_remembered_of_a_copy(steps: list[Step]) -> None:
    after(*steps)


def test_write_errors_are_remembered_when_their_worker_is_gone() -> None:
    notes = remembered(replace(STATE, write_errors=3), DEAD, {}, Now(1.0))
    notes = remembered(STATE, DEAD, notes, Now(2.0))
    assert notes["write_errors"] == 3
    assert remembered(replace(STATE, resuid=6), DEAD, notes, Now(3.0))["write_errors"] == 0


def test_only_the_last_promotions_are_kept() -> None:
    notes: Notes = {}
    for n in range(20):
        notes = remembered(STATE if n % 2 else LEADS, DEAD, notes, Now(float(n)))
    assert notes["promoted_at"] == (4.0, 6.0, 8.0, 10.0, 12.0, 14.0, 16.0, 18.0)


def test_what_is_not_seen_changes_no_note() -> None:
    resource = made(Hast, "test", device="/dev/vtbd1", follow="carp.vip")
    before: Notes = {"synced_pid": 7}
    assert resource.remember(Unknown("hastctl hangs"), DEAD, before, Now(1.0)) is before
    assert resource.remember(Absent(), DEAD, before, Now(1.0)) is before


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ('{"notes": {"hasta/hast.test": {"whole": false}}}', False),
        ('{"notes": {"hasta/hast.test": {"whole": true}}}', True),
        ('{"notes": {"hasta/hast.test": {"whole": 1}}}', None),
        ('{"notes": {"hastb/hast.test": {"whole": true}}}', None),
        ('{"notes": []}', None),
        ("[" * 100_000, None),
        ("", None),
    ],
)
def test_what_the_node_has_written_down(text: str, *, whole: bool | None) -> None:
    assert parse_whole(text, HAST) is whole


def test_a_boot_makes_its_moments_worthless() -> None:
    ledger = Ledger({HAST: {**SYNCED, "promoted_at": (1.0,)}}, (Pause("anna", "disk", 1.0),))
    kept = ledger.after_boot()
    assert kept.of(HAST) == {"alone": False, "synced_pid": 7, "copy": "5/1/0"}
    assert kept.pauses == ledger.pauses


# The neighbour


LAN = made(Neighbour, "lan", address="192.168.1.52", peer=True)
WITNESS = made(Neighbour, "witness-192.168.1.1", address="192.168.1.1")
SILENT, ANSWERS = Present(NeighbourState(answers=False)), Present(NeighbourState(answers=True))
PINGS = sorted(name for name in recordings() if name.startswith("ping-"))


def test_there_are_pings_to_read() -> None:
    assert len(PINGS) == 4


@pytest.mark.parametrize("name", PINGS)
def test_every_recorded_ping_was_answered(name: str) -> None:
    assert parse_ping(recording(name).answer) is True


@pytest.mark.parametrize(
    ("answer", "answers"),
    [
        (Answer(2, "1 packets transmitted, 0 packets received, 100.0% packet loss\n"), False),
        (Answer(64, stderr="ping: sendto: Host is down\n"), False),
        (Answer(1, stderr="ping: sendto: No route to host\n"), False),
        (Answer(1, stderr="ping: sendto: Network is unreachable\n"), False),
        (Answer(1, stderr="ping: sendto: Permission denied\n"), None),
        (Answer(68, stderr="ping: cannot resolve x: Unknown host\n"), None),
        (Answer(127, stderr="ping: not found\n"), None),
        (Answer(lost="no answer within 3 s"), None),
    ],
)
def test_only_a_ping_that_was_sent_may_be_unanswered(
    answer: Answer, *, answers: bool | None
) -> None:
    assert parse_ping(answer) is answers
    seen = see(LAN, Surroundings(), {str(ping("192.168.1.52")): answer})
    assert seen.state.answers is answers
    assert seen.state.active is (answers is not False)
    assert bool(LAN.concern(seen.state, None)) is (answers is False)


def test_nobody_can_change_a_neighbour() -> None:
    wish = LAN.want(Neighbours())
    assert wish == SILENT == ANSWERS
    assert LAN.actions(change(LAN, SILENT, wish)) == ()


@pytest.mark.parametrize(
    ("neighbour", "seen", "twin", "before", "notes"),
    [
        (LAN, SILENT, Twin(), {}, {"silent_at": 9.0}),
        (LAN, SILENT, Twin(), {"silent_at": 3.0}, {"silent_at": 3.0}),
        (LAN, ANSWERS, Twin(), {"silent_at": 3.0}, {}),
        (LAN, Present(NeighbourState()), Twin(), {"silent_at": 3.0}, {}),
        (LAN, Unknown("no answer"), Twin(), {"silent_at": 3.0}, {}),
        (LAN, SILENT, Twin(ANSWERS), {"silent_at": 3.0}, {}),
        (LAN, SILENT, Twin(Unknown("no answer")), {"silent_at": 3.0}, {"silent_at": 3.0}),
        (WITNESS, SILENT, Twin(ANSWERS), {}, {"silent_at": 9.0}),
    ],
)
def test_since_when_it_is_silent(
    neighbour: Neighbour,
    seen: Observation[NeighbourState],
    twin: Twin[NeighbourState],
    before: Notes,
    notes: Notes,
) -> None:
    assert neighbour.remember(seen, twin, before, Now(9.0)) == notes


# The address


MASTER: Notes = {"state": "MASTER", "master_at": 9.0, "quiet_at": 6.0}


@pytest.mark.parametrize(
    ("state", "before", "notes"),
    [
        ("MASTER", {}, MASTER),
        ("MASTER", {"state": "BACKUP"}, MASTER),
        ("MASTER", {"state": "MASTER"}, MASTER),  # after a boot
        ("MASTER", {**MASTER, "master_at": 1.0}, {**MASTER, "master_at": 1.0}),
        ("BACKUP", MASTER, {"state": "BACKUP"}),
        ("INIT", MASTER, {"state": "INIT"}),
        ("", MASTER, {"state": ""}),
    ],
)
def test_since_when_it_is_master(state: str, before: Notes, notes: Notes) -> None:
    assert since(state, 3.0, before, Now(9.0)) == notes


def carp(**table: Any) -> Carp:
    table = {"interface": "vtnet1", "vhid": 1, "address": "192.168.1.50/32", **table}
    return made(Carp, "vip", **table)


def test_silence_began_before_the_address_came() -> None:
    seen = Present(CarpState(1, 1, 128, (), promisc=False, state="MASTER"))
    notes = carp(advskew=128).remember(seen, Twin(), {}, Now(9.0))
    assert notes == {"state": "MASTER", "master_at": 9.0, "quiet_at": 5.5}
    assert carp(advskew=128, preempt=True).remember(seen, Twin(), {}, Now(9.0))["quiet_at"] == 9.0
    assert carp().remember(Unknown("ifconfig hangs"), Twin(), notes, Now(9.0)) == {"state": ""}


# Giving way


WITNESSED = Surroundings(replace(pair(), witnesses=("192.168.1.1",)))
MUTE: dict[str, Notes] = {
    "neighbour.lan": {"silent_at": 8.0},
    "neighbour.witness-192.168.1.1": {"silent_at": 7.0},
}
ISOLATED = Neighbours(WITNESSED, {"hast.test": Present(DEGRADED)}, known=MUTE, now=Now(18.0))


@pytest.mark.parametrize(
    ("view", "gives"),
    [
        (ISOLATED, True),
        (replace(ISOLATED, now=Now(17.9)), False),
        # An idle link is called complete for minutes after it broke.
        (replace(ISOLATED, seen={"hast.test": Present(LEADS)}), True),
        (replace(ISOLATED, seen={"hast.test": Present(ALONE)}), False),
        (replace(ISOLATED, seen={"hast.test": Unknown("hastctl hangs")}), False),
        (replace(ISOLATED, known={**MUTE, "neighbour.lan": {}}), False),
        (replace(ISOLATED, known={**MUTE, "neighbour.witness-192.168.1.1": {}}), False),
        (replace(ISOLATED, around=Surroundings()), False),
        (replace(ISOLATED, peers={"hast.test": Present(ALONE)}), False),
        (replace(ISOLATED, peers={"hast.test": Present(DEGRADED)}), False),
        (replace(ISOLATED, peers={"hast.test": Present(replace(LEADS, mounted="/m"))}), True),
        (
            Neighbours(
                WITNESSED,
                {"hast.test": Present(replace(LEADS, mounted="/m"))},
                peers={"hast.test": Present(replace(LEADS, mounted="/m"))},
            ),
            False,
        ),
    ],
)
def test_who_gives_way(view: Neighbours, *, gives: bool) -> None:
    resource = made(Hast, "test", device="/dev/vtbd1", follow="carp.vip")
    assert bool(gives_way(resource, view)) is gives
    here = Present(CarpState(1, 1, 0, (), promisc=False, state="MASTER"))
    wish = resource.want(replace(view, seen={**view.seen, "carp.vip": here}))
    if not gives and may_be_isolated(resource, view):
        assert isinstance(wish, Unknown)  # the run waits and looks again
        return
    assert isinstance(wish, Present)
    assert wish.state.role == ("secondary" if gives else "primary")


def test_what_may_turn_out_to_be_isolation_is_waited_for() -> None:
    resource = made(Hast, "test", device="/dev/vtbd1", follow="carp.vip")
    young = replace(ISOLATED, now=Now(17.9))
    assert may_be_isolated(resource, young).endswith("has answered for 10 s")
    for other in (
        ISOLATED,
        replace(young, around=Surroundings()),
        replace(young, peers={"hast.test": Present(ALONE)}),
        replace(young, known={**MUTE, "neighbour.lan": {}}),
    ):
        assert may_be_isolated(resource, other) == ""


def test_each_path_and_each_witness_is_asked() -> None:
    nodes = pair().nodes
    far = replace(nodes["hastb"], replication_address="10.0.0.2")
    two = Pair("mysql", {**nodes, "hastb": far}, ("192.168.1.1",))
    resource = made(Hast, "test", device="/dev/vtbd1", follow="carp.vip")
    brought = {one.name: one.table for one in resource.implied(Surroundings(two))}
    assert brought["lan"] == {"address": "192.168.1.52", "peer": True}
    assert brought["replication"] == {"address": "10.0.0.2", "peer": True}
    assert brought["witness-192.168.1.1"] == {"address": "192.168.1.1", "peer": False}
    assert "neighbour.replication" in [str(r) for r in resource.needed(Surroundings(two))]


def calm(*looks: HastState) -> Note | None:
    notes: Notes = {}
    for n, seen in enumerate(looks):
        notes = remembered(seen, DEAD, notes, Now(float(n)))
    return notes.get("calm")


def test_calm_is_a_primary_that_nobody_uses_with_all_of_it_at_the_peer() -> None:
    assert calm(LEADS) == 1
    assert calm(LEADS, LEADS) == 2
    assert calm(LEADS, LEADS, LEADS) == 2
    for other in (replace(LEADS, dirty=1), DEGRADED, replace(LEADS, mounted="/mysql"), STATE):
        assert calm(LEADS, other) is None
        assert calm(LEADS, other, LEADS) == 1
