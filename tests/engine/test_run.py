"""Plans and their carrying out, on toys: order, restart, deferral, settling, guards, two nodes."""

from dataclasses import replace
from typing import ClassVar

from converge.core.guard import Guard
from converge.core.host import Command
from converge.core.ids import ResourceId
from converge.core.plan import Allow, Ending, Hold, Refuse
from converge.engine.graph import build
from converge.reconcile import End, Run, plan
from tests.engine.toys import (
    KINDS,
    PAIR,
    KilledError,
    Lamp,
    ToyClock,
    ToyNode,
    declared,
    guarded,
)

STACK = {
    "lamp_l": {},
    "switch_s": {"follow": "lamp.l"},
    "box_x": {"switch": "switch.s", "value": "full"},
}


def graph_of(*tables, kinds=KINDS):
    graph, flaws = build(PAIR, {k: v for t in tables for k, v in t.items()}, kinds)
    assert not flaws
    return graph


def run_on(graph, **nodes):
    clock = next(iter(nodes.values())).clock
    return Run(graph, nodes, clock, lambda *_: None).to_the_end()


def planned(graph, **nodes):
    clock = next(iter(nodes.values())).clock
    return plan(graph, nodes, clock).plan


def keys(plan):
    return [action.key for action in plan.actions]


def test_ups_go_in_the_order_of_needs():
    node = ToyNode(ToyClock(), {"lamp.l": "on", "switch.s": "off"})
    graph = graph_of(declared("a", **STACK))
    assert keys(planned(graph, a=node)) == [
        "a/switch.s promote",
        "a/box.x start",
        "a/lamp.lid-x start",
    ]
    assert run_on(graph, a=node).end is End.CONVERGED
    assert node.sent == ["set switch.s on", "set box.x full", "set lamp.lid-x on"]


def test_downs_go_in_reverse_and_before_ups():
    truth = {"lamp.l": "off", "switch.s": "on", "box.x": "full", "lamp.lid-x": "on"}
    node = ToyNode(ToyClock(), truth)
    graph = graph_of(declared("a", **STACK, lamp_0={}))
    graph.resources[graph.order[0]]
    told = run_on(graph, a=node)
    # lamp.l is off and should be on: it is changed last, and that is the next pass's promotion
    assert node.sent[:4] == [
        "set lamp.lid-x -",
        "set box.x -",
        "set switch.s off",
        "set lamp.0 on",
    ]
    assert told.end is End.CONVERGED
    assert node.truth["box.x"] == "full"


def test_an_equal_state_sends_nothing_at_all():
    truth = {"lamp.l": "on", "switch.s": "on", "box.x": "full", "lamp.lid-x": "on"}
    node = ToyNode(ToyClock(), truth)
    told = run_on(graph_of(declared("a", **STACK)), a=node)
    assert told.end is End.CONVERGED
    assert node.sent == []
    assert node.batches == 1


def test_a_restart_takes_what_stands_on_it_down_before_and_up_after():
    tables = declared(
        "a",
        lamp_base={"value": "new", "restart": True},
        lamp_mid={"on": "lamp.base"},
        lamp_top={"on": "lamp.mid"},
        lamp_other={},
    )
    node = ToyNode(ToyClock(), {f"lamp.{n}": "on" for n in ("base", "mid", "top", "other")})
    graph = graph_of(tables)
    run_on(graph, a=node)
    assert node.sent == [
        "set lamp.top -",
        "set lamp.mid -",
        "set lamp.base -",
        "set lamp.base new",
        "set lamp.mid on",
        "set lamp.top on",
    ]


def test_a_restart_leaves_what_was_down_to_its_own_change():
    tables = declared(
        "a", lamp_base={"value": "new", "restart": True}, lamp_top={"on": "lamp.base"}
    )
    node = ToyNode(ToyClock(), {"lamp.base": "on"})
    run_on(graph_of(tables), a=node)
    assert node.sent == ["set lamp.base -", "set lamp.base new", "set lamp.top on"]


