"""Writes docs/reference/ from the code, and two pages of docs/explanation/ from the rehearsals.

`python docs/generate.py` writes; with `--check` it exits 1 when a page is not current.
"""

from __future__ import annotations

import ast
import inspect
import re
import sys
import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

import click
from pydantic import BaseModel
from pydantic_core import PydanticUndefined

sys.path.insert(0, str(Path(__file__).parents[1]))  # this tree, whichever one is installed

from converge.cli import COMMANDS, group
from converge.cli.explain import pages as codes
from converge.cli.reach.site import graph_of
from converge.core.duration import EXAMPLES, show_duration
from converge.core.errors import ConvergeError
from converge.core.exits import EXITS
from converge.core.guard import Guard, never
from converge.core.resource import Resource
from converge.core.secret import Secret
from converge.engine.desired import TABLES, load
from converge.engine.desired.schema import desired_schema
from converge.engine.show.codes import Page, keeps, override_words, prose
from converge.engine.show.drift.form import drift_schema
from converge.engine.show.json import dumps
from converge.freebsd import kinds
from converge.proving.rehearse.phases import PHASES
from converge.proving.rehearse.scenario import ExpectTable, PhaseTable, ScenarioTable, StepTable
from converge.proving.story.starts import STARTS

ROOT = Path(__file__).parents[1]
REFERENCE = ROOT / "docs" / "reference"
NOTE = "Written by `make docs` from the code; do not edit.\n"

KINDS_HEAD = """\
A table `[KIND.NAME]` in the [desired file](desired-file.md) is one resource on each node. Every
kind takes `needs`, a list of references to further resources of the same node that must be in
place first. S1 to S10 are the [invariants](../explanation/architecture.md). A guard is asked
of the resource's own actions and, after *Above it*, of whatever goes up on this resource."""

VERBS_HEAD = """\
An action in a plan is a resource and a verb. In a pass all that go down come first, then all that
go up; which way each goes stands with its kind. A number behind a verb (`add1`) is one more of the
same."""

Kind = type[Resource[Any]]


# What a field takes, in words.


def type_words(schema: dict[str, Any]) -> str:
    """A JSON schema in plain words: `text`, `list of references`, `"a" or "b"`."""
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(type_words(s) for s in _not_null(schema)))
    if "const" in schema or "enum" in schema:
        return _either([f'`"{one}"`' for one in schema.get("enum", [schema.get("const")])])
    match schema.get("type"), schema.get("format"):
        case "string", "reference":
            return "reference"
        case "string", "ipv4interface":
            return "IPv4 address with mask"
        case "string", "ipvanyaddress":
            return "address"
        case "string", _:
            return _text_words(schema)
        case "array", _:
            inner = schema.get("items") or schema["prefixItems"][0]
            return f"list of: {type_words(inner)}"
        case kind, _:
            words = {"integer": "whole number", "boolean": "`true` or `false`", "object": "table"}
            return words[str(kind)]


def _text_words(schema: dict[str, Any]) -> str:
    if schema.get("examples") == list(EXAMPLES):
        return "duration"
    return "absolute path" if schema.get("pattern", "").startswith(("^/", "^(/")) else "text"


def _not_null(schema: dict[str, Any]) -> list[dict[str, Any]]:
    return [s for s in schema.get("anyOf", [schema]) if s.get("type") != "null"]


def _either(words: list[str]) -> str:
    return " or ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else words[0]


def range_words(schema: dict[str, Any]) -> str:
    """What is allowed beyond the type: `1 to 255`, `at least 2`."""
    found = []
    for one in _not_null(schema):
        low, high = one.get("minimum"), one.get("maximum")
        fewest, most = one.get("minItems"), one.get("maxItems")
        if low is not None and high is not None:
            found.append(f"{low} to {high}")
        elif low is not None:
            found.append(f"at least {low}")
        if fewest is not None and fewest == most:
            found.append(f"exactly {fewest}")
        elif fewest is not None:
            found.append(f"at least {fewest}")
        pattern = one.get("pattern", "")
        if pattern and type_words(one) == "text":
            found.append("`` " + pattern.replace("|", "\\|").replace("\n", "\\n") + " ``")
    return ", ".join(found)


