"""A scenario's text in, its table and its cues out, or every problem with it at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from converge.core.desired import Keys
from converge.core.errors import BadDesired, near
from converge.engine.desired.checked import checked
from converge.engine.desired.hidden import Secrecy
from converge.engine.desired.toml import Notes, read_toml
from converge.lab.faults import FAULTS
from converge.proving.rehearse.scenario import SCHEMA, ScenarioTable, StepTable
from converge.proving.story.cues import STRAY, VERBS, Cue

NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class Script:
    """A scenario as it was read, and the notes that can point into its file."""

    table: ScenarioTable
    notes: Notes

    def cues(self, nodes: Iterable[str]) -> tuple[Cue, ...]:
        """Its steps for a pair of these nodes; raises BadDesired for words that mean nothing."""
        nodes = tuple(nodes)
        found = [_cue(step, n, nodes, self.notes) for n, step in enumerate(self.table.step)]
        for key in ("serving", "primary"):
            word = getattr(self.table.expect, key)
            if word:
                _known(word, (*nodes, NOBODY), ("expect", key), "node of the pair", self.notes)
        if self.notes.problems:
            raise BadDesired(self.notes.sorted())
        return tuple(cue for cue in found if cue is not None)


def read_script(text: str, path: str, starts: Iterable[str]) -> Script:
    """Read a scenario's file. Raises BadDesired with every problem, in the order of the lines."""
    table, notes = read_toml(text, path, Secrecy())
    if "schema" in table and table["schema"] != SCHEMA:
        said = f"this version of converge reads schema {SCHEMA} of scenarios only"
        notes.add(("schema",), said, f"schema = {SCHEMA}")
        raise BadDesired(notes.sorted())
    found = checked(ScenarioTable, table, lambda at: at, notes)
    if found is not None:
        _known(found.start, starts, ("start",), "way to start", notes)
        for n, step in enumerate(found.step):
            _one_each(step, n, notes)
    if found is None or notes.problems:
        raise BadDesired(notes.sorted())
    return Script(found, notes)


def _one_each(step: StepTable, n: int, notes: Notes) -> None:
    """A step does one thing at one time."""
    verbs, times = step.verbs, step.times_named
    if len(verbs) != 1:
        at: Keys = ("step", n, (verbs or times or [""])[-1])
        said = f"this step does {' and '.join(verbs) or 'nothing'}; it is one thing"
        notes.add(at, said, ", ".join(VERBS))
    elif len(times) != 1:
        said = f"this step has {' and '.join(times) or 'no time'}; it has one"
        notes.add(("step", n, (times or verbs)[-1]), said, "at, when, before")


def _cue(step: StepTable, n: int, nodes: tuple[str, ...], notes: Notes) -> Cue | None:
    """One step with its words looked up."""
    verb = step.verbs[0]
    key: Keys = ("step", n, verb)
    node, words = _split(verb, str(getattr(step, verb)))
    if verb == "fault" and not _known(words.split()[0], FAULTS, key, "fault", notes):
        return None
    if verb in (*STRAY, "lab", "switchover") and not words:
        how = {"lab": "NODE: WORDS", "switchover": "FROM TO"}.get(verb, "TRIGGER NODE")
        notes.add(key, f"this needs more words, {how}")
        return None
    if not _known(node, nodes, key, "node of the pair", notes):
        return None
    if verb == "switchover" and not _known(words, set(nodes) - {node}, key, "other node", notes):
        return None
    return Cue(
        verb, node, words, step.at, step.when, step.before, step.times, step.by
    )  # fmt: skip


def _split(verb: str, text: str) -> tuple[str, str]:
    """Node and words: `hasta: ls /`, `cable-out hasta lan`, `devd MASTER hastb`, `hasta`."""
    words = text.split()
    match verb:
        case "lab":
            node, _, line = text.partition(":")
            return node.strip(), line.strip()
        case "fault":
            return " ".join(words[1:2]), " ".join([*words[:1], *words[2:]]) or text
        case "switchover":
            return " ".join(words[:1]), " ".join(words[1:])
        case "run" | "kill":
            return text.strip(), ""
        case _:
            return " ".join(words[-1:]), " ".join(words[:-1])


def _known(word: str, words: Iterable[str], at: Keys, what: str, notes: Notes) -> bool:
    names = list(words)
    if word in names:
        return True
    said = f'"{word}" is no {what}' if word else f"a {what} is missing"
    notes.add(at, said, ", ".join(names), near(word, names))
    return False
