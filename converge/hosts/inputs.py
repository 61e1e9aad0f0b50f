"""What runs decided upon, kept beside the journal: in the form of bundles, without secrets.

The same decision is kept once in a file: a run that is held each minute writes a line for it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from converge.core.errors import ConvergeError
from converge.core.host import Answer, Clock, Query
from converge.core.input import Given
from converge.core.journal import Entry, Line
from converge.core.ledger import Now
from converge.core.secret import Secret
from converge.core.ways import Path as Way
from converge.hosts.bundle import BadBundle, BundleReader, bundle_form, bundle_of
from converge.hosts.journal import INPUTS, FileJournal, keep_small, read_journal
from converge.hosts.ledgerfile import ledger_text, parse_ledger

FORMAT_VERSION = 1

LENGTH_MAX = 1_000_000
"""Characters. Of a longer one the answers are left out: it cannot be decided again."""

Heard = Mapping[str, Iterable[tuple[Query, Answer]]]


class BadInput(ConvergeError):
    """An input that is damaged, or of a form not known here."""

    exit_code = 65


def keep(
    folder: Path, run: str, clock: Clock, given: Given, heard: Heard, secrets: Iterable[Secret]
) -> None:
    """Write it down unless this very decision is kept already. CannotWrite."""
    keep_small(folder, name=INPUTS)
    if _kept(folder / INPUTS, given.decision):
        return
    form = input_form(given, heard, secrets)
    FileJournal(folder, run, clock, INPUTS).write(Entry("input", form))


def _kept(path: Path, decision: str) -> bool:
    """Only whole lines of the file that is written to: the one before goes at the next turn."""
    try:
        with path.open("rb") as file:
            said, end = f'"decision":"{decision}"'.encode(), b'"what":"input"}\n'
            return any(said in line and line.endswith(end) for line in file)
    except OSError:
        return False


def input_form(given: Given, heard: Heard, secrets: Iterable[Secret]) -> dict[str, Any]:
    """As JSON. Masked as in a bundle."""
    hidden = tuple(secrets)
    nodes = {node: bundle_form(node, given.taken, said, hidden) for node, said in heard.items()}
    form: dict[str, Any] = {
        "input_version": FORMAT_VERSION,
        "decision": given.decision,
        "digest": given.digest,
        "desired": given.desired,
        "version": given.version,
        "trigger": given.trigger,
        "acting": list(given.acting),
        "lifted": list(given.lifted),
        "taken": given.taken.isoformat(),
        "now": {"elapsed_s": given.now.elapsed_s, "wall_s": given.now.wall_s},
        "began_s": given.began_s,
        "ledger": json.loads(ledger_text(given.ledger)),
        "paths": {node: [asdict(way) for way in ways] for node, ways in given.paths.items()},
        "nodes": nodes,
        "plan": dict(given.plan),
    }
    length = len(json.dumps(nodes))
    if length > LENGTH_MAX:
        form |= {"nodes": {}, "left_out": f"the answers were {length} characters long"}
    return form


def filled(old: str, today: str) -> str:
    """The text of an old desired file, in which `***` stands for what could be a secret.

    Where today's file has the same key in the same table, its line is taken; else a word is put
    there. Never to be shown.
    """
    known = {place: line for place, line in _placed(today)}
    lines = []
    for place, line in _placed(old):
        head = line.removesuffix("***")
        lines.append(line if head == line else known.get(place, f'{head}"masked"'))
    return "\n".join(lines) + "\n"


def _placed(text: str) -> Iterator[tuple[tuple[str, str], str]]:
    """Each line with its table and its key."""
    table = ""
    for line in text.splitlines():
        if line.startswith("["):
            table = line.partition("]")[0]
        yield (table, line.partition("=")[0].strip()), line


def read_inputs(folder: Path) -> dict[str, Line]:
    """The last one of each decision that is kept. OSError."""
    lines = read_journal(folder, ("input",), INPUTS)
    return {str(line.entry.fields.get("decision")): line for line in lines}


def given_of(form: Mapping[str, Any]) -> Given:
    """What `input_form` made, read again. BadInput."""
    if form.get("input_version") != FORMAT_VERSION:
        found = form.get("input_version")
        raise BadInput(f"this input has format {found}; this converge reads {FORMAT_VERSION}")
    try:
        now = Now(float(form["now"]["elapsed_s"]), float(form["now"]["wall_s"]))
        ways = {node: tuple(Way(**way) for way in found) for node, found in form["paths"].items()}
        return Given(
            form["decision"], form["digest"], form["desired"], form["version"], form["trigger"],
            tuple(form["acting"]), datetime.fromisoformat(form["taken"]), now, form["began_s"],
            parse_ledger(json.dumps(form["ledger"])), tuple(form["lifted"]), ways,
            {node: BundleReader(bundle_of(said)) for node, said in form["nodes"].items()},
            form["plan"], form.get("left_out", ""),
        )  # fmt: skip
    except BadBundle:
        raise
    except (KeyError, TypeError, ValueError, AttributeError) as wrong:
        raise BadInput(f"this input is damaged: {wrong}") from None