def test_what_needs_something_unknown_has_to_wait():
    tables = declared("a", lamp_x={}, lamp_y={"on": "lamp.x"}, lamp_z={"on": "lamp.y"})
    node = ToyNode(ToyClock(), {}, silent={"lamp.x"})
    this = planned(graph_of(tables), a=node)
    assert keys(this) == []
    assert {str(d.id): d.why for d in this.deferred} == {
        "a/lamp.x": "get lamp.x: no answer within 10 s",
        "a/lamp.y": "waits for lamp.x",
        "a/lamp.z": "waits for lamp.x",
    }
    assert run_on(graph_of(tables), a=node).end is End.UNKNOWN
    assert node.sent == []


def test_nothing_is_taken_from_under_what_cannot_be_seen():
    truth = {"lamp.l": "off", "switch.s": "on", "box.x": "full", "lamp.lid-x": "on"}
    node = ToyNode(ToyClock(), truth, silent={"box.x"})
    tables = declared("a", **{**STACK, "lamp_l": {"value": "off"}})
    this = planned(graph_of(tables), a=node)
    assert keys(this) == ["a/lamp.lid-x stop"]
    why = {str(d.id): d.why for d in this.deferred}
    assert why["a/switch.s"] == "box.x stands on it and cannot be seen to be down"


def test_what_follows_from_its_needs_defers_what_needs_it():
    tables = declared("a", lamp_x={}, blind_b={"on": "lamp.x"}, lamp_y={"on": "blind.b"})
    this = planned(graph_of(tables), a=ToyNode(ToyClock(), {}))
    assert keys(this) == ["a/lamp.x start"]
    assert [str(d.id) for d in this.deferred] == ["a/blind.b", "a/lamp.y"]


def test_what_follows_waits_for_what_is_not_in_place_yet():
    needs = {"on": "lamp.x", "needs": ("lamp.z",)}
    node = ToyNode(ToyClock(), {"lamp.z": "on"})
    this = planned(graph_of(declared("a", lamp_x={}, lamp_z={}, blind_b=needs)), a=node)
    assert [(str(d.id), str(d.until)) for d in this.deferred] == [("a/blind.b", "a/lamp.x")]


def test_a_follower_waits_for_what_it_follows_and_is_not_guessed():
    node = ToyNode(ToyClock(), {"switch.s": "off"})
    this = planned(graph_of(declared("a", **STACK)), a=node)
    assert keys(this) == ["a/lamp.l start"]
    assert run_on(graph_of(declared("a", **STACK)), a=node).end is End.CONVERGED
    assert node.truth["switch.s"] == "on"


def test_a_failure_says_what_is_still_wrong():
    truth = {"lamp.x": "dim", "lamp.y": "on"}
    node = ToyNode(ToyClock(), truth, lies={"lamp.x", "lamp.y"})
    told = run_on(graph_of(declared("a", lamp_x={}, lamp_y={"wanted": False})), a=node)
    assert {o.detail for o in told.passes[0].outcomes} == {
        "after 3 s value is still dim",
        "after 3 s it is still there (in place)",
    }


def test_an_exit_code_is_not_believed():
    node = ToyNode(ToyClock(), {}, lies={"lamp.x"})
    told = run_on(graph_of(declared("a", lamp_x={}, lamp_y={"on": "lamp.x"}, lamp_z={})), a=node)
    endings = {o.action.key: (o.ending, o.detail) for o in told.passes[0].outcomes}
    assert told.end is End.FAILED
    assert endings["a/lamp.x start"] == (Ending.FAILED, "after 3 s it is still not there")
    assert endings["a/lamp.y start"] == (Ending.SKIPPED, "because of a/lamp.x start")
    assert endings["a/lamp.z start"][0] is Ending.DONE


def test_an_action_settles_when_it_shows_not_when_it_returns():
    clock = ToyClock()
    node = ToyNode(clock, {}, late={"lamp.x": 2.0})
    told = run_on(graph_of(declared("a", lamp_x={}, lamp_y={"on": "lamp.x"})), a=node)
    assert told.end is End.CONVERGED
    assert [round(o.took_s) for o in told.passes[0].outcomes] == [2, 0]


def test_independent_actions_run_side_by_side():
    clock = ToyClock()
    node = ToyNode(clock, {}, took={f"lamp.{n}": 60.0 for n in range(8)})
    run_on(graph_of(declared("a", **{f"lamp_{n}": {} for n in range(8)})), a=node)
    assert clock.now < 62


