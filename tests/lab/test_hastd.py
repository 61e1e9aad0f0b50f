"""hastd of the lab: start, stop, signals, reloads, hooks, the deaths of its processes."""

from math import inf

import pytest

from converge.lab import machine
from converge.lab.fresh import recorded_pair
from converge.lab.hast import storage
from converge.lab.world import File, Process, World
from tests.lab.hast_steps import (
    DEVICE,
    after,
    content,
    cut,
    do,
    has_device,
    heal,
    hooks,
    log,
    paired,
    plug_pulled,
    resource,
    said,
    shown,
    state,
    text,
    with_conf,
    write,
)
from tests.recorded import recording


def main_pid(world: World, node: str) -> int:
    hastd = world.machine(node).hastd
    assert hastd is not None
    return hastd.pid


def test_a_killed_primary_worker_is_replaced_under_the_device() -> None:
    """worker-killed-primary*: hastd answers nobody for a second, then it is another worker."""
    world = paired()
    world = do(world, "hasta", f"kill -9 {resource(world, 'hasta').worker}")
    found = storage.device(world, "hasta", DEVICE)
    assert found is not None
    assert 1.0 <= found.answers_in_s <= 1.2
    asked = machine.run(world, "hasta", ("hastctl", "status", "test"))
    assert asked.took_s == pytest.approx(1.0, abs=0.2)
    assert "degraded primary" in asked.answer.stdout
    assert state(world, "hastb") == "secondary -"
    world, stall_s = write(world, "hasta", x="1")
    assert stall_s == found.answers_in_s
    world = after(world, 7.0)
    assert state(world, "hasta") == "primary complete"
    assert "Device hast/test recovered." in log(world, "hasta", "daemon.log")
    assert text(world, "hastb", "x") == "1"


def test_a_killed_worker_that_cannot_come_back_leaves_its_device() -> None:
    world = paired()
    world = do(world, "hasta", f"kill -9 {resource(world, 'hasta').worker}")
    world = do(world, "hasta", "dd if=/dev/zero of=/dev/vtbd1 bs=512 count=1")
    world = after(world, 2.0)
    found = storage.device(world, "hasta", DEVICE)
    assert found is not None
    assert (state(world, "hasta"), found.answers_in_s) == ("init -", inf)


def test_a_worker_asked_to_go_leaves_the_role_init() -> None:
    world = paired()
    world = do(world, "hasta", f"kill {resource(world, 'hasta').worker}")
    assert (state(world, "hasta"), has_device(world, "hasta")) == ("init -", False)


def test_workers_follow_their_main_process() -> None:
    world = paired()
    world = do(world, "hasta", f"kill -9 {main_pid(world, 'hasta')}")
    assert not has_device(world, "hasta")
    assert world.machine("hasta").files["/var/run/hastd.pid"].text
    assert state(world, "hastb") == "secondary -"
    do(world, "hasta", "hastctl status", 71)


def test_a_device_outlives_both_when_both_are_killed() -> None:
    """Derived: I/O hangs until a new primary's worker takes the device over."""
    world = paired()
    pids = f"{resource(world, 'hasta').worker} {main_pid(world, 'hasta')}"
    world = do(world, "hasta", f"kill -9 {pids}")
    found = storage.device(world, "hasta", DEVICE)
    assert found is not None
    assert (
        found.answers_in_s,
        storage.write(world, "hasta", DEVICE, content(world, "hastb"))[1],
    ) == (
        inf,
        inf,
    )
    world = do(do(world, "hasta", "service hastd start"), "hasta", "hastctl role primary test")
    assert "Device hast/test recovered." in log(world, "hasta", "daemon.log")
    assert shown(after(world, 1.0), "hasta").files["old"].text == "old"


def test_demotion_waits_while_the_worker_calls_a_silent_peer() -> None:
    """The same thread calls and hears signals; everybody waits for hastd then."""
    world = plug_pulled(paired(), "hastb")
    world, _ = write(world, "hasta", x="1")
    world = after(world, 31.0)
    spans = set()
    for n in range(30):
        then = after(world, float(n))
        result = machine.run(then, "hasta", ("hastctl", "role", "secondary", "test"))
        spans.add(round(result.took_s))
        waiting = machine.run(result.world, "hasta", ("hastctl", "status"))
        assert waiting.took_s == pytest.approx(result.took_s, abs=0.1)
    assert (min(spans), max(spans)) == (0, 20)


def test_stop_and_start_forget_every_role() -> None:
    world = do(paired(), "hasta", "service hastd stop")
    assert world.machine("hasta").hastd is None
    assert not has_device(world, "hasta")
    assert "Termination signal received, exiting." in log(world, "hasta", "daemon.log")
    assert state(do(world, "hasta", "service hastd start"), "hasta") == "init -"


def test_a_reload_with_a_bad_file_keeps_the_old_configuration() -> None:
    files = paired().machine("hasta").files
    bad = files.put("/etc/hast.conf", File("\n\n\nresource test {\non on\n"))
    world = do(paired().change("hasta", files=bad), "hasta", "service hastd reload")
    assert "not reloaded" not in log(world, "hasta")
    world = after(world, 5.0)
    assert "Configuration not reloaded." in log(world, "hasta")
    assert state(with_good(world), "hasta") == "primary complete"


