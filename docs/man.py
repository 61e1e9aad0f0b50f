"""Writes docs/man/, the man pages, from their frames and the code.

`python docs/man.py` writes; with `--check` it exits 1 when a page is not current.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections import Counter
from collections.abc import Collection, Iterator
from functools import partial
from pathlib import Path
from textwrap import wrap

import click
from generate import Kind, default_words, range_words, shown_type, written
from pydantic import BaseModel

from converge.cli import COMMANDS, group
from converge.cli.explain import pages as codes
from converge.cli.reach.places import LAB, RUN, STATE
from converge.cli.running.logs import LOG
from converge.cli.talk.options import CONFIG
from converge.core.duration import EXAMPLES
from converge.core.exits import EXITS
from converge.engine.desired import TABLES
from converge.engine.show.codes import Page, prose
from converge.freebsd import kinds
from converge.freebsd.trigger.texts import FILES

ROOT = Path(__file__).parents[1]
FRAMES = ROOT / "docs" / "frames"
SHARED = 4
"""An option that so many commands have with the same words is described once."""

Lines = Iterator[str]

# Text as mdoc(7) wants it.

_MARKED = re.compile(
    r"(?<!\S)(?P<open>\(?)"
    r"(?:`(?P<code>[^`]+)`|(?P<page>[a-z][\w.-]*)\((?P<section>[1-9])\)|(?P<flag>--?[a-z][\w-]*)"
    r"|(?P<name>[A-Z]{3,}))"
    r"(?P<close>[.,:;?)]*)(?!\S)"
)


def text(words: str, names: Collection[str] = ()) -> Lines:
    """Prose with `code`, page(8), --flags and the NAMES of what a command takes."""
    at = 0
    words = " ".join(words.split())
    for found in _MARKED.finditer(words):
        if found["name"] and found["name"] not in names:
            continue
        yield from _plain(words[at : found.start()])
        before = [found["open"]] if found["open"] else []
        yield " ".join([*_macro(found, before), *found["close"]])
        at = found.end()
    yield from _plain(words[at:])


def _macro(found: re.Match[str], before: list[str]) -> list[str]:
    if found["code"] and found["code"].startswith('"'):
        return [".Li", *before, quoted(found["code"])]
    if found["code"]:
        return [".Ql", *before, quoted(found["code"])]
    if found["page"]:
        return [".Xr", *before, found["page"], found["section"]]
    if found["flag"]:
        return [".Fl", *before, escaped(found["flag"][1:])]
    return [".Ar", *before, found["name"].lower()]


def _plain(words: str) -> Lines:
    """A sentence begins a line; what a formatter would take for a request does not."""
    for sentence in re.split(r"(?<=[\w)`][.?:])\s+(?=[A-Z])", words.strip().replace("`", "")):
        for line in wrap(escaped(sentence), 78, break_long_words=False, break_on_hyphens=False):
            yield f"\\&{line}" if line[0] in ".'" else line


def escaped(words: str) -> str:
    """Characters that mean something to a formatter, or that it would make nicer."""
    out = words.replace("\\", "\\e").replace('"', "\\(dq")
    return out.replace("^", "\\(ha").replace("~", "\\(ti")


def quoted(words: str) -> str:
    """One argument of a macro, never taken for a macro itself."""
    out = escaped(words).replace("-", "\\-")
    return f'"{out}"' if " " in out else f"\\&{out}" if re.match(r"\W|[A-Z]\w{1,2}$", out) else out


# The commands.


def commands() -> Iterator[tuple[str, click.Command]]:
    """Each with its words, `lab new` behind `lab`."""
    top = click.Context(group, info_name="converge")
    for name in COMMANDS:
        command = group.get_command(top, name)
        assert command is not None
        yield name, command
        if isinstance(command, click.Group):
            yield from ((f"{name} {below}", one) for below, one in command.commands.items())


def options(command: click.Command) -> list[click.Option]:
    return [one for one in command.params if isinstance(one, click.Option)]


def _key(option: click.Option) -> tuple[tuple[str, ...], str]:
    return tuple(option.opts), option.help or ""


def shared() -> dict[tuple[tuple[str, ...], str], click.Option]:
    """What is described once."""
    counts = Counter(_key(one) for _, command in commands() for one in options(command))
    found = {_key(one): one for _, command in commands() for one in options(command)}
    keys = sorted(found, key=lambda key: min(key[0], key=len).lstrip("-"))
    return {key: found[key] for key in keys if counts[key] >= SHARED}


def takes(parameter: click.Parameter) -> str:
    """Its argument as macros: `Ar file`, `Cm text | json`, '' for a flag."""
    if isinstance(parameter, click.Option) and (parameter.is_flag or parameter.count):
        return ""
    choices = getattr(parameter.type, "choices", ())
    if choices and not (isinstance(parameter, click.Argument) and len(choices) > 4):
        return "Cm " + " | ".join(map(str, choices))
    said = (parameter.metavar or parameter.name or "").lower()
    if isinstance(parameter, click.Option) and not parameter.metavar:
        said = "number" if "int" in type(parameter.type).__name__.lower() else "name"
    bare = said.strip("[].").replace("=", " Ns = Ns Ar ")
    maybe = said.startswith("[") and isinstance(parameter, click.Option)
    return f"Oo Ar {bare} Oc" if maybe else f"Ar {bare}"


def flags(option: click.Option) -> str:
    """`Fl c , Fl -config Ar file`."""
    names = " , ".join(f"Fl {name[1:]}" for name in option.opts)
    return f"{names} {takes(option)}".rstrip()


def synopsis(name: str, command: click.Command) -> Lines:
    """The words of a command, as the head of an item."""
    yield ".It Xo"
    yield f".Cm {name}"
    for one in sorted(command.params, key=lambda one: isinstance(one, click.Argument)):
        more = " ..." if one.nargs == -1 or getattr(one, "multiple", False) else ""
        if isinstance(one, click.Option):
            short = min(one.opts, key=len)
            said = f"Fl {short[1:]} {takes(one)}".rstrip()
            yield f".{said}{more}" if one.required else f".Oo {said} Oc{more}"
        else:
            yield f".{takes(one)}{more}" if one.required else f".Op {takes(one)}{more}"
    yield ".Xc"


def option_item(option: click.Option, names: Collection[str] = ()) -> Lines:
    yield f".It {flags(option)}"
    yield from text(option.help or "", names)
    if option.show_default and option.default is not None:
        yield from text(f"Default: `{option.default}`.")


def shared_items() -> Lines:
    for option in shared().values():
        yield from option_item(option, _names(option))


def _names(*parameters: click.Parameter) -> set[str]:
    return {
        word
        for one in parameters
        if takes(one)
        for word in re.findall(r"[A-Z]{3,}", one.metavar or (one.name or "").upper())
    }


def command_items() -> Lines:
    known = shared()
    for name, command in commands():
        names = _names(*command.params)
        yield from synopsis(name, command)
        told = inspect.cleandoc(command.help or "")
        for n, paragraph in enumerate(re.split(r"\n\n|\s(?=Exit codes:)", told)):
            yield from ([".Pp"] if n else [])
            yield from text(paragraph, names)
        own = [one for one in options(command) if _key(one) not in known]
        if own:
            yield from (".Pp", ".Bl -tag -width Ds -compact")
            for one in own:
                yield from option_item(one, names)
            yield ".El"
        lines = (command.epilog or "").removeprefix("Example: ").replace("; ", "\n")
        yield from (".Bd -literal -offset 2n", *literal(lines), ".Ed")


# Exit codes, codes of guards, files.


def exit_items() -> Lines:
    for one in EXITS:
        yield f".It {one.code}"
        yield from text(f"{_sentence(one.means)} To do: {_sentence(one.todo, upper=False)}")


def _sentence(words: str, *, upper: bool = True) -> str:
    whole = words.removesuffix(".") + "."
    return whole[0].upper() + whole[1:] if upper else whole


def code_items() -> Lines:
    for page in codes().values():
        if page.sort != "exit code":
            yield f".It {page.code}"
            yield from text(_told(page))


def _told(page: Page) -> str:
    lifted = " It may be lifted." if page.override else ""
    return f"{_sentence(page.means)}{lifted} To do: {page.todo}"


def trigger_items() -> Lines:
    words = {
        "wake": "starts a run and returns at once; called by the others",
        "devd": "rules for CARP's events", "hast": "the hook that hast.conf(5) names",
        "cron": "a look every minute", "rc": "after a boot and before a shutdown",
        "newsyslog": "rotates the log", "periodic": "what differs, in the daily mail",
    }  # fmt: skip
    for name, texts in FILES.items():
        for one in texts:
            yield f".It Pa {one.path}"
            yield from text(words[name])


# The desired file.


def field_items(model: type[BaseModel]) -> Lines:
    """A field, what it takes, what it is for; below, what is not taken."""
    schemas = model.model_json_schema()["properties"]
    fields = {n: f for n, f in model.model_fields.items() if n not in ("id", "needs")}
    traps = [name for name in fields if schemas[name].get("type") == "null"]
    if len(fields) > len(traps):
        yield ".Bl -tag -width Ds"
        for name, field in fields.items():
            if name not in traps:
                yield f".It Ic {name}"
                yield from text(_takes_words(field, schemas[name]))
                yield from text(_sentence(field.description or "", upper=False))
        yield ".El"
    if traps:
        yield from (".Pp", "Not taken, because people look for it:", ".Bl -tag -width Ds")
        for name in traps:
            yield f".It Ic {name}"
            yield from text(_sentence(fields[name].description or "", upper=False))
        yield ".El"


def _takes_words(field: object, schema: dict[str, object]) -> str:
    """`Whole number, 1 to 255; required.`"""
    range = range_words(schema)
    shape = range.strip("` ").replace("\\|", "|") if range.startswith("`` ") else ""
    kind = ", ".join(filter(None, [shown_type(field, schema), "" if shape else range]))
    default = default_words(field, schema).replace("*", "")
    ends = f"; {default}" if default == "required" else f"; default {default}" if default else ""
    said = _sentence(f"{kind}{ends}")
    return f"{said} Its form: `{shape}`." if shape else said


def table_sections() -> Lines:
    heads = {"node": "[node.NAME]", "ignore": "[[ignore]]"}
    for name, model in TABLES.items():
        yield f".Ss {heads.get(name, f'[{name}]')}"
        yield from text(_sentence(prose(model.__doc__).partition(": ")[2]))
        yield from field_items(model)


def kind_sections() -> Lines:
    for name, kind in kinds().items():
        yield f".Ss [{name}.NAME]"
        yield from text(prose(kind.__doc__))
        yield from field_items(kind)
        yield from _guards(kind)


def _guards(kind: Kind) -> Lines:
    if kind.guards:
        yield from (".Pp", "Guards:")
        *most, last = sorted(guard.code for guard in kind.guards)
        yield from (f".Ql {quoted(code)} ," for code in most)
        yield f".Ql {quoted(last)} ."


def literal(words: str) -> Lines:
    for line in words.rstrip("\n").split("\n"):
        out = escaped(line).replace("-", "\\-")
        yield f"\\&{out}" if out[:1] in (".", "'") else out


# The pages.


def page(name: str) -> str:
    """A frame with what the code says in its places."""
    example = (ROOT / "desired" / "mysql-pair.toml").read_text()
    blocks = {
        "shared": shared_items, "commands": command_items, "exits": exit_items,
        "codes": code_items, "triggers": trigger_items, "tables": table_sections,
        "kinds": kind_sections, "example": lambda: literal(example),
    }  # fmt: skip
    out = (FRAMES / name).read_text()
    for key, block in blocks.items():
        if f"{{{{{key}}}}}" in out:
            out = out.replace(f"{{{{{key}}}}}", "\n".join(block()))
    words = {"config": CONFIG, "state": STATE, "run": RUN, "log": LOG, "lab": LAB}
    for key, word in words.items():
        out = out.replace(f"{{{{{key}}}}}", word)
    out = out.replace("{{durations}}", ", ".join(f"\\(dq{one}\\(dq" for one in EXAMPLES))
    assert "{{" not in out, "the frame asks for something unknown"
    assert out.isascii(), "a formatter may not know these characters"
    note = f'.\\" Written by "make man" from docs/frames/{name} and the code; do not edit.\n'
    return note + out


PAGES = ("converge.8", "converge.toml.5")


def main(args: list[str]) -> int:
    pages = {name: partial(page, name) for name in PAGES}
    return written(pages, ROOT / "docs" / "man", "man", args)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
