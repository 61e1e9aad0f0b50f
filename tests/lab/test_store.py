"""Worlds as text: nothing is lost, and a damaged text is said to be damaged."""

import json
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from converge.core.errors import ConvergeError
from converge.lab import faults
from converge.lab.fresh import recorded_pair
from converge.lab.machine import advance, run
from converge.lab.store import load, save

COMMANDS = [
    "hastctl role primary test",
    "hastctl role secondary test",
    "newfs -U /dev/hast/test",
    "mount /dev/hast/test /mysql",
    "service mysql-server onestart",
    "ifconfig vtnet1 vhid 1 state master",
    "sysctl net.inet.carp.log=2",
    "service hastd restart",
]
WORDS = {"hang": "nc", "slow": "nc:3", "clock-jump": "-90.5"}
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["hasta", "hastb"]),
        st.sampled_from(COMMANDS) | st.sampled_from(sorted(faults.FAULTS)),
        st.floats(0, 40),
    ),
    max_size=10,
)


@settings(max_examples=60, deadline=None)
@given(STEPS, st.text(), st.floats(allow_nan=False))
def test_a_world_comes_back_as_it_was(steps, text, number):
    world = recorded_pair()
    for node, what, wait in steps:
        if what in faults.FAULTS:
            world = faults.FAULTS[what].act(world, node, WORDS.get(what, ""))
        else:
            world = run(world, node, tuple(what.split())).world
        world = advance(world, world.now + wait)
    machine = world.machine("hasta")
    files = machine.files.put(text, next(iter(machine.files.values())))
    world = world.change("hasta", files=files, events=((number, text),))
    back = load(save(world))
    assert back == world
    assert hash(back) == hash(world)
    assert save(back) == save(world)
    for node in world.machines:
        names = list(world.machine(node).interfaces)
        assert list(back.machine(node).interfaces) == names


GOOD = json.loads(save(recorded_pair()))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "not JSON"),
        (save(recorded_pair())[:-100], "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[]", "no version"),
        (json.dumps({**GOOD, "format_version": 99}), "version 99"),
        (json.dumps({"format_version": 1}), "world is no object"),
        (json.dumps({"format_version": 1, "world": {}}), "lacks a field"),
        (json.dumps({"format_version": 1, "world": {"machines": [[1, 2]]}}), "is no str"),
        (json.dumps({**GOOD, "world": {**GOOD["world"], "now": "x"}}), "world.now is no float"),
        (json.dumps({**GOOD, "world": {**GOOD["world"], "moon": 1}}), "unknown field moon"),
    ],
)
def test_a_damaged_text_is_said_to_be_damaged(text, says):
    with pytest.raises(ConvergeError, match=says) as wrong:
        load(text)
    assert wrong.value.exit_code == 65


@settings(max_examples=100, deadline=None)
@given(st.integers(0, len(save(recorded_pair()))), st.characters())
def test_any_changed_letter_is_a_world_or_a_plain_error(at, letter):
    text = save(recorded_pair())
    with suppress(ConvergeError):
        assert load(text[:at] + letter + text[at + 1 :]).machines is not None
