"""Who changed it and when, from a sight, some lines of the journal and a look. All pure."""

from __future__ import annotations

from dataclasses import replace

import pytest

from converge.core.drift import Between, Past, Row, Sight
from converge.core.ids import ResourceId
from converge.core.journal import Entry, Json, Line
from converge.engine.drift.cause import Found
from converge.engine.drift.chain import Chain, begin
from converge.engine.drift.witness import Story, story

ID = ResourceId("hasta", "toy", "one")
BASE = ResourceId("hasta", "toy", "base")
FILE, OTHER = "digest of the file", "digest of another file"


def at(minute: float) -> str:
    return f"2026-03-01T10:{int(minute):02}:{round(minute % 1 * 60):02}+00:00"


def values(value: str) -> dict[str, Json]:
    return {"": "present", "value": value}


class Journal:
    """Lines as a run writes them."""

    def __init__(self) -> None:
        self.lines: list[Line] = []

    def add(self, minute: float, what: str, run: str = "R", **fields: Json) -> None:
        self.lines.append(Line(run, len(self.lines), at(minute), Entry(what, fields)))

    def run(self, minute: float, desired: str = FILE, trigger: str = "cron") -> None:
        self.add(minute, "run", nodes=["hasta"], desired=desired, trigger=trigger)

    def act(
        self, minute: float, was: str, goal: str, ending: str | None = "done",
        of: ResourceId = ID, *, unseen: bool = False,
    ) -> None:  # fmt: skip
        """Begins at the minute, ends half a minute later."""
        n = len(self.lines)
        key = f"{of} set"
        self.add(
            minute, "intent", n=n, action=key, was=values(was), goal=values(goal), unseen=unseen,
            effect="set it",
        )  # fmt: skip
        if ending:
            self.add(minute + 0.5, "outcome", n=n, action=key, ending=ending)

    def end(self, minute: float, seen: float, desired: str = FILE) -> None:
        self.add(minute, "end", end="converged", seen=at(seen), desired=desired)

    def story(self) -> Story:
        return story(self.lines, len(self.lines))


def sight(value: str = "1", wished: str = "1", *rows: Row, mark: str = "") -> Sight:
    return Sight(at(0), mark, FILE, values(value), values(wished), rows)  # type: ignore[arg-type]


def looked(
    journal: Journal, value: str, wished: str = "1", before: Sight | None = None,
    desired: str = FILE, elsewhere: str = "",
) -> tuple[Row | None, Chain]:  # fmt: skip
    """The row of a look at minute 9, which took half a minute."""
    before = before if before is not None else sight()
    differing = ("value",) if value != wished else ()
    found = Found(values(value), values(wished), differing, at(9), at(9.5), desired)  # type: ignore[arg-type]
    chain = begin(ID, [BASE], journal.story(), before, desired, elsewhere, found)
    rows = chain.seen(found, before)
    return (rows[0] if rows else None), chain


def past(chain: Chain) -> Past:
    (one,) = chain.past
    return one


def test_nobody_did_it_is_somebody_else() -> None:
    row, chain = looked(Journal(), "2")
    assert row
    assert (row.by.who, row.since, row.observed) == ("somebody_else", Between(at(0), at(9.5)), "2")
    assert not chain.past
    assert looked(Journal(), "1")[0] is None


def test_a_run_that_found_all_well_narrows_it() -> None:
    journal = Journal()
    journal.run(3)
    journal.end(4, seen=3.5)
    row, _ = looked(journal, "2")
    assert row
    assert row.since == Between(at(3.5), at(9.5))
    assert row.by.when.after == at(0)


def test_a_run_of_another_file_says_nothing_of_ours() -> None:
    journal = Journal()
    journal.run(3, OTHER)
    journal.end(4, seen=3.5, desired=OTHER)
    row, _ = looked(journal, "2")
    assert row
    assert row.since == Between(at(0), at(9.5))


