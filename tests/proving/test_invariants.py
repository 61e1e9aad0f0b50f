"""Every invariant is seen broken, and seen to hold, on real worlds of the lab."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from converge.cli.ground.blueprint import blueprint
from converge.cli.reach.site import graph_of, read_desired
from converge.core.host import Command
from converge.core.secret import Secret
from converge.lab import machine
from converge.lab.deaths import worker_dies
from converge.lab.faults import cut, disk, one_way, plug, power_back, power_cut
from converge.lab.fresh import fresh
from converge.lab.machine.mysqld import put_row
from converge.lab.world import World
from converge.proving.judge.history import FAULT, TIME, Broken, Deed, History
from converge.proving.judge.invariants import acknowledged, broken, holes, leaks, needless, noted
from converge.proving.story.starts import STARTS

DESIRED = read_desired("desired/mysql-pair.toml")
GRAPH = graph_of(DESIRED)
DEVICE = "/dev/hast/test"
Began = Callable[[str], World]


@pytest.fixture(scope="module")
def began() -> Began:
    bare = fresh(blueprint(DESIRED, GRAPH))
    worlds: dict[str, World] = {}

    def start(name: str) -> World:
        if name not in worlds:
            worlds[name] = STARTS[name](bare, GRAPH)
        return worlds[name]

    return start


class Story:
    """A world that somebody types in, and its history."""

    def __init__(self, world: World) -> None:
        self.world, self.history = world, History()
        self.seen: list[Broken] = []

    def goes(self, world: World, deed: Deed = TIME) -> None:
        before, self.world = self.world, world
        self.history = noted(self.history, before, world, deed)
        self.seen += [one for one in broken(world, self.history) if one not in self.seen]

    def types(self, node: str, line: str, run: str = "") -> None:
        result = machine.run(self.world, node, tuple(line.split()))
        ends = result.world.now + min(result.took_s, 60.0)
        self.goes(result.world, Deed("actor", node, (Command(tuple(line.split())),), ends, run))
        self.waits(min(result.took_s, 60.0))

    def waits(self, span_s: float) -> None:
        self.goes(machine.advance(self.world, self.world.now + span_s))

    @property
    def codes(self) -> list[str]:
        return sorted({one.code for one in self.seen})


def taken_over(story: Story) -> None:
    """hastb leads, checks and mounts, as it should be done."""
    story.types("hastb", "hastctl role primary test")
    story.waits(30)
    story.types("hastb", f"fsck -p -t ufs {DEVICE}")
    story.types("hastb", f"mount {DEVICE} /mysql")
    story.types("hastb", "service mysql-server onestart")
    story.waits(5)


@pytest.mark.parametrize("name", STARTS)
def test_nothing_is_broken_at_the_start(name: str, began: Began) -> None:
    assert broken(began(name), History()) == ()
    assert holes(began(name), History()) == ()


def test_a_failover_step_by_step_breaks_nothing(began: Began) -> None:
    story = Story(began("served"))
    world, told = put_row(story.world, "hasta", "safe")
    assert told
    story.goes(world)
    story.history = acknowledged(story.history, DEVICE, "safe")
    story.goes(power_cut(story.world, "hasta"), FAULT)
    story.waits(10)
    taken_over(story)
    assert story.seen == []


def test_s1_both_copies_are_written(began: Began) -> None:
    story = Story(cut(began("served"), "hasta"))
    story.types("hastb", "hastctl role primary test")
    story.waits(30)
    assert story.seen == [], "a role alone writes nothing"
    story.types("hastb", f"fsck -p -t ufs {DEVICE}")
    assert story.codes == ["S1"], "fsck writes"
    story.types("hastb", f"mount {DEVICE} /mysql")
    assert [b.sentence for b in story.seen if b.code == "S1"] == [
        f"both copies of {DEVICE} are written at once"
    ]


def test_s2_a_mount_loses_its_device_to_a_demotion(began: Began) -> None:
    story = Story(began("served"))
    story.types("hasta", "hastctl role secondary test")
    assert story.codes == ["S2"]


def test_s2_holds_when_a_fault_took_the_device(began: Began) -> None:
    story = Story(began("served"))
    pid = story.world.machine("hasta").hastd.pid  # type: ignore[union-attr]
    story.goes(machine.run(story.world, "hasta", ("kill", "-9", str(pid))).world, FAULT)
    story.waits(20)
    assert "S2" not in story.codes


def test_s3_a_row_is_missing(began: Began) -> None:
    story = Story(power_cut(began("degraded"), "hasta"))
    story.history = acknowledged(story.history, DEVICE, "while the other one was off")
    story.goes(power_back(story.world, "hastb"), FAULT)
    story.waits(30)
    taken_over(story)
    said = [b.sentence for b in story.seen if b.code == "S3"]
    assert said == [
        "the copy that was mounted at /mysql is older than hasta's",
        "the copy at /mysql lacks an acknowledged row, first 'while the other one was off'",
    ]


def test_s3_the_local_disk_lost_writes(began: Began) -> None:
    story = Story(disk(began("served"), "hastb", "", "write"))
    story.goes(put_row(story.world, "hasta", "lost on hastb")[0])
    story.goes(disk(story.world, "hastb", "", ""), FAULT)
    story.goes(power_cut(story.world, "hasta"), FAULT)
    story.waits(10)
    taken_over(story)
    assert "the disk /dev/vtbd1 below /mysql has lost writes" in [b.sentence for b in story.seen]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (f"fsck -p -t ufs {DEVICE}", "was checked while it was mounted"),
        (f"mount {DEVICE} /mnt", "was mounted while it was mounted"),
    ],
)
def test_s4_in_use(line: str, why: str, began: Began) -> None:
    story = Story(began("served"))
    story.types("hasta", line)
    assert f"{DEVICE} {why}" in [b.sentence for b in story.seen if b.code == "S4"]


def test_s4_without_a_role(began: Began) -> None:
    story = Story(began("served"))
    story.types("hastb", f"fsck -p -t ufs {DEVICE}")
    assert story.codes == ["S4"]
    story.seen.clear()
    story.types("hasta", f"fsck -n -t ufs {DEVICE}")
    assert story.seen == [], "looking is allowed"


def test_s5_a_database_beside_its_volume(began: Began) -> None:
    story = Story(began("served"))
    for line in ("chflags noschg /mysql", "chmod 755 /mysql", "service mysql-server onestart"):
        story.types("hastb", line)
    assert story.codes == ["S5"]


def test_s5_a_volume_is_pulled_from_under_its_database(began: Began) -> None:
    story = Story(began("served"))
    story.types("hasta", "umount -f /mysql")
    assert story.codes == ["S5"]
    story = Story(began("served"))
    for line in ("service mysql-server onestop", "umount /mysql"):
        story.types("hasta", line)
    assert story.seen == []


def test_s6_a_database_on_an_unchecked_volume(began: Began) -> None:
    story = Story(power_cut(began("served"), "hasta"))
    story.waits(10)
    story.types("hastb", "hastctl role primary test")
    story.waits(30)
    story.types("hastb", f"mount {DEVICE} /mysql")
    assert story.seen == []
    story.types("hastb", "service mysql-server onestart")
    assert story.codes == ["S6"]


@pytest.mark.parametrize("line", ["hastctl create test", "newfs -U /dev/vtbd1"])
def test_s7_a_copy_is_destroyed(line: str, began: Began) -> None:
    story = Story(began("bare"))
    story.types("hastb", line)
    assert "S7" in story.codes


def test_s8_a_secret_is_seen() -> None:
    secrets = [Secret("testpass"), Secret("")]
    assert leaks("pass testpass", secrets) == 1
    assert leaks("pass ***", secrets) == 0


def test_s9_a_command_to_no_effect(began: Began) -> None:
    world = began("served")
    again = Command(("hastctl", "status"))
    after = machine.advance(machine.run(world, "hasta", again.argv).world, world.now + 1)
    assert needless((again,), world, after) == (again,)
    other = machine.run(world, "hasta", ("touch", "/tmp/here")).world
    assert needless((again,), world, other) == ()


def test_s10_two_runs_of_one_node(began: Began) -> None:
    story = Story(began("served"))
    argv = Command(("sleep", "30"))
    for node, run in (("hasta", "1"), ("hastb", "2"), ("hasta", "1")):
        story.goes(story.world, Deed("actor", node, (argv,), story.world.now + 30, run))
    assert story.seen == []
    story.goes(story.world, Deed("actor", "hasta", (argv,), story.world.now + 30, "3"))
    assert story.codes == ["S10"]
    story = Story(story.world)
    story.goes(story.world, Deed("actor", "hasta", (argv,), story.world.now + 30, "1"))
    story.waits(31)
    story.goes(story.world, Deed("actor", "hasta", (argv,), story.world.now + 30, "3"))
    assert story.seen == []


def test_a_partition_is_a_hole_and_a_dead_machine_is_none(began: Began) -> None:
    world = began("served")
    assert holes(cut(world, "hasta"), History()) == ("partition",)
    assert holes(one_way(world, "hasta"), History()) == ("partition",)
    assert holes(plug(world, "hasta", "lan", carrier=False), History()) == ("partition",)
    assert holes(power_cut(world, "hasta"), History()) == ()


@pytest.mark.parametrize("looked", ["never", "before", "meanwhile", "after"])
def test_only_errors_that_no_look_could_see_are_a_hole(looked: str, began: Began) -> None:
    story = Story(power_cut(began("served"), "hastb"))
    began_s = story.world.now

    def looks(when: str, took_s: float) -> None:
        if looked == when:
            story.goes(story.world, Deed("actor", "hasta", took=took_s))

    story.waits(1)
    story.goes(disk(story.world, "hasta", "/dev/vtbd1", "write"))
    story.waits(30)
    story.goes(put_row(story.world, "hasta", "lost")[0])
    story.waits(1)
    looks("before", began_s)
    looks("meanwhile", story.world.now)
    story.goes(power_cut(story.world, "hasta"))
    story.waits(1)
    story.goes(disk(story.world, "hasta", "/dev/vtbd1"))
    story.goes(power_back(story.world, "hasta"))
    story.waits(200)
    looks("after", story.world.now)
    story.types("hasta", "hastctl role primary test")
    story.waits(30)
    story.types("hasta", f"fsck -p -t ufs {DEVICE}")
    assert holes(story.world, story.history) == ()  # nothing is in use yet
    story.types("hasta", f"mount {DEVICE} /mysql")
    assert story.codes == ["S3"]
    forgiven = holes(story.world, story.history)
    assert forgiven == (() if looked == "meanwhile" else ("unseen-errors",))


@pytest.mark.parametrize("healed", ["", "by a later write", "by a new worker"])
def test_only_a_write_that_hast_forgot_is_a_hole(healed: str, began: Began) -> None:
    """One is under way as the peer dies; a later one to the same place is copied and heals it."""
    story = Story(began("served"))

    def row(text: str) -> None:
        world, safe = put_row(story.world, "hasta", text)
        assert safe
        story.goes(world)
        story.history = acknowledged(story.history, DEVICE, text)

    story.goes(power_cut(story.world, "hastb"))
    row("under way")
    story.goes(power_back(story.world, "hastb"))
    story.waits(60)
    story.types("hastb", "hastctl role secondary test")
    story.waits(30)
    if healed == "by a later write":
        row("later")
    if healed == "by a new worker":
        story.goes(worker_dies(story.world, "hasta"))
        story.waits(10)
    assert story.history.forgotten == (set() if healed else {("hastb", "test")})
    assert holes(story.world, story.history) == ()
    story.goes(power_cut(story.world, "hasta"))
    taken_over(story)
    assert story.codes == ([] if healed else ["S3"])
    assert holes(story.world, story.history) == (() if healed else ("forgotten-write",))


def test_a_copy_that_lacks_something_for_another_reason_is_no_hole(began: Began) -> None:
    """Both are connected, HAST has forgotten nothing, and yet they differ."""
    story = Story(began("served"))
    found = story.world.machine("hastb")
    disk = found.disks["/dev/vtbd1"]
    assert disk.ufs is not None
    bare = replace(disk, ufs=replace(disk.ufs, files=disk.ufs.files.drop("data/ibdata1")))
    story.goes(story.world.change("hastb", disks=found.disks.put("/dev/vtbd1", bare)))
    assert story.history.forgotten == set()
