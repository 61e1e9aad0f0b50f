"""The graph: what is implied, who needs whom, in which order, and what is wrong with it."""

from typing import ClassVar

from converge.core.ids import Ref, ResourceId
from converge.core.resource import Implied
from converge.engine.graph import build
from tests.engine.toys import KINDS, PAIR, Lamp, declared


def names(ids):
    return [str(id) for id in ids]


def test_needs_come_first_and_ties_are_broken_by_name():
    graph, flaws = build(
        PAIR, declared("a", lamp_c={}, lamp_b={"on": "lamp.z"}, lamp_z={}, lamp_a={}), KINDS
    )
    assert not flaws
    assert names(graph.order) == ["a/lamp.a", "a/lamp.c", "a/lamp.z", "a/lamp.b"]


def test_implied_resources_are_brought_along_and_know_by_whom():
    graph, _ = build(
        PAIR,
        declared("a", switch_s={"follow": "lamp.l"}, lamp_l={}, box_x={"switch": "switch.s"}),
        KINDS,
    )
    lid, box = ResourceId("a", "lamp", "lid-x"), ResourceId("a", "box", "x")
    assert graph.implied_by == {lid: box}
    assert graph.needs[lid] == {box}
    assert ResourceId("a", "lamp", "l") in graph.all_needs[lid]
    assert lid in graph.needed_by[ResourceId("a", "switch", "s")]


def test_a_declared_table_wins_over_an_implied_one():
    tables = declared(
        "a",
        lamp_l={},
        switch_s={"follow": "lamp.l"},
        box_x={"switch": "switch.s"},
        **{"lamp_lid-x": {"value": "mine"}},
    )
    graph, _ = build(PAIR, tables, KINDS)
    assert graph.resources[ResourceId("a", "lamp", "lid-x")].value == "mine"
    assert not graph.implied_by


def test_two_that_imply_the_same_differently_are_a_flaw():
    class Quarrel(Lamp):
        kind: ClassVar[str] = "quarrel"

        def implied(self, around):
            yield Implied("lamp", "shared", {"value": self.value})

    kinds = {**KINDS, "quarrel": Quarrel}
    make = lambda name, value: Quarrel(id=ResourceId("a", "quarrel", name), value=value)  # noqa: E731
    same = {r.id: r for r in (make("p", "x"), make("q", "x"))}
    assert build(PAIR, same, kinds)[1] == []
    differ = {r.id: r for r in (make("p", "x"), make("q", "y"))}
    (flaw,) = build(PAIR, differ, kinds)[1]
    assert flaw.message == "quarrel.q and quarrel.p each bring along lamp.shared, but not the same"


def test_a_cycle_is_spelled_out():
    tables = declared(
        "a", lamp_x={"on": "lamp.y"}, lamp_y={"on": "lamp.z"}, lamp_z={"needs": ["lamp.x"]}
    )
    graph, (flaw,) = build(PAIR, tables, KINDS)
    assert graph is None
    assert flaw.message == "lamp.x needs lamp.y, which needs lamp.z, which needs lamp.x"


def test_a_need_that_is_not_there_is_a_flaw_with_a_guess():
    _, (flaw,) = build(PAIR, declared("a", lamp_kitchen={}, lamp_x={"on": "lamp.kichen"}), KINDS)
    assert (str(flaw.id), flaw.field) == ("a/lamp.x", "on")
    assert flaw.message == "lamp.kichen is not declared"
    assert flaw.guess == "lamp.kitchen"


def test_a_reference_never_leaves_its_node():
    tables = {**declared("a", lamp_x={"on": "lamp.y"}), **declared("b", lamp_y={})}
    _, (flaw,) = build(PAIR, tables, KINDS)
    assert flaw.id.node == "a"
    assert Ref("lamp.y").name == "y"


def test_what_precedes_is_needed_by_what_comes_after_it_if_that_is_there():
    tables = declared("a", lamp_z={"before": "lamp.a"}, lamp_a={}, lamp_y={"before": "lamp.gone"})
    graph, flaws = build(PAIR, tables, KINDS)
    assert not flaws
    assert names(graph.order) == ["a/lamp.y", "a/lamp.z", "a/lamp.a"]


def test_two_that_want_the_same_thing_are_a_flaw_on_each_node_by_itself():
    class Greedy(Lamp):
        kind: ClassVar[str] = "greedy"

        def claims(self):
            return ("the socket",)

    kinds = {**KINDS, "greedy": Greedy}
    one, other = (Greedy(id=ResourceId("a", "greedy", n)) for n in "pq")
    far = Greedy(id=ResourceId("b", "greedy", "q"))
    (flaw,) = build(PAIR, {r.id: r for r in (one, other)}, kinds)[1]
    assert (
        flaw.message == "greedy.p and greedy.q both want the socket: only one of them can have it"
    )
    assert str(flaw.id) == "a/greedy.q"
    assert build(PAIR, {r.id: r for r in (one, far)}, kinds)[1] == []


def test_what_one_node_of_the_pair_can_have_is_not_wanted_on_both() -> None:
    class Crown(Lamp):
        kind: ClassVar[str] = "crown"

        def claims_of_pair(self):
            return ("the crown",)

    kinds = {**KINDS, "crown": Crown}
    here, there = (Crown(id=ResourceId(node, "crown", "x")) for node in "ab")
    (flaw,) = build(PAIR, {r.id: r for r in (here, there)}, kinds)[1]
    assert (
        flaw.message == "a/crown.x and b/crown.x both want the crown: only one of them can have it"
    )
    assert build(PAIR, {here.id: here}, kinds)[1] == []
