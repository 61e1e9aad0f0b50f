"""Worlds in which the network's recordings were made, reached by commands and faults."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache

from converge.lab import faults
from converge.lab.fresh import recorded_pair
from converge.lab.machine import advance, run
from converge.lab.world import File, Table, World

ADD_VIP = "ifconfig vtnet1 vhid 1 pass testpass alias 192.168.1.50/32"
DROP_VIP = "ifconfig vtnet1 inet 192.168.1.50 -alias"


def does(world: World, node: str, *commands: str) -> World:
    """Run commands that must work, one after the other, in no time."""
    for command in commands:
        result = run(world, node, tuple(command.split()))
        assert result.answer.code == 0, (command, result.answer)
        world = result.world
    return world


def after(seconds: float, world: World) -> World:
    return advance(world, world.now + seconds)


@cache
def session() -> dict[str, World]:
    """What was done to CARP between 05:02 and 05:06, in that order; worlds by a name."""
    seen: dict[str, World] = {}
    world = advance(recorded_pair(), 302.3)
    world = seen["vhid2-new"] = does(
        world, "hasta", "ifconfig vtnet1 vhid 2 advskew 50 pass secret2 alias 192.168.1.60/32"
    )
    world = seen["vhid2-master"] = after(4.5, world)
    world = does(world, "hasta", "ifconfig vtnet1 inet 192.168.1.60 -alias")
    seen["vhid2-del"] = world
    world = advance(world, 308.3)
    world = seen["again"] = does(world, "hasta", ADD_VIP)
    world = does(after(5, world), "hasta", "ifconfig vtnet1 vhid 1 advskew 20")
    seen["advskew-20"] = world
    world = does(after(3, world), "hasta", "ifconfig vtnet1 vhid 1 advskew 0")
    world = after(5, does(after(3, world), "hastb", "ifconfig vtnet1 vhid 1 state master"))
    return {**seen, **_demotion(world)}


def _demotion(world: World) -> dict[str, World]:
    seen = {"before-demotion": world}
    world = seen["demotion-100"] = does(world, "hasta", "sysctl net.inet.carp.demotion=100")
    world = does(world, "hasta", "sysctl net.inet.carp.demotion=100")
    world = seen["demotion-200"] = after(8, world)
    world = after(8, does(world, "hastb", "sysctl net.inet.carp.preempt=1"))
    seen["demoted-backup"] = world
    world = after(8, does(world, "hasta", "sysctl net.inet.carp.demotion=-200"))
    seen["demotion-0"] = world
    world = after(8, does(world, "hasta", "sysctl net.inet.carp.preempt=1"))
    world = does(world, "hasta", "sysctl net.inet.carp.preempt=0")
    world = seen["states"] = does(world, "hastb", "sysctl net.inet.carp.preempt=0")
    return {**seen, **_links(world)}


def _links(world: World) -> dict[str, World]:
    seen: dict[str, World] = {}
    for _ in range(2):
        world = does(_just_after_a_beat(world), "hasta", "ifconfig vtnet1 vhid 1 state backup")
        world = after(8, world)
    seen["bounced"] = world
    world = after(8, does(world, "hasta", "ifconfig vtnet1 vhid 1 state init"))
    seen["state-init"] = world
    world = after(6, does(world, "hasta", "ifconfig vtnet1 down"))
    seen["down"] = world
    world = after(8, does(world, "hasta", "ifconfig vtnet1 up"))
    seen["up"] = world
    world = after(3, does(world, "hasta", "ifconfig vtnet1 vhid 1 state master"))
    world = seen["no-carrier"] = after(1, faults.plug(world, "hasta", "lan", carrier=False))
    world = after(5, faults.plug(world, "hasta", "lan", carrier=True))
    seen["carrier"] = world
    world = seen["partition"] = after(6, faults.cut(world, "hasta"))
    world = after(2, faults.heal(world, "hasta"))
    return {**seen, **_passwords(world)}


def _passwords(world: World) -> dict[str, World]:
    world = does(world, "hastb", "ifconfig vtnet1 vhid 1 pass another")
    world = after(6, does(world, "hasta", "sysctl net.inet.carp.log=2"))
    return {"wrong-pass": world}


def _just_after_a_beat(world: World) -> World:
    """The preferred master comes back only if its peer has heard it just before."""
    v = world.machine("hasta").interfaces["vtnet1"].vhids[0]
    return advance(world, v.beat + v.period * (1 + (world.now - v.beat) // v.period) + 0.1)


def at(name: str) -> Callable[[], World]:
    return lambda: session()[name]


def on_pair(*commands: str, node: str = "hasta") -> Callable[[], World]:
    return lambda: does(recorded_pair(), node, *commands)


def without_carp(*commands: str) -> Callable[[], World]:
    return on_pair(DROP_VIP, "kldunload carp", *commands)


def compiled_in() -> World:
    """hastb rebooted with another kernel that has the modules inside."""
    world = faults.power_cut(recorded_pair(), "hastb")
    machine = world.machine("hastb")
    facts = {"kern.ident": "LABC", "kern.bootfile": "/boot/LABC/kernel"}
    machine = replace(
        machine,
        compiled_in=frozenset({"carp", "geom_gate"}),
        files=machine.files.put("/boot/loader.conf", File()),
        sysctls=Table({**machine.sysctls, **facts}),
    )
    return after(60, faults.power_back(world.with_machine(machine), "hastb"))


def rebooted() -> World:
    """hasta: a clean reboot, then two power cuts; between them it was made MASTER."""
    world = recorded_pair()
    machine = world.machine("hasta")
    files = machine.files.put("/var/log/messages", File())
    world = after(60, faults.clean_reboot(world.change("hasta", files=files), "hasta"))
    world = faults.power_cut(world, "hasta")
    world = after(60, faults.power_back(world, "hasta"))
    world = after(5, does(world, "hasta", "ifconfig vtnet1 vhid 1 state master"))
    world = after(20, faults.power_cut(world, "hasta"))
    return after(60, faults.power_back(world, "hasta"))


def primary() -> World:
    """hasta is primary, hastb is its secondary."""
    world = does(recorded_pair(), "hastb", "hastctl role secondary test")
    return after(1, does(world, "hasta", "hastctl role primary test"))


def switched() -> World:
    """CARP's part of timeline-switchover-manual.txt, and the advskew put back."""
    world = does(recorded_pair(), "hasta", "ifconfig vtnet1 vhid 1 advskew 200")
    world = does(after(1, world), "hastb", "ifconfig vtnet1 vhid 1 state master")
    return after(10, does(after(3, world), "hasta", "ifconfig vtnet1 vhid 1 advskew 0"))


def states(world: World, interface: str = "vtnet1") -> tuple[str, ...]:
    """State of every group of that interface, by node."""
    return tuple(
        v.state
        for node in sorted(world.machines)
        for v in world.machine(node).interfaces[interface].vhids
    )


def prints(world: World, node: str, command: str) -> str:
    return run(world, node, tuple(command.split())).answer.stdout
