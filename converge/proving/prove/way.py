"""A way through an exploration, for people and as a file to be played again."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass

from converge.proving.judge.history import Broken
from converge.proving.judge.invariants import broken
from converge.proving.prove.explore import replayed
from converge.proving.prove.scene import Ground, Scene
from converge.proving.story.seen import Entry, changes
from converge.proving.story.timeline import folded, two_lanes

SCHEMA = 1


@dataclass(frozen=True, slots=True)
class Question:
    """What was asked of a proof: with the same answers a way can be played again."""

    desired: str
    actor: str = "converge"
    start: str = "served"
    faults: int = 2
    late: int = 0
    without: tuple[str, ...] = ()
    ills: tuple[str, ...] = ()


def timeline(ground: Ground, start: Scene, moves: Sequence[str]) -> tuple[str, tuple[Broken, ...]]:
    """Both nodes' lanes, and what is broken at the end. LookupError where the way leads nowhere:
    then the software is not the one that it was found with."""
    entries: list[Entry] = []
    before = start
    last: tuple[Broken, ...] = ()
    for label, scene in replayed(ground, start, tuple(moves)):
        at = round(scene.world.now - start.world.now, 3)
        word, _, rest = label.partition(" ")
        if word not in ("step", "time", "cron"):
            node = rest.partition(" ")[0] or min(ground.actors)
            entries.append(Entry(at, node, f"! {label}", kind="cue"))
        elif word == "step" and scene.said is not None and scene.said.said:
            said = scene.said
            what = said.said.removeprefix(f"{rest}: ")
            entries.append(Entry(at, rest, what, said.why, said.code, "actor"))
        for seen in changes(before.world, scene.world, ground.vip):
            entries.append(Entry(at, seen.node, seen.text))
        last = broken(scene.world, scene.history)
        for one in last:
            node = one.node.split()[0] if one.node else min(ground.actors)
            entries.append(Entry(at, node, one.sentence, code=one.code, kind="broken"))
        before = scene
    return two_lanes(folded(entries), tuple(ground.actors)), tuple(last)


def saved(question: Question, moves: Sequence[str], title: str) -> str:
    """The text of a file that `rehearse` plays: the question and every move."""
    lines = [
        f"schema  = {SCHEMA}",
        f"title   = {_quoted(title)}",
        f"desired = {_quoted(question.desired)}",
        f"actor   = {_quoted(question.actor)}",
        f"start   = {_quoted(question.start)}",
        f"faults  = {question.faults}",
        f"late    = {question.late}",
        f"without = [{', '.join(map(_quoted, question.without))}]",
        f"ills    = [{', '.join(map(_quoted, question.ills))}]",
        "moves   = [",
        *(f"  {_quoted(move)}," for move in moves),
        "]",
    ]
    return "\n".join(lines) + "\n"


def parse_saved(text: str) -> tuple[Question, tuple[str, ...], str] | None:
    """Question, moves and title of a text that `saved` made; None for any other text."""
    try:
        table = tomllib.loads(text)
        question = Question(
            str(table["desired"]),
            str(table["actor"]),
            str(table["start"]),
            int(table["faults"]),
            int(table["late"]),
            tuple(map(str, table["without"])),
            tuple(map(str, table["ills"])),
        )
        return question, tuple(map(str, table["moves"])), str(table["title"])
    except (KeyError, TypeError, ValueError):
        return None


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
