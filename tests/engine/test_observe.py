"""Observing: merged queries, batched rounds, and silence that is never taken for absence."""

from typing import ClassVar

import pytest

from converge.core.host import Answer, Run
from converge.core.ids import ResourceId
from converge.core.state import Absent, Present, Unknown
from converge.core.ways import Path
from converge.engine.graph import build
from converge.engine.observe import observe
from tests.engine.toys import KINDS, PAIR, Lamp, ToyClock, ToyNode, ToyState, declared


def seen(node, tables, kinds=KINDS):
    graph, flaws = build(PAIR, tables, kinds)
    assert not flaws
    return observe(graph, {"a": node}, node.clock)


def test_a_whole_node_is_one_batch():
    node = ToyNode(ToyClock(), {"lamp.x": "on"})
    snapshot = seen(node, declared("a", lamp_x={}, lamp_y={}, lamp_z={}))
    assert node.batches == 1
    assert snapshot.observed[ResourceId("a", "lamp", "x")] == Present(ToyState("on"))
    assert snapshot.observed[ResourceId("a", "lamp", "y")] == Absent()


class Twice(Lamp):
    """Asks for what all ask for, then for its own."""

    kind: ClassVar[str] = "twice"

    def look(self, around):
        shared = yield Run(("get", "shared"))
        own = yield Run(("get", shared.stdout + self.id.name))
        return Present(ToyState(own.stdout))


def test_equal_queries_are_asked_once_and_rounds_are_shared():
    node = ToyNode(ToyClock(), {"shared": "k", "kx": "1", "ky": "2"})
    kinds = {**KINDS, "twice": Twice}
    tables = {id: Twice(id=id) for id in (ResourceId("a", "twice", n) for n in "xy")}
    snapshot = seen(node, tables, kinds)
    assert node.asked == ["get shared", "get kx", "get ky"]
    assert node.batches == 2
    assert dict(snapshot.heard["a"])[Run(("get", "shared"))] == Answer(0, "k")


def test_silence_is_unknown_and_never_absent():
    node = ToyNode(ToyClock(), {}, silent={"lamp.x"})
    snapshot = seen(node, declared("a", lamp_x={}))
    assert snapshot.observed[ResourceId("a", "lamp", "x")] == Unknown(
        "get lamp.x: no answer within 10 s"
    )


def test_a_node_that_answers_nothing_has_one_reason():
    tables = declared("a", lamp_x={}, lamp_y={}, lamp_z={})
    observed = seen(
        ToyNode(ToyClock(), silent={"hostname", "lamp.x", "lamp.y", "lamp.z"}), tables
    ).observed
    assert set(observed.values()) == {Unknown("no answer within 10 s")}
    observed = seen(ToyNode(ToyClock(), silent={"hostname", "lamp.x", "lamp.y"}), tables).observed
    assert Unknown("get lamp.x: no answer within 10 s") in observed.values()


def test_a_look_may_ask_to_hear_the_silence_itself():
    class Listener(Lamp):
        kind: ClassVar[str] = "listener"

        def look(self, around):
            answer = yield Run(("get", "it"), silence_speaks=True)
            return Present(ToyState("silent" if answer.lost else "speaks"))

    node = ToyNode(ToyClock(), {}, silent={"it"})
    id = ResourceId("a", "listener", "l")
    snapshot = seen(node, {id: Listener(id=id)}, {**KINDS, "listener": Listener})
    assert snapshot.observed[id] == Present(ToyState("silent"))


def test_a_node_without_a_reader_is_not_in_the_snapshot():
    node = ToyNode(ToyClock(), {})
    tables = {**declared("a", lamp_x={}), **declared("b", lamp_x={})}
    assert [id.node for id in seen(node, tables).observed] == ["a"]


