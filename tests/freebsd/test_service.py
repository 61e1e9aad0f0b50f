"""Services: what `service NAME onestatus` says, and starting, stopping, starting again."""

import re
from typing import Any

import pytest
from pydantic import ValidationError

from converge.core.host import Answer, Run
from converge.core.plan import Action, Direction
from converge.core.state import Absent, Present, Unknown, in_sync
from converge.freebsd.service import Service, ServiceState, parse_status, parse_times
from tests.freebsd.around import Neighbours, Surroundings, change, made
from tests.looking import see
from tests.recorded import recording, recordings

AROUND = Surroundings()
VIEW = Neighbours(AROUND)
RUNNING = recording("svc-hastd-onestatus-running-disabled").answer
STOPPED = recording("svc-hastd-onestatus-disabled").answer

SAID = sorted(
    name
    for name, one in recordings().items()
    if one.cmd.startswith("service ") and one.cmd.split()[-1] in {"status", "onestatus"}
)
CONF, PID = "/etc/hast.conf", "/var/run/hastd.pid"
AGES = f"stat -f %m {PID} {CONF}"


def look(service: Service, answer: Answer, **more: Answer) -> Any:
    asked = f"service {service.id.name} onestatus"
    return see(service, AROUND, {asked: answer, AGES: more.get("ages", Answer(0))})


def watching(**table: Any) -> Service:
    return made(Service, "hastd", **{"reads": [CONF], "pidfile": PID, **table})


def act(service: Service, observed: Any) -> tuple[Action, ...]:
    return service.actions(change(service, observed, service.want(VIEW)))


# --- reading ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SAID)
def test_reads_every_recorded_status(name: str) -> None:
    one = recording(name)
    said = parse_status(one.answer)
    if "Cannot 'status'" in one.stdout or "does not exist" in one.stdout:
        assert isinstance(said, Unknown)
    elif one.rc == 0:
        assert one.stdout.rstrip().endswith(f"as pid {said}.")
    else:
        assert said == Absent()


def test_there_are_recordings_of_all_answers() -> None:
    kinds = {type(parse_status(recording(name).answer)) for name in SAID}
    assert kinds == {int, Absent, Unknown}


def test_the_answer_for_a_script_of_mode_000_is_unknown_and_says_what_to_do() -> None:
    # onestatus of it was not recorded; `start` prints the same sentence (rc.subr, service(8)).
    answer = recording("mysql-mode000-start").answer
    seen = look(made(Service, "mysql-server"), answer)
    assert isinstance(seen, Unknown)
    assert "mysql-server does not exist" in seen.why
    assert "enabled = false" in seen.why


@pytest.mark.parametrize(
    "answer",
    [
        Answer(0, "mysql is not running.\n"),
        Answer(1, "hastd is running as pid 5.\n"),
        Answer(0, ""),
        Answer(1, ""),
        Answer(127, "", "sh: service: not found"),
    ],
)
def test_words_and_code_must_agree(answer: Answer) -> None:
    assert isinstance(parse_status(answer), Unknown)


def test_reads_ages_and_knows_which_file_is_missing() -> None:
    paths = (PID, CONF)
    assert parse_times(Answer(0, "100\n200\n"), paths) == {PID: 100, CONF: 200}
    missing = Answer(1, "100\n", f"stat: {CONF}: stat: No such file or directory\n")
    assert parse_times(missing, paths) == {PID: 100}
    missing = Answer(1, "200\n", f"stat: {PID}: lstat: No such file or directory\n")
    assert parse_times(missing, paths) == {CONF: 200}
    assert parse_times(Answer(1, "", "stat: what?"), paths) == {}
    assert parse_times(Answer(0, "100\nx\n"), paths) == {}


# --- looking ---------------------------------------------------------------------------------


def test_sees_running_and_not_running() -> None:
    hastd = made(Service, "hastd")
    seen = look(hastd, RUNNING)
    assert seen == Present(ServiceState())
    assert seen.state.pid == 2251
    assert look(hastd, STOPPED) == Absent()
    stale_pidfile = recording("mysql-stale-pidfile-status").answer
    assert look(made(Service, "mysql-server"), stale_pidfile) == Absent()


