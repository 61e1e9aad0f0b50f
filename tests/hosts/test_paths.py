"""A node by every path: who is asked when, whose answer counts, and what is known afterwards."""

import pytest

from converge.core.host import Answer, Run
from converge.core.ways import ManyPaths, Path
from converge.hosts.paths import CONNECT_S, KNOWN_IN_S, SILENT_FOR_S, PathsReader
from tests.engine.toys import ToyClock
from tests.hosts.toy_ways import TIMED_OUT, ToyWays, Way

PATHS = (("lan", "L"), ("replication", "R"))
ASK = [Run(("echo", "x"))]


class Bench:
    """A reader on toy ways, and time."""

    def __init__(self, lan: Way, replication: Way) -> None:
        self.lan, self.replication = lan, replication
        self.clock = ToyClock()
        self.ways = ToyWays(self.clock, {"L": lan, "R": replication})
        self.reader = PathsReader("hasta", PATHS, self.ways, self.clock)

    def ask(self) -> Answer:
        (answer,) = self.reader.ask(ASK)
        return answer

    def known(self) -> list[tuple[str, str]]:
        """(name, fact) of each path."""
        return [(p.name, fact(p)) for p in self.reader.paths]


def fact(path: Path) -> str:
    return "answered" if path.answered else "silent" if path.silent else path.why


def dead() -> Way:
    return Way(CONNECT_S, TIMED_OUT)


def test_both_are_asked_at_once_and_the_first_in_order_counts() -> None:
    bench = Bench(Way(0.5), Way(0.1))
    assert bench.ask() == Answer(0, "L")
    assert bench.clock.now == 0.5
    assert (bench.lan.asked, bench.replication.asked) == ([0.0], [0.0])
    assert bench.known() == [("lan", "answered"), ("replication", "answered")]
    assert isinstance(bench.reader, ManyPaths)


def test_nothing_asked_is_nothing_sent_and_nothing_known() -> None:
    bench = Bench(Way(), Way())
    assert bench.reader.ask([]) == []
    assert (bench.lan.asked, bench.reader.paths) == ([], ())


def test_the_state_of_a_new_path_is_waited_for() -> None:
    bench = Bench(Way(0.1), dead())
    assert bench.ask() == Answer(0, "L")
    assert bench.clock.now == CONNECT_S
    assert bench.known() == [("lan", "answered"), ("replication", "silent")]


def test_but_not_longer_than_a_connection_takes() -> None:
    bench = Bench(Way(0.1), Way(20.0))
    assert bench.ask() == Answer(0, "L")
    assert bench.clock.now == KNOWN_IN_S
    assert bench.known() == [("lan", "answered"), ("replication", "no answer yet")]
    assert bench.ask() == Answer(0, "L")
    assert bench.clock.now == pytest.approx(KNOWN_IN_S + 0.1)
    assert bench.replication.asked == [0.0]


def test_a_path_that_is_known_is_not_waited_for_and_noted_when_it_comes() -> None:
    bench = Bench(Way(0.1), Way(0.1))
    bench.ask()
    bench.replication.takes_s, bench.replication.lost = 5.0, TIMED_OUT
    assert bench.ask() == Answer(0, "L")
    assert bench.clock.now == pytest.approx(0.2)
    assert bench.known() == [("lan", "answered"), ("replication", "answered")]
    bench.clock.sleep(5.0)
    assert bench.known() == [("lan", "answered"), ("replication", "silent")]


def test_a_path_that_owes_an_answer_is_not_asked_again_unless_it_is_needed() -> None:
    bench = Bench(Way(0.1), Way(0.1))
    bench.ask()
    bench.replication.takes_s = 4.0
    bench.ask()
    bench.lan.lost, bench.lan.takes_s = TIMED_OUT, CONNECT_S
    assert bench.ask() == Answer(0, "R")
    assert bench.replication.asked == pytest.approx([0.0, 0.1, 4.1])


def test_a_silent_path_rests_and_its_age_grows() -> None:
    bench = Bench(Way(0.1), dead())
    bench.ask()
    for _ in range(5):
        bench.ask()
    assert bench.replication.asked == [0.0]
    assert bench.reader.paths[1].age_s == pytest.approx(CONNECT_S + 0.5)
    assert bench.reader.paths[0].age_s == pytest.approx(0.1)
    bench.clock.sleep(SILENT_FOR_S)
    bench.ask()
    assert len(bench.replication.asked) == 2


def test_all_silent_is_one_sentence_and_at_once_while_they_rest() -> None:
    bench = Bench(dead(), Way(CONNECT_S, "ssh: connect to host h port 22: No route to host"))
    lost = "hasta does not answer (lan L: Connection timed out; replication R: No route to host)"
    assert bench.ask() == Answer(lost=lost)
    assert bench.clock.now == CONNECT_S
    assert bench.reader.ask(ASK * 3) == [Answer(lost=lost)] * 3
    assert bench.clock.now == CONNECT_S
    assert bench.known() == [("lan", "silent"), ("replication", "silent")]


@pytest.mark.parametrize(
    "said",
    [
        "ssh: connect to host h port 22: Connection refused",
        "Connection timed out during banner exchange",
        "root@h: Permission denied (publickey).",
        "Host key verification failed.",
        "no answer within 20 s (ssh was killed)",
        "the connection ended before the answer came",
        "ssh could not be started: not found",
    ],
)
def test_a_refusal_is_no_answer_but_no_silence_either(said: str) -> None:
    """Something at that address lives, or the fault is ours: nobody may be believed dead."""
    bench = Bench(Way(0.1, said), dead())
    assert bench.ask().lost
    lan, replication = bench.reader.paths
    assert (lan.answered, lan.silent) == (False, False)
    assert lan.why in said
    assert replication.silent
    bench.ask()
    assert len(bench.lan.asked) == 2  # it is quick, so it does not rest


def test_a_program_that_hangs_over_there_is_no_silent_path() -> None:
    bench = Bench(Way(10.0, hangs="echo"), dead())
    assert bench.ask() == Answer(lost="no answer within 10 s (it was killed)")
    assert bench.known() == [("lan", "answered"), ("replication", "silent")]


def test_of_incomplete_answers_the_fullest_counts() -> None:
    bench = Bench(Way(1.0, hangs="x"), Way(3.0))
    both = bench.reader.ask([Run(("echo", "x")), Run(("echo", "y"))])
    assert both == [Answer(0, "R")] * 2
    assert bench.clock.now == 3.0


def test_a_path_that_comes_back_answers_again() -> None:
    bench = Bench(dead(), dead())
    assert bench.ask().lost
    bench.lan.lost, bench.lan.takes_s = "", 0.1
    assert bench.ask().lost
    bench.clock.sleep(SILENT_FOR_S)
    began_s = bench.clock.now
    assert bench.ask().lost
    assert bench.clock.now == began_s  # it was knocked at, and nobody waited
    bench.clock.sleep(0.5)
    assert bench.ask() == Answer(0, "L")
    assert bench.known()[0] == ("lan", "answered")
