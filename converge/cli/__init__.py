"""The command line: wiring only. Each command is a file of its own and is imported when called."""

from __future__ import annotations

import contextlib
import importlib
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from converge.cli.talk.output import CANNOT_SAY, cannot_say, while_saying
from converge.core.errors import BadDesired, ConvergeError, meant

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

COMMANDS = {
    "init": "write a first desired file, from a live node or from a few questions",
    "validate": "check the desired file without touching a node",
    "plan": "look, compare, and show what would be done; writes nothing",
    "apply": "carry the plan out, pass after pass, under the guards",
    "drift": "what differs, since when and by whom; for people and for monitoring",
    "install": "put the triggers on a node: devd, HAST's hook, cron, rc.d; --uninstall",
    "hold": "hold a pair still for maintenance, until a given time",
    "release": "end a hold before its time",
    "switchover": "hand the service over to the other node, in order",
    "repair": "split-brain or a new disk: show both copies, give one up",
    "history": "the last runs, from the journal",
    "show": "what one run did, from the journal",
    "replay": "an old run's decision, made again by today's converge",
    "graph": "the dependency graph as text, dot, mermaid or svg",
    "status": "the pair at a glance",
    "doctor": "a check of everything around the pair: clocks, counters, disks, boot order",
    "adopt": "take what was seen into the desired file, comments kept",
    "explain": "the page of a code: a guard, a hold, an exit code",
    "why": "why one resource is as it is, and what would change it",
    "observe": "what is seen on the nodes; --bundle keeps the raw answers",
    "lab": "the simulated pair: rehearse a failover on your desk",
    "rehearse": "play a scenario on the simulated pair: timeline, time budget, verdicts",
    "prove": "explore every way in which the pair can go on, within a bound",
    "schema": "JSON Schema of the desired file, for editors",
    "completion": "the script that completes command lines in bash, zsh or fish",
    "version": "version of converge and of what it runs on",
}


class Commands(click.Group):
    """A group that imports a command only when it is called for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"converge.cli.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The table above, so that help imports nothing."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem[str]]:
        """The same without importing a command; its options are those of any command."""
        from click.shell_completion import CompletionItem

        names = [name for name in COMMANDS if name.startswith(incomplete)]
        named = [CompletionItem(name, help=COMMANDS[name]) for name in names]
        return [*named, *click.Command.shell_complete(self, ctx, incomplete)]

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            hint = meant(args[0], COMMANDS)
            raise click.UsageError(f"there is no command {args[0]!r}.{hint}", ctx)
        return super().resolve_command(ctx, args)


@click.command(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Begin with: converge lab demo    More: docs/index.md",
)
def group() -> None:
    """Keep a two-node FreeBSD pair (MySQL on HAST and CARP) as its desired file says."""


def run(args: Sequence[str]) -> int:
    """Run a command line; every ending is an exit code, none a traceback."""
    completing = "_CONVERGE_COMPLETE" in os.environ
    try:
        if completing:
            from converge.cli.talk.completing import complete

            return complete()
        code = group.main(list(args), prog_name="converge", standalone_mode=False)
    except (click.Abort, KeyboardInterrupt):
        return 130
    except Exception as wrong:
        # When stderr is full the code alone must say it; while somebody types it does, too.
        with contextlib.suppress(OSError):
            if not completing:
                _explain(wrong)
        return _code(wrong)
    return code if isinstance(code, int) else 0


def _code(wrong: Exception) -> int:
    match wrong:
        case click.ClickException():
            return 64 if isinstance(wrong, click.UsageError) else 1
        case ConvergeError():
            return wrong.exit_code
        case OSError() if while_saying(wrong):
            return CANNOT_SAY
        case _:
            return 70


def _explain(wrong: Exception) -> None:
    """Say on stderr what went wrong."""
    match wrong:
        case click.ClickException():
            wrong.show()
        case BadDesired():
            from converge.engine.show.problems import render

            click.echo(render(wrong.problems), err=True, nl=False)
        case ConvergeError():
            hint = f"\n  {wrong.hint}" if wrong.hint else ""
            click.echo(f"converge: {wrong}{hint}", err=True)
        case OSError() if while_saying(wrong):
            cannot_say(wrong)
        case _:
            _our_bug(wrong)


def _our_bug(bug: Exception) -> None:
    """Something we did not think of: say so in one line; the story with CONVERGE_DEBUG=1."""
    if os.environ.get("CONVERGE_DEBUG"):
        raise bug
    where = ""
    trace = bug.__traceback__
    while trace is not None:
        frame = trace.tb_frame
        where = f"{frame.f_globals.get('__name__', '?')}:{trace.tb_lineno}"
        trace = trace.tb_next
    click.echo(
        f"converge: this is a bug in converge ({type(bug).__name__} at {where}).\n"
        "  Nothing further was done. Run again with CONVERGE_DEBUG=1 for the details to report.",
        err=True,
    )
