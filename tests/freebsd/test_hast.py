"""A HAST resource and its role: what hastctl says, what is wished, done, and refused."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from converge.core.guard import Guard
from converge.core.host import NO_SUCH_FILE, Answer, Command
from converge.core.ids import Ref, ResourceId
from converge.core.ledger import LEDGER, NEVER, Notes, Now
from converge.core.pair import Pair
from converge.core.plan import (
    Action,
    Allow,
    Direction,
    Hold,
    Refuse,
    Snapshot,
    Verdict,
)
from converge.core.state import Absent, Observation, Present, State, Unknown, Wish
from converge.freebsd.hast import Hast, steady, taking
from converge.freebsd.hast.answers import (
    LISTED,
    HastState,
    parse_dump,
    parse_list,
    parse_mounted,
    parse_status,
    parse_uptime_s,
)
from converge.freebsd.hast.guards import GUARDS
from converge.freebsd.hast.standing import Standing, standing
from converge.freebsd.hast.words import RESERVED
from converge.freebsd.hast_device import HastDevice, HastDeviceState
from converge.freebsd.hast_entry import HastEntry
from converge.freebsd.hast_entry.grammar import KEYWORDS
from tests.freebsd.around import Neighbours, Surroundings, change, made, pair
from tests.looking import see
from tests.recorded import recording, recordings

STATE = HastState("secondary", "/dev/vtbd1", "192.168.1.52", "memsync", "test")


def hast(name: str = "test", node: str = "hasta", **table: Any) -> Hast:
    defaults = {"device": "/dev/vtbd1", "follow": "carp.vip", "replication": "memsync"}
    return made(Hast, name, node, **{**defaults, **table})


def saw(
    resource: Hast,
    listed: str | Answer,
    dump: str | Answer,
    mounts: str = "mount-p-not-mounted",
    ledger: str | None = None,
) -> Any:
    """What the look makes of recorded answers, or of answers as they are given."""
    name = resource.id.name

    def answer(given: str | Answer) -> Answer:
        return given if isinstance(given, Answer) else recording(given).answer

    answers = {
        "hastctl list": answer(listed),
        f"hastctl dump {name}": answer(dump),
        "mount -p": answer(mounts),
        f"read {LEDGER}": Answer(NO_SUCH_FILE) if ledger is None else Answer(0, ledger),
    }
    return see(resource, Surroundings(), answers)


@dataclass(frozen=True)
class Leader(State):
    leads: bool = True

    @property
    def active(self) -> bool:
        return self.leads


# Reading


def recorded(command: str) -> list[str]:
    return [name for name, r in recordings().items() if re.fullmatch(command, r.cmd)]


LISTS = recorded(r"hastctl list( test| all)?")
STATUSES = recorded(r"hastctl status( test| all| -c \S+)?")
DUMPS = recorded(r"hastctl dump test")


def test_there_are_recordings_to_read() -> None:
    assert (len(LISTS), len(STATUSES), len(DUMPS)) == (49, 74, 19)


@pytest.mark.parametrize("name", LISTS)
def test_every_recorded_list_is_read(name: str) -> None:
    record = recording(name)
    if record.rc != 0:
        assert parse_list(record.stdout) == {}
        return
    state = parse_list(record.stdout)["test"]
    peer = {"hasta": "192.168.1.52", "hastb": "192.168.1.51"}[record.node]
    assert state.role in ("init", "primary", "secondary")
    assert (state.device, state.remote, state.provider) == ("/dev/vtbd1", peer, "test")
    assert (state.replication, state.write_errors) == ("memsync", 0)
    assert (state.status == "-") == (state.workerpid == 0)
    assert f"  dirty: {state.dirty} (" in record.stdout


@pytest.mark.parametrize("name", STATUSES)
def test_every_recorded_status_is_read(name: str) -> None:
    record = recording(name)
    found = parse_status(record.stdout)
    if record.rc != 0:
        assert found == {}
        return
    words = record.stdout.split("\n")[1].split()
    state = found["test"]
    assert words == ["test", state.status, state.role, state.device, state.remote]


@pytest.mark.parametrize("name", DUMPS)
def test_every_recorded_dump_is_read(name: str) -> None:
    record = recording(name)
    state = parse_dump(STATE, record.stdout)
    if record.rc != 0:
        assert state is None
        return
    assert state is not None
    for key in ("resuid", "localcnt", "remotecnt", "prevrole"):
        assert f"    {key}: {getattr(state, key)}\n" in record.stdout


@pytest.mark.parametrize("missing", ["resuid", "localcnt", "remotecnt", "prevrole"])
def test_half_a_dump_is_none(missing: str) -> None:
    text = recording("hast-dump-primary-complete").stdout
    assert parse_dump(STATE, text.replace(missing, "other")) is None
    assert parse_dump(STATE, text.replace(": 0", ": none")) is None


def test_numbers_of_a_busy_primary() -> None:
    state = parse_list(recording("hast-degraded-dirty-list").stdout)["test"]
    assert (state.role, state.status, state.dirty) == ("primary", "degraded", 115343360)
    assert state.workerpid == 2749
    assert state.glance == "primary degraded, 110 MB dirty"


def test_an_unknown_resource_has_no_role() -> None:
    assert parse_list(recording("hast-bad-resource-list").stdout)["nosuch"].role == ""
    assert parse_status(recording("hast-bad-resource-status").stdout)["nosuch"].role == ""


def test_stray_quotes_in_front_are_skipped() -> None:
    found = parse_status(recording("hast-conf-quoted-exec-status").stdout)
    assert found["test"].role == "secondary"
    listed = parse_list('""' + recording("hast-list-all").stdout)
    assert listed["test"].role == "primary"


def test_the_old_form_of_the_record_is_read() -> None:
    """9.0 had no list; its status was the record, with plain numbers (hastctl.c of 9.0)."""
    old = (
        "data:\n  role: primary\n  provname: data\n  localpath: /dev/ad6\n  extentsize: 2097152\n"
        "  keepdirty: 64\n  remoteaddr: 10.0.0.2\n  replication: memsync\n  status: complete\n"
        "  dirty: 4194304 bytes\n"
    )
    state = parse_list(old)["data"]
    assert (state.role, state.dirty, state.device) == ("primary", 4194304, "/dev/ad6")
    resource = hast("data", device="/dev/ad6", remote="10.0.0.2")
    answers = {
        "hastctl list": recording("hast-usage").answer,
        "hastctl status": Answer(0, old),
        "hastctl dump data": recording("hast-dump-primary-complete").answer,
        "mount -p": recording("mount-p-not-mounted").answer,
        f"read {LEDGER}": Answer(NO_SUCH_FILE),
    }
    assert see(resource, Surroundings(), answers).state.role == "primary"


def test_two_resources_and_write_errors() -> None:
    one = recording("hast-list-all").stdout.replace("write: 0", "write: 3")
    two = recording("hast-synced-list-hasta").stdout.replace("test", "data")
    found = parse_list(one + two)
    assert {name: state.write_errors for name, state in found.items()} == {"test": 3, "data": 0}


def test_where_it_is_mounted() -> None:
    text = recording("mount-p-mounted").stdout
    assert parse_mounted(text, "/dev/hast/test") == "/mysql"
    assert parse_mounted(text, "/dev/hast/tes") == ""


def test_what_changes_all_the_time_is_masked() -> None:
    """Two lists of an idle resync that differ in numbers only mean the same."""

    def masked(name: str) -> str:
        text = recording(name).stdout
        for pattern in LISTED.volatile:
            text = re.sub(pattern, "", text)
        return text

    assert masked("hast-resync-sample1-list-hasta") == masked("hast-resync-sample3-list-hasta")
    assert masked("hast-resync-sample4-list-hasta") != masked("hast-resync-sample5-list-hasta")
    assert masked("hast-synced-list-hasta") != masked("hast-peer-init-list-hasta")


# Looking


def test_a_mounted_primary() -> None:
    seen = saw(
        hast(), "hast-primary-mounted-list-hasta", "hast-dump-primary-complete", "mount-p-mounted"
    )
    state = seen.state
    assert (state.role, state.active, state.mounted) == ("primary", True, "/mysql")
    assert (state.resuid, state.prevrole, state.has_metadata) == (
        17768990601575991997,
        "primary",
        True,
    )


def test_without_metadata_it_is_seen_as_such() -> None:
    seen = saw(hast(), "hast-nometa-init-list-hasta", "hast-nometa-dump")
    assert (seen.state.role, seen.state.has_metadata) == ("init", False)


def test_a_disk_that_is_gone_has_no_metadata_either() -> None:
    seen = saw(hast(), "hast-nometa-init-list-hasta", "hast-conf-nodisk-dump")
    assert not seen.state.has_metadata


def test_not_running_waits_for_the_service() -> None:
    seen = saw(hast(), "hast-notrunning-list", "hast-notrunning-dump")
    assert seen == Unknown(
        "[ERROR] Unable to connect to hastd via /var/run/hastctl: Connection refused.",
        ResourceId("hasta", "service", "hastd"),
    )


@pytest.mark.parametrize(
    "name", ["hast-conf-syntax-status", "hast-conf-missing-status", "hast-conf-nohost-status"]
)
def test_a_bad_configuration_waits_for_the_entry(name: str) -> None:
    seen = saw(hast(), name, name)
    assert seen == Unknown(
        recording(name).stderr.strip(), ResourceId("hasta", "hast_entry", "test")
    )


def test_a_resource_that_the_file_lacks_waits_for_the_entry() -> None:
    seen = saw(hast(), "hast-created-init-list-hastb", "hast-conf-empty-dump")
    assert isinstance(seen, Unknown)
    assert seen.until == ResourceId("hasta", "hast_entry", "test")


def test_what_hastd_has_not_read_yet_is_absent() -> None:
    assert saw(hast("data"), "hast-list-all", "hast-nometa-dump") == Absent()
    assert saw(hast(), Answer(0, ""), "hast-nometa-dump") == Absent()


@pytest.mark.parametrize(
    ("listed", "dump", "mounts"),
    [
        (Answer(69, "", "[ERROR] Unable to receive"), "hast-nometa-dump", "mount-p-mounted"),
        (Answer(0, "test:\n  error: 1\n"), "hast-nometa-dump", "mount-p-mounted"),
        (Answer(0, "test:\n  role: leader\n"), "hast-nometa-dump", "mount-p-mounted"),
        ("hast-list-all", Answer(0, "resource: test\n"), "mount-p-mounted"),
        ("hast-list-all", Answer(1, "", "no permission"), "mount-p-mounted"),
        ("hast-list-all", "hast-dump-primary-complete", "mount-no-fs"),
    ],
)
def test_what_cannot_be_understood_is_unknown(
    listed: str | Answer, dump: str | Answer, mounts: str
) -> None:
    assert isinstance(saw(hast(), listed, dump, mounts), Unknown)


# Wishing


def wished(resource: Hast, followed: Observation[State]) -> Wish[HastState]:
    return resource.want(Neighbours(seen={"carp.vip": followed}))


def test_the_role_follows_the_address() -> None:
    resource = hast(replication="fullsync", provider="disk0", remote="10.0.0.2")
    primary = HastState("primary", "/dev/vtbd1", "10.0.0.2", "fullsync", "disk0")
    assert wished(resource, Present(Leader())) == Present(primary)
    assert wished(resource, Present(Leader(leads=False))) == Present(
        replace(primary, role="secondary")
    )


@pytest.mark.parametrize("followed", [Absent(), Unknown("ifconfig hangs")])
def test_no_guess_where_the_address_is_not_known(followed: Observation[State]) -> None:
    wish = wished(hast(), followed)
    assert isinstance(wish, Unknown)
    assert wish.until == ResourceId("hasta", "carp", "vip")
    assert wish.why.startswith("carp.vip is not in place")


def test_a_fixed_role_asks_nobody() -> None:
    wish = hast(follow=None, role="secondary").want(Neighbours())
    assert wish == Present(STATE)


# What it brings along


def test_it_brings_its_entry_service_and_device() -> None:
    around = Surroundings(offers={"hastb/hast.test": {"local": "/dev/ad8", "remote": ""}})
    brought = {(one.kind, one.name): one.table for one in hast(exec="/bin/hook").implied(around)}
    assert brought["service", "hastd"] == {}
    assert brought["hast_device", "test"] == {"hast": "hast.test", "settle": 30.0}
    entry = brought["hast_entry", "test"]
    assert entry["nodes"] == {
        "hasta": {"local": "/dev/vtbd1", "remote": "192.168.1.52"},
        "hastb": {"local": "/dev/ad8", "remote": "192.168.1.51"},
    }
    assert (entry["replication"], entry["exec"]) == ("memsync", "/bin/hook")
    for kind in (HastEntry, HastDevice):
        id = ResourceId("hasta", kind.kind, "test")
        assert kind.model_validate({"id": id, **brought[kind.kind, "test"]}).id == id


def nodes(resource: Hast, around: Surroundings) -> Any:
    """The sections of both nodes in the entry that it brings along."""
    (entry,) = (one for one in resource.implied(around) if one.kind == "hast_entry")
    return entry.table["nodes"]


def test_both_nodes_bring_the_same_file() -> None:
    offers = {
        "hasta/hast.test": hast(device="/dev/ad6").offers(),
        "hastb/hast.test": hast(device="/dev/ad8", remote="10.0.0.1").offers(),
    }
    here = nodes(hast(device="/dev/ad6"), Surroundings(offers=offers))
    there = nodes(
        hast(node="hastb", device="/dev/ad8", remote="10.0.0.1"), Surroundings(offers=offers)
    )
    assert here == there
    assert here["hastb"] == {"local": "/dev/ad8", "remote": "10.0.0.1"}


def test_without_a_peers_table_both_disks_are_called_alike() -> None:
    assert nodes(hast(), Surroundings())["hastb"] == {
        "local": "/dev/vtbd1",
        "remote": "192.168.1.51",
    }


def test_it_needs_service_entry_and_what_it_follows() -> None:
    needs = list(hast(needs=["kernel_module.geom_gate"]).needed(Surroundings()))
    first = ["kernel_module.geom_gate", "carp.vip", "service.hastd", "hast_entry.test"]
    assert needs == [*first, "neighbour.lan"]
    assert all(isinstance(need, Ref) for need in needs)


def test_it_offers_its_device_by_the_providers_name() -> None:
    assert hast().offers()["device"] == "/dev/hast/test"
    assert hast(provider="disk0").offers()["device"] == "/dev/hast/disk0"


@pytest.mark.parametrize(
    "table",
    [
        {"follow": None},
        {"role": "primary"},
        {"follow": None, "role": "init"},
        {"device": "ad6"},
        {"device": "/dev/ad 6"},
        {"timeout": 0},
        {"replication": "sync"},
        {"provider": "name"},
        {"remote": "12"},
        {"exec": "hook"},
    ],
)
def test_tables_that_are_refused(table: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        hast(**table)


@pytest.mark.parametrize("name", [*sorted(KEYWORDS), "7"])
def test_names_that_hastd_would_trip_over(name: str) -> None:
    assert RESERVED.fullmatch(name)
    with pytest.raises(ValidationError, match=r"hast\.conf"):
        hast(name)


def test_other_names_are_fine() -> None:
    assert hast("local0").id.name == "local0"
    assert not RESERVED.fullmatch("testname")


# Acting


def acts(
    observed: Observation[HastState], wish: Wish[HastState], **table: Any
) -> tuple[Action, ...]:
    resource = hast(**table)
    return resource.actions(change(resource, observed, wish))


def verbs(actions: tuple[Action, ...]) -> list[str]:
    return [action.verb for action in actions]


def role(role: str, **fields: Any) -> Present[HastState]:
    return Present(replace(STATE, role=role, **fields))


@pytest.mark.parametrize(
    ("observed", "wish", "expected"),
    [
        (Absent(), role("primary"), ["reload", "promote"]),
        (Absent(), role("secondary"), ["reload", "join"]),
        (Absent(), Absent(), []),
        (role("init"), role("primary"), ["promote"]),
        (role("init"), role("secondary"), ["join"]),
        (role("init"), Absent(), []),
        (role("secondary"), role("primary"), ["promote"]),
        (role("secondary"), role("secondary"), []),
        (role("secondary"), Absent(), []),
        (role("primary"), role("secondary"), ["demote"]),
        (role("primary"), role("primary"), []),
        (role("primary"), Absent(), ["demote"]),
        (role("init", device="/dev/x"), role("primary"), ["reload", "promote"]),
        (role("secondary", remote="x"), role("primary"), ["reload", "promote"]),
        (role("primary", replication="async"), role("primary"), ["reload"]),
        (role("secondary", provider="x"), role("secondary"), ["reload"]),
        (role("primary", remote="x"), role("secondary"), ["demote", "reload"]),
    ],
)
def test_what_is_done(
    observed: Observation[HastState], wish: Wish[HastState], expected: list[str]
) -> None:
    assert verbs(acts(observed, wish)) == expected


def test_evidence_alone_is_no_reason_to_act() -> None:
    numbers = {"dirty": 5, "workerpid": 1, "write_errors": 2, "resuid": 3, "localcnt": 4}
    words = {"status": "degraded", "mounted": "/x", "prevrole": "primary", "remotecnt": 5}
    busy = role("primary", has_metadata=False, **numbers, **words)
    assert acts(busy, role("primary")) == ()
    assert busy == role("primary")


def test_a_promotion_goes_up_and_must_still_be_seen() -> None:
    (promote,) = acts(role("secondary"), role("primary"))
    assert promote.effect == Command(("hastctl", "role", "primary", "test"), 30.0)
    assert promote.direction is Direction.UP
    assert promote.settle_s > 0
    assert promote.why == "carp.vip is active here, and the role is secondary"


def test_a_demotion_goes_down_and_a_join_up() -> None:
    (demote,) = acts(role("primary"), role("secondary"))
    (join,) = acts(role("init"), role("secondary"))
    assert demote.effect == join.effect == Command(("hastctl", "role", "secondary", "test"), 30.0)
    assert (demote.direction, join.direction) == (Direction.DOWN, Direction.UP)
    assert demote.why == "carp.vip is not active here, and the role is primary"


def test_a_slow_peer_is_given_its_timeout() -> None:
    (demote,) = acts(role("primary"), role("secondary"), timeout=60)
    assert isinstance(demote.effect, Command)
    assert demote.effect.deadline_s == 70


def test_a_reload_keeps_the_role_and_is_waited_for() -> None:
    reload, _ = acts(role("secondary", device="/dev/x"), role("primary"))
    assert reload.effect == Command(("service", "hastd", "reload"))
    assert (reload.goal, reload.settle_s) == (role("secondary"), 12)
    assert reload.direction is Direction.UP
    assert reload.why == "hastd still has device /dev/x"
    first, _ = acts(Absent(), role("primary"))
    assert first.goal == role("init")


def test_a_demotion_is_not_measured_by_the_configuration() -> None:
    demote, reload = acts(role("primary", remote="x"), role("secondary"))
    assert demote.goal == role("secondary", remote="x")
    assert reload.goal == role("secondary")


def test_a_fixed_role_says_so() -> None:
    (promote,) = acts(role("init"), role("primary"), follow=None, role="primary")
    assert "the desired file fixes the role primary" in promote.why


# Guards


@dataclass(frozen=True)
class Scene:
    """A `Situation`: what both nodes were seen to have."""

    ours: Observation[HastState]
    theirs: Observation[HastState] | None = None
    pair: Pair = field(default_factory=pair)
    planning: bool = True
    known: Notes = field(default_factory=dict)
    now: Now = NEVER
    leader: str = ""

    def notes(self, id: ResourceId) -> Notes:
        return self.known if id == ResourceId("hasta", "hast", "test") else {}

    @property
    def snapshot(self) -> Snapshot:
        observed = {ResourceId("hasta", "hast", "test"): self.ours}
        if self.theirs is not None:
            observed[ResourceId("hastb", "hast", "test")] = self.theirs
        return Snapshot(datetime(2026, 11, 23, tzinfo=UTC), observed)

    def desired(self, id: ResourceId) -> object | None:
        return hast()


GUARD: dict[str, Guard] = {guard.code: guard for guard in Hast.guards}


def act(verb: str, *after: str, wish: Wish[HastState] | None = None) -> Action:
    direction = Direction.DOWN if verb == "demote" else Direction.UP
    effect = Command(("true",))
    id = ResourceId("hasta", "hast", "test")
    return Action(id, verb, "", effect, direction, wish=wish or role("primary"), after=after)


def judged(
    code: str,
    verb: str,
    ours: Observation[HastState],
    theirs: Observation[HastState] | None = None,
    *after: str,
) -> Verdict:
    return GUARD[code].judge(act(verb, *after), Scene(ours, theirs))


def dumped(name: str, **fields: Any) -> Present[HastState]:
    """A state with the metadata of a recorded dump."""
    state = parse_dump(replace(STATE, **fields), recording(name).stdout)
    assert state is not None
    return Present(state)


def copy(resuid: int, localcnt: int, remotecnt: int, **fields: Any) -> Present[HastState]:
    state = replace(STATE, resuid=resuid, localcnt=localcnt, remotecnt=remotecnt)
    return Present(replace(state, **fields))


MIRROR = {Standing.AHEAD: Standing.BEHIND, Standing.BEHIND: Standing.AHEAD}


@pytest.mark.parametrize(
    ("ours", "theirs", "expected"),
    [
        ("hast-splitbrain-dump-hasta", "hast-splitbrain-dump-hastb", Standing.SPLIT),
        ("hast-dual-primary-dump-a", "hast-dual-primary-dump-b", Standing.SPLIT),
        ("hast-midsync-return-dump", "hast-midsync-promoted-dump", Standing.AHEAD),
        ("hast-midsync-dump-primary", "hast-midsync-dump-secondary", Standing.AHEAD),
        ("rejoin-dump-survivor", "rejoin-dump-returned", Standing.AHEAD),
        ("rejoin2-dump-returned", "rejoin2-dump-survivor", Standing.BEHIND),
        ("hast-dump-created-never-used", "hast-dump-while-primary", Standing.EVEN),
        ("hast-dump-created-never-used", "hast-dump-primary-complete", Standing.BEHIND),
        ("hast-dump-primary-complete", "hast-dump-while-secondary", Standing.STRANGE),
        ("hast-dump-primary-complete", "hast-dump-primary-complete", Standing.EVEN),
    ],
)
def test_recorded_copies_compared(ours: str, theirs: str, expected: Standing) -> None:
    left, right = dumped(ours).state, dumped(theirs).state
    assert standing(left, right) is expected
    assert standing(right, left) is MIRROR.get(expected, expected)


@pytest.mark.parametrize(
    ("ours", "theirs", "expected"),
    [
        # (resuid, localcnt, remotecnt) of both; the counters cross over.
        ((7, 0, 0), (7, 0, 0), Standing.EVEN),
        ((7, 3, 5), (7, 5, 3), Standing.EVEN),
        ((7, 4, 5), (7, 5, 3), Standing.AHEAD),
        ((7, 3, 5), (7, 6, 3), Standing.BEHIND),
        ((7, 4, 5), (7, 6, 3), Standing.SPLIT),
        ((7, 3, 5), (7, 4, 3), Standing.STRANGE),
        ((7, 3, 5), (7, 5, 4), Standing.STRANGE),
        ((7, 4, 6), (7, 5, 3), Standing.STRANGE),
        ((7, 3, 5), (7, 6, 4), Standing.STRANGE),
        ((7, 0, 0), (8, 0, 0), Standing.STRANGE),
        ((0, 0, 0), (0, 0, 0), Standing.EVEN),
        ((0, 0, 0), (8, 0, 0), Standing.BEHIND),
        ((7, 0, 0), (0, 0, 0), Standing.AHEAD),
    ],
)
def test_copies_compared(
    ours: tuple[int, int, int], theirs: tuple[int, int, int], expected: Standing
) -> None:
    assert standing(copy(*ours).state, copy(*theirs).state) is expected


VERBS = ("promote", "join", "demote", "reload")
EVEN = copy(7, 3, 5), copy(7, 5, 3)
AHEAD = copy(7, 4, 5), copy(7, 5, 3)
BEHIND = copy(7, 3, 5), copy(7, 6, 3)
SPLIT = copy(7, 4, 5), copy(7, 6, 3)
STRANGE = copy(7, 3, 5), copy(8, 5, 3)


def refused(code: str, case: Callable[[str], Verdict]) -> set[str]:
    """The verbs that are refused, each with the guard's own code and a way out."""
    found = set()
    for verb in VERBS:
        verdict = case(verb)
        if isinstance(verdict, Refuse):
            assert verdict.code == code
            assert verdict.lift
            found.add(verb)
        else:
            assert verdict == Allow()
    return found


