"""Anything at any time to a pair with converge on both nodes: never unsafe, and mended in the end.

`make sim` takes 2,000 stories, of a SEED if one is given; the normal tests take a few fixed ones.
"""

import json
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.cli.commands import MYSQL, new_pair
from tests.pair import FAULTS, LOCAL, NETWORK, NODES, STEPS, TRIGGERS, Pair

nodes = st.sampled_from(NODES)
spans = st.one_of(st.integers(1, 40).map(lambda n: n / 10), st.integers(5, 90).map(float))
long_spans = st.sampled_from([0.5, 4.0, 30.0, 60.0, 90.0, 120.0])


def other(node: str) -> str:
    return NODES[1 - NODES.index(node)]


class Story(RuleBasedStateMachine):
    """One story; a failing one is printed as the calls that lead to it."""

    def __init__(self) -> None:
        super().__init__()
        self.pair = Pair()
        self.rows = 0
        self.partitions = False

    @initialize(partitions=st.booleans())
    def begin(self, partitions: bool) -> None:  # noqa: FBT001 - Hypothesis gives it
        self.partitions = partitions

    @rule(node=nodes, span_s=long_spans)
    def power_off(self, node: str, span_s: float) -> None:
        self.pair.fault(node, "power-off")
        self.pair.advance(span_s)

    @rule(node=nodes, span_s=long_spans)
    def power_on(self, node: str, span_s: float) -> None:
        self.pair.fault(node, "power-on")
        self.pair.advance(span_s)

    @rule(node=nodes, span_s=long_spans)
    def the_other_way_round(self, node: str, span_s: float) -> None:
        """The one goes down as the other one boots."""
        self.pair.fault(node, "power-off")
        self.pair.fault(other(node), "power-on")
        self.pair.advance(span_s)

    @rule(node=nodes, fault=st.sampled_from(LOCAL), span_s=spans)
    def fault(self, node: str, fault: str, span_s: float) -> None:
        self.pair.fault(node, fault)
        self.pair.advance(span_s)

    @precondition(lambda self: self.partitions)
    @rule(node=nodes, fault=st.sampled_from(NETWORK), span_s=spans)
    def network(self, node: str, fault: str, span_s: float) -> None:
        self.pair.fault(node, fault)
        self.pair.advance(span_s)

    @rule(span_s=spans)
    def advance(self, span_s: float) -> None:
        self.pair.advance(span_s)

    @rule(node=nodes, span_s=spans)
    def run(self, node: str, span_s: float) -> None:
        self.pair.cue("run", node)
        self.pair.advance(span_s)

    @rule(node=nodes, after_s=st.integers(0, 60).map(lambda n: n / 20))
    def run_and_kill(self, node: str, after_s: float) -> None:
        self.pair.cue("run", node)
        self.pair.advance(after_s)
        self.pair.cue("kill", node)

    @rule(node=nodes, step=st.sampled_from(STEPS))
    def kill_before(self, node: str, step: str) -> None:
        self.pair.cue("kill", node, before=f"{node} {step}")

    @rule(
        node=nodes,
        verb=st.sampled_from(["lose", "double", "delay"]),
        what=st.sampled_from(TRIGGERS),
    )
    def trigger_goes_astray(self, node: str, verb: str, what: str) -> None:
        self.pair.cue(verb, node, what)

    @rule(passes_max=st.sampled_from([9, 10]))
    def edit_the_desired_file(self, passes_max: int) -> None:
        self.pair.edit(passes_max)

    @rule(node=nodes, for_s=st.sampled_from([30.0, 3600.0]))
    def hold(self, node: str, for_s: float) -> None:
        self.pair.hold(node, for_s)

    @rule(node=nodes)
    def release(self, node: str) -> None:
        self.pair.release(node)

    @rule()
    def write_a_row(self) -> None:
        self.rows += 1
        self.pair.put(f"row of the story {self.rows}")

    @invariant()
    def nothing_is_broken(self) -> None:
        assert self.pair.broken == [], self.pair.text

    def teardown(self) -> None:
        self.pair.mend()
        assert self.pair.broken == [], self.pair.text
        assert self.pair.settled == "", self.pair.text


COMMON = {"deadline": None, "print_blob": True, "suppress_health_check": list(HealthCheck)}


def test_a_few_stories() -> None:
    few = settings(
        max_examples=30, stateful_step_count=12, derandomize=True, database=None, **COMMON
    )
    run_state_machine_as_test(Story, settings=few)


@pytest.mark.slow
def test_many_stories() -> None:
    many = settings(max_examples=2000, stateful_step_count=25, **COMMON)
    run_state_machine_as_test(Story, settings=many)


def by_luck(seed: int) -> str:
    """The whole timeline of a story in which a seed chooses what happens."""
    luck, pair = Random(seed), Pair()
    deeds: list[Callable[[str], None]] = [
        lambda node: pair.fault(node, luck.choice(FAULTS)),
        lambda node: pair.cue("run", node),
        lambda node: pair.cue("kill", node),
        lambda node: pair.cue(luck.choice(["lose", "double", "delay"]), node, "devd"),
        lambda node: pair.put(f"row {luck.random()}"),
    ]
    for _ in range(25):
        luck.choice(deeds)(luck.choice(NODES))
        pair.advance(luck.uniform(0, 20))
    pair.mend()
    return f"{pair.text}\n{pair.drive.world}"


@pytest.mark.parametrize("seed", range(3))
def test_the_same_seed_is_the_same_story_byte_for_byte(seed: int) -> None:
    text = by_luck(seed)
    assert len(text) > 1000
    assert by_luck(seed) == text
    assert by_luck(seed + 100) != text


def written(folder: Path, seed: int) -> str:
    """What the real command writes down of a story by luck: journal, ledger, and the lab."""
    folder.mkdir()
    pair, luck = new_pair(folder, MYSQL), Random(seed)
    for _ in range(8):
        pair("apply", "--trigger", "cron", nodes=(luck.choice(NODES),))
        fault = luck.choice([f for f in FAULTS if "hang" not in f and f != "power-on"])
        pair.lab("fault", *fault.split()[:1], luck.choice(NODES), *fault.split()[1:])
        pair.lab("advance", f"{luck.randrange(1, 60)}s")
        pair.lab("fault", "power-on", luck.choice(NODES))
    texts = [path.read_text() for path in sorted(Path(f"{pair.state}.state").iterdir())]
    lines = [json.loads(line) for text in texts for line in text.splitlines() if '"seq"' in line]
    assert len(lines) > 30
    return "".join([*texts, pair.state.read_text()])


def test_the_same_story_is_the_same_journal_byte_for_byte(tmp_path: Path) -> None:
    one, other = written(tmp_path / "one", 5), written(tmp_path / "other", 5)
    assert one == other.replace(str(tmp_path / "other"), str(tmp_path / "one"))