def test_on_two_nodes_the_demotion_comes_before_the_promotion():
    clock, log = ToyClock(), []
    a = ToyNode(
        clock,
        {"lamp.l": "off", "switch.s": "on", "box.x": "full", "lamp.lid-x": "on"},
        log=log,
        name="a",
        took={"switch.s": 9.0},
    )
    b = ToyNode(clock, {"lamp.l": "on", "switch.s": "off"}, log=log, name="b")
    graph = graph_of(
        declared("a", **{**STACK, "lamp_l": {"value": "off"}}), declared("b", **STACK)
    )
    run_on(graph, a=a, b=b)
    assert log.index("a: set switch.s off") < log.index("b: set switch.s on")
    assert log.index("a: set box.x -") < log.index("a: set switch.s off")


def test_a_failed_demotion_on_one_node_stops_the_promotion_on_the_other():
    clock = ToyClock()
    a = ToyNode(clock, {"lamp.l": "off", "switch.s": "on"}, lies={"switch.s"})
    b = ToyNode(clock, {"lamp.l": "on", "switch.s": "off", "lamp.free": "no"})
    graph = graph_of(
        declared("a", **{**STACK, "lamp_l": {"value": "off"}}),
        declared("b", **STACK, lamp_free={}),
    )
    run_on(graph, a=a, b=b)
    assert b.sent == ["set lamp.free on"]


def test_a_promotion_waits_for_a_demotion_that_is_not_ours_to_do():
    clock = ToyClock()
    a = ToyNode(clock, {"lamp.l": "off", "switch.s": "on"})
    b = ToyNode(clock, {"lamp.l": "on", "switch.s": "off"})
    graph = graph_of(
        declared("a", **{**STACK, "lamp_l": {"value": "off"}}), declared("b", **STACK)
    )
    told = Run(graph, {"b": b}, clock, lambda *_: None, evidence={"a": a}).to_the_end()
    assert told.end is End.UNKNOWN
    assert a.sent == b.sent == []
    assert [(d.why, d.until) for d in told.passes[0].plan.deferred] == [
        ("waits for a/switch.s demote, another node's part", None),
        ("waits for b/switch.s promote", ResourceId("b", "switch", "s")),
        ("waits for b/box.x start", ResourceId("b", "box", "x")),
    ]


def hold(action, facts):
    return Hold("toy-hold", "it is early") if action.verb == "start" else Allow()


def test_a_held_action_is_not_begun_and_what_comes_after_it_neither():
    from tests.engine.toys import guarded

    kinds = guarded(Guard("toy-hold", hold))
    tables = {
        id: kinds[id.kind](**dict(r))
        for id, r in declared(
            "a", lamp_x={}, lamp_y={"on": "lamp.x"}, lamp_z={"value": "new"}
        ).items()
    }
    node = ToyNode(ToyClock(), {"lamp.z": "on"})
    told = run_on(graph_of(tables, kinds=kinds), a=node)
    assert told.end is End.HELD
    assert node.sent == ["set lamp.z new"]
    first = {o.action.key: o.ending for o in told.passes[0].outcomes}
    assert first["a/lamp.x start"] is Ending.HELD
    assert first["a/lamp.y start"] is Ending.SKIPPED


def test_a_plan_holds_what_comes_after_a_held_action():
    from tests.engine.toys import guarded

    kinds = guarded(Guard("toy-hold", lambda a, f: hold(a, f) if a.id.name == "x" else Allow()))
    plain = declared("a", lamp_x={}, lamp_y={"on": "lamp.x"}, lamp_z={})
    tables = {id: kinds["lamp"](**dict(r)) for id, r in plain.items()}
    this = planned(graph_of(tables, kinds=kinds), a=ToyNode(ToyClock(), {}))
    codes = {key: verdict.code for key, verdict in this.held.items()}
    assert codes == {"a/lamp.x start": "toy-hold", "a/lamp.y start": "comes-after"}