def default_words(field: Any, schema: dict[str, Any]) -> str:
    """As it would be written in the file."""
    match field.default:
        case _ if field.is_required() or field.default is PydanticUndefined:
            return "**required**"
        case None | ():
            return ""
        case bool():
            return f"`{str(field.default).lower()}`"
        case float() if type_words(schema) == "duration":
            return f'`"{show_duration(field.default)}"`'
        case tuple():
            return "`[" + ", ".join(f'"{one}"' for one in field.default) + "]`"
        case str():
            return f'`"{field.default}"`' if field.default else ""
        case other:
            return f"`{other}`"


def shown_type(field: Any, schema: dict[str, Any]) -> str:
    """The JSON schema of a secret is a text's, so the annotation is asked."""
    kinds_of = set(get_args(field.annotation)) or {field.annotation}
    if Secret not in kinds_of:
        return type_words(schema)
    return "text or secret" if str in kinds_of else "secret"


def table(model: type[BaseModel], without: tuple[str, ...] = ()) -> Iterator[str]:
    """A row a field; below it, what is not taken and what to write instead."""
    schemas = model.model_json_schema()["properties"]
    fields = {n: f for n, f in model.model_fields.items() if n not in without}
    traps = [name for name in fields if schemas[name].get("type") == "null"]
    yield "| field | type | default | allowed | |"
    yield "|---|---|---|---|---|"
    for name, field in fields.items():
        if name not in traps:
            schema = schemas[name]
            cells = (f"`{name}`", shown_type(field, schema), default_words(field, schema),
                     range_words(schema), field.description or "")  # fmt: skip
            yield "| " + " | ".join(cells) + " |"
    if traps:
        yield ""
        yield "Not taken, because people look for it:"
        yield ""
        yield from (f"* `{name}`: {fields[name].description}" for name in traps)


# A kind.


def verbs(kind: Kind) -> dict[str, set[str]]:
    """{"promote": {"up"}}: the verbs of a kind and their directions, read from its source."""
    home = Path(inspect.getfile(kind))
    files = sorted(home.parent.glob("*.py")) if home.name == "__init__.py" else [home]
    found: dict[str, set[str]] = {}
    for path in files:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef):
                for verb, way in _verbs_in(node):
                    found.setdefault(verb, set()).add(way)
    return {verb: found[verb] for verb in sorted(found)}


def _verb_words(kind: Kind) -> str:
    """`demote` (down), `join` (up)."""
    return ", ".join(f"`{verb}` ({' or '.join(sorted(way))})" for verb, way in verbs(kind).items())


def verb_table() -> str:
    """The frame's words for the verbs, checked against the verbs of every kind."""
    text = (ROOT / "docs" / "frames" / "verbs.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \| ([\w, ]+) \|", text, re.MULTILINE)
    told = [(name, verb) for verb, names in rows for name in names.split(", ")]
    real = [(name, verb) for name, kind in kinds().items() for verb in verbs(kind)]
    wrong = set(told) ^ set(real)
    assert not wrong, f"verbs without words, or words without a verb: {sorted(wrong)}"
    return text.rstrip("\n")


def _verbs_in(function: ast.FunctionDef) -> Iterator[tuple[str, str]]:
    """(verb, up or down) of each action that a function makes."""
    bound: dict[str, list[ast.expr]] = {}
    for node in ast.walk(function):
        if isinstance(node, ast.Assign):
            for name, value in _bindings(node):
                bound.setdefault(name, []).append(value)
    for node in ast.walk(function):
        if isinstance(node, ast.Call) and node.args:
            ways = [node.func, *bound.get(getattr(node.func, "id", ""), [])]
            made = getattr(node.func, "id", "") == "Action" and len(node.args) > 4
            found = _attributes(node.args[4:5]) if made else _attributes(ways)
            for way in {name.lower() for name in found} & {"up", "down"}:
                first = node.args[1 if made else 0]
                texts = bound.get(first.id, []) if isinstance(first, ast.Name) else [first]
                yield from ((verb, way) for text in texts for verb in _texts(text))