def test_without_metadata_nobody_is_promoted_or_joins() -> None:
    code = "metadata-missing"
    lacking = role("init", has_metadata=False)
    assert refused(code, lambda verb: judged(code, verb, lacking)) == {"promote", "join"}
    assert refused(code, lambda verb: judged(code, verb, role("init"))) == set()
    assert refused(code, lambda verb: judged(code, verb, Absent())) == set()


def test_in_split_brain_no_role_changes() -> None:
    code = "split-brain"
    assert refused(code, lambda verb: judged(code, verb, *SPLIT)) == {"promote", "join", "demote"}
    for others in (EVEN, AHEAD, BEHIND, STRANGE):
        assert refused(code, lambda verb, both=others: judged(code, verb, *both)) == set()


def test_split_brain_is_told_with_both_dumps() -> None:
    ours, theirs = dumped("hast-splitbrain-dump-hasta"), dumped("hast-splitbrain-dump-hastb")
    verdict = judged("split-brain", "demote", ours, theirs)
    assert isinstance(verdict, Refuse)
    dump = "resuid 17768990601575991997, localcnt 1, remotecnt 0, last written as primary"
    assert f"hasta: {dump}; hastb: {dump}" in verdict.why


def test_the_older_copy_is_not_promoted() -> None:
    code = "newest-data-first"
    for both in (BEHIND, STRANGE):
        assert refused(code, lambda verb, both=both: judged(code, verb, *both)) == {"promote"}
    for both in (EVEN, AHEAD, SPLIT):
        assert refused(code, lambda verb, both=both: judged(code, verb, *both)) == set()


