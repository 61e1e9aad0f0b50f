"""What must hold for every graph, every truth and every interruption (hypothesis, on toys)."""

from hypothesis import given, settings
from hypothesis import strategies as st

from converge.core.plan import Direction
from converge.engine.graph import build
from converge.reconcile import End, Run, plan
from tests.engine.toys import KINDS, PAIR, KilledError, ToyClock, ToyNode, declared

NAMES = "pqrstuv"


@st.composite
def sites(draw):
    """A random graph of lamps on one node, and a random truth."""
    tables, truth = {}, {}
    for i, name in enumerate(NAMES[: draw(st.integers(1, len(NAMES)))]):
        needs = draw(st.sets(st.sampled_from(NAMES[:i]), max_size=3)) if i else set()
        tables[f"lamp_{name}"] = {
            "needs": [f"lamp.{n}" for n in sorted(needs)],
            "value": draw(st.sampled_from(["on", "dim"])),
            "restart": draw(st.booleans()),
            "wanted": draw(st.integers(0, 4)) > 0,
        }
        seen = draw(st.sampled_from(["", "on", "dim", "odd"]))
        if seen:
            truth[f"lamp.{name}"] = seen
    graph, flaws = build(PAIR, declared("a", **tables), KINDS)
    assert not flaws
    return graph, truth


def converged(graph, truth):
    node = ToyNode(ToyClock(), dict(truth))
    told = Run(graph, {"a": node}, node.clock, lambda *_: None).to_the_end()
    return told, node


@given(sites())
def test_every_run_ends_converged_and_the_next_plan_is_empty_and_sends_nothing(site):
    graph, truth = site
    told, node = converged(graph, truth)
    assert told.end is End.CONVERGED
    before = list(node.sent)
    assert plan(graph, {"a": node}, node.clock).plan.empty
    assert Run(graph, {"a": node}, node.clock, lambda *_: None).to_the_end().end is End.CONVERGED
    assert node.sent == before


@given(sites())
def test_minimal_a_resource_in_sync_is_touched_only_by_a_restart_below_it(site):
    graph, truth = site
    this = plan(graph, {"a": ToyNode(ToyClock(), dict(truth))}, ToyClock())
    changed = {c.id for c in this.plan.changes}
    going_down = {a.id for a in this.plan.actions if a.direction is Direction.DOWN}
    for action in this.plan.actions:
        assert action.id in changed or graph.all_needs[action.id] & going_down & changed
    assert len({a.key for a in this.plan.actions}) == len(this.plan.actions)


@given(sites())
def test_order_downs_first_and_needs_respected(site):
    graph, truth = site
    actions = plan(graph, {"a": ToyNode(ToyClock(), dict(truth))}, ToyClock()).plan.actions
    directions = [a.direction for a in actions]
    assert directions == sorted(directions, key=[Direction.DOWN, Direction.UP].index)
    place = {a.key: i for i, a in enumerate(actions)}
    for a in actions:
        assert all(place[key] < place[a.key] for key in a.after)
        for b in actions:
            if a.direction is b.direction and b.id in graph.all_needs[a.id]:
                down = a.direction is Direction.DOWN
                assert (place[a.key] < place[b.key]) is down


@given(sites())
def test_nothing_stands_on_what_goes_down(site):
    """At the moment of each down, everything above that was active is down already."""
    graph, truth = site
    node = ToyNode(ToyClock(), dict(truth))
    standing = []

    def report(action, outcome, took):
        if outcome is None and action.direction is Direction.DOWN and took == 0:
            standing.extend(
                str(id) for id in graph.needed_by[action.id] if str(id.ref) in node.truth
            )

    Run(graph, {"a": node}, node.clock, report).to_the_end()
    assert standing == []


@given(sites(), st.data())
@settings(deadline=None)
def test_after_any_interruptions_the_next_runs_converge_to_the_same_end(site, data):
    graph, truth = site
    _, undisturbed = converged(graph, truth)
    node = ToyNode(ToyClock(), dict(truth))
    for _ in range(4):
        node.dies_after = len(node.sent) + data.draw(st.integers(0, 5))
        try:
            Run(graph, {"a": node}, node.clock, lambda *_: None).to_the_end()
        except KilledError:
            node.clock.now += data.draw(st.sampled_from([0.0, 0.1, 10.0]))
    node.dies_after = 10**9
    assert Run(graph, {"a": node}, node.clock, lambda *_: None).to_the_end().end is End.CONVERGED
    assert node.truth == undisturbed.truth


@given(sites(), st.sets(st.sampled_from(NAMES)))
def test_silence_never_becomes_an_action_on_what_was_silent(site, silent):
    graph, truth = site
    node = ToyNode(ToyClock(), dict(truth), silent={f"lamp.{n}" for n in silent})
    this = plan(graph, {"a": node}, node.clock)
    assert all(a.id.name not in silent for a in this.plan.actions)
    for action in this.plan.actions:
        near = graph.all_needs if action.direction is Direction.UP else graph.needed_by
        assert not any(id.name in silent for id in near[action.id])


@given(sites(), st.integers(0, 30), st.booleans())
def test_no_action_begins_without_being_told_nor_ends_twice(site, step, killed):
    """Killed or halted at any step: what was sent was told before, and a halt leaves every action
    of the plan with one outcome."""
    graph, truth = site
    told, steps, node = [], [], ToyNode(ToyClock(), dict(truth))

    def report(action, outcome, took_s):
        told.append((action, outcome, len(node.sent)))
        if killed and len(told) == step:
            raise KilledError

    def halted():
        steps.append(None)
        return not killed and len(steps) > step

    run = Run(graph, {"a": node}, node.clock, report, halted=halted)
    try:
        end = run.to_the_end()
    except KilledError:
        end = None
    announced = [a.effect for a, outcome, sent in told if outcome is None]
    for n, effect in enumerate(node.sent):
        before = [str(a.effect) for a, o, sent in told if o is None and sent <= n]
        assert effect in before
    assert len(node.sent) <= len(announced)
    if end:
        for one in end.passes:
            assert [o.action.key for o in one.outcomes] == [a.key for a in one.plan.actions]
        ended = [a.key for a, outcome, _ in told if outcome]
        assert len(ended) == sum(len(one.outcomes) for one in end.passes)
        assert end.end in (End.CONVERGED, End.INTERRUPTED)
