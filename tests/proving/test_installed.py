"""A pair that runs by itself: woken by what is installed; however badly, the end is the same."""

from collections.abc import Sequence
from functools import cache
from itertools import permutations
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from converge.cli.ground.blueprint import blueprint
from converge.cli.reach.site import graph_of, read_desired
from converge.core.graph import Graph
from converge.freebsd.trigger.texts import FILES, HOOK, WAKER
from converge.lab import faults, machine
from converge.lab.fresh import fresh
from converge.lab.machine import syslog
from converge.lab.triggers import Call
from converge.lab.world import File, World
from converge.proving.actors.reconciler import Reconciler
from converge.proving.judge import sights
from converge.proving.judge.history import FAULT
from converge.proving.story import installed
from converge.proving.story.clients import shared_address
from converge.proving.story.cues import Cue
from converge.proving.story.driver import Drive
from converge.proving.story.starts import served
from tests.cli.commands import ROOT

EVENT = "!system=CARP subsystem=1@vtnet1 type=MASTER"
RULES, CRON = FILES["devd"][0].path, FILES["cron"][0].path


class Counted(Reconciler):
    """The same, and when each run began."""

    def __init__(self, graph: Graph) -> None:
        super().__init__(graph)
        self.begun: list[tuple[float, str, str]] = []

    def wake(self, state: Any, node: str, trigger: str, now: float) -> Any:
        if state.course is None:
            self.begun.append((now, node, trigger))
        return super().wake(state, node, trigger, now)


@cache
def graph() -> Graph:
    return graph_of(read_desired(str(ROOT / "desired" / "operated-pair.toml")))


@cache
def pair() -> World:
    """Set up, triggers and all, and served by hasta."""
    desired = read_desired(str(ROOT / "desired" / "operated-pair.toml"))
    return served(fresh(blueprint(desired, graph())), graph())


def drive(*cues: Cue, world: World | None = None) -> tuple[Drive, Counted]:
    actor = Counted(graph())
    actors = {node: actor for node in graph().pair.nodes}
    vip = shared_address(graph())
    made = Drive(world or pair(), actors, cues, vip, installed=installed.declared(graph()))
    made.warm_up(150.0)
    actor.begun.clear()
    return made, actor


def gone(path: str, node: str) -> Cue:
    """Somebody takes the file away, a second before the story; until cron's next run, that is."""
    return Cue("lab", node, f"rm {path}; service devd restart", at=4.0)


def ends(one: Drive) -> tuple[object, ...]:
    """What matters of the end of a story."""
    roles = {n: [r.role for r in sights.volumes(m)] for n, m in one.world.machines.items()}
    mounts = {n: len(m.mounts) for n, m in one.world.machines.items()}
    return sights.serving(one.world), roles, mounts, sorted(b.code for b in one.broken)


TAKEN_OVER = ("hastb", {"hasta": [], "hastb": ["primary"]}, {"hasta": 0, "hastb": 1}, [])


def failover(*cues: Cue) -> Drive:
    one, _ = drive(*cues, Cue("fault", "hasta", "power-off", at=5.0))
    one.go(200.0)
    return one


# --- what is installed -------------------------------------------------------------------------


def test_a_set_up_pair_has_its_triggers_and_they_reach_converge() -> None:
    for node in ("hasta", "hastb"):
        calls = {
            "devd": (WAKER, "devd"),
            "hast": (HOOK, "role", "test", "init", "primary"),
            "boot": (FILES["rc"][0].path, "faststart"),
            "shutdown": (FILES["rc"][0].path, "faststop"),
        }
        for words, argv in calls.items():
            assert installed.reached(pair(), Call(0.0, node, words, argv)) == words
        assert not installed.reached(pair(), Call(0.0, node, "hast", (HOOK, "syncstart", "test")))
        assert not installed.reached(pair(), Call(0.0, node, "devd", (WAKER,)))
        assert installed.cron(pair(), node)


def test_it_takes_over_by_devd_in_seconds_and_by_cron_in_a_minute() -> None:
    by_devd, by_cron = failover(), failover(gone(RULES, "hastb"))
    assert ends(by_devd) == ends(by_cron) == TAKEN_OVER
    woken = [[e.what for e in one.timeline if e.kind == "trigger"] for one in (by_devd, by_cron)]
    assert "<- devd MASTER" in woken[0]
    assert "<- devd MASTER" not in woken[1]
    assert sights.up(by_cron.world.machine("hastb"))
    assert RULES in by_cron.world.machine("hastb").files, "and the rules are there again"


def test_with_nothing_installed_nobody_takes_over() -> None:
    assert sights.serving(failover(gone(WAKER, "hastb")).world) == ""


def test_what_is_not_executable_calls_nobody() -> None:
    world = machine.run(pair(), "hastb", ("chmod", "0444", WAKER)).world
    assert installed.reached(world, Call(0.0, "hastb", "devd", (WAKER, "devd"))) == ""


def test_a_crontab_of_somebody_else_wakes_nobody() -> None:
    files = pair().machine("hasta").files
    other = File("0 4 * * * root /usr/local/libexec/converge/wake cron\n", mode="644")
    world = pair().change("hasta", files=files.put(CRON, other))
    assert not installed.cron(world, "hasta")


# --- however they come -------------------------------------------------------------------------

ASTRAY = st.lists(
    st.builds(
        Cue,
        st.sampled_from(["lose", "double", "delay"]),
        st.just("hastb"),
        st.sampled_from(["devd MASTER", "devd", "hast disconnect", "hast role", "hast"]),
        at=st.just(0.5),
        times=st.integers(1, 3),
        by_s=st.sampled_from([0.1, 1.0, 7.0, 30.0]),
    ),
    max_size=4,
)


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(ASTRAY)
def test_lost_doubled_and_late_triggers_end_alike(astray: list[Cue]) -> None:
    assert ends(failover(*astray)) == TAKEN_OVER