def test_a_blank_copy_is_not_promoted_beside_one_with_data() -> None:
    blank = dumped("hast-dump-created-never-used")
    used = dumped("hast-dump-primary-complete")
    assert isinstance(judged("newest-data-first", "promote", blank, used), Refuse)
    assert judged("newest-data-first", "promote", used, blank) == Allow()
    assert judged("newest-data-first", "promote", blank, blank) == Allow()


@pytest.mark.parametrize(
    "theirs", [None, Absent(), Unknown("ssh"), role("init", has_metadata=False)]
)
def test_a_peer_that_was_not_seen_compares_with_nothing(
    theirs: Observation[HastState] | None,
) -> None:
    for code in ("split-brain", "newest-data-first", "peer-still-primary"):
        assert judged(code, "promote", copy(7, 0, 0), theirs) == Allow()


def test_without_our_own_metadata_nothing_is_compared() -> None:
    ours = copy(7, 4, 5, has_metadata=False)
    assert judged("split-brain", "promote", ours, SPLIT[1]) == Allow()


def test_a_copy_with_write_errors_is_not_promoted() -> None:
    code = "no-promotion-with-write-errors"
    bad = role("secondary", write_errors=1)
    assert refused(code, lambda verb: judged(code, verb, bad)) == {"promote"}
    assert refused(code, lambda verb: judged(code, verb, role("secondary"))) == set()
    assert refused(code, lambda verb: judged(code, verb, Absent())) == set()
    assert refused(code, lambda verb: judged(code, verb, role("secondary"), bad)) == set()


