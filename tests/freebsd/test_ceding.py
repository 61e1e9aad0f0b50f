"""The service belongs to the node with the newer copy: the other one sends the address there."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from converge.cli.reach.site import graph_of, read_desired
from converge.core.host import Command
from converge.core.ids import ResourceId
from converge.core.ledger import NEVER, Handover, Ledger
from converge.core.plan import Snapshot
from converge.core.state import Absent, Observation, Present, Unknown
from converge.engine.plan.sight import sights
from converge.freebsd.carp.answers import CarpState
from converge.freebsd.carp.moving import RAISED
from converge.freebsd.hast.answers import HastState
from converge.reconcile import decide

PAIR = graph_of(read_desired("desired/mysql-pair.toml"))
PREEMPT = graph_of(read_desired("tests/proving/preempt-pair.toml"))
DISKS = graph_of(read_desired("desired/multi-disk.toml"))

OLD = HastState(
    "secondary", "/dev/vtbd1", "192.168.1.52", "fullsync", "test",
    status="-", workerpid=7, resuid=5, localcnt=0, remotecnt=0, prevrole="secondary",
)  # fmt: skip
NEW = replace(OLD, localcnt=1, prevrole="primary")
MASTER, BACKUP = (CarpState(1, 1, 0, (), state=state) for state in ("MASTER", "BACKUP"))
VIP = ResourceId("hasta", "carp", "vip")
WORD = Handover("hasta", "hastb", "op", "", 9e9)

Seen = Mapping[str, Observation[Any]]


def observed(seen: Seen) -> Snapshot:
    """ "hasta/hast.test": ..."""
    parts = (text.partition("/") for text in seen)
    ids = [ResourceId(n, *ref.split(".", 1)) for n, _, ref in parts]
    return Snapshot(datetime(2026, 11, 23, tzinfo=UTC), dict(zip(ids, seen.values(), strict=True)))


def pair(
    ours: object = OLD, theirs: object = NEW, mine: object = MASTER, other: object = BACKUP
) -> dict[str, Observation[Any]]:
    states = {
        "hasta/hast.test": ours, "hastb/hast.test": theirs,
        "hasta/carp.vip": mine, "hastb/carp.vip": other,
    }  # fmt: skip
    return {id: s if isinstance(s, Absent | Unknown) else Present(s) for id, s in states.items()}  # type: ignore[type-var]


def ceded(
    seen: Seen, graph: Any = PAIR, acting: Collection[str] | None = ("hasta",),
    ledger: Ledger | None = None, node: str = "hasta",
) -> str:  # fmt: skip
    return sights(graph, observed(seen), ledger or Ledger(), NEVER, {}, acting)[node].ceded


def test_the_older_copy_gives_way_to_the_newer_one() -> None:
    assert ceded(pair()) == "the newer copy is on hastb"
    assert ceded(pair(), acting=None, node="hastb") == ""


def test_who_led_last_and_says_that_not_all_had_come_here_is_the_newer_one() -> None:
    led = replace(NEW, localcnt=0)
    assert ceded(pair(theirs=replace(led, whole=False))) == "the newer copy is on hastb"
    assert ceded(pair(theirs=replace(led, whole=True))) == ""
    assert ceded(pair(theirs=led)) == ""


@pytest.mark.parametrize(
    "seen",
    [
        pair(ours=NEW, theirs=OLD),
        pair(theirs=OLD),
        pair(ours=NEW),  # both were written alone
        pair(theirs=replace(NEW, resuid=6)),
        pair(ours=replace(OLD, role="primary")),
        pair(theirs=replace(NEW, role="primary")),
        pair(theirs=replace(NEW, has_metadata=False)),
        pair(ours=replace(OLD, has_metadata=False)),
        pair(theirs=replace(NEW, write_errors=1)),
        pair(theirs=Unknown("silent")),
        pair(ours=Absent()),
    ],
)
def test_else_it_stays_where_it_is(seen: Seen) -> None:
    assert ceded(seen) == ""


@pytest.mark.parametrize(
    "other",
    [
        replace(BACKUP, state="INIT"),
        replace(BACKUP, unicast="192.168.1.51"),
        Unknown("silent"),
        Absent(),
    ],
)
def test_an_address_that_would_not_arrive_is_not_let_go(other: object) -> None:
    assert ceded(pair(other=other)) == ""


def test_with_preempt_it_would_come_straight_back() -> None:
    assert ceded(pair(), PREEMPT) == ""


def test_a_persons_word_stands_above_and_who_is_not_acted_on_is_not_bound() -> None:
    assert ceded(pair(), ledger=Ledger(handover=WORD)) == ""
    assert ceded(pair(), acting=("hastb",)) == ""


def test_two_volumes_that_belong_to_different_nodes_move_nothing() -> None:
    one, other = DISKS.pair.nodes
    first, second, *_ = sorted({id.name for id in DISKS.order if id.kind == "hast"})
    (vip,) = {id.name for id in DISKS.order if id.kind == "carp"}

    def seen(*newer: str) -> Seen:
        found: dict[str, Observation[Any]] = {
            f"{one}/carp.{vip}": Present(MASTER), f"{other}/carp.{vip}": Present(BACKUP),
        }  # fmt: skip
        for name, on in zip((first, second), newer, strict=True):
            found[f"{one}/hast.{name}"] = Present(OLD if on == other else NEW)
            found[f"{other}/hast.{name}"] = Present(NEW if on == other else OLD)
        return found

    assert ceded(seen(other, other), DISKS, (one,), node=one)
    assert ceded(seen(other, one), DISKS, (one,), node=one) == ""
    assert ceded(seen(other, one), DISKS, (other,), node=other) == ""


def planned(**seen: object) -> list[tuple[str, str]]:
    """What is done about the address, and why."""
    plan = decide(PAIR, observed(pair(**seen)), Ledger(), NEVER, acting=("hasta",))
    assert not [a for a in plan.actions if a.verb == "promote"]
    return [(a.verb, a.why) for a in plan.actions if a.id == VIP]


def test_the_skew_is_raised_then_the_address_is_let_go() -> None:
    ours = replace(MASTER, addresses=(PAIR.resources[VIP].address,))
    raised = replace(ours, advskew=RAISED)
    assert planned(mine=ours) == [
        ("raise", "advskew is 0: the address would come back"),
        ("leave", "the newer copy is on hastb"),
    ]
    assert planned(mine=raised) == [("leave", "the newer copy is on hastb")]
    # It is gone: the skew stays until the other one leads, and comes back then.
    assert planned(mine=replace(raised, state="BACKUP")) == []
    leads = replace(NEW, role="primary")
    (lowered,) = planned(mine=replace(raised, state="BACKUP"), theirs=leads)
    assert lowered[0] == "set"
    # Who never had it does nothing.
    assert planned(mine=replace(ours, state="BACKUP")) == []


def test_the_command() -> None:
    ours = replace(MASTER, addresses=(PAIR.resources[VIP].address,), target="vtnet1")
    plan = decide(PAIR, observed(pair(mine=ours)), Ledger(), NEVER, acting=("hasta",))
    effects = [a.effect for a in plan.actions if a.id == VIP]
    group = ("ifconfig", "vtnet1", "vhid", "1")
    assert effects == [
        Command((*group, "advskew", "254")),
        Command((*group, "state", "backup")),
    ]
