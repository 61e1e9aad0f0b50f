"""The database: starts that lie, new databases in wrong places, volumes that vanish."""

from dataclasses import replace

import pytest

from converge.lab import faults
from converge.lab.machine import advance, mysqld, run
from converge.lab.shell import sh
from converge.lab.ufs import mounting, read_file
from converge.lab.world import World
from tests.lab.fs_worlds import (
    demoted_under_mount,
    killed,
    later,
    mounted,
    mounted_on_hastb,
    no_address,
    running,
    stale,
    stopped,
    then,
)

START = "service mysql-server onestart"


def code(world: World, line: str, node: str = "hasta") -> int:
    return sh(world, node, line).answer.code


def rows_on(world: World, node: str) -> tuple[str, ...]:
    ufs = world.machine(node).disks["/dev/vtbd1"].ufs
    assert ufs is not None
    return mysqld.rows(ufs, "db")


def test_start_says_0_and_the_server_is_ready_a_moment_later() -> None:
    result = run(stopped(), "hasta", ("service", "mysql-server", "onestart"))
    assert result.answer.code == 0
    assert code(result.world, "mysqladmin ping") == 1
    assert code(later(result.world, 1), "mysqladmin ping") == 0


def test_an_acknowledged_row_is_on_both_disks() -> None:
    world, acknowledged = mysqld.put_row(running(), "hasta", "one")
    assert acknowledged
    world = later(world, 1)
    assert rows_on(world, "hasta") == rows_on(world, "hastb") == ("one",)


def test_without_a_server_nothing_is_acknowledged() -> None:
    world, acknowledged = mysqld.put_row(stopped(), "hasta", "one")
    assert not acknowledged
    assert rows_on(world, "hasta") == ()


def test_on_an_empty_directory_a_new_database_is_made_where_nothing_is_mounted() -> None:
    world, _ = mysqld.put_row(running(), "hasta", "precious")
    world = then(world, "service mysql-server onestop; umount /mysql", START, "sleep 1")
    assert read_file(world, "hasta", "/mysql/db/mysql") is not None
    assert world.machine("hasta").files["/mysql/db/ibdata1"].text == ""
    world, acknowledged = mysqld.put_row(world, "hasta", "astray")
    assert acknowledged
    assert rows_on(world, "hasta") == ("precious",)


def test_a_sealed_mount_point_stops_that() -> None:
    world = then(stopped(), "umount /mysql; chmod 000 /mysql; chflags schg /mysql")
    result = sh(world, "hasta", START)
    assert result.answer.code == 1
    assert "failed precmd routine for mysql" in result.answer.stderr
    assert mysqld.running(result.world.machine("hasta")) == ()
    assert code(then(world, "mount /dev/hast/test /mysql"), START) == 0


def test_a_closed_directory_alone_stops_only_the_server() -> None:
    world = then(stopped(), "umount /mysql; chmod 000 /mysql")
    result = sh(world, "hasta", START)
    assert (result.answer.code, result.took_s > 15) == (0, True)
    assert mysqld.running(result.world.machine("hasta")) == ()


def test_a_server_that_cannot_bind_is_dead_and_start_returns_0() -> None:
    result = sh(no_address(), "hasta", START)
    assert result.answer.code == 0
    assert result.took_s == pytest.approx(16.5, abs=0.5)
    assert code(result.world, "pgrep -f mysqld") == 1


def test_the_vip_can_be_bound_on_the_backup_and_a_client_there_reaches_the_master() -> None:
    world = then(stopped(), "sysrc mysql_dbdir=/var/db/mysql", START, "sleep 1", node="hastb")
    assert len(mysqld.running(world.machine("hastb"))) == 1
    assert code(world, "mysqladmin ping", "hastb") == 0
    assert code(world, "mysqladmin --host=192.168.1.50 ping", "hastb") == 1
    world = then(world, START, "sleep 1")
    assert code(world, "mysqladmin --host=192.168.1.50 ping", "hastb") == 0
    pid = mysqld.running(world.machine("hasta"))[0].pid
    greeting = sh(world, "hastb", "printf 'QUIT\\n' | nc -w 3 192.168.1.50 3306").answer.stdout
    assert greeting == f"HELLO stand-in pid={pid} records=0\n"


def test_a_killed_server_recovers_before_it_answers() -> None:
    slow = killed().change("hasta", recovery_s=30.0)
    world = later(slow, 4)
    assert len(mysqld.running(world.machine("hasta"))) == 1
    assert code(world, "mysqladmin ping") == 1
    assert code(later(world, 30), "mysqladmin ping") == 0