def _bindings(node: ast.Assign) -> Iterator[tuple[str, ast.expr]]:
    target, value = node.targets[0], node.value
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        for one, part in zip(target.elts, value.elts, strict=True):
            if isinstance(one, ast.Name):
                yield one.id, part
    elif isinstance(target, ast.Name):
        yield target.id, value


def _attributes(nodes: list[ast.expr]) -> set[str]:
    """`up` of `self.up` or `carp.up`, both of `self.down if ... else self.up`, DOWN of
    `Direction.DOWN`; nothing of calls."""
    found = set()
    for node in nodes:
        parts = [node.body, node.orelse] if isinstance(node, ast.IfExp) else [node]
        for part in parts:
            if isinstance(part, ast.Attribute) and isinstance(part.value, ast.Name):
                found.add(part.attr)
    return found


def _texts(node: ast.expr) -> Iterator[str]:
    match node:
        case ast.Constant(value=str(text)):
            yield text
        case ast.JoinedStr(values=[ast.Constant(value=str(text)), *_]):
            yield text
        case ast.IfExp():
            yield from (*_texts(node.body), *_texts(node.orelse))


def brought_along() -> dict[str, set[str]]:
    """By kind: the kinds of what it implied in one of the examples."""
    found: dict[str, set[str]] = {}
    for path in sorted((ROOT / "desired").glob("*.toml")):
        desired = load(path.read_text(), path.name, kinds(), lambda _: "example")
        for id, by in graph_of(desired).implied_by.items():
            found.setdefault(by.kind, set()).add(id.kind)
    return found


def _guard_row(guard: Guard) -> str:
    """What it says of its own resource, then of what is built on it."""
    asked = [one for one in (guard.judge, guard.above) if one not in (None, never)]
    says = " Above it: ".join(prose(one.__doc__) for one in asked)
    lift = " A person may lift it: `--override`." if guard.override else ""
    return f"| `{guard.code}` | {keeps(guard)} | {says}{lift} |"


def kinds_page() -> str:
    """docs/reference/kinds.md."""
    along = brought_along()
    lines = ["# Resource kinds", "", NOTE, KINDS_HEAD, ""]
    lines += [" ".join(f"[{name}](#{name})" for name in kinds())]
    lines += ["", "## What the verbs mean", "", VERBS_HEAD, "", verb_table()]
    for name, kind in kinds().items():
        lines += ["", f"## {name}", "", prose(kind.__doc__), ""]
        lines += table(kind, without=("id", "needs"))
        lines += ["", f"Verbs: {_verb_words(kind) or 'none; it is only looked at'}."]
        if name in along:
            lines += ["", f"Brings along, unless declared: {', '.join(sorted(along[name]))}."]
        if kind.guards:
            lines += ["", "| guard | keeps | |", "|---|---|---|", *map(_guard_row, kind.guards)]
    return "\n".join(lines) + "\n"


# The other pages.


def desired_file_page() -> str:
    """docs/reference/desired-file.md: prose from its frame, tables from the models."""
    text = (ROOT / "docs" / "frames" / "desired-file.md").read_text()
    for name, model in TABLES.items():
        text = text.replace(f"{{{{{name}}}}}", "\n".join(table(model)))
    example = (ROOT / "desired" / "mysql-pair.toml").read_text()
    durations = ", ".join(f'`"{one}"`' for one in EXAMPLES)
    text = text.replace("{{example}}", example).replace("{{durations}}", durations)
    names = ", ".join(f"[{name}](kinds.md#{name})" for name in kinds())
    text = text.replace("{{kinds}}", names).replace("{{note}}", NOTE)
    assert "{{" not in text, "the frame asks for something unknown"
    return text


