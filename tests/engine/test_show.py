"""What people read of a plan: what goes together shares a line, what differs stands out."""

from dataclasses import dataclass

from converge.core.ids import ResourceId
from converge.core.plan import Change, Deferred
from converge.core.state import Present, State
from converge.engine.show.text import field_lines, waiting_lines


def of(name: str) -> ResourceId:
    return ResourceId("a", "lamp", name)


def test_what_waits_for_the_same_or_for_each_other_shares_a_line() -> None:
    waiting = [
        Deferred(of("x"), "it is dark", of("sun")),
        Deferred(of("y"), "it is dark", of("sun")),
        Deferred(of("z"), "waits for lamp.y", of("y")),
        Deferred(of("w"), "it is dark"),
    ]
    assert list(waiting_lines(waiting)) == [
        "     ? lamp.x: it is dark (until lamp.sun)",
        "       and with it: lamp.y, lamp.z",
        "     ? lamp.w: it is dark",
    ]


def test_the_same_reason_on_another_node_is_another_line() -> None:
    waiting = [Deferred(ResourceId(n, "lamp", "x"), "it is dark") for n in "ab"]
    assert len(list(waiting_lines(waiting, nodes=True))) == 2


def test_long_lists_are_folded_and_cut() -> None:
    waiting = [Deferred(of(f"number-{n}"), "it is dark") for n in range(20)]
    lines = list(waiting_lines(waiting))
    assert max(map(len, lines)) <= 100
    assert sum(line.count("lamp.number-") for line in lines) == 7
    assert lines[-1].endswith("and 13 more")
    assert sum(line.count("lamp.") for line in waiting_lines(waiting[:8])) == 8


@dataclass(frozen=True)
class Listing(State):
    says: tuple[str, ...]


def test_of_two_lists_only_what_differs_is_shown() -> None:
    old, new = Listing(("a", "b", "c")), Listing(("a", "d", "c"))
    change = Change(of("x"), Present(old), Present(new))
    assert list(field_lines(change)) == ["says: b -> d"]
    change = Change(of("x"), Present(old), Present(Listing(("a", "b"))))
    assert list(field_lines(change)) == ["says: c -> nothing"]