def test_beside_a_primary_nobody_is_promoted() -> None:
    code = "peer-still-primary"
    held = {verb: judged(code, verb, role("init"), role("primary")) for verb in VERBS}
    hold = held.pop("promote")
    assert isinstance(hold, Hold)
    assert (hold.code, hold.again_s) == (code, 2)
    assert set(held.values()) == {Allow()}
    for peer in ("init", "secondary"):
        assert judged(code, "promote", role("init"), role(peer)) == Allow()


def test_a_demotion_that_is_planned_before_is_waited_for() -> None:
    peer = role("primary")
    before = "hastb/hast.test demote"
    assert judged("peer-still-primary", "promote", role("init"), peer, before) == Allow()
    other = "hastb/hast.data demote"
    assert isinstance(judged("peer-still-primary", "promote", role("init"), peer, other), Hold)
    now = Scene(role("init"), peer, planning=False)
    assert isinstance(GUARD["peer-still-primary"].judge(act("promote", before), now), Hold)


def test_what_is_mounted_is_not_demoted() -> None:
    code = "never-demote-while-mounted"
    mounted = role("primary", mounted="/mysql")
    assert refused(code, lambda verb: judged(code, verb, mounted)) == {"demote"}
    assert refused(code, lambda verb: judged(code, verb, role("primary"))) == set()
    verdict = judged(code, "demote", mounted)
    assert isinstance(verdict, Refuse)
    assert "/dev/hast/test is mounted on /mysql" in verdict.why