def test_the_worst_verdict_wins():
    from converge.engine.run.guards import Facts, judge
    from tests.engine.toys import Lamp, guarded

    no = Guard("toy-no", lambda a, f: Refuse("toy-no", "never"))
    kinds = guarded(Guard("toy-hold", hold))
    kinds["lamp"].guards = (Guard("toy-hold", hold), no, Guard("yes", lambda a, f: Allow()))
    tables = {id: kinds["lamp"](**dict(r)) for id, r in declared("a", lamp_x={}).items()}
    graph = graph_of(tables, kinds=kinds)
    this = plan(graph, {"a": ToyNode(ToyClock(), {})}, ToyClock())
    assert judge(this.plan.actions[0], Facts(graph, this.snapshot)) == Refuse("toy-no", "never")
    assert Lamp.guards == ()


def test_an_action_is_carried_out_as_it_is_right_at_its_turn():
    """A plan made of an old pid must not end whoever has that pid by now."""

    class Killed(Lamp):
        kind: ClassVar[str] = "killed"

        def actions(self, change):
            was = change.observed.state.value
            return (
                self.up("kill", f"it is {was}", Command(("set", self.key, f"not-{was}")), 3.0),
            )

    kinds = {**KINDS, "killed": Killed}
    node = ToyNode(ToyClock(), {"killed.k": "pid-1"})
    tables = {id: Killed(id=id, value="not-pid-2") for id in [ResourceId("a", "killed", "k")]}
    graph = graph_of(declared("a", lamp_0={}), tables, kinds=kinds)
    first = plan(graph, {"a": node}, node.clock)
    node.truth["killed.k"] = "pid-2"
    told = Run(graph, {"a": node}, node.clock, lambda *_: None).to_the_end(first)
    assert told.end is End.CONVERGED
    assert node.sent == ["set killed.k not-pid-2", "set lamp.0 on"]


def test_a_halt_lets_the_running_action_end_and_begins_no_other():
    clock = ToyClock()
    node = ToyNode(clock, {}, took={"lamp.x": 5.0})
    graph = graph_of(declared("a", lamp_x={}, lamp_y={"on": "lamp.x"}))
    run = Run(graph, {"a": node}, clock, lambda *_: None, halted=lambda: bool(node.sent))
    told = run.to_the_end()
    assert told.end is End.INTERRUPTED
    assert node.sent == ["set lamp.x on"]
    assert [o.ending for o in told.passes[0].outcomes] == [Ending.DONE, Ending.SKIPPED]


def test_what_became_right_meanwhile_is_not_done_again():
    node = ToyNode(ToyClock(), {})
    graph = graph_of(declared("a", lamp_x={}, lamp_y={"on": "lamp.x"}))
    first = plan(graph, {"a": node}, node.clock)
    run = Run(graph, {"a": node}, node.clock, lambda *_: None)
    report = lambda action, outcome, took: node.truth.update({"lamp.y": "on"})  # noqa: E731
    told = replace_report(run, report).to_the_end(first)
    assert node.sent == ["set lamp.x on"]
    assert told.passes[0].outcomes[1].detail == "it was so already"


def replace_report(run, report):
    run.report = report
    return run


def test_a_run_that_never_settles_ends_after_its_passes():
    node = ToyNode(ToyClock(), {})

    graph = graph_of(declared("a", lamp_x={"settle_s": 0.0}))
    node.lies.add("lamp.x")
    told = Run(graph, {"a": node}, node.clock, lambda *_: None, passes_max=4).to_the_end()
    assert told.end is End.UNFINISHED
    assert len(told.passes) == 4


def test_the_same_input_is_the_same_plan_whatever_the_order_of_declaration():
    tables = declared("a", **STACK, lamp_q={}, lamp_r={"on": "lamp.q"})
    node = {"lamp.l": "on", "switch.s": "off"}
    one = planned(graph_of(tables), a=ToyNode(ToyClock(), dict(node)))
    other = planned(graph_of(dict(reversed(tables.items()))), a=ToyNode(ToyClock(), dict(node)))
    assert one == other
    assert one == replace(one, basis=other.basis)


def test_a_killed_run_leaves_nothing_that_the_next_does_not_mend():
    for dies in range(4):
        node = ToyNode(ToyClock(), {"lamp.l": "on"}, dies_after=dies)
        graph = graph_of(declared("a", **STACK))
        try:
            run_on(graph, a=node)
        except KilledError:
            node.dies_after = 10**9
            assert run_on(graph, a=node).end is End.CONVERGED
        assert node.truth == {
            "lamp.l": "on",
            "switch.s": "on",
            "box.x": "full",
            "lamp.lid-x": "on",
        }