def test_a_start_that_has_to_recover_long_returns_0_before_it_is_ready() -> None:
    world = then(stale(), "rm /mysql/db/hasta.pid").change("hasta", recovery_s=60.0)
    result = sh(world, "hasta", START)
    assert result.answer.code == 0
    assert result.took_s == pytest.approx(15.5, abs=0.6)
    assert code(result.world, "mysqladmin ping") == 1
    assert code(later(result.world, 50), "mysqladmin ping") == 0


def test_a_stale_pid_file_makes_start_return_before_anything_is_ready() -> None:
    result = sh(stale().change("hasta", recovery_s=60.0), "hasta", START)
    assert (result.answer.code, result.took_s < 1) == (0, True)
    assert code(result.world, "mysqladmin ping") == 1


def test_a_pid_file_with_the_pid_of_something_else_is_no_server() -> None:
    world = then(running(), "cp /var/run/hastd.pid /mysql/db/hasta.pid")
    assert code(world, "service mysql-server onestatus") == 1


def test_a_proper_stop_needs_no_recovery() -> None:
    world = stopped().change("hasta", recovery_s=1000.0)
    assert code(then(world, START, "sleep 1"), "mysqladmin ping") == 0


def test_stop_ends_both_processes_and_kill_of_the_wrapper_alone_does_not() -> None:
    assert code(then(running(), "service mysql-server onestop"), "pgrep -f mysqld") == 1
    world = then(running(), "pkill -f mysqld_safe; sleep 1")
    assert code(world, "pgrep -f mysqld_safe") == 0
    world = then(running(), "pkill -9 -f mysqld_safe; pkill -9 -x mysqld; sleep 5")
    assert code(world, "pgrep -f mysqld") == 1


def test_a_hanging_server_never_stops_and_answers_nobody() -> None:
    world = faults.hang(running(), "hasta", "mysqld")
    result = run(world, "hasta", ("service", "mysql-server", "onestop"))
    assert result.took_s == float("inf")
    assert code(world, "mysqladmin ping") == 1
    assert code(world, "pgrep -x mysqld") == 0


def test_a_server_whose_volume_vanished_lives_on_without_a_single_row_more() -> None:
    world = demoted_under_mount()
    before = rows_on(world, "hastb")
    assert not mysqld.put_row(world, "hastb", "lost")[1]
    world = later(world, 10)
    world, acknowledged = mysqld.put_row(world, "hastb", "lost too")
    assert not acknowledged
    assert code(world, "service mysql-server onestatus", "hastb") == 1
    assert code(world, "pgrep -x mysqld", "hastb") == 0
    assert rows_on(world, "hastb") == before
    assert read_file(world, "hastb", "/mysql/db") is None


def test_it_stays_dead_when_the_volume_is_mounted_again() -> None:
    world = then(running(), "umount -f /mysql; mount /dev/hast/test /mysql")
    assert not mysqld.put_row(world, "hasta", "lost")[1]
    server = mysqld.running(world.machine("hasta"))[0]
    assert not mounting.alive(world.machine("hasta"), server.data["volume"])


def test_mysqld_safe_gives_up_on_the_bare_directory() -> None:
    world = then(later(demoted_under_mount(), 10), "pkill -9 -x mysqld; sleep 5", node="hastb")
    assert code(world, "pgrep -f mysqld", "hastb") == 1


def test_every_acknowledged_row_survives_the_primary() -> None:
    world, acknowledged = mounted_on_hastb(), 52
    for number in range(5):
        world, well = mysqld.put_row(world, "hastb", f"row {number}")
        acknowledged += well
        world = later(world, 0.3)
    world = later(faults.power_cut(world, "hastb"), 25)
    world = then(world, "hastctl role primary test; sleep 25; fsck -p -t ufs /dev/hast/test")
    world = then(world, "mount /dev/hast/test /mysql", START, "sleep 3")
    answer = sh(world, "hasta", "printf 'COUNT\\nLAST\\n' | nc -w 3 192.168.1.50 3306").answer
    assert answer.stdout.splitlines()[1:] == [f"COUNT {acknowledged}", "LAST row 4"]


