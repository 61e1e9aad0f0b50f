"""The classic script on the lab's pair: as fast as the recorded one, and as wrong as it is known.

Every claim is read off the world: which copy serves, what is mounted, which rows are there.
"""

from dataclasses import replace
from functools import cache

import pytest

from converge.lab import faults
from converge.lab.machine import advance, run
from converge.lab.machine.mysqld import put_row
from converge.lab.rows import rows_served, serving
from converge.lab.world import File, World
from converge.proving.actors.classic import Classic, Devd
from tests.lab.fs_worlds import later, running, then
from tests.lab.hast_steps import resource
from tests.proving.driving import Stage
from tests.rows import rows_lost

SCRIPT = Classic("test", "/dev/hast/test", "/mysql", "mysql-server")
ARTICLE = replace(SCRIPT, waits="never")
RESYNC_MB = 100


@cache
def served() -> World:
    """hasta serves for minutes; a row has just been acknowledged."""
    world, acknowledged = put_row(later(running(), 100), "hasta", "before")
    assert acknowledged
    return world


def stage(world: World, script: Classic = SCRIPT) -> Stage:
    return Stage(world, {"hasta": script, "hastb": script})


def at(found: Stage, words: str) -> float:
    """When a line with these words was begun first."""
    return next(when for when, said, _ in found.lines if words in said)


def until_served(found: Stage, node: str, within_s: float = 60.0) -> float:
    """Seconds until the database answers there."""
    start = found.world.now
    while found.world.now - start < within_s:
        if node in serving(found.world):
            return found.world.now - start
        found.run(0.1)
    raise AssertionError(found.lines)


def mounted(world: World, node: str) -> bool:
    return any(m.device == SCRIPT.device for m in world.machine(node).mounts)


# As fast as it was.


def test_the_database_is_up_again_as_late_as_it_was_recorded() -> None:
    """timeline-failover-script.txt: 44.93 s; each step within 10 %."""
    found = stage(faults.power_cut(served(), "hasta"))
    start = found.world.now
    assert until_served(found, "hastb") == pytest.approx(44.93, rel=0.1)
    assert 2.3 <= at(found, "master: sleep") - start <= 4.0  # recordings, fact 32
    for words, recorded_s in [
        ("no worker", 21.54),
        ("hastctl role primary", 21.54),
        ("mkdir", 42.18),
        ("fsck", 42.86),
        ("mount /dev", 43.33),
        ("service mysql-server onestart", 43.74),
    ]:
        assert at(found, words) - start == pytest.approx(recorded_s, rel=0.1)
    assert rows_served(found.world, "hastb") == ("before",)


def test_the_articles_pattern_never_matches_so_it_promotes_beside_the_worker() -> None:
    """The device then comes when HAST's timeout is over: 22.81 s in timeline-failover-manual."""
    found = stage(faults.power_cut(served(), "hasta"), ARTICLE)
    start = found.world.now
    found.run(7)
    assert "(secondary)" in run(served(), "hastb", ("pgrep", "-lf", "hastd: test")).answer.stdout
    assert resource(found.world, "hastb").role == "primary"
    until_served(found, "hastb")
    assert at(found, "mkdir") - at(found, "role primary") == pytest.approx(22.81 - 2.54, rel=0.1)
    assert at(found, "mkdir") - start < 30


def switched(world: World) -> Stage:
    """The address is moved by hand from hasta to hastb (timeline-switchover-script)."""
    found = stage(world)
    for node, words in (("hasta", "advskew 200"), ("hastb", "state master")):
        argv = ("ifconfig", "vtnet1", "vhid", "1", *words.split())
        found.put(run(found.world, node, argv).world)
    return found


