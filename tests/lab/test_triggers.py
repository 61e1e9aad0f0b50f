"""What wakes somebody on a node: CARP through devd, hastd's hooks, the end of a boot."""

from converge.lab import faults
from converge.lab.fresh import recorded_pair
from converge.lab.machine import advance, syslog
from converge.lab.triggers import woken
from converge.lab.world import File, World
from tests.lab.fs_worlds import connected, later, then
from tests.lab.hast_steps import with_conf
from tests.lab.test_carp_old import old_pair


def words(before: World, after: World, node: str = "") -> list[str]:
    return [w for _, n, w in woken(before, after) if node in ("", n)]


def test_nothing_wakes_anybody_while_nothing_happens() -> None:
    world = connected()
    assert woken(world, world) == ()
    assert woken(world, later(world, 60)) == ()


def test_the_survivor_is_told_when_carp_says_so() -> None:
    world = faults.power_cut(connected(), "hasta")
    assert woken(connected(), world) == ()
    after = later(world, 10)
    ((at, node, what),) = woken(connected(), after)
    assert (node, what) == ("hastb", "devd MASTER")
    assert at == after.machine("hastb").interfaces["vtnet1"].vhids[0].since


def test_a_lost_cable_is_init_and_not_the_link_of_the_card() -> None:
    after = faults.plug(connected(), "hasta", "lan", carrier=False)
    assert words(connected(), after) == ["devd INIT"]


def test_freebsd_9_tells_of_the_link_of_carp0_and_of_init_as_backup() -> None:
    world = old_pair()
    after = later(faults.plug(world, "a", "lan", carrier=False), 10)
    assert words(world, after, "a") == ["devd LINK_DOWN"]
    assert words(world, after, "b") == ["devd LINK_UP"]


def test_hooks_wake_only_where_hast_conf_names_a_program() -> None:
    plain = then(connected(), "hastctl role init test", node="hastb")
    assert words(connected(), later(plain, 1)) == []
    asked = with_conf(connected(), "exec /root/hook")
    changed = then(asked, "hastctl role init test", node="hastb")
    assert words(asked, changed, "hastb") == ["hast role test secondary init"]
    assert "hast disconnect test" in words(asked, later(changed, 30), "hasta")


def test_a_boot_tells_of_carp_while_hastd_does_not_run_yet() -> None:
    down = later(faults.power_cut(connected(), "hasta"), 30)
    up = faults.power_back(down, "hasta")
    told = woken(up, later(up, 60))
    assert [(n, w) for _, n, w in told] == [("hasta", "devd BACKUP"), ("hasta", "boot")]
    during = advance(up, told[0][0])
    assert (during.machine("hasta").booting, during.machine("hasta").hastd) == (True, None)
    assert not advance(up, told[1][0]).machine("hasta").booting


def test_words_of_a_machine_that_went_down_have_died_with_it() -> None:
    world = later(faults.plug(connected(), "hasta", "lan", carrier=False), 1)
    assert words(connected(), faults.power_cut(world, "hasta"), "hasta") == []
    again = later(faults.reset(world, "hasta"), 60)
    assert words(connected(), again, "hasta") == ["boot"]


def test_forgotten_events_hide_no_new_one() -> None:
    world = recorded_pair()
    for n in range(syslog.KEPT_EVENTS + 5):
        world = syslog.event(world, "hasta", f"!system=CARP subsystem=1@x type=INIT{n}")
    assert len(world.machine("hasta").events) == syslog.KEPT_EVENTS
    line = "!system=CARP subsystem=1@vtnet1 type=MASTER"
    fresh = syslog.event(syslog.event(world, "hasta", line), "hasta", line)
    assert words(world, fresh) == ["devd MASTER"] * 2


def test_a_file_that_changes_wakes_nobody() -> None:
    files = recorded_pair().machine("hasta").files.put("/etc/motd", File("x"))
    assert woken(recorded_pair(), recorded_pair().change("hasta", files=files)) == ()