def test_a_second_server_has_a_script_a_port_and_a_socket_of_its_own() -> None:
    script = "cp /usr/local/etc/rc.d/mysql-server /usr/local/etc/rc.d/mysql-users"
    world = then(running(), f"{script}; chmod 555 /usr/local/etc/rc.d/mysql-users; mkdir /u")
    world = then(world, "sysrc mysql_users_dbdir=/u mysql_users_args=--port=3306")
    start = "service mysql-users onestart"
    assert code(then(world, start), "service mysql-users onestatus") == 1, "the port is taken"
    world = then(world, "sysrc mysql_users_args='--port=3307 --socket=/tmp/u.sock'")
    world = then(world, start, "sleep 1")
    assert code(world, "mysqladmin --socket=/tmp/u.sock ping") == 0
    assert code(world, "mysqladmin --socket=/tmp/v.sock ping") == 1
    first, second = (str(server.pid) for server in mysqld.running(world.machine("hasta")))
    assert first in sh(world, "hasta", "service mysql-server onestatus").answer.stdout
    assert second in sh(world, "hasta", "service mysql-users onestatus").answer.stdout
    world = then(world, "service mysql-server onestop")
    assert code(world, "mysqladmin ping") == 1
    assert code(world, "mysqladmin --socket=/tmp/u.sock ping") == 0


def test_a_row_waits_for_a_black_hole_and_a_client_does_not() -> None:
    world = faults.cut(running(), "hasta")
    asked = sh(world, "hasta", "printf 'PUT x\\nQUIT\\n' | nc -w 3 192.168.1.50 3306")
    assert "OK" not in asked.answer.stdout
    assert asked.took_s == pytest.approx(3.0, abs=0.2)
    world, acknowledged = mysqld.put_row(world, "hasta", "one")
    assert acknowledged
    assert world.now - running().now == pytest.approx(20.0, abs=1.0)


def test_a_row_that_waits_when_the_power_is_cut_is_not_acknowledged() -> None:
    world = faults.cut(running(), "hasta")
    server = mysqld.ready(world.machine("hasta"))
    assert server is not None
    written, _ = mysqld.insert(world, "hasta", server, "one")
    assert written.took_s > 10
    world = faults.power_cut(advance(written.world, world.now + 5), "hasta")
    assert not mysqld.put_row(world, "hasta", "two")[1]


def test_a_row_is_not_acknowledged_by_a_machine_that_goes_down_meanwhile() -> None:
    world = faults.cut(running(), "hasta").later(5.0, "hasta", "boot.halt", "off")
    world, acknowledged = mysqld.put_row(world, "hasta", "one")
    assert not acknowledged
    assert not world.machine("hasta").powered


def test_clients_are_refused_at_once_or_wait_for_an_address_that_is_nowhere() -> None:
    refused = sh(stopped(), "hastb", "nc -w 3 192.168.1.51 3306")
    assert (refused.answer.code, refused.took_s < 1) == (1, True)
    world = faults.power_cut(running(), "hasta")
    silent = sh(world, "hastb", "mysqladmin --host=192.168.1.51 --connect-timeout=4 ping")
    assert (silent.answer.code, silent.took_s) == (1, pytest.approx(4.0, abs=0.1))


def test_the_listening_address_comes_from_my_cnf_unless_mysql_args_says_it() -> None:
    lines = "mkdir -p /usr/local/etc/mysql; sysrc mysql_args="
    lines += "; printf '[mysqld]\\nbind-address = 127.0.0.1\\n' > /usr/local/etc/mysql/my.cnf"
    world = then(stopped(), lines, START)
    assert mysqld.running(world.machine("hasta"))[0].data["bind"] == "127.0.0.1"
    assert code(later(world, 1), "nc -z -w 1 127.0.0.1 3306") == 0
    assert code(later(world, 1), "nc -z -w 1 192.168.1.51 3306") == 1
    world = then(stopped(), lines, "sysrc mysql_args=--bind_address=192.168.1.51", START)
    assert mysqld.running(world.machine("hasta"))[0].data["bind"] == "192.168.1.51"


def test_a_running_database_keeps_no_timer() -> None:
    world = later(running(), 100)
    assert [t for t in world.timers if t.what.startswith("mysqld")] == []
    assert replace(world, now=0.0) == replace(later(world, 30), now=0.0)


def test_a_full_volume_takes_no_row() -> None:
    world = faults.fill(running(), "hasta", "/mysql", full=True)
    asked = sh(world, "hasta", "printf 'PUT x\\n' | nc -w 3 192.168.1.50 3306").answer.stdout
    assert asked.endswith("ERR No space left on device\n")


def test_nothing_is_started_while_mounted_read_only() -> None:
    world = then(mounted(), "umount /mysql; mount -o ro /dev/hast/test /mysql")
    assert code(world, START) == 1
