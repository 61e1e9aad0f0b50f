"""From a difference back to the fields that make it: tried, not told."""

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from converge.core.adoption import Adoption, Declined
from converge.core.ids import ResourceId
from converge.core.ledger import NEVER, Ledger
from converge.core.pair import Node, Pair
from converge.core.plan import Action, Change
from converge.core.resource import Around, Implied, Look, Resource, View
from converge.core.secret import Secret
from converge.core.state import Absent, Observation, Present, State, Wish
from converge.engine.graph import build
from converge.engine.plan.adoption import adopted
from converge.engine.plan.sight import Sight

PAIR = Pair("p", {n: Node(n, n, f"192.0.2.{i}", f"192.0.2.{i}") for i, n in enumerate("ab", 1)})


@dataclass(frozen=True)
class LampState(State):
    """Its light, and a line that says how."""

    colour: str
    line: str = ""
    key: Secret | str = ""


class Lamp(Resource[LampState]):
    """A lamp whose line is made of its fields."""

    kind: ClassVar[str] = "lamp"
    colour: str = "red"
    on: bool = True
    watts: int = 40
    volts: int = 12
    one: bool = False
    other: bool = False
    fuse: Literal["slow", "quick"] = "slow"
    key: Secret | str = ""

    def want(self, view: View) -> Wish[LampState]:
        line = f"watts {self.watts} volts {self.volts}"
        if self.one or self.other:
            line += " both"
        return Present(LampState(self.colour, line, self.key)) if self.on else Absent()

    def implied(self, around: Around) -> list[Implied]:
        return [Implied("plug", self.id.name, {"label": f"fuse={self.fuse}"})]

    def look(self, around: Around) -> Look[LampState]:
        raise NotImplementedError

    def actions(self, change: Change) -> tuple[Action, ...]:
        return ()


@dataclass(frozen=True)
class PlugState(State):
    label: str


class Plug(Resource[PlugState]):
    """What a lamp brings along."""

    kind: ClassVar[str] = "plug"
    label: str = ""

    def want(self, view: View) -> Wish[PlugState]:
        return Present(PlugState(self.label))

    def look(self, around: Around) -> Look[PlugState]:
        raise NotImplementedError

    def actions(self, change: Change) -> tuple[Action, ...]:
        return ()


LAMP = ResourceId("a", "lamp", "x")
PLUG = ResourceId("a", "plug", "x")


def back(
    seen: Observation[Any], id: ResourceId = LAMP, **table: Any
) -> tuple[dict[str, object], tuple[Declined, ...]]:
    """What is adopted, and what is not, when `id` was seen so."""
    graph, flaws = build(PAIR, {LAMP: Lamp(id=LAMP, **table)}, {"lamp": Lamp, "plug": Plug})
    assert graph, flaws
    sight = Sight(graph.around("a"), {id: seen}, {}, Ledger(), NEVER, bound=True)
    change = Change(id, seen, graph.resources[id].want(sight))
    found, declined = adopted(graph, change, sight)
    assert all(isinstance(one, Adoption) and (one.id, one.of) == (LAMP, id) for one in found)
    return {one.field: one.value for one in found}, declined


LINE = "watts 40 volts 12"


def test_a_field_of_the_same_name() -> None:
    assert back(Present(LampState("blue", LINE))) == ({"colour": "blue"}, ())


def test_a_word_of_a_line() -> None:
    assert back(Present(LampState("red", "watts 60 volts 12"))) == ({"watts": 60}, ())


def test_several_fields_of_one_line() -> None:
    found = back(Present(LampState("red", "watts 60 volts 24")))
    assert found == ({"watts": 60, "volts": 24}, ())


def test_words_that_changed_places() -> None:
    found = back(Present(LampState("red", "watts 12 volts 40")))
    assert found == ({"watts": 12, "volts": 40}, ())


def test_absent_is_a_switch() -> None:
    assert back(Absent()) == ({"on": False}, ())


def test_what_it_brings_along() -> None:
    assert back(Present(PlugState("fuse=quick")), PLUG) == ({"fuse": "quick"}, ())
    found, (no,) = back(Present(PlugState("fuse=none")), PLUG)
    assert found == {}
    assert "lamp.x brings it along, and no field of [lamp.x] makes it so" in no.why


def test_two_fields_that_would_each_do() -> None:
    found, (no,) = back(Present(LampState("red", f"{LINE} both")))
    assert found == {}
    assert no.why == "one and other of [lamp.x] would each do it: choose one by hand"


def test_what_no_field_says() -> None:
    found, (no,) = back(Present(LampState("red", "something else")))
    assert (found, no.field) == ({}, "line")
    assert "it follows from what is seen" in no.why


def test_the_rest_is_adopted_all_the_same() -> None:
    found, (no,) = back(Present(LampState("blue", "something else")))
    assert (found, no.field) == ({"colour": "blue"}, "line")


def test_a_part_of_a_line_is_not_taken() -> None:
    found, (no,) = back(Present(LampState("red", "watts 60 volts 12 more")))
    assert (found, no.field) == ({}, "line")


def test_a_secret_is_not_copied() -> None:
    found, (no,) = back(Present(LampState("red", LINE, Secret("hidden"))))
    assert (found, no.field) == ({}, "key")
    assert "secrets are not copied" in no.why
    assert "hidden" not in repr((found, no))
