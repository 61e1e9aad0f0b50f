"""Processes that die by SIGKILL, programs that are late, clocks that jump."""

from dataclasses import replace

import pytest

from converge.core.host import Command, Run
from converge.lab.faults import FAULTS
from converge.lab.hast import storage
from converge.lab.host import Lab, LabHost
from converge.lab.machine import run
from converge.lab.machine.mysqld import put_row, ready
from converge.lab.rows import rows_on_disk, rows_served, serving
from converge.lab.world import File, World
from tests.lab.fs_worlds import later, running, then
from tests.lab.hast_steps import has_device, log, said, state
from tests.rows import rows_lost


def hit(world: World, name: str, word: str = "", node: str = "hasta") -> World:
    return FAULTS[name].act(world, node, word)


def test_a_killed_primary_worker_comes_back_under_the_mount() -> None:
    """worker-killed-primary*: degraded, the device stays; complete and writable within 7 s."""
    world = hit(running(), "worker-dies", "test")
    assert has_device(world, "hasta")
    assert "hastd: test" not in said(world, "hasta", "pgrep -lf 'hastd: test'")
    back = later(world, 7)
    assert state(later(world, 1.05), "hasta") == "primary degraded"
    assert "Worker process killed" in log(back, "hasta")
    assert "Device hast/test recovered." in log(back, "hasta", "daemon.log")
    back, acknowledged = put_row(back, "hasta", "after-kill")
    assert acknowledged


def test_a_write_between_two_workers_is_done_by_the_new_one_as_any_other() -> None:
    """It connects before it takes I/O (hastd/primary.c hastd_primary()): the write is answered
    when both copies have it, and what it then synchronises is no mixture."""
    world, acknowledged = put_row(hit(running(), "worker-dies", "test"), "hasta", "meanwhile")
    assert acknowledged
    for node in ("hasta", "hastb"):
        assert "meanwhile" in rows_on_disk(world, node, "/dev/vtbd1", "db")
        ufs = world.machine(node).disks["/dev/vtbd1"].ufs
        assert ufs is not None
        assert not ufs.torn


def test_without_its_peer_the_new_worker_answers_only_after_the_timeout() -> None:
    """And it counts what it writes then as any lone write."""
    alone = hit(later(hit(running(), "power-off", node="hastb"), 40), "worker-dies", "test")
    before = alone.machine("hasta").disks["/dev/vtbd1"].metadata
    world, acknowledged = put_row(alone, "hasta", "alone")
    assert acknowledged
    assert world.now - alone.now > 20
    after = world.machine("hasta").disks["/dev/vtbd1"].metadata
    assert before is not None
    assert after is not None
    assert after.localcnt == max(1, before.localcnt)


@pytest.mark.parametrize("since_s", [0.5, 1.05])
def test_so_long_a_read_waits_for_it(since_s: float) -> None:
    """Both while no worker runs and while the new one waits for the peer."""
    alone = later(hit(running(), "power-off", node="hastb"), 40)
    world = later(hit(alone, "worker-dies", "test"), since_s)
    device = storage.device(world, "hasta", "/dev/hast/test")
    assert device is not None
    assert device.answers_in_s == pytest.approx(21 - since_s, abs=0.2)


def test_a_write_waits_for_a_worker_that_lives() -> None:
    world = hit(running(), "worker-dies", "test")
    ufs = world.machine("hasta").mounts[-1].ufs
    assert ufs is not None
    files = ufs.files.put("db/note", File("waits"))
    world, _ = storage.write(world, "hasta", "/dev/hast/test", replace(ufs, files=files))
    world = later(hit(later(world, 1.05), "worker-dies", "test"), 3)
    for node in ("hasta", "hastb"):
        disk = world.machine(node).disks["/dev/vtbd1"].ufs
        assert disk is not None
        assert disk.files["db/note"].text == "waits"


def test_a_killed_secondary_worker_is_called_again() -> None:
    world = hit(running(), "worker-dies", node="hastb")
    assert state(world, "hastb") == "secondary -"
    assert state(later(world, 25), "hastb") == "secondary complete"


def test_hastd_and_its_worker_killed_at_once_leave_a_device_that_hangs() -> None:
    world = later(hit(running(), "hastd-dies"), 5)
    assert run(world, "hasta", ("hastctl", "status", "test")).answer.code != 0
    assert has_device(world, "hasta")
    assert not any(m.gone for m in world.machine("hasta").mounts)
    _, stall_s = storage.write(
        world, "hasta", "/dev/hast/test", world.machine("hasta").mounts[-1].ufs
    )
    assert stall_s == float("inf")
    assert put_row(world, "hasta", "never")[1] is False


def test_a_killed_database_is_started_again_by_its_mysqld_safe() -> None:
    world, _ = put_row(running(), "hasta", "one")
    world = hit(world, "mysqld-dies")
    assert ready(world.machine("hasta")) is None
    assert rows_served(later(world, 6), "hasta") == ("one",)


def test_a_late_program_acts_at_once_and_answers_late() -> None:
    world = hit(running(), "slow", "touch:7.5")
    result = run(world, "hasta", ("touch", "/root/x"))
    assert result.took_s > 7.5
    assert "/root/x" in result.world.machine("hasta").files
    assert run(hit(world, "slow", "touch:0"), "hasta", ("touch", "/root/x")).took_s < 1
    lab = Lab(world)
    host = LabHost(lab, "hasta")
    ticket = host.begin(Command(("touch", "/root/y"), 5.0))
    assert host.wait([ticket], float("inf"))[ticket].lost == "no answer within 5 s"
    assert LabHost(lab, "hastb").ask([Run(("touch", "/root/y"))])[0].code == 0


@pytest.mark.parametrize("jump", ["86400", "-3600.25"])
def test_a_clock_that_jumps_takes_the_boot_time_along(jump: str) -> None:
    before, after = running(), hit(running(), "clock-jump", jump)
    told = [int(said(w, "hasta", "date +%s")) for w in (before, after)]
    assert told[1] - told[0] == pytest.approx(float(jump), abs=1)
    booted = [said(w, "hasta", "sysctl -n kern.boottime").split() for w in (before, after)]
    at = [int(words[3].strip(",")) + int(words[6]) / 1e6 for words in booted]
    assert at[1] - at[0] == pytest.approx(float(jump))
    assert (
        said(after, "hasta", "uptime").split("up", 1)[1]
        == said(before, "hasta", "uptime").split("up", 1)[1]
    )
    assert said(after, "hastb", "date +%s") == said(before, "hastb", "date +%s")
    back = hit(after, "clock-jump", str(-float(jump)))
    assert back == hit(before, "clock-jump", "0")


def test_which_acknowledged_rows_are_lost() -> None:
    world, _ = put_row(running(), "hasta", "one")
    assert serving(world) == ("hasta",)
    assert rows_lost(world, "hasta", ["one", "two"]) == ("two",)
    assert rows_on_disk(later(world, 1), "hastb", "/dev/vtbd1", "db") == ("one",)
    gone = then(world, "hastctl role secondary test")
    assert (serving(gone), rows_served(gone, "hasta")) == ((), None)
    assert rows_lost(gone, "hasta", ["one"]) == ("one",)