def test_an_outcome_that_explains_the_value_is_ours() -> None:
    journal = Journal()
    journal.run(3, OTHER)
    journal.act(4, "1", "2")
    row, _ = looked(journal, "2")
    assert row
    assert (row.by.who, row.by.run, row.by.action) == ("converge", "R", "toy.one set")
    assert row.since == Between(at(4), at(4.5))


def test_an_outcome_that_does_not_explain_it_is_not_ours() -> None:
    journal = Journal()
    journal.run(3, OTHER)
    journal.act(4, "1", "2")
    row, _ = looked(journal, "3")
    assert row
    assert row.by.who == "somebody_else"
    assert row.by.when == Between(at(4), at(9.5))
    assert row.since == Between(at(4), at(4.5))


def test_what_we_put_right_and_somebody_breaks_again() -> None:
    journal = Journal()
    journal.run(3)
    journal.act(4, "2", "1")
    row, chain = looked(journal, "2")
    assert row
    assert (row.by.who, row.since) == ("somebody_else", Between(at(4), at(9.5)))
    over = past(chain)
    assert (over.row.by.who, over.row.since) == ("somebody_else", Between(at(0), at(4)))
    assert (over.ended_by.who, over.until) == ("converge", Between(at(4), at(4.5)))


def test_the_file_changed_and_the_value_did_not() -> None:
    row, _ = looked(Journal(), "1", wished="2", desired=OTHER)
    assert row
    assert row.by.who == "desired_file"
    row, _ = looked(Journal(), "1", wished="2")
    assert row
    assert row.by.who == "follows"


def test_carrying_out_a_new_file_is_no_drift() -> None:
    journal = Journal()
    journal.run(3, OTHER)
    journal.act(4, "1", "2")
    journal.end(5, seen=4.8, desired=OTHER)
    row, chain = looked(journal, "2", wished="2", desired=OTHER)
    assert row is None
    assert not chain.past


def test_a_wish_that_follows_began_to_differ_after_the_run() -> None:
    """The role was what the address said when the run gave it."""
    journal = Journal()
    journal.run(3)
    journal.act(4, "1", "2")
    row, _ = looked(journal, "2")
    assert row
    assert (row.by.who, row.since) == ("converge", Between(at(4), at(9.5)))


@pytest.mark.parametrize("ending", [None, "failed"])
def test_what_was_begun_and_never_seen_to_end_is_not_known(ending: str | None) -> None:
    journal = Journal()
    journal.run(3)
    journal.act(4, "1", "2", ending)
    row, _ = looked(journal, "2")
    assert row
    assert (row.by.who, row.by.run) == ("unknown", "R")
    assert row.by.why


def test_a_command_that_ended_well_explains_what_it_was_to_do() -> None:
    journal = Journal()
    journal.run(3, OTHER)
    journal.act(4, "1", "2", unseen=True)
    row, _ = looked(journal, "2")
    assert row
    assert row.by.who == "converge"
    row, _ = looked(journal, "3")
    assert row
    assert row.by.who == "unknown"


def test_it_may_come_of_what_we_did_to_what_it_needs() -> None:
    journal = Journal()
    journal.run(3)
    journal.act(4, "1", "2", of=BASE)
    row, _ = looked(journal, "2")
    assert row
    assert (row.by.who, row.by.action) == ("unknown", "toy.base set")


def test_a_journal_that_does_not_reach_back() -> None:
    row, _ = looked(Journal(), "2", before=sight(mark="an old run 7"))
    assert row
    assert row.by.who == "unknown"
    assert "does not reach back" in row.by.why
    row, _ = looked(Journal(), "2", elsewhere="its journal is elsewhere")
    assert row
    assert (row.by.who, row.by.why) == ("unknown", "its journal is elsewhere")


def test_only_what_was_written_after_the_last_look_counts() -> None:
    journal = Journal()
    journal.run(3, OTHER)
    journal.act(4, "1", "2")
    mark = f"R {len(journal.lines) - 1}"
    row, _ = looked(journal, "2", before=sight(mark=mark))
    assert row
    assert row.by.who == "somebody_else"


