"""What can stand at the end of a half-typed command line. It touches no node, and never speaks."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from textwrap import shorten

import click
from click.shell_completion import CompletionItem, ShellComplete, split_arg_string

from converge.cli import group
from converge.cli.talk.options import CONFIG

Found = Iterable["str | CompletionItem[str]"]


def complete() -> int:
    """Print what fits the line in COMP_WORDS, for the scripts of completion.py."""
    said = _Line(group, {}, "converge", "").complete()
    click.echo(said, nl=bool(said))
    return 0


class _Line(ShellComplete):
    """The same for every shell: one line up to the cursor in, whole words out."""

    name = "line"
    source_template = ""

    def get_completion_args(self) -> tuple[list[str], str]:
        # The mark makes a word of nothing, and stays in one whose quotes are open.
        words = split_arg_string(os.environ["COMP_WORDS"] + "\0")
        last = words[-1].removesuffix("\0")
        option, equals, _ = last.partition("=")
        self.before = option + equals if equals and last.startswith("-") else ""
        return words[1:-1], last

    def get_completions(self, args: list[str], incomplete: str) -> list[CompletionItem[str]]:
        command = group.get_command(click.Context(group), args[0]) if args else None
        if command is not None:
            _name_words(command)
        return super().get_completions(args, incomplete)

    def format_completion(self, item: CompletionItem[str]) -> str:
        about = shorten(item.help or "", 66, placeholder=" ...")
        return f"{item.type}\t{self.before}{item.value}\t{about}"


def _name_words(command: click.Command) -> None:
    """Tell click what its words name. Their metavars say it, so no command has to."""
    if isinstance(command, click.Group):
        for below in command.commands.values():
            _name_words(below)
    for parameter in command.params:
        find = WORDS.get(metavar(parameter))
        if find is not None:
            parameter.type = _Named(find)


def metavar(parameter: click.Parameter) -> str:
    """FILE of `[FILE]...`, CODE of an argument `code`."""
    said = parameter.metavar or (parameter.name or "").upper()
    return said.strip("[].")


class _Named(click.ParamType):  # type: ignore[type-arg]  # generic in the newest click only
    """A text that names something."""

    name = "text"

    def __init__(self, find: Callable[[click.Context, str], Found]) -> None:
        self.find = find

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem[str]]:
        found = self.find(ctx, incomplete)
        items = (CompletionItem(one) if isinstance(one, str) else one for one in found)
        return [one for one in items if _fits(one, incomplete)]


def _fits(item: CompletionItem[str], incomplete: str) -> bool:
    if item.type in ("file", "dir"):
        return incomplete.startswith(item.value)
    return item.value.startswith(incomplete) and item.value.isprintable()


# What there is.


def _config(context: click.Context) -> str:
    """The desired file of this line; '' where it is none, such as a pipe that would block."""
    named = context.params.get("config") or os.environ.get("CONVERGE_CONFIG") or CONFIG
    path = Path(named).expanduser()
    return str(path) if path.is_file() else ""


def _nodes(context: click.Context, _: str) -> Found:
    from converge.cli.reach.site import read_desired

    path = _config(context)
    return list(read_desired(path).pair.nodes) if path else ()


def _resources(context: click.Context, incomplete: str) -> Iterator[str]:
    """`hast.test`, and behind `hasta/` those of that node. Only HAST's can be repaired."""
    from converge.cli.reach.site import graph_of, read_desired

    path = _config(context)
    order = graph_of(read_desired(path)).order if path else ()
    ids = [id for id in order if context.info_name != "repair" or id.kind == "hast"]
    named = [str(id) for id in ids] if "/" in incomplete.partition(".")[0] else []
    yield from dict.fromkeys(named or (id.ref for id in ids))


def _codes(context: click.Context, _: str) -> Iterator[CompletionItem[str]]:
    """All of them for `explain`; for an option those that it takes."""
    from converge.cli.explain import pages

    for code, page in pages().items():
        if context.info_name == "explain" or page.override:
            yield CompletionItem(code, help=page.means.partition(";")[0])


def _guards(_: click.Context, __: str) -> Iterator[str]:
    from converge.cli.explain import pages

    yield from (code for code, page in pages().items() if page.sort.startswith("guard"))


def _faults(_: click.Context, __: str) -> Iterator[CompletionItem[str]]:
    from converge.lab.faults import FAULTS

    yield from (CompletionItem(name, help=one.does) for name, one in FAULTS.items())


def _urls(context: click.Context, incomplete: str) -> Iterator[CompletionItem[str]]:
    """NODE=, then the sorts of doors, then a file."""
    node, equals, url = incomplete.partition("=")
    if not equals:
        yield from (CompletionItem(f"{one}=", type="part") for one in _nodes(context, ""))
        return
    sort, colon, _ = url.partition(":")
    if colon and sort in ("lab", "bundle"):
        yield CompletionItem(f"{node}={sort}:", type="file")
    else:
        yield CompletionItem(f"{node}=local:")
        yield from (CompletionItem(f"{node}={one}", type="part") for one in _DOORS)


_DOORS = ("ssh://", "lab:", "bundle:")


def _files(_: click.Context, __: str) -> Found:
    return (CompletionItem("", type="file"),)


def _folders(_: click.Context, __: str) -> Found:
    return (CompletionItem("", type="dir"),)


WORDS: dict[str, Callable[[click.Context, str], Found]] = {
    "FILE": _files,
    "FILE_A FILE_B": _files,
    "DIR": _folders,
    "NODE": _nodes,
    "NODE=URL": _urls,
    "RESOURCE": _resources,
    "CODE": _codes,
    "GUARD": _guards,
    "FAULT": _faults,
}
"""By metavar: what such a word may be."""
