"""The lab behind core's ports: a batch, effects with tickets, deadlines, a machine that dies."""

from datetime import UTC, datetime

import pytest

from converge.core.host import (
    CHANGED_MEANWHILE,
    NO_SUCH_FILE,
    Answer,
    Command,
    Edit,
    Read,
    Run,
    Wait,
    Write,
)
from converge.core.secret import Secret
from converge.lab import faults
from converge.lab.fresh import recorded_pair
from converge.lab.host import CONNECT_S, Lab, LabClock, LabHost, LabReader

PING_DEAD = ("ping", "-c", "1", "-t", "3", "192.168.1.99")


@pytest.fixture
def lab():
    return Lab(recorded_pair())


def test_the_clock_begins_when_the_pair_was_booted_and_jumps(lab):
    clock = LabClock(lab)
    assert clock.wall() == datetime(2026, 11, 23, 5, 4, 6, tzinfo=UTC)
    clock.sleep(86_400)
    assert clock.elapsed() == 300.0 + 86_400
    clock.sleep(-5)
    assert clock.elapsed() == 300.0 + 86_400


def test_a_batch_takes_as_long_as_its_longest(lab):
    answers = LabHost(lab, "hasta").ask([Run(PING_DEAD), Run(PING_DEAD), Run(("hostname",))])
    assert [a.code for a in answers] == [2, 2, 0]
    assert lab.world.now == pytest.approx(303.0)


def test_a_query_beyond_its_deadline_is_lost(lab):
    answers = LabHost(lab, "hasta").ask([Run(("ping", "192.168.1.52")), Run(("hostname",))])
    assert answers == [Answer(lost="no answer within 10 s"), Answer(0, "hasta\n")]
    assert lab.world.now == pytest.approx(310.0)


def test_a_hanging_program_is_lost_and_others_answer(lab):
    lab.world = faults.hang(lab.world, "hasta", "hastctl")
    queries = [Run(("hastctl", "list"), 4.0), Run(("hostname",))]
    answers = LabReader(lab, "hasta").ask(queries)
    assert answers[0] == Answer(lost="no answer within 4 s")
    assert answers[1].stdout == "hasta\n"
    assert lab.world.now == pytest.approx(304.0)
    lab.world = faults.unhang(lab.world, "hasta")
    assert LabReader(lab, "hasta").ask([Run(("hastctl", "list"))])[0].lost == ""


def test_reading_files(lab):
    there, absent, folder = LabReader(lab, "hasta").ask(
        [Read("/boot/loader.conf"), Read("/etc/nosuch"), Read("/etc")]
    )
    assert there == Answer(0, 'carp_load="YES"\n')
    assert absent.code == NO_SUCH_FILE
    assert "it is a directory" in folder.lost


@pytest.mark.parametrize("fault", ["power-off", "reboot", "reset"])
def test_a_machine_that_is_down_answers_nothing(lab, fault):
    host = LabHost(lab, "hasta")
    lab.world = faults.FAULTS[fault].act(lab.world, "hasta", "")
    assert (
        host.ask([Run(("hostname",)), Read("/etc/rc.conf")])
        == [Answer(lost="hasta does not answer")] * 2
    )
    ticket = host.begin(Command(("hostname",)))
    assert host.wait([ticket], 400.0) == {ticket: Answer(lost="hasta does not answer")}
    wrote = host.begin(Write("/etc/x", "x"))
    assert host.wait([wrote], 400.0)[wrote].lost
    assert "/etc/x" not in lab.world.machine("hasta").files


def test_the_peer_is_asked_over_the_network(lab):
    reader = LabReader(lab, "hastb", via="hasta")
    assert reader.ask([Run(("hostname",))])[0].stdout == "hastb\n"
    lab.world = faults.one_way(lab.world, "hastb")
    before = lab.world.now
    assert reader.ask([Run(("hostname",))])[0].lost == "hastb does not answer"
    assert lab.world.now == pytest.approx(before + CONNECT_S)
    assert LabReader(lab, "hastb").ask([Run(("hostname",))])[0].lost == ""