def test_it_stays_what_it_was_until_it_is_another_value() -> None:
    first, _ = looked(Journal(), "2")
    assert first
    same, chain = looked(Journal(), "2", before=sight("2", "1", first))
    assert same == first
    assert not chain.past
    other, _ = looked(Journal(), "3", before=sight("2", "1", first))
    assert other
    assert other.since == first.since
    assert other.by.when == Between(at(0), at(9.5))
    _, chain = looked(Journal(), "1", before=sight("2", "1", first))
    assert past(chain).ended_by.who == "somebody_else"


def test_an_old_difference_that_a_run_may_have_ended_for_a_while() -> None:
    first, _ = looked(Journal(), "2")
    assert first
    journal = Journal()
    journal.run(3)
    journal.act(4, "2", "1", unseen=True)
    row, _ = looked(journal, "2", before=sight("2", "1", first))
    assert row
    assert row.since == Between(first.since.after, at(9.5))


def test_nobody_had_looked_before() -> None:
    chain = begin(ID, [], Journal().story(), None, FILE)
    found = Found(values("2"), values("1"), ("value",), at(9), at(9.5), FILE)  # type: ignore[arg-type]
    (row,) = chain.seen(found, None)
    assert (row.by.who, row.since) == ("unknown", Between(None, at(9.5)))


def test_a_run_before_a_shutdown_is_no_witness_that_all_was_well() -> None:
    """It found nothing to give up; what else is wrong it does not ask."""
    first, _ = looked(Journal(), "2")
    assert first
    journal = Journal()
    journal.run(3, trigger="shutdown")
    journal.end(4, seen=3.5)
    row, chain = looked(journal, "2", before=sight("2", "1", first))
    assert row == first
    assert not chain.past


def test_nor_is_what_it_wished_the_desired_file() -> None:
    journal = Journal()
    journal.run(3, trigger="shutdown")
    journal.act(4, "1", "2")
    row, chain = looked(journal, "2")
    assert row
    assert (row.by.who, row.by.run) == ("converge", "R")
    assert row.since == Between(at(4), at(4.5))
    assert not chain.past
    journal = Journal()
    journal.run(3, trigger="shutdown")
    journal.act(4, "3", "2")
    row, _ = looked(journal, "2")
    assert row
    assert row.desired == "1"


def test_a_wish_that_comes_back_to_a_value_is_nobodys_change_of_it() -> None:
    """The role stayed secondary while the address came and went."""
    first, _ = looked(Journal(), "1", wished="2")
    assert first
    assert first.by.who == "follows"
    journal = Journal()
    journal.run(3)
    journal.end(4, seen=3.8)
    for wished in ("1", "2"):
        row, chain = looked(journal, "1", wished=wished, before=sight("1", "2", first))
        assert past(chain).ended_by.who == "follows"
        assert row is None or row.by.who == "follows"


def test_another_file_that_says_the_same_of_it_changed_nothing_of_it() -> None:
    """Somebody edits another table, and meanwhile the address moves."""
    for before, who in (("its table", "follows"), ("", "desired_file"), ("old", "desired_file")):
        kept = replace(sight(), table=before)
        found = Found(values("1"), values("2"), ("value",), at(9), at(9.5), OTHER, "its table")  # type: ignore[arg-type]
        (row,) = begin(ID, [BASE], Journal().story(), kept, OTHER, "", found).seen(found, kept)
        assert row.by.who == who


def test_what_a_run_put_right_before_the_file_changed_is_the_files_doing() -> None:
    journal = Journal()
    journal.run(3)
    journal.act(4, "3", "2")
    row, chain = looked(journal, "2", wished="1", before=sight("2", "2"), desired=OTHER)
    assert row
    assert (row.by.who, row.since) == ("desired_file", Between(at(4), at(9.5)))
    assert past(chain).ended_by.who == "converge"