def scenarios_page() -> str:
    """docs/reference/scenarios.md: prose from its frame, tables from the models."""
    text = (ROOT / "docs" / "frames" / "scenarios.md").read_text()
    models = {"step": StepTable, "expect": ExpectTable, "phase": PhaseTable}
    for name, model in models.items():
        text = text.replace(f"{{{{{name}}}}}", "\n".join(table(model, without=("phase",))))
    scenario = "\n".join(table(ScenarioTable, without=("schema_", "step", "expect")))
    text = text.replace("{{scenario}}", scenario)
    ways = [f"* `{name}`: {prose(start.__doc__)}" for name, start in STARTS.items()]
    parts = [f"* `{name}`: {ends}" for name, ends in PHASES.items()]
    text = text.replace("{{starts}}", "\n".join(ways)).replace("{{phases}}", "\n".join(parts))
    return text.replace("{{note}}", NOTE)


def failure_scenarios_page() -> str:
    """docs/explanation/failure-scenarios.md: rows of the frame, scenarios by what they cover."""
    modes = tomllib.loads((ROOT / "docs" / "frames" / "failure-scenarios.toml").read_text())
    covering = _covering()
    lines = ["| | what happens | what converge does | by | shown by |", "|---|---|---|---|---|"]
    for code, mode in sorted(modes.items()):
        guards = ", ".join(f"`{one}`" for one in mode.get("guards", ()))
        shown = [*covering.get(code, ()), *mode.get("tests", ())]
        links = ", ".join(f"[{_short(one)}](../../{one.partition('::')[0]})" for one in shown)
        lines.append(f"| {code} | {mode['what']} | {mode['does']} | {guards} | {links} |")
    text = (ROOT / "docs" / "frames" / "failure-scenarios.md").read_text()
    return text.replace("{{modes}}", "\n".join(lines)).replace("{{note}}", NOTE)


def _covering() -> dict[str, list[str]]:
    """The scenarios of each failure mode."""
    found: dict[str, list[str]] = {}
    for path in sorted((ROOT / "tests" / "scenarios").rglob("*.toml")):
        for code in tomllib.loads(path.read_text()).get("covers", ()):
            found.setdefault(code, []).append(path.relative_to(ROOT).as_posix())
    return found


def _short(shown: str) -> str:
    """`mount/busy-is-forced` for a scenario, the sentence of its name for a test."""
    path, _, test = shown.partition("::")
    if test:
        return test.removeprefix("test_").replace("_", " ")
    return path.removeprefix("tests/scenarios/").removesuffix(".toml")


def residual_holes_page() -> str:
    """docs/explanation/residual-holes.md: the frame, and what was rehearsed of each hole."""
    text = (ROOT / "docs" / "frames" / "residual-holes.md").read_text().replace("{{note}}", NOTE)
    for path in sorted((ROOT / "tests" / "scenarios" / "holes").glob("*.txt")):
        assert f"{{{{{path.stem}}}}}" in text, f"{path.name} is not in the frame"
        text = text.replace(f"{{{{{path.stem}}}}}", f"```\n{path.read_text().rstrip()}\n```")
    assert "{{" not in text, "the frame asks for a hole that was not rehearsed"
    return text


def exit_codes_page() -> str:
    """docs/reference/exit-codes.md: the frame and the codes, none of an error missing."""
    missing = {error.exit_code for error in _errors(ConvergeError)} - {e.code for e in EXITS}
    assert not missing, f"exit codes that are not explained: {sorted(missing)}"
    rows = "\n".join(f"| {one.code} | {one.means} | {one.todo} |" for one in EXITS)
    text = (ROOT / "docs" / "frames" / "exit-codes.md").read_text().replace("{{codes}}", rows)
    return text.replace("{{note}}", NOTE)


CODES_HEAD = """\
What stops an action has a code, and so has the end of every command. `converge explain CODE` shows
the same. S1 to S10 are the [invariants](../explanation/architecture.md), F01 to F65 the
[failures](../explanation/failure-scenarios.md) that it is for. A guard is asked of the
resource's own actions and, after *Above it*, of whatever goes up on this resource."""


