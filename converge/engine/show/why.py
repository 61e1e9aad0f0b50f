"""One resource and why it is as it is: facts put together elsewhere, for people and machines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from converge.core.ids import ResourceId
from converge.core.plan import Hold, Refuse
from converge.engine.show.marks import BLOCKED, IN_SYNC, UNKNOWN, Paint, safe
from converge.engine.show.paragraphs import labelled
from converge.engine.show.spans import span_words


@dataclass(frozen=True, slots=True)
class Fact:
    """A value that was seen; `wished` where it is another one. `evidence` is never wished for."""

    name: str
    value: str
    wished: str = ""
    evidence: bool = False


@dataclass(frozen=True, slots=True)
class Source:
    """What was asked of the node, and the first line of the answer."""

    query: str
    said: str


@dataclass(frozen=True, slots=True)
class Need:
    """Something that must be in place before: its letter, and how it was seen."""

    id: str
    letter: str
    seen: str


@dataclass(frozen=True, slots=True)
class Step:
    """An action that is planned for it."""

    key: str
    letter: str
    why: str
    effect: str


@dataclass(frozen=True, slots=True)
class Obstacle:
    """A guard that stands in the way of an action, and what would lift it."""

    key: str
    code: str
    verdict: str
    why: str
    lift: str


@dataclass(frozen=True, slots=True)
class Last:
    """The last action of the journal on it."""

    time: str
    run: str
    action: str
    how: str


@dataclass(frozen=True, slots=True)
class Why:
    """All that there is to say about one resource on one node.

    `written`: where in the desired file, or what brought it along. `age_s`: how long ago the look
    began. `chain`: from here to the first need that is not in sync. `changes`: what would do so.
    """

    id: ResourceId
    letter: str
    wish: str
    because: str
    written: str
    seen: str
    facts: tuple[Fact, ...]
    sources: tuple[Source, ...]
    taken: datetime
    age_s: float
    remembered: tuple[str, ...]
    needs: tuple[Need, ...]
    chain: tuple[Need, ...]
    steps: tuple[Step, ...]
    obstacles: tuple[Obstacle, ...]
    waits: str
    concern: str
    changes: str
    last: Last | None = None


def lift_of(verdict: Hold | Refuse, *, override: bool) -> str:
    """What would lift it, in words."""
    match verdict:
        case Hold(again_s=again_s, sure=True):
            words = f"it lifts by itself in {span_words(again_s)}"
        case Hold(again_s=again_s):
            words = f"when that is no longer so; it is asked again in {span_words(again_s)}"
        case _:
            words = verdict.lift or "when that is no longer so"
    asked = f"--override {verdict.code}"
    return words if not override or asked in words else f"{words}; or {asked} --reason TEXT"


_HEADS = {
    IN_SYNC: "in sync", BLOCKED: "held", UNKNOWN: "has to wait", "": "not looked at",
}  # fmt: skip


def why_text(why: Why, paint: Paint) -> str:
    """For people: a paragraph for each question, the answer first."""
    sign = why.letter or " "
    head = _HEADS.get(why.letter, "to be changed")
    head += ", but look into it" if why.concern and why.letter == IN_SYNC else ""
    lines = [f"{paint('bold', str(why.id))}  {paint(sign, sign) if why.letter else sign} {head}"]
    for label, words in _paragraphs(why):
        lines += labelled(label, words)
    return safe("\n".join(lines)) + "\n"


def _paragraphs(why: Why) -> Iterator[tuple[str, list[str]]]:
    because = [f"because {why.because}"] if why.because else []
    yield "wished", [why.wish, *because, why.written]
    yield "seen", [why.seen, *_fact_lines(why.facts)]
    if why.sources:
        yield "asked", [f"{why.age_s:.1f} s ago, at {why.taken.isoformat(timespec='seconds')}"]
        yield "", [f"{one.query}: {one.said}" for one in why.sources]
    yield "remembered", [", ".join(why.remembered)] if why.remembered else []
    yield "needs", [f"{one.letter} {one.id}: {one.seen}" for one in why.needs]
    if why.chain:
        yield "", [f"first not in sync: {why.chain[-1].letter} {why.chain[-1].id}"]
        if len(why.chain) > 1:
            yield "", ["by way of " + ", ".join(one.id for one in why.chain[:-1])]
    yield "waits", [why.waits] if why.waits else []
    yield "planned", [f"{one.letter} {one.key}: {one.why}" for one in why.steps]
    for one in why.obstacles:
        stopped = "held by" if one.verdict == "hold" else "refused by"
        yield "stopped", [f"{one.key}: {stopped} {one.code}: {one.why}", f"lifted: {one.lift}"]
    yield "concern", [why.concern] if why.concern else []
    yield "changes", [why.changes]
    if last := why.last:
        yield "last action", [f"{last.time} {last.action}: {last.how} (run {last.run})"]


def _fact_lines(facts: Iterable[Fact]) -> Iterator[str]:
    listed = list(facts)
    for one in listed:
        if one.wished:
            yield f"{one.name} {one.value}, wished is {one.wished}"
    for words, evidence in (("", False), ("beside it: ", True)):
        told = [f for f in listed if not f.wished and f.evidence is evidence]
        same = [f"{f.name} {f.value}" for f in told if not (evidence and f.value == "nothing")]
        if same:
            yield words + ", ".join(same)


def why_form(why: Why) -> dict[str, Any]:
    """For machines."""
    form = asdict(why)
    return form | {"id": str(why.id), "taken": why.taken.isoformat(), "age_s": round(why.age_s, 3)}