def test_an_effect_is_done_when_it_begins_and_answers_when_it_ends(lab):
    host = LabHost(lab, "hasta")
    ticket = host.begin(Command(("service", "hastd", "restart"), 30.0))
    assert lab.world.now == 300.0
    assert host.wait([ticket], 301.0) == {}
    assert lab.world.now == 301.0
    ended = host.wait([ticket], 400.0)
    assert ended[ticket].code == 0
    assert lab.world.now == pytest.approx(305.6, abs=0.5)
    assert host.wait([ticket], 400.0) == {}


def test_two_effects_run_side_by_side_and_the_first_to_end_is_told(lab):
    host = LabHost(lab, "hasta")
    slow = host.begin(Command(PING_DEAD))
    quick = host.begin(Command(("hostname",)))
    assert set(host.wait([slow, quick], 400.0)) == {quick}
    assert set(host.wait([slow, quick], 400.0)) == {slow}
    assert lab.world.now == pytest.approx(303.0)


def test_a_command_beyond_its_deadline_is_lost_at_the_deadline(lab):
    host = LabHost(lab, "hasta")
    ticket = host.begin(Command(("ping", "192.168.1.52"), 7.0))
    assert host.wait([ticket], float("inf")) == {ticket: Answer(lost="no answer within 7 s")}
    assert lab.world.now == 307.0


def test_power_off_while_a_command_runs_takes_its_answer(lab):
    host = LabHost(lab, "hasta")
    ticket = host.begin(Command(PING_DEAD))
    lab.world = faults.power_cut(lab.world, "hasta")
    LabClock(lab).sleep(60)
    lab.world = faults.power_back(lab.world, "hasta")
    LabClock(lab).sleep(60)
    assert "went down" in host.wait([ticket], 1000.0)[ticket].lost


def test_wait_ends_at_once(lab):
    host = LabHost(lab, "hasta")
    ticket = host.begin(Wait())
    assert host.wait([ticket], 400.0) == {ticket: Answer()}
    assert lab.world.now == 300.0


def test_writing_keeps_or_sets_mode_and_owner(lab):
    host = LabHost(lab, "hasta")
    tickets = [
        host.begin(Write("/etc/hast.conf", "new\n")),
        host.begin(Write("/etc/secret", Secret("xyz"), "0600", "mysql:mysql")),
        host.begin(Write("/usr/local/etc/rc.d/mysql-server", "#!/bin/sh\n")),
        host.begin(Write("/no/such/folder/x", "x")),
    ]
    answers = {}
    while len(answers) < len(tickets):
        answers |= host.wait(tickets, 400.0)
    assert [answers[t].code for t in tickets] == [0, 0, 0, 73]
    files = lab.world.machine("hasta").files
    assert (files["/etc/hast.conf"].text, files["/etc/hast.conf"].mode) == ("new\n", "644")
    secret = files["/etc/secret"]
    assert (secret.text, secret.mode, secret.owner) == ("xyz", "600", "mysql:mysql")
    assert files["/usr/local/etc/rc.d/mysql-server"].mode == "555"


def test_edit_puts_new_in_the_place_of_old_or_says_that_it_is_gone(lab):
    host = LabHost(lab, "hasta")
    path = "/boot/loader.conf"
    done = host.begin(Edit(path, 'carp_load="YES"\n', 'carp_load="NO"\n'))
    again = host.begin(Edit(path, 'carp_load="YES"\n', "x\n"))
    append = host.begin(Edit(path, "", "y\n"))
    answers = host.wait([done, again, append], 400.0)
    assert (answers[done].code, answers[again].code) == (0, CHANGED_MEANWHILE)
    assert lab.world.machine("hasta").files[path].text == 'carp_load="NO"\ny\n'


def test_secrets_go_in_and_never_come_out(lab):
    host = LabHost(lab, "hasta")
    words = ("ifconfig", "vtnet1", "vhid", "1", "pass", Secret("s3cret"), "nonsense s3cret")
    ticket = host.begin(Command(words))
    answer = host.wait([ticket], 400.0)[ticket]
    assert answer.code == 1
    assert "s3cret" not in answer.stderr
    ticket = host.begin(Command((*words[:5], Secret("s3cret"))))
    assert host.wait([ticket], 400.0)[ticket].code == 0
    vhid = lab.world.machine("hasta").interfaces["vtnet1"].vhids[0]
    assert vhid.password == "s3cret"