def test_an_unmount_that_is_planned_before_is_waited_for() -> None:
    mounted = role("primary", mounted="/mysql")
    before = "hasta/mount./mysql unmount"
    assert judged("never-demote-while-mounted", "demote", mounted, None, before) == Allow()
    other = "hasta/mount./mnt unmount"
    assert isinstance(judged("never-demote-while-mounted", "demote", mounted, None, other), Refuse)
    now = Scene(mounted, planning=False)
    assert isinstance(
        GUARD["never-demote-while-mounted"].judge(act("demote", before), now), Refuse
    )


def test_a_synchronisation_is_not_ended_by_a_demotion() -> None:
    code, listed = "dirty-handover", parse_list(recording("hast-midsync-list-primary").stdout)
    syncing = Present(listed["test"])
    assert {verb for verb in VERBS if judged(code, verb, syncing) != Allow()} == {"demote"}
    verdict = judged(code, "demote", syncing)
    assert isinstance(verdict, Hold)
    assert "112 MB of hasta/hast.test have not reached the peer yet" in verdict.why
    in_vain = Present(parse_list(recording("hast-degraded-dirty-list").stdout)["test"])
    for state in (role("primary"), in_vain):
        assert refused(code, lambda verb, state=state: judged(code, verb, state)) == set()