def test_the_question_is_the_one_that_does_not_lie() -> None:
    query = next(made(Service, "hastd").look(AROUND))
    assert isinstance(query, Run)
    assert query.argv == ("service", "hastd", "onestatus")
    masked = re.sub(query.volatile[0], "", RUNNING.stdout)
    assert not re.search(r"\d", masked)


@pytest.mark.parametrize(
    ("pid", "conf", "stale"), [(100, 200, True), (200, 100, False), (100, 100, False)]
)
def test_a_service_older_than_what_it_reads_is_stale(pid: int, conf: int, stale: bool) -> None:  # noqa: FBT001 - a table
    seen = look(watching(), RUNNING, ages=Answer(0, f"{pid}\n{conf}\n"))
    assert seen == Present(ServiceState(stale=stale))
    assert in_sync(seen, watching().want(VIEW)) != stale


def test_a_file_that_is_not_there_yet_makes_nothing_stale() -> None:
    ages = Answer(1, "100\n", f"stat: {CONF}: stat: No such file or directory\n")
    assert look(watching(), RUNNING, ages=ages) == Present(ServiceState())


def test_without_its_pidfile_the_age_is_unknown() -> None:
    ages = Answer(1, "100\n", f"stat: {PID}: stat: No such file or directory\n")
    seen = look(watching(), RUNNING, ages=ages)
    assert isinstance(seen, Unknown)
    assert PID in seen.why


def test_the_age_of_what_does_not_run_is_not_asked_for() -> None:
    answers = {"service hastd onestatus": STOPPED}
    assert see(watching(), AROUND, answers) == Absent()


# --- wishing and acting ----------------------------------------------------------------------


def test_starts_what_does_not_run() -> None:
    (action,) = act(made(Service, "hastd"), Absent())
    assert str(action.effect) == recording("svc-hastd-onestart-disabled").cmd
    assert (action.verb, action.direction, action.settle_s) == ("start", Direction.UP, 10.0)


def test_stops_what_should_not_run() -> None:
    mysql = made(Service, "mysql-server", running=False)
    assert mysql.want(VIEW) == Absent()
    (action,) = act(mysql, Present(ServiceState(pid=5)))
    assert str(action.effect) == recording("mysql-disabled-onestop").cmd
    assert (action.verb, action.direction, action.settle_s) == ("stop", Direction.DOWN, 15.0)
    assert act(mysql, Absent()) == ()


def test_a_stale_service_goes_down_and_up() -> None:
    seen = Present(ServiceState(stale=True))
    stop, start = act(watching(), seen)
    assert (stop.verb, stop.direction, stop.goal) == ("stop", Direction.DOWN, Absent())
    assert (start.verb, start.direction, start.goal) == ("start", Direction.UP, None)
    assert "last change" in stop.why
    assert start.key in {a.key for a in act(watching(), Absent())}
    assert recording("svc-hastd-stop-secondary").duration_s < stop.settle_s


@pytest.mark.parametrize(
    ("name", "table", "key", "value"),
    [
        ("hastd", {}, "hastd_enable", "YES"),
        ("mysql-server", {"enabled": False}, "mysql_enable", "NO"),
        ("some-thing.x", {}, "some_thing_x_enable", "YES"),
        ("hastd", {"rcvar": "other", "running": False}, "other", "YES"),
    ],
)
def test_brings_its_switch(name: str, table: dict[str, Any], key: str, value: str) -> None:
    (brought,) = made(Service, name, **table).implied(AROUND)
    assert (brought.kind, brought.name, brought.table) == ("setting", key, {"value": value})


# --- what the desired file may say -----------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "table", "words"),
    [
        ("/etc/rc.d/hastd", {}, "no slash"),
        ("hastd x", {}, "no space"),
        ("", {}, "no space"),
        ("-x", {}, "script"),
        ("hastd", {"reads": [CONF]}, "go together"),
        ("hastd", {"pidfile": PID}, "go together"),
        ("hastd", {"reads": ["hast.conf"], "pidfile": PID}, "absolute"),
        ("hastd", {"reads": [CONF], "pidfile": "hastd.pid"}, "pattern"),
        ("hastd", {"rcvar": "a b"}, "pattern"),
        ("hastd", {"enabled": "YES"}, "bool"),
    ],
)
def test_what_is_no_service_is_refused(name: str, table: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        made(Service, name, **table)