def test_a_planned_switch_loses_nothing() -> None:
    """10.56 s in timeline-switchover-script.txt, where each command of sh took half a second
    under emulation; 4.2 s by hand, without the sleeps (timeline-switchover-manual)."""
    found = switched(served())
    assert 4.2 < until_served(found, "hastb") < 10.56
    assert at(found, "role secondary") - at(found, "slave") == pytest.approx(4.72 - 0.63, rel=0.1)
    assert rows_lost(found.world, "hastb", ["before"]) == ()
    world = found.run(30)
    assert serving(world) == ("hastb",)
    assert (resource(world, "hasta").role, mounted(world, "hasta")) == ("secondary", False)
    assert resource(world, "hastb").connected


# As wrong as it is.


def test_a_half_synchronised_copy_is_promoted_all_the_same() -> None:
    world = then(served(), "service hastd stop", node="hastb")
    world = later(world, 25)
    world, acknowledged = put_row(world, "hasta", "while alone")
    assert acknowledged
    full = File(zeros=RESYNC_MB * 1024 * 1024)
    mount = world.machine("hasta").mounts[-1]
    assert mount.ufs is not None
    world = filled(world, full)
    world = then(world, "service hastd start; hastctl role secondary test", node="hastb")
    while not resource(world, "hasta").sync:
        world = later(world, 0.1)
    world = later(world, 2.0)
    ufs = world.machine("hastb").disks["/dev/vtbd1"].ufs
    assert ufs is not None
    assert ufs.torn
    found = stage(faults.power_cut(world, "hasta"))
    found.run(90)
    assert resource(found.world, "hastb").role == "primary"
    assert rows_lost(found.world, "hastb", ["before", "while alone"]) != ()


def filled(world: World, file: File) -> World:
    """A big file is written to the volume on hasta."""
    from converge.lab.ufs import write_file

    written = write_file(world, "hasta", "/mysql/db/big", file)
    assert not written.error
    return later(written.world, 1.0)


def test_with_the_network_cut_both_serve_and_both_acknowledge() -> None:
    found = stage(faults.cut(served(), "hasta", "lan"))
    found.run(90)
    assert serving(found.world) == ("hasta", "hastb")
    world = found.world
    for node in ("hasta", "hastb"):
        world, acknowledged = put_row(world, node, f"written on {node}")
        assert acknowledged
    assert rows_lost(world, "hasta", ["written on hastb"]) != ()
    assert rows_lost(world, "hastb", ["written on hasta"]) != ()
    healed = later(faults.heal(world, "hasta"), 60)
    roles = [resource(healed, node).role for node in ("hasta", "hastb")]
    assert roles == ["primary", "primary"]


def mount_that_fails(world: World) -> Stage:
    """hasta dies; the disk of hastb dies too, between the device and the check."""
    found = stage(faults.power_cut(world, "hasta"))
    while not any("mkdir" in said for _, said, _ in found.lines):
        found.run(0.01)
    found.put(faults.disk(found.world, "hastb", "/dev/vtbd1", "read"))
    found.run(60)
    assert not mounted(found.world, "hastb")
    return found


def test_after_a_failed_mount_an_empty_database_answers_from_the_mount_point() -> None:
    found = mount_that_fails(served())
    assert serving(found.world) == ("hastb",)
    assert rows_served(found.world, "hastb") == ()
    world, acknowledged = put_row(found.world, "hastb", "astray")
    assert acknowledged
    assert world.machine("hastb").files["/mysql/db/ibdata1"].text == "astray\n"
    assert rows_lost(world, "hastb", ["before"]) == ("before",)


def test_a_sealed_mount_point_keeps_that_from_happening() -> None:
    sealed = then(served(), "chmod 000 /mysql; chflags schg /mysql", node="hastb")
    found = mount_that_fails(sealed)
    assert serving(found.world) == ()
    assert "/mysql/db" not in found.world.machine("hastb").files