def test_a_busy_primary_may_be_planned_down_but_is_drained_before_its_turn() -> None:
    busy = role("primary", mounted="/mysql", status="complete", dirty=2 << 20)
    assert judged("dirty-handover", "demote", busy) == Allow()
    now = Scene(busy, planning=False)
    assert isinstance(GUARD["dirty-handover"].judge(act("demote"), now), Hold)


@pytest.mark.parametrize(
    ("uptime_s", "peer", "verdict"),
    [
        (59.0, None, Hold),
        (60.0, None, Allow),
        (None, None, Hold),
        (59.0, role("secondary"), Allow),
        (59.0, role("init"), Hold),
        (59.0, role("primary"), Hold),
    ],
)
def test_a_young_node_does_not_lead_unless_its_peer_is_seen_to_be_secondary(
    uptime_s: float | None, peer: Observation[HastState] | None, verdict: type
) -> None:
    nodes = {name: replace(n, boot_delay_s=60.0) for name, n in pair().nodes.items()}
    scene = Scene(role("secondary", uptime_s=uptime_s), peer, replace(pair(), nodes=nodes))
    assert isinstance(GUARD["boot-delay"].judge(act("promote"), scene), verdict)
    assert GUARD["boot-delay"].judge(act("demote"), scene) == Allow()
    assert GUARD["boot-delay"].judge(act("promote"), replace(scene, pair=pair())) == Allow()