def test_the_steps_of_one_change_go_one_after_the_other():
    clock = ToyClock()
    node = ToyNode(clock, {}, took={"steps.x-base": 5.0})
    seen = {}
    run = Run(graph_of(declared("a", steps_x={})), {"a": node}, clock, lambda *_: None)
    run.report = lambda action, outcome, took: seen.setdefault(action.verb, clock.now)
    assert run.to_the_end().end is End.CONVERGED
    assert seen["finish"] >= 5.0


def test_what_needs_something_wished_away_is_wished_away_with_it():
    tables = declared("a", lamp_x={"wanted": False}, lamp_y={"on": "lamp.x"}, lamp_z={})
    node = ToyNode(ToyClock(), {f"lamp.{n}": "on" for n in "xyz"})
    assert run_on(graph_of(tables), a=node).end is End.CONVERGED
    assert node.sent == ["set lamp.y -", "set lamp.x -"]


def test_what_needs_a_wish_that_cannot_be_told_waits_too():
    tables = declared(
        "a", switch_s={"follow": "lamp.l"}, lamp_l={}, lamp_y={"on": "switch.s", "restart": True}
    )
    node = ToyNode(ToyClock(), {"lamp.y": "odd"}, silent={"lamp.l"})
    this = planned(graph_of(tables), a=node)
    assert keys(this) == []
    assert [str(d.id) for d in this.deferred] == ["a/lamp.l", "a/switch.s", "a/lamp.y"]


def test_what_falls_silent_during_the_run_is_held_not_acted_on():
    node = ToyNode(ToyClock(), {})
    graph = graph_of(declared("a", lamp_x={}, lamp_y={"on": "lamp.x"}))
    run = Run(graph, {"a": node}, node.clock, lambda *_: None)
    run.report = lambda action, outcome, took: node.silent.add("lamp.y")
    told = run.to_the_end()
    assert node.sent == ["set lamp.x on"]
    held = told.passes[0].outcomes[1]
    assert (held.ending, held.detail) == (
        Ending.HELD,
        "cannot be seen now: get lamp.y: no answer within 10 s",
    )


def test_an_action_that_is_no_longer_what_is_needed_is_skipped():
    node = ToyNode(ToyClock(), {})
    graph = graph_of(declared("a", lamp_x={}, lamp_y={"on": "lamp.x"}))
    run = Run(graph, {"a": node}, node.clock, lambda *_: None)
    run.report = lambda action, outcome, took: node.truth.setdefault("lamp.y", "odd")
    told = run.to_the_end()
    assert told.passes[0].outcomes[1].detail == "it is no longer what is needed"
    assert [a.key for a in told.passes[1].plan.actions] == ["a/lamp.y change"]
    assert told.end is End.CONVERGED


def test_a_refused_command_fails_at_once_and_says_why():
    node = ToyNode(ToyClock(), {}, refuses={"lamp.x"})
    told = run_on(graph_of(declared("a", lamp_x={"settle_s": 600.0})), a=node)
    (outcome,) = told.passes[0].outcomes
    assert (outcome.ending, outcome.detail) == (Ending.FAILED, "toy: refused")
    assert node.clock.now < 5


def test_no_half_switchover_nothing_is_given_up_that_the_other_may_not_take():
    from tests.engine.toys import Switch

    class GuardedSwitch(Switch):
        guards = (
            Guard(
                "toy-no", lambda a, f: Refuse("toy-no", "old") if a.verb == "promote" else Allow()
            ),
        )

    kinds = {**KINDS, "switch": GuardedSwitch}
    clock = ToyClock()
    truth = {"lamp.l": "off", "switch.s": "on", "box.x": "full", "lamp.lid-x": "on"}
    a = ToyNode(clock, dict(truth, **{"lamp.odd": "odd"}))
    b = ToyNode(clock, {"lamp.l": "on", "switch.s": "off"})
    tables = {
        **declared("a", **{**STACK, "lamp_l": {"value": "off"}, "lamp_odd": {}}),
        **declared("b", **STACK),
    }
    tables = {id: kinds[id.kind](**dict(r)) for id, r in tables.items()}
    graph = graph_of(tables, kinds=kinds)
    held = planned(graph, a=a, b=b).held
    assert held["a/switch.s demote"].code == "half-switchover"
    assert held["a/box.x stop"].code == "comes-after"
    assert held["b/switch.s promote"].code == "toy-no"
    assert run_on(graph, a=a, b=b).end is End.HELD
    assert (a.sent, b.sent) == (["set lamp.odd on"], [])
    assert run_on(graph, a=a).end is End.CONVERGED
    assert a.truth["switch.s"] == "off"


