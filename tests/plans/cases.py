"""The cases in this folder: what stands in case.toml, read. Who plays them is in `desk`."""

import shlex
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from converge.core.host import Answer, Query, Read, Run
from tests.recorded import recording

FOLDER = Path(__file__).parent
EXAMPLES = FOLDER.parents[1] / "desired"

Answers = Mapping[str, Answer]
"""By the text of the query, as `str(query)` gives it."""


@dataclass(frozen=True)
class Case:
    """One folder. `answers`: by node, inherited ones included; `own`: the text of those that
    this case brings itself. `changes`: pieces of the desired file and what stands there instead;
    `edited`: the same, after the story.
    """

    name: str
    title: str
    desired: Path
    nodes: tuple[str, ...]
    evidence: tuple[str, ...] = ()
    changes: Mapping[str, str] = field(default_factory=dict)
    edited: Mapping[str, str] = field(default_factory=dict)
    answers: Mapping[str, Answers] = field(default_factory=dict)
    own: frozenset[str] = frozenset()
    story: tuple[str, ...] | None = None
    exit: int = 0

    @property
    def folder(self) -> Path:
        return FOLDER / self.name

    @property
    def bundled(self) -> tuple[str, ...]:
        """The nodes of which a bundle is made."""
        return () if self.story is not None else (*self.nodes, *self.evidence)


def cases() -> list[Case]:
    return [read_case(path.parent.name) for path in sorted(FOLDER.glob("*/case.toml"))]


def read_case(name: str) -> Case:
    table = tomllib.loads((FOLDER / name / "case.toml").read_text())
    answers: dict[str, dict[str, Answer]] = {}
    for other in table.get("like", ()):
        for node, inherited in read_case(other).answers.items():
            answers.setdefault(node, {}).update(inherited)
    own = {
        node: dict(map(_answer, said.items())) for node, said in table.get("answers", {}).items()
    }
    for node, said in own.items():
        answers.setdefault(node, {}).update(said)
    story = table.get("story")
    return Case(
        name,
        table["title"],
        _desired(table["desired"]),
        tuple(table["nodes"]),
        tuple(table.get("evidence", ())),
        table.get("changes", {}),
        table.get("edited", {}),
        answers,
        frozenset(text for said in own.values() for text in said),
        None if story is None else tuple(story),
        table.get("exit", 0),
    )


def _desired(name: str) -> Path:
    return next(path for path in (FOLDER / name, EXAMPLES / name) if path.exists())


def _answer(entry: tuple[str, Any]) -> tuple[str, Answer]:
    """A recording of exactly this command, or what stands in for one and why it may."""
    text, said = entry
    if isinstance(said, str):
        found = recording(said)
        assert found.cmd in (text, text.replace("read ", "cat ", 1)), f"{said} answers {found.cmd}"
        return text, found.answer
    assert said.pop("why"), f"{text}: an answer that was not recorded says why it may be given"
    if "recording" in said:
        return text, recording(said["recording"]).answer
    return text, Answer(**said)


def query(text: str) -> Query:
    """The query whose `str()` is that text."""
    words = tuple(shlex.split(text))
    return Read(words[1]) if words[0] == "read" else Run(words)