@pytest.mark.parametrize(
    ("wish", "verdict"),
    [
        (role("primary"), Allow),
        (role("primary", remote="x", replication="async"), Allow),
        (role("primary", device="/dev/x"), Refuse),
        (role("primary", provider="x"), Refuse),
    ],
)
def test_a_mounted_primary_is_not_given_another_disk(
    wish: Present[HastState], verdict: type[Verdict]
) -> None:
    judge = GUARD["never-reload-while-mounted"].judge
    mounted = Scene(role("primary", mounted="/mysql"))
    assert isinstance(judge(act("reload", wish=wish), mounted), verdict)
    assert judge(act("promote", wish=wish), mounted) == Allow()
    for free in (role("primary"), role("secondary", mounted="/mysql"), Absent()):
        assert judge(act("reload", wish=wish), Scene(free)) == Allow()


def test_every_guard_belongs_to_the_kind() -> None:
    assert Hast.guards == (*taking.GUARDS, *steady.GUARDS, *GUARDS)
    codes = [guard.code for guard in Hast.guards]
    assert len(set(codes)) == len(codes)


def test_uptime_is_counted_on_the_node_s_own_clock() -> None:
    boottime = recording("sys-boottime").stdout
    assert parse_uptime_s(boottime, "1795410006\n") == 60.0
    assert parse_uptime_s(boottime, "nonsense") is None
    assert parse_uptime_s("", "1795410006") is None


