"""A bundle: what one node answered, in one file, to be looked at elsewhere. Secrets are masked."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from converge.core.errors import ConvergeError, NoSuchFile
from converge.core.host import Answer, Query, Run
from converge.core.secret import PLAIN_MIN, Secret, masked

FORMAT_VERSION = 1
HINT = "`converge observe --bundle FILE` writes one"


class BadBundle(ConvergeError):
    """A file that is no bundle, or a damaged one, or one of a format not known here."""

    exit_code = 65


@dataclass(frozen=True, slots=True)
class Bundle:
    """What a file says: whose answers, when they were given, to which converge."""

    node: str
    taken: datetime
    converge: str
    answers: Mapping[tuple[str, ...], Answer]


class BundleClock:
    """The moment at which a bundle was taken. It does not pass."""

    def __init__(self, taken: datetime) -> None:
        self._taken = taken

    def wall(self) -> datetime:
        return self._taken

    def elapsed(self) -> float:
        return 0.0

    def sleep(self, span_s: float) -> None:
        """Nothing would come of waiting."""


class BundleReader:
    """Answers as the node did when the bundle was taken. From the file at a path, or its text."""

    def __init__(self, source: Path | str | Bundle) -> None:
        match source:
            case Path():
                self.bundle = read_bundle(source)
            case str():
                self.bundle = parse_bundle(source)
            case Bundle():
                self.bundle = source

    def ask(self, queries: Sequence[Query]) -> list[Answer]:
        """What is not in the bundle is lost: nobody knows what the node would have said."""
        return [
            self.bundle.answers.get(_key(query))
            or Answer(lost=f"the bundle has no answer to: {query}")
            for query in queries
        ]


def write_bundle(
    node: str,
    taken: datetime,
    heard: Iterable[tuple[Query, Answer]],
    secrets: Iterable[Secret] = (),
) -> str:
    """The text of a bundle. The same answers are the same text; of two to one query the last."""
    return json.dumps(bundle_form(node, taken, heard, secrets), indent=1, sort_keys=True) + "\n"


def bundle_form(
    node: str,
    taken: datetime,
    heard: Iterable[tuple[Query, Answer]],
    secrets: Iterable[Secret] = (),
) -> dict[str, Any]:
    """The same before it is a text.

    Masked in every answer: the given secrets, and group 1 of the query's own `secrets`.
    """
    hidden = tuple(secrets)
    entries = {_key(query): _entry(query, answer, hidden) for query, answer in heard}
    return {
        "format_version": FORMAT_VERSION,
        "converge": _version(),
        "node": node,
        "taken": taken.isoformat(timespec="milliseconds"),
        "entries": [entries[key] for key in sorted(entries)],
    }


def read_bundle(path: Path) -> Bundle:
    """Read one. NoSuchFile, BadBundle."""
    try:
        text = path.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError as error:
        raise NoSuchFile(f"{path}: {error.strerror}") from error
    try:
        return parse_bundle(text)
    except BadBundle as error:
        raise BadBundle(f"{path}: {error}", error.hint) from None


def parse_bundle(text: str) -> Bundle:
    """Read the text of one. BadBundle."""
    try:
        form = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadBundle(f"this is not a bundle, or a damaged one: {error}", HINT) from None
    return bundle_of(form)


def bundle_of(form: Any) -> Bundle:
    """What `bundle_form` made, read again. BadBundle."""
    found = form.get("format_version") if isinstance(form, dict) else None
    if found is None:
        raise BadBundle("this is not a bundle: it has no format_version", HINT)
    if found != FORMAT_VERSION:
        raise BadBundle(
            f"this bundle has format {found}; this converge reads format {FORMAT_VERSION}",
            "use the converge that wrote it, or a newer one",
        )
    try:
        answers = dict(_parse_entry(entry) for entry in form["entries"])
        taken = datetime.fromisoformat(form["taken"])
        if taken.tzinfo is None:
            raise ValueError("when it was taken lacks the offset of the time zone")
        return Bundle(_text(form["node"]), taken, _text(form["converge"]), answers)
    except (KeyError, TypeError, ValueError) as error:
        raise BadBundle(f"this bundle is damaged: {error}", HINT) from None


def _key(query: Query) -> tuple[str, ...]:
    """What makes two queries the same: what is asked, not for how long."""
    return ("run", *query.argv) if isinstance(query, Run) else ("read", query.path)


def _entry(query: Query, answer: Answer, secrets: tuple[Secret, ...]) -> dict[str, Any]:
    outputs = {
        name: masked(text, secrets, query.secrets, PLAIN_MIN)
        for name, text in (
            ("stdout", answer.stdout),
            ("stderr", answer.stderr),
            ("lost", answer.lost),
        )
    }
    asked = {"run": list(query.argv)} if isinstance(query, Run) else {"read": query.path}
    return {**asked, "answer": {"code": answer.code, **outputs}}


def _parse_entry(entry: Mapping[str, Any]) -> tuple[tuple[str, ...], Answer]:
    asked = ("run", *entry["run"]) if "run" in entry else ("read", entry["read"])
    said = entry["answer"]
    if not isinstance(said["code"], int):
        raise TypeError(f"a code is a number, not {said['code']!r}")
    outputs = (_text(said[name]) for name in ("stdout", "stderr", "lost"))
    return tuple(map(_text, asked)), Answer(said["code"], *outputs)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"a text was expected, not {value!r}")
    value.encode(errors="surrogateescape")  # Half a character is none: a ValueError.
    return value


def _version() -> str:
    """Of this converge; a checkout that was never installed has none."""
    try:
        return metadata.version("converge")
    except metadata.PackageNotFoundError:
        return "unknown"