def test_what_only_follows_does_not_go_down_with_what_it_follows():
    tables = declared(
        "a",
        lamp_l={"value": "new", "restart": True},
        switch_s={"follow": "lamp.l"},
        lamp_y={"on": "switch.s"},
    )
    node = ToyNode(ToyClock(), {"lamp.l": "old", "switch.s": "on", "lamp.y": "on"})
    assert run_on(graph_of(tables), a=node).end is End.CONVERGED
    assert node.sent == ["set lamp.l -", "set lamp.l new"]


def test_what_it_sets_in_motion_is_waited_for_before_the_next_look():
    clock = ToyClock()
    node = ToyNode(clock, {})
    graph = graph_of(declared("a", lamp_x={"pause_s": 20.0}, lamp_y={"on": "lamp.x"}, lamp_z={}))
    began = {}
    run = Run(graph, {"a": node}, clock, lambda *_: None)
    run.report = lambda action, outcome, took: began.setdefault(action.id.name, clock.now)
    assert run.to_the_end().end is End.CONVERGED
    assert began["z"] < 5
    assert began["y"] >= 20


def test_nothing_goes_down_to_come_up_again_on_what_has_to_wait():
    tables = declared(
        "a",
        lamp_x={},
        lamp_y={"on": "lamp.x", "value": "new", "restart": True},
        lamp_z={"on": "lamp.y"},
    )
    node = ToyNode(ToyClock(), {"lamp.y": "old", "lamp.z": "on"}, silent={"lamp.x"})
    this = planned(graph_of(tables), a=node)
    assert keys(this) == []
    assert "a/lamp.y" in {str(d.id) for d in this.deferred}
    node.silent.clear()
    assert run_on(graph_of(tables), a=node).end is End.CONVERGED


def test_nothing_goes_down_to_come_up_again_where_a_guard_stands():
    from tests.engine.toys import guarded

    kinds = guarded(Guard("toy-hold", lambda a, f: hold(a, f) if a.id.name == "y" else Allow()))
    tables = declared("a", lamp_y={"value": "new", "restart": True}, lamp_z={"on": "lamp.y"})
    tables = {id: kinds[id.kind](**dict(r)) for id, r in tables.items()}
    node = ToyNode(ToyClock(), {"lamp.y": "old", "lamp.z": "on"})
    graph = graph_of(tables, kinds=kinds)
    assert {v.code for v in planned(graph, a=node).held.values()} == {
        "toy-hold",
        "no-way-back",
        "comes-after",
    }
    assert run_on(graph, a=node).end is End.HELD
    assert node.sent == []


def test_a_failed_down_of_what_stands_on_the_twin_stops_the_promotion():
    """Its role cannot be seen, and what stands on it cannot be stopped: nobody leads beside it."""
    clock = ToyClock()
    truth = {"lamp.l": "off", "box.x": "full", "lamp.lid-x": "on"}
    a = ToyNode(clock, truth, lies={"box.x"}, silent={"switch.s"})
    b = ToyNode(clock, {"lamp.l": "on", "switch.s": "off"})
    graph = graph_of(
        declared("a", **{**STACK, "lamp_l": {"value": "off"}}), declared("b", **STACK)
    )
    after = {x.key: x.after for x in planned(graph, a=a, b=b).actions}
    assert after["b/switch.s promote"] == ("a/box.x stop",)
    told = run_on(graph, a=a, b=b)
    assert told.end is End.FAILED
    assert b.sent == []


def test_who_follows_comes_before_who_leads():
    clock, log = ToyClock(), []
    a = ToyNode(clock, {"lamp.l": "on"}, log=log, name="a")
    b = ToyNode(clock, {"lamp.l": "off"}, log=log, name="b", took={"switch.s": 5.0})
    tables = {"switch_s": {"follow": "lamp.l"}}
    graph = graph_of(
        declared("a", **tables, lamp_l={}), declared("b", **tables, lamp_l={"value": "off"})
    )
    # on b the toy's demotion counts as going up here, as a join does
    run_on(graph, a=a, b=b)
    assert log == ["b: set switch.s off", "a: set switch.s on"]


