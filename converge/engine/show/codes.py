"""The page of a code: read off the docstring of who judges, for people, machines and the docs."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

from converge.core.exits import Exit
from converge.core.guard import Guard, never
from converge.engine.show.marks import Paint
from converge.engine.show.paragraphs import labelled

LABELS = ("Seen:", "To do:", "Shown:")
"""Paragraphs at the end of a docstring, each with what it begins with."""

MODE = r"F\d\d"

HOLES = "docs/explanation/failure-scenarios.md"


@dataclass(frozen=True, slots=True)
class Page:
    """What is told of a code. `sort`: guard, hold, exit code. `modes`: the failures it is for."""

    code: str
    sort: str
    means: str
    seen: str
    todo: str
    shown: str
    override: bool = False
    protects: tuple[str, ...] = ()
    behind: tuple[tuple[str, str], ...] = ()
    modes: tuple[str, ...] = ()


def guard_page(guard: Guard, kind: str) -> Page:
    """Of its own resource first, then of what is built on it."""
    asked = [one for one in (guard.judge, guard.above) if one not in (None, never)]
    sort = f"guard of {kind}"
    page = _page(guard.code, sort, asked, override=guard.override)
    return replace(page, protects=guard.protects, behind=guard.behind)


def keeps(of: Guard | Page) -> str:
    """The invariants that it keeps, alone or as the second line behind another guard."""
    return ", ".join((*of.protects, *(f"{code} behind {other}" for code, other in of.behind)))


def hold_page(code: str, judge: Callable[..., Any], *, override: bool) -> Page:
    """Of what the engine itself holds."""
    return _page(code, "hold", [judge], override=override)


def exit_page(one: Exit) -> Page:
    return Page(str(one.code), "exit code", one.means, "", one.todo, f"tests/{one.shown}")


def _page(code: str, sort: str, asked: list[Any], *, override: bool) -> Page:
    told: dict[str, str] = {}
    for one in asked:
        told |= _labels(one.__doc__)
    whole = " ".join(inspect.getdoc(one) or "" for one in asked)
    return Page(
        code,
        sort,
        " Above it: ".join(prose(one.__doc__) for one in asked),
        told.get("Seen:", ""),
        told.get("To do:", ""),
        f"tests/{told['Shown:']}" if "Shown:" in told else "",
        override,
        modes=tuple(sorted(set(re.findall(rf"\b{MODE}\b", whole)))),
    )


def prose(text: str | None) -> str:
    """A docstring as one paragraph, without its labels and the numbers of the failures."""
    flat = " ".join(inspect.cleandoc(text or "").partition("\n\nSeen:")[0].split())

    def kept(found: re.Match[str]) -> str:
        words = [w for w in found[1].split(", ") if not re.fullmatch(MODE, w)]
        return f" ({', '.join(words)})" if words else ""

    return re.sub(r" \(([^()]+)\)", kept, flat)


def _labels(text: str | None) -> dict[str, str]:
    """{"Seen:": ...}: the labelled paragraphs of a docstring."""
    found: dict[str, str] = {}
    at = ""
    for line in inspect.cleandoc(text or "").splitlines():
        label = next((label for label in LABELS if line.startswith(label)), "")
        at = label or at
        if at:
            found[at] = f"{found.get(at, '')} {line.removeprefix(label)}".strip()
    return {label: " ".join(words.split()) for label, words in found.items()}


def page_text(page: Page, paint: Paint) -> str:
    """For a terminal."""
    lines = [f"{paint('bold', page.code)}  {page.sort}"]
    for label, words in _paragraphs(page):
        lines += labelled(label, [words] if words else [])
    return "\n".join(lines) + "\n"


def _paragraphs(page: Page) -> Iterator[tuple[str, str]]:
    yield "means", page.means
    yield "seen", page.seen
    yield "to do", page.todo
    if page.sort != "exit code":
        yield "override", override_words(page)
    yield "keeps", keeps(page)
    yield "failures", f"{', '.join(page.modes)} ({HOLES})" if page.modes else ""
    yield "shown by", page.shown


def override_words(page: Page) -> str:
    """May a person lift it?"""
    if not page.override:
        return "nobody may lift it"
    return f"`--override {page.code} --reason TEXT` lifts it for one run, and is written down"


def list_text(pages: list[Page]) -> str:
    """A line a code: the beginning of what it means."""
    width = max(len(page.code) for page in pages)
    lines = []
    for page in pages:
        words = re.split(r"(?<=[a-z0-9)])[.;] ", page.means)[0].rstrip(".")
        room = 78 - width
        short = words if len(words) <= room else words[: room - 3].rpartition(" ")[0] + " ..."
        lines.append(f"{page.code.ljust(width)}  {short}")
    return "\n".join(lines) + "\n"


def page_form(page: Page) -> dict[str, Any]:
    """For machines."""
    return asdict(page)