def test_a_volume_mounted_elsewhere_has_its_disk_pulled_away() -> None:
    """umount -f of the path that the script knows fails; the result is ignored."""
    world = then(served(), "service mysql-server onestop; umount /mysql; mkdir /other")
    world = then(world, "mount /dev/hast/test /other")
    found = switched(world)
    gone = False
    for _ in range(200):
        found.run(0.1)
        gone = gone or any(m.gone for m in found.world.machine("hasta").mounts)
    assert gone
    assert resource(found.world, "hasta").role == "secondary"
    assert any("umount" in said and why for _, said, why in found.lines)


def test_a_database_that_does_not_stop_hangs_devd_for_good() -> None:
    found = switched(faults.hang(served(), "hasta", "mysqld"))
    found.run(600)
    assert resource(found.world, "hasta").role == "primary"
    assert resource(found.world, "hastb").role == "secondary"
    assert SCRIPT.due(found.states["hasta"], "hasta") is None
    assert serving(found.world) == ()


def test_at_boot_the_script_meets_no_hastd_and_nobody_tries_again() -> None:
    """rejoin-boot-state, rejoin-state-later: CARP BACKUP, HAST init."""
    found = stage(faults.power_cut(served(), "hasta"))
    found.run(60)
    found.put(faults.power_back(found.world, "hasta"))
    start = found.world.now
    found.run(120)
    assert resource(found.world, "hasta").role == "init"
    assert any("role secondary test; exit 1" in said for _, said, _ in found.lines)
    idle = advance(faults.power_back(faults.power_cut(served(), "hasta"), "hasta"), start)
    undisturbed = idle.machine("hasta").ready - served().now
    assert found.world.machine("hasta").ready - start == pytest.approx(undisturbed + 3.0, abs=0.2)
    assert serving(found.world) == ("hastb",)


def test_the_word_of_a_moment_ago_is_acted_upon() -> None:
    """MASTER for a moment: it promotes although the address has gone back long since."""
    found = stage(faults.cut(served(), "hasta", "lan"), ARTICLE)
    found.run(5)
    found.put(faults.heal(found.world, "hasta"))
    world = found.run(2.5)
    assert world.machine("hastb").interfaces["vtnet1"].vhids[0].state == "BACKUP"
    assert [resource(world, n).role for n in ("hasta", "hastb")] == ["primary", "primary"]


# devd.


def test_devd_runs_one_script_at_a_time() -> None:
    state = SCRIPT.fresh("a")
    for when, trigger in enumerate(["devd MASTER", "devd LINK_DOWN", "devd INIT", "cron", "boot"]):
        state = SCRIPT.wake(state, "a", trigger, float(when))
    assert state == Devd("master", 0.0, queue=("slave",))
    assert SCRIPT.due(state, "a") == 0.0
    assert SCRIPT.due(SCRIPT.wake(SCRIPT.fresh("a"), "a", "devd INIT", 1.0), "a") is None


def test_a_machine_that_dies_in_the_middle_forgets_its_script() -> None:
    found = stage(faults.power_cut(served(), "hasta"))
    found.run(30)
    assert found.states["hastb"].line == "device"
    found.put(faults.power_cut(found.world, "hastb"))
    assert found.states["hastb"] == SCRIPT.fresh("hastb")
    assert serving(found.run(60)) == ()


def test_a_late_program_makes_the_script_late() -> None:
    quick, late = (stage(faults.power_cut(w, "hasta")) for w in (served(), slow(served())))
    assert until_served(late, "hastb") - until_served(quick, "hastb") == pytest.approx(10, abs=0.2)


def slow(world: World) -> World:
    return faults.slow(world, "hastb", "fsck:10")


def test_a_script_whose_mode_is_000_is_run_through_sh() -> None:
    path = "/usr/local/etc/rc.d/mysql-server"
    world = then(served(), f"chmod 000 {path}", node="hastb")
    found = stage(faults.power_cut(world, "hasta"), replace(SCRIPT, service=path))
    until_served(found, "hastb")
    assert serving(stage(faults.power_cut(world, "hasta")).run(90)) == ()
