"""May a node take over? Each guard on what was seen, what is remembered and what time it is."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import pytest

from converge.core.host import Command
from converge.core.ids import Ref, ResourceId
from converge.core.ledger import Ledger, Note, Notes, Now, Pause
from converge.core.pair import Pair
from converge.core.plan import Action, Allow, Direction, Hold, Refuse, Snapshot, Verdict
from converge.core.state import Absent, Observation, Present, Unknown
from converge.engine.run.guards import MAINTENANCE_HOLD, Facts, judge
from converge.freebsd.carp.answers import CarpState
from converge.freebsd.filesystem import Filesystem, FilesystemState
from converge.freebsd.hast import Hast
from converge.freebsd.hast.answers import HastState
from converge.freebsd.hast_device import HastDevice, HastDeviceState
from converge.freebsd.mount import MountState
from converge.freebsd.neighbour import Neighbour, NeighbourState
from converge.freebsd.service import Service
from tests.freebsd.around import made, pair

OURS = HastState(
    "secondary", "/dev/vtbd1", "192.168.1.52", "fullsync", "test",
    status="complete", workerpid=7, resuid=5, localcnt=1, remotecnt=0,
)  # fmt: skip
IN_SYNC: Notes = {"synced_pid": 7, "copy": OURS.copy, "connected_at": 90.0, "alone": False}
NOW = Now(100.0, 1000.0)

HAST, PEER = ResourceId("hasta", "hast", "test"), ResourceId("hastb", "hast", "test")
VIP, LAN = ResourceId("hasta", "carp", "vip"), ResourceId("hasta", "neighbour", "lan")
STORAGE = ResourceId("hasta", "neighbour", "replication")
WITNESS = ResourceId("hasta", "neighbour", "witness-192.168.1.1")
DEVICE, FS = ResourceId("hasta", "hast_device", "test"), ResourceId("hasta", "filesystem", "test")
MOUNT = ResourceId("hasta", "mount", "/mysql")

RESOURCES: dict[ResourceId, Any] = {
    HAST: made(Hast, "test", device="/dev/vtbd1", follow="carp.vip"),
    LAN: made(Neighbour, "lan", address="192.168.1.52", peer=True),
    STORAGE: made(Neighbour, "replication", address="10.0.0.2", peer=True),
    WITNESS: made(Neighbour, WITNESS.name, address="192.168.1.1"),
    DEVICE: made(HastDevice, "test", hast="hast.test"),
    FS: made(Filesystem, "test", device="hast.test"),
    ResourceId("hasta", "service", "hastd"): made(Service, "hastd"),
}

SILENT, ANSWERS = Present(NeighbourState(answers=False)), Present(NeighbourState(answers=True))
UNASKED = Present(NeighbourState())


def carp(state: str) -> Present[CarpState]:
    return Present(CarpState(1, 1, 0, (), promisc=False, state=state))


@dataclass(frozen=True)
class Scene:
    """A `Situation`. By default: MASTER for long, the peer dead for 40 s, our copy complete."""

    seen: Mapping[ResourceId, Observation[Any]] = field(default_factory=dict)
    known: Mapping[ResourceId, Notes] = field(default_factory=dict)
    now: Now = NOW
    planning: bool = False
    leader: str = ""
    resources: Mapping[ResourceId, Any] = field(default_factory=lambda: RESOURCES)
    pair: Pair = field(default_factory=pair)

    @property
    def snapshot(self) -> Snapshot:
        base: dict[ResourceId, Any] = {HAST: Present(OURS), VIP: carp("MASTER"), LAN: SILENT}
        return Snapshot(datetime(2026, 11, 23, tzinfo=UTC), {**base, **self.seen})

    def notes(self, id: ResourceId) -> Notes:
        base: dict[ResourceId, Notes] = {
            HAST: IN_SYNC,
            VIP: {"state": "MASTER", "master_at": 60.0, "quiet_at": 57.0},
            LAN: {"silent_at": 60.0},
        }
        return {**base, **self.known}.get(id, {})

    def desired(self, id: ResourceId) -> object | None:
        return self.resources.get(id)


def act(verb: str = "promote", id: ResourceId = HAST) -> Action:
    direction = Direction.DOWN if verb in ("demote", "stop") else Direction.UP
    return Action(id, verb, "", Command(("true",)), direction)


def judged(code: str, scene: Scene, action: Action | None = None) -> Verdict:
    """By the guard of that code of the kind that the action belongs to."""
    action = action or act()
    (guard,) = (g for g in RESOURCES[action.id].guards if g.code == code)
    verdict = guard.judge(action, scene)
    assert isinstance(verdict, Allow) or verdict.code == code
    return verdict


def above(code: str, scene: Scene, base: ResourceId = HAST, on: ResourceId = FS) -> Verdict:
    """Asked of a step that stands on `base`."""
    (guard,) = (g for g in RESOURCES[base].guards if g.code == code)
    assert guard.above
    verdict = guard.above(base, act("check", on), scene)
    assert isinstance(verdict, Allow) or verdict.code == code
    return verdict


FOLLOWING = [
    "init-is-not-master", "carp-settled", "peer-silent", "witness-isolated",
    "promote-needs-known-sync",
]  # fmt: skip
ABOVE = ["init-is-not-master", "peer-silent", "witness-isolated"]


@pytest.mark.parametrize("code", [*FOLLOWING, "flap-damping"])
def test_beside_a_peer_that_is_dead_for_long_a_complete_copy_may_lead(code: str) -> None:
    assert judged(code, Scene()) == Allow()


WORST = Scene(
    {VIP: carp("INIT"), LAN: ANSWERS, WITNESS: SILENT},
    {HAST: {"promoted_at": (99.0,) * 3}, VIP: {}, LAN: {}},
)


@pytest.mark.parametrize("code", [*FOLLOWING, "flap-damping"])
def test_only_a_promotion_is_asked_for_it(code: str) -> None:
    for verb in ("demote", "join", "reload"):
        assert judged(code, WORST, act(verb)) == Allow()


@pytest.mark.parametrize("code", FOLLOWING)
def test_a_fixed_role_asks_nobody(code: str) -> None:
    fixed = made(Hast, "test", device="/dev/vtbd1", role="primary")
    scene = replace(WORST, resources={**RESOURCES, HAST: fixed})
    assert judged(code, scene) == Allow()
    if code in ABOVE:
        assert above(code, scene) == Allow()


@pytest.mark.parametrize("code", ABOVE)
def test_who_only_looks_at_the_device_waits_for_no_proof(code: str) -> None:
    assert above(code, WORST, on=DEVICE) == Allow()


# init-is-not-master


@pytest.mark.parametrize(
    ("seen", "words"),
    [
        (carp("INIT"), "carp.vip is INIT"),
        (carp("BACKUP"), "carp.vip is BACKUP"),
        (Absent(), "not to be seen"),
        (Unknown("ifconfig hangs"), "not to be seen"),
    ],
)
def test_what_is_not_master_may_not_lead_nor_serve(seen: Observation[Any], words: str) -> None:
    scene = Scene({VIP: seen})
    for verdict in (judged("init-is-not-master", scene), above("init-is-not-master", scene)):
        assert isinstance(verdict, Hold)
        assert words in verdict.why
        assert not verdict.sure


# carp-settled


@pytest.mark.parametrize(("at", "left_s"), [(100.0, 5.0), (96.0, 1.0), (95.0, None), (None, None)])
def test_beside_a_living_peer_master_must_last(at: float | None, left_s: float | None) -> None:
    # Without notes it is another node's address: its own run counts the seconds.
    notes: Notes = {} if at is None else {"master_at": at}
    scene = Scene({LAN: ANSWERS}, {VIP: notes})
    verdict = judged("carp-settled", scene)
    if left_s is None:
        assert verdict == Allow()
        return
    assert isinstance(verdict, Hold)
    assert (verdict.again_s, verdict.sure) == (left_s, True)
    assert judged("carp-settled", replace(scene, seen={LAN: SILENT})) == Allow()


# peer-silent


@pytest.mark.parametrize("seen", [ANSWERS, UNASKED, Unknown("ping: no answer"), Absent()])
def test_who_may_be_alive_may_be_primary(seen: Observation[Any]) -> None:
    scene = Scene({LAN: seen})
    for verdict in (judged("peer-silent", scene), above("peer-silent", scene)):
        assert isinstance(verdict, Hold)
        assert "hastb does not say what hast.test is there, but may be alive: lan" in verdict.why
    told = Scene({LAN: seen, PEER: Present(replace(OURS, role="secondary"))})
    assert judged("peer-silent", told) == above("peer-silent", told) == Allow()


def test_one_path_that_answers_is_enough_to_be_alive() -> None:
    scene = Scene({LAN: SILENT, STORAGE: ANSWERS})
    assert isinstance(judged("peer-silent", scene), Hold)
    assert judged("peer-silent", Scene({LAN: SILENT, STORAGE: SILENT})) == Allow()


@pytest.mark.parametrize(
    ("lan_at", "quiet_at", "left_s"),
    [
        (75.0, None, None),
        (75.1, None, 0.1),
        (None, 50.0, 25.0),
        (100.0, None, 25.0),
        (90.0, 75.0, None),
        (60.0, 90.0, None),
    ],
)
def test_nothing_is_written_before_25_s_of_silence(
    lan_at: float | None, quiet_at: float | None, left_s: float | None
) -> None:
    lan: Notes = {} if lan_at is None else {"silent_at": lan_at}
    vip: Notes = {} if quiet_at is None else {"quiet_at": quiet_at}
    scene = Scene(known={LAN: lan, VIP: vip})
    assert judged("peer-silent", scene) == Allow()
    verdict = above("peer-silent", scene)
    if left_s is None:
        assert verdict == Allow()
        return
    assert isinstance(verdict, Hold)
    assert verdict.again_s == pytest.approx(left_s)
    assert verdict.sure


def test_the_path_that_fell_silent_last_counts() -> None:
    seen = {LAN: SILENT, STORAGE: SILENT}
    known: dict[ResourceId, Notes] = {LAN: {"silent_at": 10.0}, STORAGE: {"silent_at": 80.0}}
    verdict = above("peer-silent", Scene(seen, {**known, VIP: {"quiet_at": 10.0}}))
    assert isinstance(verdict, Hold)
    assert verdict.again_s == 5.0
    assert above("peer-silent", Scene(seen, {**known, STORAGE: {"silent_at": 75.0}})) == Allow()


def test_hast_s_own_timeout_is_waited_for() -> None:
    patient = made(Hast, "test", device="/dev/vtbd1", follow="carp.vip", timeout=60)
    verdict = above("peer-silent", Scene(resources={**RESOURCES, HAST: patient}))
    assert isinstance(verdict, Hold)
    assert verdict.again_s == 22.0


def test_a_peer_that_is_primary_lets_nothing_be_built_here() -> None:
    verdict = above("peer-silent", Scene({PEER: Present(replace(OURS, role="primary"))}))
    assert isinstance(verdict, Hold)
    assert "hastb/hast.test answers, and is primary" in verdict.why


def test_a_connected_primary_knows_that_its_living_peer_follows() -> None:
    leads = Present(replace(OURS, role="primary"))
    assert above("peer-silent", Scene({HAST: leads, LAN: ANSWERS})) == Allow()
    degraded = Present(replace(OURS, role="primary", status="degraded"))
    for ours in (degraded, Present(OURS)):
        assert isinstance(above("peer-silent", Scene({HAST: ours, LAN: ANSWERS})), Hold)
    # `complete` may be minutes old: beside silence it proves nothing.
    assert isinstance(above("peer-silent", Scene({HAST: leads}, {LAN: {}})), Hold)


# witness-isolated


@pytest.mark.parametrize(
    ("witness", "peer", "verdict"),
    [
        (ANSWERS, None, Allow),
        (SILENT, None, Hold),
        (UNASKED, None, Hold),
        (Unknown("ping: no answer"), None, Hold),
        (SILENT, Present(OURS), Allow),
        (None, None, Allow),
    ],
)
def test_who_hears_neither_peer_nor_witness_is_the_isolated_one(
    witness: Observation[Any] | None, peer: Observation[Any] | None, verdict: type
) -> None:
    seen: dict[ResourceId, Any] = {WITNESS: witness} if witness else {}
    scene = Scene({**seen, **({PEER: peer} if peer else {})})
    assert isinstance(judged("witness-isolated", scene), verdict)
    assert isinstance(above("witness-isolated", scene), verdict)


# promote-needs-known-sync


def known(**notes: Note | None) -> Notes:
    """IN_SYNC with some notes changed, or taken away."""
    return {k: v for k, v in {**IN_SYNC, **notes}.items() if v is not None}


GONE = replace(OURS, workerpid=0, status="-")


@pytest.mark.parametrize(
    ("ours", "notes", "words"),
    [
        (OURS, IN_SYNC, ""),
        (OURS, {}, "the primary has not told that this copy is complete"),
        (OURS, known(synced_pid=None), "the primary has not told"),
        (OURS, known(copy="5/0/0"), "the copy is not the one that was in sync (5/0/0)"),
        (replace(OURS, localcnt=2), IN_SYNC, "the copy is not the one that was in sync (5/1/0)"),
        (GONE, known(parted_at=110.0), ""),
        (GONE, known(parted_at=110.1), "the link to the primary was last seen 20 s before"),
        (GONE, IN_SYNC, "since this node booted nothing was heard of the primary"),
        (GONE, known(parted_at=95.0, connected_at=None), "since this node booted nothing"),
        (replace(OURS, workerpid=8), known(parted_at=95.0), ""),
        (GONE, {"alone": True}, ""),
        (GONE, {"alone": False}, "the primary has not told"),
    ],
)
def test_a_copy_leads_only_if_it_is_known_to_be_whole(
    ours: HastState, notes: Notes, words: str
) -> None:
    verdict = judged("promote-needs-known-sync", Scene({HAST: Present(ours)}, {HAST: notes}))
    if not words:
        assert verdict == Allow()
        return
    assert isinstance(verdict, Refuse)
    assert verdict.why.startswith(words)
    assert "resuid 5" in verdict.why
    assert "--override promote-needs-known-sync" in verdict.lift


def test_with_both_copies_in_sight_their_metadata_tell() -> None:
    theirs: dict[ResourceId, Any] = {PEER: Present(replace(OURS, role="secondary"))}
    assert judged("promote-needs-known-sync", Scene(theirs, {HAST: {}})) == Allow()
    theirs = {PEER: Present(replace(OURS, has_metadata=False))}
    assert isinstance(judged("promote-needs-known-sync", Scene(theirs, {HAST: {}})), Refuse)


# flap-damping


@pytest.mark.parametrize(
    ("moments", "left_s"),
    [
        ((), None),
        ((800.0, 900.0), None),
        ((400.0, 800.0, 900.0), None),
        ((400.1, 800.0, 900.0), 0.1),
        ((410.0, 500.0, 800.0, 900.0), 100.0),
    ],
)
def test_the_third_promotion_within_ten_minutes_is_the_last(
    moments: tuple[float, ...], left_s: float | None
) -> None:
    scene = Scene(known={HAST: {**IN_SYNC, "promoted_at": moments}}, now=Now(1000.0))
    verdict = judged("flap-damping", scene)
    if left_s is None:
        assert verdict == Allow()
        return
    assert isinstance(verdict, Hold)
    assert verdict.again_s == pytest.approx(left_s)
    assert verdict.sure


# What stands on the role, the device, the file system


@pytest.mark.parametrize(
    ("ours", "verdict"),
    [
        (Present(replace(OURS, role="primary")), Allow),
        (Present(replace(OURS, role="primary", workerpid=0)), Hold),
        (Present(replace(OURS, role="init", workerpid=0)), Hold),
        (Present(OURS), Hold),
        (Unknown("hastctl list: no answer"), Hold),
    ],
)
def test_a_role_may_fall_back_after_its_command_returned(
    ours: Observation[Any], verdict: type
) -> None:
    scene = Scene({HAST: ours})
    assert isinstance(above("role-reverts-to-init", scene), verdict)
    assert above("role-reverts-to-init", replace(scene, planning=True)) == Allow()


@pytest.mark.parametrize(
    ("seen", "verdict"),
    [
        (Present(HastDeviceState(answers=True)), Allow),
        (Present(HastDeviceState(answers=False)), Hold),
        (Absent(), Hold),
        (Unknown("dd hangs"), Hold),
        (None, Hold),
    ],
)
def test_nothing_stands_on_a_device_that_does_not_answer(
    seen: Observation[Any] | None, verdict: type
) -> None:
    scene = Scene({DEVICE: seen} if seen else {})
    assert isinstance(above("device-answers", scene, DEVICE), verdict)
    assert above("device-answers", replace(scene, planning=True), DEVICE) == Allow()


@pytest.mark.parametrize(
    ("seen", "verdict"),
    [
        (Present(FilesystemState(clean=True)), Allow),
        (Present(FilesystemState(clean=False)), Refuse),
        (Present(FilesystemState(clean=False, silent=True)), Refuse),
        (Absent(), Refuse),
        (Unknown("fsck_ufs hangs"), Refuse),
        (None, Refuse),
    ],
)
def test_only_a_clean_file_system_is_mounted(seen: Observation[Any] | None, verdict: type) -> None:
    scene = Scene({FS: seen} if seen else {})
    assert isinstance(above("fsck-failed-blocks-mount", scene, FS, MOUNT), verdict)
    planned = replace(scene, planning=True)
    assert above("fsck-failed-blocks-mount", planned, FS, MOUNT) == Allow()


@pytest.mark.parametrize(
    ("seen", "verdict"),
    [
        (Present(MountState("/dev/hast/test")), Refuse),
        (Unknown("mount: no answer"), Refuse),
        (Present(MountState("", sealed=False)), Allow),
        (Absent(), Allow),
    ],
)
def test_hastd_is_not_stopped_under_a_mount(seen: Observation[Any], verdict: type) -> None:
    hastd = ResourceId("hasta", "service", "hastd")
    code, scene = "hastd-restart-while-mounted", Scene({MOUNT: seen})
    assert isinstance(judged(code, scene, act("stop", hastd)), verdict)
    assert judged(code, scene, act("start", hastd)) == Allow()
    assert judged(code, replace(scene, planning=True), act("stop", hastd)) == Allow()
    elsewhere = Scene({ResourceId("hastb", "mount", "/mysql"): seen})
    assert judged(code, elsewhere, act("stop", hastd)) == Allow()


def test_another_service_may_stop_whatever_is_mounted() -> None:
    other = made(Service, "ntpd")
    (guard,) = other.guards
    scene = Scene({MOUNT: Present(MountState("/dev/hast/test"))})
    assert guard.judge(act("stop", other.id), scene) == Allow()


# Who may lift what


def test_a_person_may_lift_what_only_a_person_can_know() -> None:
    found = {g.code for kind in (Hast, HastDevice, Filesystem, Service) for g in kind.guards}
    assert {"init-is-not-master", "split-brain", "fsck-failed-blocks-mount"} < found
    may = {g.code for g in Hast.guards if g.override}
    copies = {"promote-needs-known-sync", "no-promotion-with-write-errors"}
    assert may == {"witness-isolated", "peer-silent", "flap-damping"} | copies
    others = (g for kind in (HastDevice, Filesystem, Service) for g in kind.guards)
    assert not any(g.override for g in others)


@dataclass(frozen=True)
class Graphed:
    """As much of a graph as the judge asks for: one resource that stands on nothing."""

    resources: Mapping[ResourceId, Any]
    pair: Pair = field(default_factory=pair)
    order: tuple[ResourceId, ...] = (HAST,)

    @property
    def all_needs(self) -> dict[ResourceId, frozenset[ResourceId]]:
        return {HAST: frozenset()}


def facts(scene: Scene, ledger: Ledger, *lifted: str) -> Facts:
    graph: Any = Graphed(scene.resources)
    return Facts(graph, scene.snapshot, ledger, NOW, lifted=frozenset(lifted))


@pytest.mark.parametrize(
    ("scene", "notes", "code", "lifts"),
    [
        (Scene(), {}, "promote-needs-known-sync", True),
        (Scene({LAN: ANSWERS}), {VIP: {"master_at": 1.0}, HAST: IN_SYNC}, "peer-silent", True),
        (Scene({WITNESS: SILENT}), {HAST: IN_SYNC}, "witness-isolated", True),
        (Scene({VIP: carp("INIT")}), {HAST: IN_SYNC}, "init-is-not-master", False),
        (Scene({HAST: Present(replace(OURS, has_metadata=False))}), {}, "metadata-missing", False),
    ],
)
def test_a_lifted_guard_is_not_asked_unless_nobody_may_lift_it(
    scene: Scene, notes: Mapping[ResourceId, Notes], code: str, *, lifts: bool
) -> None:
    before = judge(act(), facts(scene, Ledger(notes)))
    assert not isinstance(before, Allow)
    assert before.code == code
    after = judge(act(), facts(scene, Ledger(notes), code))
    assert (after == Allow()) is lifts


@pytest.mark.parametrize(
    ("until_s", "verdict"), [(None, Refuse), (1060.0, Hold), (1000.0, Allow), (999.0, Allow)]
)
def test_a_maintenance_hold_keeps_every_action_back_until_it_ends(
    until_s: float | None, verdict: type
) -> None:
    pauses = (Pause("anna", "new disk", 900.0, until_s),)
    ledger = Ledger({HAST: IN_SYNC}, pauses)
    for verb in ("promote", "demote", "join"):
        found = judge(act(verb), facts(Scene(), ledger))
        assert isinstance(found, verdict)
        if not isinstance(found, Allow):
            assert found.code == MAINTENANCE_HOLD
            assert "anna holds this node" in found.why
            assert "new disk" in found.why
    if verdict is Hold:
        assert isinstance(found, Hold)
        assert found.again_s == 60.0
    assert judge(act(), facts(Scene(), ledger, MAINTENANCE_HOLD)) == Allow()


def test_what_may_last_is_told_before_what_is_sure_to_lift() -> None:
    scene = Scene({LAN: ANSWERS})
    verdict = judge(act(), facts(scene, Ledger({HAST: IN_SYNC})))
    assert isinstance(verdict, Hold)
    assert verdict.code == "peer-silent"
    assert isinstance(
        judged("carp-settled", replace(scene, known={VIP: {"master_at": 99.0}})), Hold
    )
    assert isinstance(RESOURCES[HAST].follow, Ref)