def test_who_leads_does_not_wait_for_who_cannot_follow():
    clock = ToyClock()
    a = ToyNode(clock, {"lamp.l": "on"})
    b = ToyNode(clock, {"lamp.l": "off", "lamp.x": "on"}, refuses={"lamp.y"})
    graph = graph_of(declared("a", lamp_y={}), declared("b", lamp_y={"value": "off"}))
    run_on(graph, a=a, b=b)
    assert a.sent == ["set lamp.y on"]


def test_what_is_down_already_is_nothing_that_is_given_up():
    clock = ToyClock()
    a = ToyNode(clock, {"lamp.l": "off", "switch.s": "off", "box.x": "off"}, lies={"box.x"})
    b = ToyNode(clock, {"lamp.l": "on", "switch.s": "off"})
    graph = graph_of(
        declared("a", **{**STACK, "lamp_l": {"value": "off"}}), declared("b", **STACK)
    )
    run_on(graph, a=a, b=b)
    assert a.sent[0] == "set box.x -"
    assert b.truth["switch.s"] == "on"


# What is tried when an action fails: one rung after the other


def of_kinds(kinds, **tables):
    """A graph of node a with these kinds instead of the plain ones."""
    plain = declared("a", **tables)
    return graph_of({id: kinds[id.kind](**dict(r)) for id, r in plain.items()}, kinds=kinds)


STUBBORN = {"stubborn_s": {"wanted": False}, "lamp_l": {}}
STOP, PUSH = "set stubborn.s -", "set stubborn.s-push -"


def stubborn_on(stuck, **kinds):
    node = ToyNode(ToyClock(), {"stubborn.s": "on"}, stuck={"stubborn.s": stuck})
    told = []
    graph = of_kinds({**KINDS, **kinds}, **STUBBORN)
    end = Run(graph, {"a": node}, node.clock, lambda *said: told.append(said), passes_max=1)
    return node, end.to_the_end(), [o for _, o, _ in told if o]


def test_a_stop_that_works_needs_no_rung():
    node, _, outcomes = stubborn_on(0)
    assert node.sent == [STOP, "set lamp.l on"]
    assert [o.ending for o in outcomes] == [Ending.DONE, Ending.DONE]


def test_a_failed_action_is_tried_harder_and_ends_once():
    node, told, outcomes = stubborn_on(1)
    # Nothing goes up before the last rung has ended.
    assert node.sent == [STOP, PUSH, STOP, "set lamp.l on"]
    stop = outcomes[0]
    assert (stop.action.key, stop.ending) == ("a/stubborn.s stop", Ending.DONE)
    assert (stop.action.rung, stop.action.why) == (2, "tear")
    assert [o.action.key for o in outcomes] == ["a/stubborn.s stop", "a/lamp.l start"]
    assert told.passes[0].outcomes == tuple(outcomes)
    # Each rung has its own time to settle.
    assert 6.0 <= node.clock.now < 10.0


def test_when_the_last_rung_fails_the_action_has_failed():
    node, told, outcomes = stubborn_on(9)
    assert node.sent[:3] == [STOP, PUSH, STOP]
    assert node.sent.count(STOP) == 2
    assert (told.end, outcomes[0].ending) == (End.FAILED, Ending.FAILED)
    assert outcomes[0].action.rung == 2


def test_the_next_rung_is_judged_again_on_a_fresh_look():
    asked = []

    def gentle(action, facts):
        if facts.planning:
            return Allow()
        asked.append(action.rung)
        return Hold("gentle", "no force") if action.rung == 2 else Allow()

    class Guarded(KINDS["stubborn"]):
        guards: ClassVar[tuple[Guard, ...]] = (Guard("gentle", gentle),)

    node, _, outcomes = stubborn_on(9, stubborn=Guarded)
    assert node.sent[:2] == [STOP, PUSH]
    assert asked == [0, 1, 2]
    assert (outcomes[0].ending, outcomes[0].detail) == (Ending.HELD, "gentle: no force")


