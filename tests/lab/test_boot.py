"""Power, boot and shutdown: rc's order, what is forgotten, how long it takes."""

import pytest

from converge.lab import faults
from converge.lab.fresh import BlueNode, Blueprint, fresh, recorded_pair
from converge.lab.machine import run
from converge.lab.world import File
from tests.lab.net_steps import after, does


def edited(world, node, path, text):
    files = world.machine(node).files
    return world.change(node, files=files.put(path, File(text)))


def answers(world, node="hasta"):
    return not run(world, node, ("hostname",)).answer.lost


def cold_start(world, node="hasta", seconds=40):
    return after(seconds, faults.power_back(faults.power_cut(world, node), node))


def test_a_machine_answers_20_s_after_the_button():
    world = faults.power_back(faults.power_cut(recorded_pair(), "hasta"), "hasta")
    assert not answers(after(19.9, world))
    assert answers(after(20.1, world))


def test_the_loaders_delay_counts():
    world = edited(recorded_pair(), "hasta", "/boot/loader.conf", 'autoboot_delay="240"\n')
    world = faults.power_back(faults.power_cut(world, "hasta"), "hasta")
    assert not answers(after(249.9, world))
    assert answers(after(250.1, world))


def test_power_off_forgets_memory_and_keeps_the_disk():
    world = does(recorded_pair(), "hasta", "sysctl net.inet.carp.log=2")
    world = edited(world, "hasta", "/etc/kept", "x")
    world = cold_start(world)
    machine = world.machine("hasta")
    assert machine.sysctls.get("net.inet.carp.log", "1") == "1"
    assert machine.files["/etc/kept"].text == "x"
    assert machine.booted == pytest.approx(312.0)
    assert {i.name for i in machine.interfaces.values()} == {"vtnet0", "vtnet1", "lo0"}


def test_a_primary_that_comes_back_is_backup_with_every_role_init():
    """timeline-rejoin.txt, rejoin-state-later: the peer stays MASTER without preempt."""
    world = cold_start(recorded_pair())
    vhids = [world.machine(n).interfaces["vtnet1"].vhids[0].state for n in ("hasta", "hastb")]
    assert vhids == ["BACKUP", "MASTER"]
    hastd = world.machine("hasta").hastd
    assert hastd is not None
    assert [r.role for r in hastd.resources.values()] == ["init"]


def test_devd_hears_of_carp_before_hastd_runs():
    """Recordings, fact 34."""
    world = faults.power_back(faults.power_cut(recorded_pair(), "hasta"), "hasta")
    world = after(18, world)
    assert world.machine("hasta").events[-1][1] == "!system=CARP subsystem=1@vtnet1 type=BACKUP"
    assert world.machine("hasta").hastd is None
    assert after(10, world).machine("hasta").hastd is not None


def test_a_setting_without_its_module_is_passed_over():
    world = edited(recorded_pair(), "hasta", "/boot/loader.conf", "")
    world = edited(world, "hasta", "/etc/sysctl.conf", "net.inet.carp.preempt=1\n")
    world = cold_start(world)
    text = run(world, "hasta", ("ifconfig", "vtnet1")).answer.stdout
    assert "192.168.1.50" not in text
    assert "192.168.1.51" in text
    assert run(world, "hasta", ("kldstat", "-q", "-m", "carp")).answer.code == 1
    world = does(world, "hasta", "kldload carp")
    preempt = run(world, "hasta", ("sysctl", "-n", "net.inet.carp.preempt"))
    assert preempt.answer.stdout == "0\n"


def test_sysctl_conf_and_kld_list_count_before_the_network():
    world = edited(recorded_pair(), "hasta", "/boot/loader.conf", "")
    rc = world.machine("hasta").files["/etc/rc.conf"].text
    world = edited(world, "hasta", "/etc/rc.conf", rc + 'kld_list="carp"\n')
    settings = "# hold\nnet.inet.carp.allow=0 # silent\n"
    world = cold_start(edited(world, "hasta", "/etc/sysctl.conf", settings))
    assert world.machine("hasta").interfaces["vtnet1"].vhids[0].state == "INIT"


def test_the_loader_sets_carp_allow():
    conf = 'carp_load="YES"\nnet.inet.carp.allow="0"\n'
    world = cold_start(edited(recorded_pair(), "hasta", "/boot/loader.conf", conf))
    assert world.machine("hasta").interfaces["vtnet1"].vhids[0].state == "INIT"


def test_the_last_assignment_of_rc_conf_wins_and_aliases_end_at_a_gap():
    rc = recorded_pair().machine("hasta").files["/etc/rc.conf"].text
    more = 'hostname="later"\nifconfig_vtnet1_alias2="inet 192.168.1.77/32"\n'
    world = cold_start(edited(recorded_pair(), "hasta", "/etc/rc.conf", rc + more))
    assert world.machine("hasta").hostname == "later"
    text = run(world, "hasta", ("ifconfig", "vtnet1")).answer.stdout
    assert "192.168.1.50" in text
    assert "192.168.1.77" not in text


def test_carp0_is_cloned_at_boot_on_9():
    node = BlueNode("a", "a", "192.168.1.51", "9.3-RELEASE", "fxp0")
    world = fresh(Blueprint((node,)))
    rc = world.machine("a").files["/etc/rc.conf"].text
    rc += 'cloned_interfaces="carp0"\nifconfig_carp0="vhid 1 pass testpass 192.168.1.50/24"\n'
    world = cold_start(edited(world, "a", "/etc/rc.conf", rc), "a")
    assert world.machine("a").interfaces["carp0"].vhids[0].state == "MASTER"
    assert world.machine("a").modules == ("if_carp",)


def test_a_clean_reboot_goes_on_announcing_until_it_halts():
    """timeline-reboot-master.txt: the peer became MASTER 14 s after the command."""
    world = faults.clean_reboot(recorded_pair(), "hasta")
    assert not answers(world)
    assert world.machine("hasta").halting
    assert world.machine("hasta").hastd is not None
    assert after(2, world).machine("hasta").hastd is None
    changes = [at for at, _ in after(60, world).machine("hastb").events]
    assert changes[-1] - 300.0 == pytest.approx(14.4, abs=1.0)
    log = after(60, world).machine("hasta").files["/var/log/messages"].text
    assert "not properly dismounted" not in log
    assert answers(after(60, world))


def test_a_reset_leaves_its_mark():
    world = after(40, faults.reset(recorded_pair(), "hasta"))
    log = world.machine("hasta").files["/var/log/messages"].text
    assert "/ was not properly dismounted" in log


def test_off_is_off():
    world = does(recorded_pair(), "hasta", "shutdown -p now")
    world = after(600, world)
    assert not world.machine("hasta").powered
    assert not [t for t in world.timers if t.node == "hasta"]
    assert faults.power_cut(world, "hasta") == world


def test_a_power_cut_during_boot_begins_it_anew():
    world = faults.power_back(faults.power_cut(recorded_pair(), "hasta"), "hasta")
    world = faults.power_cut(after(5, world), "hasta")
    assert not [t for t in world.timers if t.node == "hasta"]
    world = after(40, faults.power_back(world, "hasta"))
    assert world.machine("hasta").booted == pytest.approx(317.0)