class Many(ToyNode):
    """A toy node with one path that is known once it was knocked at."""

    knocked = False

    def knock(self):
        self.knocked = True

    def expect_nobody(self):
        """It is in no hurry."""

    @property
    def paths(self):
        return (Path("lan", "192.0.2.1", answered=self.knocked, age_s=self.clock.now),)


@pytest.mark.parametrize("ids", [None, [], [ResourceId("a", "lamp", "x")]])
def test_what_is_known_of_paths_is_in_every_snapshot(ids):
    graph, _ = build(PAIR, {**declared("a", lamp_x={}), **declared("b", lamp_x={})}, KINDS)
    clock = ToyClock()
    readers = {"a": ToyNode(clock), "b": Many(clock, name="b")}
    snapshot = observe(graph, readers, clock, ids)
    assert snapshot.paths == {"b": (Path("lan", "192.0.2.1", answered=True),)}


def test_a_look_that_never_ends_is_a_bug_that_is_named():
    class Endless(Lamp):
        kind: ClassVar[str] = "endless"

        def look(self, around):
            n = 0
            while True:
                yield Run(("get", str(n)))
                n += 1

    id = ResourceId("a", "endless", "e")
    with pytest.raises(RuntimeError, match=r"a/endless\.e"):
        seen(ToyNode(ToyClock()), {id: Endless(id=id)}, {**KINDS, "endless": Endless})


def test_what_was_asked_in_an_earlier_round_is_not_asked_again():
    class Late(Lamp):
        kind: ClassVar[str] = "late"

        def look(self, around):
            yield Run(("get", "own"))
            answer = yield Run(("get", "shared"))
            return Present(ToyState(answer.stdout))

    node = ToyNode(ToyClock(), {"shared": "k", "kx": "1", "own": "2"})
    ids = ResourceId("a", "twice", "x"), ResourceId("a", "late", "l")
    tables = {ids[0]: Twice(id=ids[0]), ids[1]: Late(id=ids[1])}
    seen(node, tables, {**KINDS, "twice": Twice, "late": Late})
    assert node.asked.count("get shared") == 1


class Count(Lamp):
    """Reads a number."""

    kind: ClassVar[str] = "count"

    def look(self, around):
        answer = yield Run(("get", self.key))
        return Present(ToyState(str(int(float(answer.stdout)))))


@pytest.mark.parametrize("text", ["²", "9" * 5000, "inf", "192.168.1.999"])
def test_an_answer_that_cannot_be_understood_is_unknown(text):
    node = ToyNode(ToyClock(), {"count.x": text, "count.y": "7"})
    ids = [ResourceId("a", "count", n) for n in "xy"]
    observed = seen(node, {id: Count(id=id) for id in ids}, {**KINDS, "count": Count}).observed
    assert observed == {
        ids[0]: Unknown("what get count.x answered cannot be understood"),
        ids[1]: Present(ToyState("7")),
    }


def test_a_mistake_before_any_answer_is_ours():
    class Wrong(Lamp):
        kind: ClassVar[str] = "wrong"

        def look(self, around):
            yield Run(("get", str(int("x"))))

    id = ResourceId("a", "wrong", "w")
    with pytest.raises(ValueError, match="invalid literal"):
        seen(ToyNode(ToyClock()), {id: Wrong(id=id)}, {**KINDS, "wrong": Wrong})


def test_a_machine_with_another_name_is_not_looked_at_as_this_node():
    node = ToyNode(ToyClock(), {"lamp.x": "on"}, hostname="stranger.example.org\n")
    snapshot = seen(node, declared("a", lamp_x={}))
    told = snapshot.observed[ResourceId("a", "lamp", "x")]
    assert isinstance(told, Unknown)
    assert "calls itself stranger.example.org, and a is called a" in told.why
    for name in ("a\n", "A.example.org\n", ""):
        node.hostname = name
        assert seen(node, declared("a", lamp_x={})).observed[ResourceId("a", "lamp", "x")] == (
            Present(ToyState("on"))
        )
