"""A database server: is it ours, on its volume, ready; and what is never done to its data."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from converge.core.host import NO_SUCH_FILE, Answer, Command, Wait, Write
from converge.core.ids import ResourceId
from converge.core.pair import Pair
from converge.core.plan import Action, Allow, Direction, Hold, Refuse, Snapshot, Verdict
from converge.core.state import Absent, Observation, Present, Unknown, Wish, in_sync
from converge.freebsd.mysqld import PROCESSES, Mysqld
from converge.freebsd.mysqld.answers import MysqldState, parse_processes
from converge.freebsd.mysqld.guards import GUARDS
from converge.freebsd.setting import Setting
from tests.freebsd.around import Neighbours, Surroundings, change, made, pair
from tests.looking import see
from tests.recorded import recording

AROUND = Surroundings(
    offers={
        "mount./mysql": {"path": "/mysql", "device": "hast.test"},
        "mount./data": {"path": "/data", "device": "/dev/ad9"},
        "hast.test": {"device": "/dev/hast/test"},
        "carp.vip": {"address": "192.168.1.50"},
    }
)
NONE = Answer(1)
RUNNING = recording("mysql-running-pgrep").answer
MOUNTED, NOT_MOUNTED = recording("mount-p-mounted").answer, recording("mount-p-not-mounted").answer
OURS = Answer(0, "mysql/main\n")
UNMARKED = Answer(NO_SUCH_FILE)
LOST = Answer(lost="no answer within 5 s")
WISH = Present(MysqldState(running=True, ready=True, on_volume=True, identity="mysql/main"))
STOPPED = Present(replace(WISH.state, running=False, ready=False))


def mysqld(name: str = "main", **table: Any) -> Mysqld:
    return made(Mysqld, name, **{"datadir": "/mysql/db", **table})


def saw(
    processes: Answer = RUNNING,
    mounts: Answer = MOUNTED,
    marker: Answer = OURS,
    database: Answer | None = None,
    ping: Answer | None = None,
    pidfile: Answer | None = None,
    **table: Any,
) -> Any:
    answers = {
        str(PROCESSES): processes,
        "mysqladmin --connect-timeout=2 ping": ping or Answer(0, "mysqld is alive\n"),
        "read /mysql/db/hasta.pid": pidfile or Answer(0, "5661\n"),
        "mount -p": mounts,
        "read /mysql/db/converge.id": marker,
        "test -d /mysql/db/mysql": database or Answer(0),
    }
    return see(mysqld(**table), AROUND, answers)


# Reading


@pytest.mark.parametrize(
    ("name", "pids"),
    [
        ("mysql-running-pgrep", (5658, 5661)),
        ("mysql-missing-pidfile-pgrep", (6234, 6237)),
        ("mounted-role-secondary-mount-end", (3793, 3799)),
        ("svc-hastd-stop-primary-mounted-after-8s", (1001, 1004)),
        ("mysql-running-ps", ()),
    ],
)
def test_recorded_processes(name: str, pids: tuple[int, ...]) -> None:
    found = parse_processes(recording(name).stdout, "/mysql/db")
    assert tuple(process.pid for process in found) == pids


@pytest.mark.parametrize(
    ("line", "ours"),
    [
        ("1 /usr/local/libexec/mysqld --datadir=/mysql/db", True),
        ("1 /usr/local/libexec/mysqld --basedir=/usr/local --datadir=/mysql/db/ --x", True),
        ("1 /bin/sh /usr/local/bin/mysqld_safe --datadir=/mysql/db", True),
        ("1 /usr/local/libexec/mariadbd --datadir=/mysql/db", True),
        ("1 /bin/sh /usr/local/bin/mariadbd-safe --datadir=/mysql/db", True),
        ("1 /usr/local/libexec/mysqld --datadir=/mysql/db2", False),
        ("1 /usr/local/libexec/mysqld --datadir=/var/db/mysql", False),
        ("1 /usr/local/libexec/mysqld", False),
        ("1 /usr/local/libexec/mysqld --no-datadir=/mysql/db", False),
        ("1 mysqldump --datadir=/mysql/db", False),
        ("1 tail -f /mysql/mysqld --datadir=/mysql/db", False),
        ("1 vi -R /x/mysqld --datadir=/mysql/db", False),
        ("mysqld --datadir=/mysql/db", False),
    ],
)
def test_whose_process_it_is(line: str, ours: Any) -> None:
    assert bool(parse_processes(line + "\n", "/mysql/db")) is ours


# Looking


def test_a_ready_server_on_its_volume() -> None:
    seen = saw()
    assert seen == WISH
    assert (seen.state.pids, seen.state.known, seen.state.empty) == ((5658, 5661), True, False)
    assert (seen.state.active, seen.state.glance) == (True, "ready")


@pytest.mark.parametrize("ping", [LOST, Answer(1, "", "mysqladmin: connect to server failed")])
def test_one_that_does_not_answer_runs_all_the_same(ping: Answer) -> None:
    seen = saw(ping=ping)
    assert seen == Present(replace(WISH.state, ready=False))
    assert (seen.state.active, seen.state.glance) == (True, "not ready")


def test_silence_of_the_probe_is_heard() -> None:
    """A hung server must be seen to run, else it could not be stopped."""
    look = mysqld().look(AROUND)
    next(look)
    probe = look.send(RUNNING)
    assert getattr(probe, "silence_speaks", False)


def test_another_servers_process_is_none_of_ours() -> None:
    other = Answer(0, RUNNING.stdout.replace("/mysql/db", "/var/db/mysql"))
    seen = saw(processes=other)
    assert seen == STOPPED
    assert (seen.state.active, seen.state.glance) == (False, "stopped")


def test_without_volume_and_server_it_is_absent() -> None:
    assert saw(NONE, NOT_MOUNTED) == Absent()


def test_a_server_beside_its_volume_is_seen_as_such() -> None:
    """F46, F55: it was started before the mount, on a new empty database (fact 16)."""
    assert recording("mysql-notmounted-start").rc == 0
    seen = saw(mounts=NOT_MOUNTED)
    assert seen == Present(replace(WISH.state, on_volume=False, identity=""))
    assert seen.state.glance == "beside its volume"


def test_another_device_there_is_not_its_volume() -> None:
    other = Answer(0, MOUNTED.stdout.replace("hast/test", "ad9"))
    assert saw(NONE, other) == Absent()


def test_the_marker_says_whose_data_they_are() -> None:
    assert saw(NONE) == STOPPED
    assert saw(NONE, marker=UNMARKED) == Present(replace(STOPPED.state, identity=""))
    foreign = Answer(0, "other/main\n")
    assert saw(NONE, marker=foreign) == Present(replace(STOPPED.state, identity="other/main"))
    assert saw(marker=foreign).state.identity == "other/main"


def test_a_volume_without_a_database_is_empty() -> None:
    assert saw(NONE, marker=UNMARKED, database=Answer(1)).state.empty
    assert not saw(NONE, marker=UNMARKED).state.empty


@pytest.mark.parametrize("pidfile", [Answer(NO_SUCH_FILE), Answer(0, "4711\n"), Answer(0, "")])
def test_a_lost_pid_file_is_noticed(pidfile: Answer) -> None:
    """The rc script would say that nothing runs (mysql-missing-pidfile-stop, fact 16)."""
    assert recording("mysql-missing-pidfile-stop").rc == 1
    assert not saw(pidfile=pidfile).state.known


def test_one_that_was_started_with_other_arguments_is_told_of() -> None:
    """Nothing restarts a database because a line of rc.conf has changed; a person may."""
    assert not saw(bind="192.168.1.50").state.outdated
    seen = saw(bind="192.168.1.50", skip_name_resolve=True).state
    assert "with other arguments than wished" in mysqld().concern(seen, None)
    assert mysqld().concern(saw().state, None) == ""
    # what the wrapper keeps for itself is on its own command line only
    kept = RUNNING.stdout.replace("/mysqld_safe ", "/mysqld_safe --nice=5 ", 1)
    assert not saw(Answer(0, kept), extra_args="--nice=5").state.outdated


def test_a_server_that_names_no_pid_file_is_taken_as_known() -> None:
    plain = Answer(0, "7 /usr/local/libexec/mysqld --datadir=/mysql/db\n")
    assert saw(plain).state.known


@pytest.mark.parametrize(
    "answers",
    [
        {"processes": Answer(3, "", "pgrep: cannot open kvm")},
        {"mounts": recording("mount-no-fs").answer},
        {"marker": Answer(1, "", "Input/output error")},
        {"database": Answer(2, "", "test: bad")},
        {"datadir": "/var/db/mysql"},
    ],
)
def test_what_cannot_be_told_is_unknown(answers: dict[str, Any]) -> None:
    assert isinstance(saw(**answers), Unknown)


def test_without_a_declared_mount_it_says_so() -> None:
    assert "/var/db/mysql is on no declared mount" in saw(datadir="/var/db/mysql").why


# What it belongs to


def test_the_nearest_declared_mount_is_its_volume() -> None:
    near = Surroundings(offers={**AROUND.offers, "mount./mysql/db": {"path": "/mysql/db"}})
    assert "mount./mysql" in list(mysqld().needed(AROUND))
    needs = list(mysqld().needed(near))
    assert ("mount./mysql/db" in needs, "mount./mysql" in needs) == (True, False)


def test_a_written_volume_is_taken() -> None:
    on_data = {"volume": "mount./data", "datadir": "/data/db"}
    needs = list(mysqld(**on_data).needed(AROUND))
    assert [need for need in needs if need.kind == "mount"] == ["mount./data"]
    with pytest.raises(LookupError, match="not above the data directory /mysql/db"):
        list(mysqld(volume="mount./data", datadir="/mysql/db").needed(AROUND))


def settings(**table: Any) -> Mapping[str, object]:
    brought = list(mysqld(**table).implied(AROUND))
    for one in brought:
        Setting.model_validate(
            {"id": ResourceId("hasta", one.kind, one.name), "value": one.table["value"]}
        )
    return {one.name: one.table["value"] for one in brought}


def test_the_articles_settings() -> None:
    found = settings(datadir="/hast/test/mysql", bind="carp.vip", skip_name_resolve=True)
    assert found == {
        "mysql_enable": "NO",
        "mysql_dbdir": "/hast/test/mysql",
        "mysql_args": "--bind-address=192.168.1.50 --skip-name-resolve",
    }
    assert settings(enabled=True)["mysql_enable"] == "YES"


def test_other_settings() -> None:
    assert settings(service="maria-db") == {"maria_db_enable": "NO", "maria_db_dbdir": "/mysql/db"}
    found = settings(bind="::1", extra_args="--log-error=/x --a=b")
    assert found["mysql_args"] == "--bind-address=::1 --log-error=/x --a=b"


def test_its_settings_come_before_it() -> None:
    needs = list(mysqld(bind="carp.vip", needs=["file.x"]).needed(AROUND))
    assert needs == [
        "file.x",
        "carp.vip",
        "mount./mysql",
        "setting.mysql_enable",
        "setting.mysql_dbdir",
        "setting.mysql_args",
    ]


@pytest.mark.parametrize(
    "table",
    [
        {"datadir": "db"},
        {"datadir": "/mysql/db/"},
        {"datadir": '/mysql/"'},
        {"service": "mysql server"},
        {"bind": "vip"},
        {"bind": "192.168.1.500"},
        {"extra_args": '--a="b"'},
        {"extra_args": "--a=$b"},
        {"script": "mysql-server"},
        {"probe": []},
        {"start_deadline": 120},
        {"volume": "/mysql"},
    ],
)
def test_tables_that_are_refused(table: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        mysqld(**table)


# Wishing and acting


def acts(
    observed: Observation[MysqldState], wish: Wish[MysqldState], **table: Any
) -> tuple[Action, ...]:
    resource = mysqld(**table)
    return resource.actions(change(resource, observed, wish))


def state(**fields: Any) -> Present[MysqldState]:
    return Present(replace(WISH.state, **fields))


EMPTY = Present(replace(STOPPED.state, identity="", empty=True))
STRAY = state(on_volume=False, identity="", ready=False)


def test_evidence_is_not_compared() -> None:
    assert state(pids=(1,), known=False, empty=True) == WISH


def test_it_is_wished_running_ready_on_its_volume_and_marked() -> None:
    assert mysqld().want(Neighbours(AROUND)) == WISH


@pytest.mark.parametrize(
    ("observed", "wish", "expected"),
    [
        (Absent(), WISH, ["start"]),
        (Absent(), Absent(), []),
        (STOPPED, WISH, ["start"]),
        (STOPPED, Absent(), []),
        (state(running=False, ready=False, identity=""), WISH, ["mark", "start"]),
        (EMPTY, WISH, ["start"]),
        (EMPTY, Absent(), []),
        (WISH, WISH, []),
        (WISH, Absent(), ["stop"]),
        (state(ready=False), WISH, ["wait"]),
        (state(ready=False, identity=""), WISH, ["wait"]),
        (state(ready=False), Absent(), ["stop"]),
        (state(identity=""), WISH, ["mark"]),
        (state(identity="", empty=True), WISH, []),
        (STRAY, WISH, ["stop", "start"]),
        (STRAY, Absent(), ["stop"]),
    ],
)
def test_what_is_done(
    observed: Observation[MysqldState], wish: Wish[MysqldState], expected: list[str]
) -> None:
    assert [action.verb for action in acts(observed, wish)] == expected


def test_it_starts_when_it_is_ready_and_not_before() -> None:
    """The rc script returns 0 whatever happened (mysql-bindfail-start)."""
    assert recording("mysql-bindfail-start").rc == 0
    (start,) = acts(STOPPED, WISH, start_deadline="4m")
    assert start.effect == Command(("service", "mysql-server", "onestart"), 240.0)
    assert (start.settle_s, start.direction) == (240, Direction.UP)
    assert start.goal == WISH


def test_a_new_database_is_marked_afterwards() -> None:
    (start,) = acts(EMPTY, WISH)
    assert start.goal == state(identity="")


def test_the_mark() -> None:
    (mark,) = acts(state(identity=""), WISH)
    effect = Write("/mysql/db/converge.id", "mysql/main\n", "0640", "mysql:mysql")
    assert (mark.effect, mark.direction) == (effect, Direction.UP)


def test_one_that_recovers_is_waited_for() -> None:
    (wait,) = acts(state(ready=False, identity="", pids=(1, 2)), WISH, start_deadline="9m")
    assert (wait.effect, wait.settle_s, wait.direction) == (Wait(), 540, Direction.UP)
    assert wait.goal == state(identity="")
    assert "pid 1 and 2" in wait.why


def test_it_is_stopped_by_its_script() -> None:
    (stop,) = acts(state(pids=(1, 2)), Absent(), stop_deadline="90s")
    assert stop.effect == Command(("service", "mysql-server", "onestop"), 90.0)
    assert stop.direction is Direction.DOWN
    assert isinstance(stop.goal, Present)
    assert in_sync(STOPPED, stop.goal)
    assert stop.settle_s > 0


def test_a_stray_is_told_to_end_itself() -> None:
    """Its rc script says that it does not run (mounted-role-secondary-onestop)."""
    assert recording("mounted-role-secondary-onestop").rc == 1
    stop, _ = acts(replace(STRAY, state=replace(STRAY.state, pids=(3793, 3799))), WISH)
    assert stop.effect == Command(("kill", "-TERM", "3793", "3799"))
    assert (stop.goal, stop.settle_s) == (Absent(), 300)
    assert "not on its volume" in stop.why
    assert stop.direction is Direction.DOWN


def test_one_that_the_script_does_not_know_is_told_to_end_itself() -> None:
    (stop,) = acts(state(known=False, pids=(7,)), Absent())
    assert stop.effect == Command(("kill", "-TERM", "7"))
    assert "does not know it" in stop.why
    assert stop.goal == STOPPED


def test_a_script_of_mode_000_is_run_with_sh() -> None:
    """service(8) does not find it (mysql-mode000-start)."""
    assert recording("mysql-mode000-start").rc == 1
    script = "/usr/local/etc/rc.d/mysql-server"
    (start,) = acts(STOPPED, WISH, script=script)
    (stop,) = acts(WISH, Absent(), script=script)
    assert isinstance(start.effect, Command)
    assert isinstance(stop.effect, Command)
    assert start.effect.argv == ("/bin/sh", script, "onestart")
    assert stop.effect.argv == ("/bin/sh", script, "onestop")


# Guards


@dataclass(frozen=True)
class Scene:
    """A `Situation`: what was seen of the server, and its table."""

    seen: Observation[MysqldState]
    resource: Mysqld = field(default_factory=mysqld)
    pair: Pair = field(default_factory=pair)
    planning: bool = True

    @property
    def snapshot(self) -> Snapshot:
        return Snapshot(datetime(2026, 11, 23, tzinfo=UTC), {self.resource.id: self.seen})

    def desired(self, id: ResourceId) -> object | None:
        return self.resource if id == self.resource.id else None


def judged(code: str, verb: str, seen: Observation[MysqldState], **table: Any) -> Verdict:
    (guard,) = (guard for guard in GUARDS if guard.code == code)
    resource = mysqld(**table)
    action = replace(resource.up(verb, "", Wait()), wish=WISH)
    return guard.judge(action, Scene(seen, resource))


VERBS = ("mark", "start", "wait", "stop")


@pytest.mark.parametrize(
    ("code", "seen", "table", "expected"),
    [
        ("datadir-identity", state(identity="other/main"), {}, {"mark", "start"}),
        ("datadir-identity", state(identity=""), {}, set()),
        ("datadir-identity", WISH, {}, set()),
        ("datadir-identity", Absent(), {}, set()),
        ("bootstrap-consent", EMPTY, {}, {"start"}),
        ("bootstrap-consent", EMPTY, {"initialize": True}, set()),
        ("bootstrap-consent", STOPPED, {}, set()),
        ("bootstrap-consent", Absent(), {}, set()),
    ],
)
def test_what_is_refused(
    code: str, seen: Observation[MysqldState], table: dict[str, Any], expected: set[str]
) -> None:
    verdicts = {verb: judged(code, verb, seen, **table) for verb in VERBS}
    assert {verb for verb in VERBS if verdicts[verb] != Allow()} == expected
    for verb in sorted(expected):
        verdict = verdicts[verb]
        assert isinstance(verdict, Refuse)
        assert (verdict.code, bool(verdict.lift)) == (code, True)


@pytest.mark.parametrize(
    ("seen", "held"), [(Absent(), True), (STRAY, True), (STOPPED, False), (EMPTY, False)]
)
def test_at_its_turn_it_starts_on_its_volume_only(
    seen: Observation[MysqldState], *, held: bool
) -> None:
    (guard,) = (guard for guard in GUARDS if guard.code == "mounted-from-right-device")
    for verb in VERBS:
        action = replace(mysqld().up(verb, "", Wait()), wish=WISH)
        assert guard.judge(action, Scene(seen)) == Allow()
        verdict = guard.judge(action, Scene(seen, planning=False))
        assert isinstance(verdict, Hold) == (held and verb == "start")


def test_refusals_name_what_was_found() -> None:
    foreign = judged("datadir-identity", "start", state(identity="other/main"))
    assert isinstance(foreign, Refuse)
    assert "belong to other/main, not to mysql/main" in foreign.why
    assert Mysqld.guards == GUARDS