def with_good(world: World) -> World:
    good = recorded_pair().machine("hasta").files["/etc/hast.conf"]
    return world.change("hasta", files=world.machine("hasta").files.put("/etc/hast.conf", good))


def test_a_reload_restarts_a_secondary_and_changes_a_primary_live() -> None:
    """Fact 30, timeline-failover-script-hastlog."""
    world = with_conf(with_conf(paired(), "exec /bin/hook"), "timeout 5")
    assert has_device(world, "hasta")
    assert (resource(world, "hasta").timeout, resource(world, "hastb").timeout) == (5, 5)
    assert hooks(world, "hastb") == [
        "role test init secondary",
        "connect test",
        "role test secondary init",
        "role test init secondary",
        "connect test",
    ]
    lines = log(world, "hastb", "daemon.log")
    assert "Resource test configuration was modified, restarting it." in lines
    assert state(world, "hasta") == "primary complete"


def test_a_reload_with_another_remote_calls_it_anew() -> None:
    files = paired().machine("hasta").files
    text = files["/etc/hast.conf"].text.replace("192.168.1.52", "192.168.1.99")
    world = paired().change("hasta", files=files.put("/etc/hast.conf", File(text)))
    world = after(do(world, "hasta", "service hastd reload"), 5.0)
    assert (state(world, "hasta"), has_device(world, "hasta")) == ("primary degraded", True)


def test_a_pid_file_may_name_a_stranger() -> None:
    world = do(recorded_pair(), "hasta", "kill -9 $(cat /var/run/hastd.pid)")
    pid = int(world.machine("hasta").files["/var/run/hastd.pid"].text)
    stranger = world.machine("hasta").processes.put(pid, Process(pid, "/usr/sbin/cron"))
    world = world.change("hasta", processes=stranger)
    assert said(world, "hasta", "service hastd onestatus") == "hastd is not running.\n"


def test_a_resource_that_left_the_file_loses_its_role() -> None:
    files = paired().machine("hasta").files
    world = paired().change("hasta", files=files.put("/etc/hast.conf", File("")))
    world = after(do(world, "hasta", "service hastd reload"), 5.0)
    assert not has_device(world, "hasta")
    assert "Resource test removed." in log(world, "hasta", "daemon.log")
    do(world, "hasta", "hastctl role primary test", 1)


def test_somebody_who_talks_to_hastd_wakes_it_for_its_signals() -> None:
    files = paired().machine("hasta").files
    world = paired().change("hasta", files=files.put("/etc/hast.conf", File("")))
    world = do(world, "hasta", "service hastd reload")
    assert said(world, "hasta", "hastctl status") == ""


def recorded_calls(name: str) -> list[str]:
    """What the recorder's hook program wrote down: the words after argv=."""
    lines = recording(name).stdout.splitlines()
    return [line.partition("argv=")[2] for line in lines if "argv=" in line]


def test_hooks_of_a_planned_switchover() -> None:
    world, _ = write(with_conf(paired(), "exec /bin/hook"), "hasta", x="1")
    before = {node: len(hooks(world, node)) for node in ("hasta", "hastb")}
    world = after(do(after(world, 1.0), "hasta", "hastctl role secondary test"), 2.0)
    world = after(do(world, "hastb", "hastctl role primary test"), 20.0)
    assert hooks(world, "hasta")[before["hasta"] :] == recorded_calls("switch-exec-hooks-b")
    assert hooks(world, "hastb")[before["hastb"] :] == recorded_calls("switch-exec-hooks-a")


def test_hooks_of_a_peer_created_anew() -> None:
    """hast-exec-hook-calls: the primary writes, goes to secondary and back, and copies all."""
    world = with_conf(paired(), "exec /bin/hook")
    before = {node: len(hooks(world, node)) for node in ("hasta", "hastb")}
    for line in ("role init", "create", "role secondary"):
        world = do(after(world, 0.2), "hastb", f"hastctl {line} test")
    told = hooks(world, "hastb")[before["hastb"] :]
    assert told == recorded_calls("hast-exec-hook-calls-b")
    world, _ = write(world, "hasta", x="1")
    world = after(do(world, "hasta", "hastctl role secondary test"), 2.0)
    world = after(do(world, "hasta", "hastctl role primary test"), 60.0)
    assert hooks(world, "hasta")[before["hasta"] :] == recorded_calls("hast-exec-hook-calls-a")


def test_hooks_of_a_split_brain_and_its_end() -> None:
    """hast-exec-hook-sync-b: two calls of the primary, then the way out."""
    world, _ = write(after(cut(with_conf(paired(), "exec /bin/hook")), 1.0), "hasta", w="a")
    world = after(do(world, "hastb", "hastctl role primary test"), 25.0)
    world = heal(write(world, "hastb", w="b")[0])
    world = do(after(world, 30.0), "hastb", "hastctl role init test")
    before = len(hooks(world, "hastb"))
    world = after(do(world, "hastb", "hastctl role secondary test"), 19.0)
    for line in ("role init", "create", "role secondary"):
        world = do(world, "hastb", f"hastctl {line} test")
    told = hooks(after(world, 60.0), "hastb")[before:]
    assert told == recorded_calls("hast-exec-hook-sync-b")