def codes_page() -> str:
    """docs/reference/codes.md: a section a code."""
    known = codes()
    lines = ["# Codes", "", NOTE, CODES_HEAD]
    for page in known.values():
        lines += ["", f"## {page.code}", "", f"*{page.sort[0].upper()}{page.sort[1:]}.*", ""]
        lines += [page.means[0].upper() + page.means[1:].removesuffix(".") + ".", ""]
        lines += [f"* {label}: {words}" for label, words in _code_rows(page)]
    return "\n".join(lines) + "\n"


def _code_rows(page: Page) -> Iterator[tuple[str, str]]:
    if page.seen:
        yield "Seen", page.seen
    yield "To do", page.todo
    if page.sort != "exit code":
        yield "Override", override_words(page)
    if keeps(page):
        yield "Keeps", keeps(page)
    if page.modes:
        yield "Failures", ", ".join(page.modes)
    path = page.shown.partition("::")[0]
    yield "Shown by", f"[{page.shown.removeprefix('tests/')}](../../{path})"


def _errors(base: type[ConvergeError]) -> Iterator[type[ConvergeError]]:
    for error in base.__subclasses__():
        yield error
        yield from _errors(error)


def commands_page() -> str:
    """docs/reference/commands.md: the help of every command."""
    lines = ["# Commands", "", NOTE, "Exit codes are in [their own page](exit-codes.md)."]
    top = click.Context(group, info_name="converge", **group.context_settings)
    for name in COMMANDS:
        command = group.get_command(top, name)
        assert command is not None
        lines += _help(command, top, name)
    return "\n".join(lines) + "\n"


def _help(command: click.Command, parent: click.Context, name: str) -> Iterator[str]:
    """Its words and its options; how click lays out its help does not matter here."""
    context = click.Context(command, parent, info_name=name)
    usage = " ".join([context.command_path, *command.collect_usage_pieces(context)])
    yield from ("", f"{'#' * (context.command_path.count(' ') + 1)} {context.command_path}", "")
    yield from (f"    {usage}", "", inspect.cleandoc(command.help or ""), "")
    options = [one for one in command.params if isinstance(one, click.Option)]
    if options:
        yield from ("| option | |", "|---|---|", *map(_option_row, options), "")
    yield (command.epilog or "").replace("Example: ", "Example: `") + "`"
    if isinstance(command, click.Group):
        for one in command.list_commands(context):
            below = command.get_command(context, one)
            assert below is not None
            yield from _help(below, context, one)


def _option_row(option: click.Option) -> str:
    names = ", ".join(f"`{name}`" for name in option.opts)
    choices = getattr(option.type, "choices", ())
    takes = "\\|".join(map(str, choices)) or option.metavar or ""
    said = [option.help or ""]
    if option.show_default:
        said.append(f"Default: `{option.default}`.")
    if option.envvar:
        said.append(f"Environment: `{option.envvar}`.")
    return f"| {names} {takes} | {' '.join(filter(None, said))} |".replace("  ", " ")


PAGES: dict[str, Callable[[], str]] = {
    "schema/desired.schema.json": lambda: dumps(desired_schema(kinds())),
    "schema/drift.schema.json": drift_schema,
    "kinds.md": kinds_page,
    "desired-file.md": desired_file_page,
    "exit-codes.md": exit_codes_page,
    "codes.md": codes_page,
    "commands.md": commands_page,
    "scenarios.md": scenarios_page,
    "../explanation/failure-scenarios.md": failure_scenarios_page,
    "../explanation/residual-holes.md": residual_holes_page,
}


def written(
    pages: Mapping[str, Callable[[], str]], folder: Path, target: str, args: list[str]
) -> int:
    """Write the pages, or, with `--check`, say which are not current."""
    stale = []
    for name, page in pages.items():
        path, text = folder / name, page()
        if not path.exists() or path.read_text() != text:
            stale.append(name)
            if "--check" not in args:
                path.write_text(text)
    if stale and "--check" in args:
        sys.stderr.write(f"not current: {', '.join(stale)}; run make {target}\n")
        return 1
    return 0


def main(args: list[str]) -> int:
    return written(PAGES, REFERENCE, "docs", args)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
