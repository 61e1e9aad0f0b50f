"""rc.subr's questions, the same for every script; settings; service; scripts by their path."""

import pytest

from converge.core.host import Answer
from converge.lab.fresh import recorded_pair
from converge.lab.machine import rc
from converge.lab.machine.rcconf import parse_assignments
from converge.lab.shell import sh
from converge.lab.world import Result, World, done
from tests.lab.fs_worlds import running, stopped, then
from tests.recorded import recording


def script(pid: int | None) -> rc.RcScript:
    """A script of a daemon `toy` that runs (with that pid) or not."""

    def stop(world: World, node: str, pid: int) -> Result:
        return done(world, f"Stopping toy {pid}.\n", 2.0)

    return rc.RcScript(
        "toy",
        "toy_enable",
        lambda world, node: pid,
        lambda world, node: done(world, "Starting toy.\n", 1.0),
        stop,
        {"reload": lambda world, node: done(world, "again\n")},
        "A toy",
    )


def asked(verb: str, pid: int | None, switch: str = "YES") -> Answer:
    world = then(recorded_pair(), f"sysrc toy_enable={switch}")
    return rc.command(world, "hasta", script(pid), "/etc/rc.d/toy", verb).answer


CANNOT = (
    "Cannot '{0}' toy. Set toy_enable to YES in /etc/rc.conf or use 'one{0}' instead of '{0}'.\n"
)


@pytest.mark.parametrize(
    ("verb", "pid", "switch", "code", "text"),
    [
        ("start", None, "YES", 0, "Starting toy.\n"),
        ("start", 7, "YES", 1, "toy already running?  (pid=7).\n"),
        ("start", None, "NO", 0, CANNOT.format("start")),
        ("onestart", None, "NO", 0, "Starting toy.\n"),
        ("forcestart", None, "NO", 0, "Starting toy.\n"),
        ("faststart", None, "NO", 0, CANNOT.format("start")),
        ("stop", 7, "NO", 0, "Stopping toy 7.\n"),
        ("stop", None, "NO", 0, CANNOT.format("stop")),
        ("stop", None, "YES", 1, "toy not running? (check /var/run/toy.pid).\n"),
        ("status", 7, "on", 0, "toy is running as pid 7.\n"),
        ("status", None, "True", 1, "toy is not running.\n"),
        ("status", 7, "NO", 0, CANNOT.format("status")),
        ("onestatus", 7, "NO", 0, "toy is running as pid 7.\n"),
        ("restart", None, "YES", 0, "Starting toy.\ntoy not running? (check /var/run/toy.pid).\n"),
        ("reload", 7, "YES", 0, "again\n"),
        ("enabled", None, "YES", 0, ""),
        ("enabled", None, "NO", 1, ""),
        ("describe", None, "NO", 0, "A toy\n"),
        ("extracommands", None, "NO", 0, "reload\n"),
    ],
)
def test_what_a_script_says(verb: str, pid: int | None, switch: str, code: int, text: str) -> None:
    answer = asked(verb, pid, switch)
    assert (answer.code, answer.stdout + answer.stderr) == (code, text)


def test_restart_of_what_goes_on_running_says_so() -> None:
    answer = asked("restart", 7)
    assert answer.code == 1
    assert answer.stdout == "Stopping toy 7.\n"
    assert answer.stderr == "toy already running?  (pid=7).\n"


def test_enable_and_disable_are_written_down() -> None:
    world = then(recorded_pair(), "service mysql-server enable")
    assert sh(world, "hasta", "service mysql-server enabled").answer.code == 0
    assert "/usr/local/etc/rc.d/mysql-server" in sh(world, "hasta", "service -e").answer.stdout
    world = then(world, "service mysql-server disable")
    assert sh(world, "hasta", "sysrc -n mysql_enable").answer.stdout == "NO\n"


def test_rcvar_and_unknown_verbs_are_as_recorded_for_hastd() -> None:
    for name in ("svc-hastd-rcvar", "svc-hastd-bogus"):
        wanted = recording(name)
        answer = sh(recorded_pair(), "hasta", wanted.cmd).answer
        assert answer == wanted.answer


def test_a_script_by_its_path_needs_its_executable_bit_but_sh_does_not() -> None:
    world = then(stopped(), "chmod 000 /usr/local/etc/rc.d/mysql-server")
    assert sh(world, "hasta", "/usr/local/etc/rc.d/mysql-server onestatus").answer.code == 126
    text = "mysql is not running.\n"
    by_sh = sh(world, "hasta", "sh /usr/local/etc/rc.d/mysql-server onestatus").answer
    assert (by_sh.code, by_sh.stdout) == (1, text)
    world = then(world, "chmod 555 /usr/local/etc/rc.d/mysql-server")
    direct = sh(world, "hasta", "/usr/local/etc/rc.d/mysql-server onestatus").answer
    assert (direct.code, direct.stdout) == (1, text)


def test_boot_starts_nothing_whose_script_is_closed() -> None:
    world = then(stopped("YES"), "chmod 000 /usr/local/etc/rc.d/mysql-server")
    assert rc.call(world, "hasta", "mysql-server", "start").world == world


def test_settings_are_read_as_sh_reads_them() -> None:
    text = 'a=1\n# a=2\nb=\'x y\' # c\n  c="$a ${b}"\na=\nd="open\nif true; then\n'
    pairs = [("a", "1"), ("b", "x y"), ("c", "1 x y"), ("a", "")]
    assert parse_assignments(text) == pairs


def test_a_script_may_have_settings_of_its_own() -> None:
    lines = "mkdir -p /etc/rc.conf.d; echo 'mysql_dbdir=/other' > /etc/rc.conf.d/mysql"
    answer = sh(then(running(), lines), "hasta", "service mysql-server onestop").answer
    assert answer.stderr == "mysql not running? (check /other/hasta.pid).\n"