def burst(
    one: Drive, node: str, events: int, at_once: int = 100, kinds: Sequence[str] = ("MASTER",)
) -> None:
    """So many events of CARP at one and the same instant, of these kinds by turns."""
    for n in range(0, events, at_once):
        world = one.world
        for m in range(n, n + at_once):
            line = EVENT.replace("MASTER", kinds[m % len(kinds)])
            world = syslog.event(world, node, f"{line} serial={m}")
        one.shift(world, FAULT)


@pytest.mark.parametrize("node", ["hasta", "hastb"])
def test_a_burst_of_a_thousand_is_two_runs_and_changes_nothing(node: str) -> None:
    one, actor = drive()
    before = ends(one)
    burst(one, node, 1000)
    told = [e for e in one.timeline if e.what == "<- devd MASTER"]
    assert len(told) == 1000
    one.go(8.0)
    assert [n for _, n, _ in actor.begun] == [node, node]
    assert ends(one) == before


def test_a_burst_while_it_takes_over_costs_two_runs_more_at_most() -> None:
    plain, count = drive(Cue("fault", "hasta", "power-off", at=5.0))
    plain.go(200.0)
    one, actor = drive(Cue("fault", "hasta", "power-off", at=5.0))
    one.go(12.0)
    burst(one, "hastb", 1000)
    one.go(200.0)
    assert ends(one) == ends(plain) == TAKEN_OVER
    assert len(actor.begun) <= len(count.begun) + 2


def astray(node: str, at: float = 11.0) -> list[Cue]:
    """Of the next events some are lost, some come twice, and some behind all the others."""
    words = ("devd MASTER", "devd BACKUP", "devd INIT")
    return [
        Cue(verb, node, one, at=at, times=150, by_s=by_s)
        for one in words
        for verb, by_s in (("lose", 0.0), ("double", 0.3), ("delay", 0.5))
    ]


@pytest.mark.parametrize("kinds", [*permutations(("MASTER", "BACKUP", "INIT"))])
@pytest.mark.parametrize("gone_wrong", [False, True])
def test_a_burst_in_any_order_and_anyhow_delivered_ends_alike(
    kinds: tuple[str, ...], *, gone_wrong: bool
) -> None:
    """While hastb takes over: a thousand events, in every order of their kinds, lost, twice and
    late. What they say is not believed; each only says: look."""
    plain, count = drive(Cue("fault", "hasta", "power-off", at=5.0))
    plain.go(200.0)
    strays = astray("hastb") if gone_wrong else []
    one, actor = drive(Cue("fault", "hasta", "power-off", at=5.0), *strays)
    one.go(12.0)
    burst(one, "hastb", 1000, kinds=kinds)
    told = [e.what for e in one.timeline if e.what.startswith("<- devd") and e.at == 12.0]
    assert (len(told) < 1000) is gone_wrong
    assert [told.index(f"<- devd {kind}") for kind in kinds] == [0, 1, 2] or gone_wrong
    one.go(200.0)
    assert ends(one) == ends(plain) == TAKEN_OVER
    assert len(actor.begun) <= len(count.begun) + 2


@pytest.mark.parametrize("node", ["hasta", "hastb"])
def test_a_burst_in_disorder_is_two_runs_and_changes_nothing(node: str) -> None:
    """Also when its last events are brought half a second after all the others."""
    one, actor = drive(*astray(node, at=0.5))
    before = ends(one)
    one.go(1.0)
    burst(one, node, 1000, kinds=("INIT", "MASTER", "BACKUP"))
    one.go(8.0)
    assert {e.at for e in one.timeline if e.what.startswith("<- devd")} == {1.0, 1.3, 1.5}
    assert [n for _, n, _ in actor.begun] == [node, node]
    assert ends(one) == before


# --- before a shutdown -------------------------------------------------------------------------


def shut_down(*cues: Cue, world: World | None = None) -> Drive:
    one, _ = drive(*cues, Cue("fault", "hasta", "reboot", at=5.0), world=world)
    one.go(180.0)
    return one


def test_before_a_shutdown_the_volume_is_unmounted_before_hastd_stops() -> None:
    lines = [e.what for e in shut_down().timeline if e.node == "hasta"]
    order = ["shuts down", "/mysql is not mounted any more", "test: role secondary", "boots"]
    assert [line for line in lines if line in order][: len(order)] == order


def test_without_the_script_the_disk_goes_away_under_the_mount() -> None:
    one = shut_down(gone(FILES["rc"][0].path, "hasta"))
    lines = [e.what for e in one.timeline if e.node == "hasta"]
    before = lines[: lines.index("hastd has ended")]
    assert "/mysql is not mounted any more" not in before
    assert "test: role secondary" not in before


def test_rc_shutdown_does_not_wait_for_ever() -> None:
    """What gives no answer is left behind after 90 s, as rcshutdown_timeout says."""
    world = faults.hang(pair(), "hasta", "umount")
    one = shut_down(world=world)
    (boots,) = [e.at for e in one.timeline if (e.node, e.what) == ("hasta", "boots")]
    assert 90.0 < boots < 130.0


def test_nothing_wakes_a_node_that_goes_down() -> None:
    """The hook tells of the role that was just given up; a run for it would take it again."""
    lines = [(e.at, e.what) for e in shut_down().timeline if e.node == "hasta"]
    down = next(at for at, what in lines if what == "shuts down")
    boots = next(at for at, what in lines if what == "boots")
    woken = [what for at, what in lines if down < at < boots and what.startswith("<-")]
    assert woken == ["<- shutdown"]
