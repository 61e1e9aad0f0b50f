"""Driving: what is due comes in its order, triggers go astray as told, a death kills the run."""

import pytest

from converge.cli.ground.blueprint import blueprint
from converge.cli.reach.site import graph_of, read_desired
from converge.lab.fresh import fresh
from converge.lab.world import World
from converge.proving.rehearse.phases import phases
from converge.proving.story.cues import Cue
from converge.proving.story.driver import Drive
from converge.proving.story.starts import served
from tests.proving.actors import Plain, Typist

DESIRED = read_desired("desired/mysql-pair.toml")
GRAPH = graph_of(DESIRED)
VIP = "192.168.1.50"
DEVICE = "/dev/hast/test"

RECKLESS = Typist(
    {
        "devd MASTER": (
            "hastctl role primary test",
            "sleep 25",
            f"mount {DEVICE} /mysql",
            "service mysql-server onestart",
        ),
        "devd INIT": ("hastctl role secondary test",),
    }
)
POWER_OFF = Cue("fault", "hasta", "power-off", at=10)


@pytest.fixture(scope="module")
def pair() -> World:
    return served(fresh(blueprint(DESIRED, GRAPH)), GRAPH)


def drive(pair: World, *cues: Cue, until_s: float = 120, actor: object = RECKLESS) -> Drive:
    made = Drive(pair, {n: actor for n in GRAPH.pair.nodes}, cues, VIP)  # type: ignore[misc]
    made.go(until_s)
    return made


def lines(made: Drive) -> list[str]:
    return [f"{e.node} {e.what}" for e in made.timeline]


def test_a_reckless_actor_is_seen_to_be_one(pair: World) -> None:
    made = drive(pair, POWER_OFF)
    assert [b.code for b in made.broken] == ["S6"]
    made = drive(pair, Cue("fault", "hasta", "cable-out", at=10))
    assert {b.code for b in made.broken} == {"S2", "S6"}
    assert made.holes == {"partition": 10.0}


def test_the_same_story_twice(pair: World) -> None:
    assert drive(pair, POWER_OFF).timeline == drive(pair, POWER_OFF).timeline
    actor = Plain(GRAPH)
    first = drive(pair, POWER_OFF, actor=actor).timeline
    assert first == drive(pair, POWER_OFF, actor=actor).timeline


def test_rows_are_promised_and_kept(pair: World) -> None:
    made = drive(pair)
    assert len(made.history.rows) == 24
    assert made.timeline == []


def test_the_phases_of_a_failover(pair: World) -> None:
    node, found = phases(drive(pair, POWER_OFF))
    assert node == "hastb"
    names = [p.name for p in found]
    assert names == ["detection", "role", "device", "mount", "start", "serving"]
    assert found[-1].at == pytest.approx(sum(p.took for p in found), abs=0.01)


def test_a_lost_trigger_wakes_nobody(pair: World) -> None:
    lost = Cue("lose", "hastb", "devd MASTER", at=0)
    assert "hastb <- devd MASTER" not in lines(drive(pair, lost, POWER_OFF))


def test_a_late_trigger_and_a_double_one(pair: World) -> None:
    late = Cue("delay", "hastb", "devd MASTER", at=0, by_s=30)
    at = [e.at for e in drive(pair, late, POWER_OFF).timeline if e.what == "<- devd MASTER"]
    assert at == [pytest.approx(42.78, abs=0.5)]
    twice = Cue("double", "hastb", "devd", at=0, by_s=5)
    assert lines(drive(pair, twice, POWER_OFF)).count("hastb <- devd MASTER") == 2


def test_a_cue_after_a_line_and_one_in_the_place_of_a_step(pair: World) -> None:
    after = Cue("fault", "hastb", "power-off", when="hastb hastctl role primary")
    made = lines(drive(pair, POWER_OFF, after))
    assert made.index("hastb hastctl role primary test") < made.index("hastb power is off")
    before = Cue("fault", "hastb", "power-off", before="hastb mount /dev/hast/test")
    made = lines(drive(pair, POWER_OFF, before))
    assert "hastb power is off" in made
    assert not [line for line in made if line.startswith("hastb mount")]


def test_what_a_cue_does_at_the_line_of_a_step_is_not_undone_by_the_step(pair: World) -> None:
    typed = Cue("lab", "hastb", "touch /tmp/seen", when="hastb hastctl role primary")
    made = drive(pair, POWER_OFF, typed)
    assert "/tmp/seen" in made.world.machine("hastb").files
    assert [entry.at for entry in made.timeline] == sorted(entry.at for entry in made.timeline)


def test_a_killed_run_goes_no_further(pair: World) -> None:
    kill = Cue("kill", "hastb", when="hastb sleep 25")
    made = lines(drive(pair, POWER_OFF, kill))
    assert not [line for line in made if "mount /dev" in line]


def test_a_run_by_hand_and_a_line_that_somebody_types(pair: World) -> None:
    hand = Typist({"manual": ("touch /tmp/by-hand",)})
    typed = Cue("lab", "hasta", "hastctl role secondary test", at=20)
    made = drive(pair, Cue("run", "hastb", at=10), typed, actor=hand)
    assert "/tmp/by-hand" in made.world.machine("hastb").files
    assert [b.code for b in made.broken] == ["S2"]


def test_what_is_sent_in_the_quiet_to_no_effect(pair: World) -> None:
    idle = Typist({"cron": ("hastctl status",)})
    made = Drive(pair, {"hasta": idle}, (), VIP, rows_every_s=0, quiet_from=60)
    made.go(100)
    assert [(b.code, at) for b, at in made.broken.items()] == [("S9", 73.0)]
