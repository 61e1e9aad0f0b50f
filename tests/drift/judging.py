"""A report of drift against the truth, line by line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from converge.proving.judge import sights
from tests.drift.truth import FACTS, FOLLOWING, HAND, Fact, Turn, fits, hears, within

if TYPE_CHECKING:
    from tests.drift.operated import Day

Form = dict[str, Any]


def judge(day: Day, node: str, form: Form) -> None:
    """All of a report."""
    assert {row["node"] for row in form["rows"]} <= {node}
    Verdict(day, node, form).all()


class Verdict:
    """One report of one node."""

    def __init__(self, day: Day, node: str, form: Form) -> None:
        self.day, self.node, self.form = day, node, form
        self.truth, self.world = day.drive.truth, day.world
        self.unseen = {one["resource"]: one for one in form["unseen"]}
        self.rows = {(row["resource"], row["field"]): row for row in form["rows"]}

    def must(self, so: object, what: str, *about: object) -> None:
        if not so:
            parts = (f"{self.node}: {what}", *map(str, about))
            raise AssertionError("\n".join([*self.day.stories[-60:], *parts]))

    def all(self) -> None:
        for fact in FACTS:
            if fact[0] in self.unseen:
                self.day.told["unseen"] += 1
            else:
                self.fact(fact, self.rows.get(fact))
        for past in self.form["past"]:
            mark = json.dumps(past, sort_keys=True)
            if (
                mark not in self.day.over
                and (past["row"]["resource"], past["row"]["field"]) in FACTS
            ):
                self.past(past)
                self.day.over[mark] = past
        self.nothing_missed()
        self.peer()

    def fact(self, fact: Fact, row: Form | None) -> None:
        """There is a row exactly where the world is not as desired, and what it says is so."""
        turns = self.truth.turns[self.node, fact]
        self.must(bool(row) == turns[-1].wrong, "a row, or none", fact, turns[-1], row)
        if row is None:
            return
        self.must(row["observed"] == turns[-1].value, "observed", fact, turns[-3:], row)
        self.must(row["desired"] == turns[-1].desired, "desired", fact, turns[-3:], row)
        spells = self.truth.spells(self.node, fact)
        began = self._unseen_since(spells)
        self.must(any(within(t.at, row["since"]) for t in began), "since", fact, began, row)
        made = [t for t in self.truth.made(self.node, fact) if t.value == row["observed"]]
        made = [t for t in made if t.at >= began[-1].at] or made[-1:]
        made += began
        self.must(any(fits(row["by"], t) for t in made), "by whom", fact, made, row)
        self.must(row["by"]["who"] != "unknown" or row["by"]["why"], "no reason", row)
        self.day.told[row["by"]["who"]] += 1

    def _unseen_since(self, spells: list[Any]) -> list[Turn]:
        """Where the difference began: the last time, or before it was right for a moment that
        nobody has looked at."""
        began = [spells[-1][0]]
        for first, end in reversed(spells[:-1]):
            gap = end.at, began[-1].at
            if end.who == "converge" or any(
                gap[0] <= at <= gap[1] for at in self.day.looks[self.node]
            ):
                break
            began.append(first)
        return began

    def past(self, past: Form) -> None:
        """There was such a spell, by such a hand, and it ended so."""
        row, fact = past["row"], (past["row"]["resource"], past["row"]["field"])
        turns = self.truth.turns[self.node, fact]
        had = [t for t in turns if t.value == row["observed"] and fits(row["by"], t)]
        self.must(bool(had), "it was never so", past, *turns[-12:])
        ended = [
            t for n, t in enumerate(turns[1:], 1)
            if fits(past["ended_by"], t) and turns[n - 1].value == row["observed"]
        ]  # fmt: skip
        self.must(bool(ended), "it did not end so", past, *turns[-12:])
        self.day.told[f"past {row['by']['who']}"] += 1
        self.day.told[f"ended {past['ended_by']['who']}"] += 1

    def nothing_missed(self) -> None:
        """What a hand changed and a run of ours put right since the last two looks was told."""
        looks = self.day.looks[self.node][-3:]
        told = [past["row"] for past in self.form["past"]]
        told += self.form["rows"]
        for fact in FACTS:
            for began, end in self.truth.spells(self.node, fact):
                if (
                    fact in FOLLOWING or fact[0] in self.unseen or len(looks) < 3
                    or end is None or end.who != "converge" or not end.action
                    or (began.who, began.value) != (HAND, self._last(fact, end))
                    or not looks[-2] < began.at < end.at < looks[-1] - 1.0
                ):  # fmt: skip
                    continue
                mine = [
                    one for one in told if (one["resource"], one["field"]) in (fact, (fact[0], ""))
                ]
                self.must(
                    any(within(began.at, one["since"]) for one in mine), "missed", fact, began, end
                )
                self.day.told["not missed"] += 1

    def _last(self, fact: Fact, end: Turn) -> str:
        """What it was before it ended."""
        turns = self.truth.turns[self.node, fact]
        return turns[turns.index(end) - 1].value

    def peer(self) -> None:
        """Who is not heard is missed, since then; and the copy that has no peer is told of."""
        lacks = {one["resource"]: one for one in self.form["lacks"]}
        heard = self.truth.hearing[self.node]
        if "neighbour.lan" not in self.unseen:
            lack = lacks.get("neighbour.lan")
            self.must(bool(lack) != hears(self.world, self.node), "the other node", lack)
            if lack:
                since = [at for at, well in heard if not well]
                self.must(any(within(at, lack["since"]) for at in since), "since", lack, since)
                self.day.told["peer missed"] += 1
        volume = next(sights.volumes(self.world.machine(self.node)), None)
        if volume and volume.role == "primary" and "hast.test" not in self.unseen:
            lost = not volume.connected
            self.must(not lost or "hast.test" in lacks, "degraded", lacks, volume)
            self.day.told["degraded"] += lost