@pytest.mark.parametrize(
    ("ours", "theirs", "words"),
    [
        (dict(role="primary", status="complete"), None, ""),
        (dict(role="primary", status="degraded"), None, "degraded: "),
        (dict(role="primary", status="complete", dirty=33 << 20), None, "33 MB have not reached"),
        (dict(role="primary", status="complete", dirty=32 << 20), None, ""),
        (dict(role="secondary", status="complete", dirty=0), None, ""),
        (dict(role="secondary", status="-"), None, "no primary is connected"),
        (dict(role="init", status="-"), None, ""),
        (dict(role="secondary", status="-", has_metadata=False), None, "hastctl dump finds no"),
        (dict(role="secondary", status="complete", write_errors=3), None, "/dev/vtbd1 failed 3"),
        (dict(localcnt=1, resuid=7), dict(localcnt=1, resuid=7), "split-brain: "),
        (dict(localcnt=1, resuid=7), dict(localcnt=0, resuid=7, status="complete"), ""),
        (dict(resuid=7), dict(resuid=8), "the two disks are not copies"),
    ],
)
def test_lost_redundancy_is_a_concern_though_the_roles_are_as_wished(
    ours: dict[str, Any], theirs: dict[str, Any] | None, words: str
) -> None:
    state = replace(STATE, **{"status": "complete", **ours})
    twin = None if theirs is None else Present(replace(STATE, **theirs))
    said = hast().concern(state, twin)
    assert said.startswith(words)
    assert bool(said) is bool(words)


def test_a_peer_that_answers_but_does_not_tell_its_role_is_taken_for_primary() -> None:
    unseen: Observation[HastState] = Unknown("hastctl list: no answer within 10 s")
    scene = Scene(role("secondary"), unseen)
    dead = GUARD["peer-still-primary"].judge(act("promote"), scene)
    assert dead == Allow()

    class Alive(Scene):
        @property
        def snapshot(self) -> Snapshot:
            seen = super().snapshot
            mount = ResourceId("hastb", "mount", "/mysql")
            return replace(seen, observed={**seen.observed, mount: Absent()})

    alive = GUARD["peer-still-primary"].judge(act("promote"), Alive(role("secondary"), unseen))
    assert isinstance(alive, Hold)
    assert "hastb answers" in alive.why
    assert GUARD["peer-still-primary"].judge(act("join"), Alive(role("init"), unseen)) == Allow()


def test_a_peer_without_hastd_has_no_role_but_may_have_left_its_device() -> None:
    down = Unknown("Unable to connect to hastd", ResourceId("hastb", "service", "hastd"))

    class WithoutHastd(Scene):
        device: Observation[Any] = Absent()

        @property
        def snapshot(self) -> Snapshot:
            seen = super().snapshot
            more = {
                ResourceId("hastb", "service", "hastd"): Absent(),
                ResourceId("hastb", "hast_device", "test"): type(self).device,
            }
            return replace(seen, observed={**seen.observed, **more})

    scene = WithoutHastd(role("secondary"), down)
    assert GUARD["peer-still-primary"].judge(act("promote"), scene) == Allow()
    WithoutHastd.device = Present(HastDeviceState(answers=True))
    assert isinstance(GUARD["peer-still-primary"].judge(act("promote"), scene), Hold)