def test_what_came_down_by_itself_needs_no_next_rung():
    """It came down late, just as the next rung was judged."""
    node = ToyNode(ToyClock(), {"stubborn.s": "on"}, late={"stubborn.s": 3.6})
    graph = graph_of(declared("a", stubborn_s={"wanted": False}))
    told = run_on(graph, a=node)
    assert told.end is End.CONVERGED
    assert node.sent[-1] in (STOP, PUSH)
    assert len(node.sent) <= 2


def test_a_halt_begins_no_further_rung():
    node = ToyNode(ToyClock(), {"stubborn.s": "on"}, stuck={"stubborn.s": 9})
    graph = graph_of(declared("a", **STUBBORN))
    run = Run(graph, {"a": node}, node.clock, lambda *_: None, halted=lambda: len(node.sent) > 0)
    told = run.to_the_end()
    assert node.sent == [STOP]
    assert told.end is End.INTERRUPTED
    assert {o.ending for o in told.passes[0].outcomes} <= {Ending.FAILED, Ending.SKIPPED}


# Holds that are sure to lift


def until(lifts_s, *, sure=True):
    """A guard whose hold lifts at that time."""

    def judge(action, facts):
        left_s = lifts_s - facts.now.elapsed_s
        return Hold("soon", "wait", again_s=left_s, sure=sure) if left_s > 0 else Allow()

    return {**KINDS, "lamp": guarded(Guard("soon", judge))["lamp"]}


def report_into(told):
    return lambda action, outcome, took_s: told.append((action.key, outcome))


def test_what_is_sure_to_lift_soon_is_waited_for_without_a_word():
    node, told = ToyNode(ToyClock()), []
    graph = of_kinds(until(5.0), lamp_x={})
    run = Run(graph, {"a": node}, node.clock, report_into(told))
    assert run.to_the_end().end is End.CONVERGED
    assert 5.0 <= node.clock.now < 10.0
    assert {outcome.ending for _, outcome in told if outcome} == {Ending.DONE}


def test_what_may_last_or_lasts_long_ends_the_run_as_held():
    for kinds in (until(5.0, sure=False), until(7.0)):
        node = ToyNode(ToyClock())
        assert run_on(of_kinds(kinds, lamp_x={}), a=node).end is End.HELD
        assert node.clock.now == 0.0
    node = ToyNode(ToyClock())
    graph = of_kinds(until(40.0), lamp_x={})
    patient = Run(graph, {"a": node}, node.clock, lambda *_: None, wait_s=60.0)
    assert patient.to_the_end().end is End.CONVERGED


def test_nothing_that_gives_up_waits_for_what_lifts_soon():
    node = ToyNode(ToyClock(), {"switch.s": "on", "lamp.l": "off"}, refuses={"lamp.l"})
    began = []
    graph = of_kinds(until(5.0), lamp_x={}, lamp_l={"value": "off"}, switch_s={"follow": "lamp.l"})
    Run(
        graph, {"a": node}, node.clock, lambda a, o, _: began.append((a.key, node.clock.now))
    ).to_the_end()
    assert began[0] in [("a/switch.s demote", 0.0), ("a/lamp.x start", 0.0)]
    assert dict(reversed(began))["a/switch.s demote"] == 0.0


def test_what_the_plan_holds_ends_once():
    node, told = ToyNode(ToyClock()), []
    kinds = guarded(Guard("never", lambda *_: Refuse("never", "no")))
    graph = of_kinds(kinds, lamp_x={}, lamp_y={"needs": ("lamp.x",)})
    Run(graph, {"a": node}, node.clock, report_into(told)).to_the_end()
    ended = [key for key, outcome in told if outcome]
    assert sorted(ended) == ["a/lamp.x start", "a/lamp.y start"]


def test_of_two_holds_the_one_that_may_last_is_told():
    class Two(Lamp):
        guards: ClassVar[tuple[Guard, ...]] = (
            Guard("soon", lambda *_: Hold("soon", "wait", 1.0, sure=True)),
            Guard("long", lambda *_: Hold("long", "wait")),
        )

    graph = of_kinds({**KINDS, "lamp": Two}, lamp_x={})
    (verdict,) = planned(graph, a=ToyNode(ToyClock())).verdicts.values()
    assert verdict.code == "long"
