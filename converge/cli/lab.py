"""converge lab: the simulated pair, for a person."""

from __future__ import annotations

import re

import click

from converge.cli.talk.options import F, config_option
from converge.core.errors import UsageError, meant


def lab_option(function: F) -> F:
    """`--lab FILE`: where the lab lives."""
    return click.option(
        "--lab", "path", metavar="FILE", envvar="CONVERGE_LAB", callback=_as_named_before,
        help="State file [lab.json].",
    )(function)  # fmt: skip


def _as_named_before(context: click.Context, _: click.Parameter, path: str | None) -> str | None:
    """`converge lab --lab FILE run ...` holds for `run`, unless that names its own."""
    from click.core import ParameterSource

    if context.get_parameter_source("path") is ParameterSource.COMMANDLINE:
        return path
    before: str | None = context.parent.params.get("path") if context.parent else None
    return before or path


@click.group(
    invoke_without_command=True,
    epilog="Example: converge lab new -c desired/seed-pair.toml; converge lab run hasta ifconfig",
)
@lab_option
@click.pass_context
def command(context: click.Context, path: str | None) -> None:
    """Two simulated FreeBSD machines in a file: rehearse a failover, no FreeBSD needed.

    Without a subcommand: a prompt. Other commands reach the lab with --host NODE=lab:FILE.

    Exit codes: 0; 66 there is no lab in that file; 65 it is damaged.
    """
    if context.invoked_subcommand is None:
        from converge.cli.ground.prompt import talk

        talk(path)


@command.command(epilog="Example: converge lab new -c desired/seed-pair.toml")
@lab_option
@config_option
def new(path: str | None, config: str) -> None:
    """Two bare machines for a desired file, just booted.

    Exit codes: 0; 65 the desired file is wrong; 73 the lab cannot be written.
    """
    from converge.cli.ground.blueprint import blueprint
    from converge.cli.ground.labfile import lab_path, new_lab
    from converge.cli.reach.site import graph_of, read_desired
    from converge.lab.fresh import fresh

    desired = read_desired(config)
    made = new_lab(lab_path(path), fresh(blueprint(desired, graph_of(desired))))
    for machine in made.lab.world.machines.values():
        click.echo(f"{machine.name}: FreeBSD {machine.release}, up, nothing configured")


@command.command(
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
    epilog="Example: converge lab run hasta hastctl status test",
)
@lab_option
@click.argument("node")
@click.argument("words", nargs=-1, required=True, type=click.UNPROCESSED)
def run(path: str | None, node: str, words: tuple[str, ...]) -> int:
    """Run a program on a machine: its output, its exit code.

    Exit codes: the program's own; 64 there is no such machine; 69 it does not answer.
    """
    from converge.cli.ground.labfile import open_lab
    from converge.core.host import Command

    lab = open_lab(path or "")
    known(node, lab.lab.world.machines)
    host = lab.host(node)
    ticket = host.begin(Command(words, deadline_s=600.0))
    answer = host.wait([ticket], lab.clock.elapsed() + 600.0)[ticket]
    click.echo(answer.stdout, nl=False)
    click.echo(answer.stderr or (f"{answer.lost}\n" if answer.lost else ""), err=True, nl=False)
    return 69 if answer.lost else answer.code


@command.command(epilog="Example: converge lab advance 10s")
@lab_option
@click.argument("span")
def advance(path: str | None, span: str) -> None:
    """Let time pass, timers and all.

    Exit codes: 0; 64 that is no span of time; 66 there is no lab.
    """
    from converge.cli.ground.labfile import open_lab, read_span

    span_s = read_span(span)
    lab = open_lab(path or "")
    lab.clock.sleep(span_s)
    click.echo(f"it is {lab.clock.wall():%H:%M:%S}")


class _Signed(click.Command):
    """A command whose last word may be a number below zero: no option of it looks like that."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        numbers = [word for word in args if re.fullmatch(r"-\d+(\.\d+)?", word)]
        rest = [word for word in args if word not in numbers]
        return super().parse_args(ctx, [*rest, "--", *numbers] if numbers else args)


@command.command(cls=_Signed, epilog="Example: converge lab fault power-off hasta")
@lab_option
@click.argument("name", metavar="FAULT")
@click.argument("node")
@click.argument("word", required=False, default="")
def fault(path: str | None, name: str, node: str, word: str) -> None:
    """Break or mend something; `converge lab faults` lists what.

    Exit codes: 0; 64 there is no such fault or machine; 66 there is no lab.
    """
    from converge.cli.ground.labfile import open_lab
    from converge.lab.faults import FAULTS

    lab = open_lab(path or "")
    known(name, FAULTS, "faults")
    known(node, lab.lab.world.machines)
    with lab.turn(lasting=True):
        lab.lab.world = FAULTS[name].act(lab.lab.world, node, word)
    click.echo(f"{node}: {FAULTS[name].does}")


@command.command(epilog="Example: converge lab faults")
def faults() -> None:
    """What can be broken, and mended.

    Exit codes: 0.
    """
    from converge.lab.faults import FAULTS

    for name, one in FAULTS.items():
        click.echo(f"  {f'{name} NODE {one.argument}'.rstrip().ljust(34)} {one.does}")


@command.command(epilog="Example: converge lab demo --keep lab.json")
@click.option("--keep", metavar="FILE", help="Keep the lab's state in a file to look around.")
def demo(keep: str | None) -> int:
    """The main job on a simulated pair: plan, apply, failover and back.

    Exit codes: 0; 1 it did not come out as it should; 73 the lab cannot be kept.
    """
    from converge.cli.ground.demo import show

    return show(keep)


def known(word: str, words: object, what: str = "machines") -> None:
    """A word that is not one of `words` is a usage error with a guess."""
    names = [str(w) for w in words]  # type: ignore[attr-defined]
    if word in names:
        return
    hint = meant(word, names)
    raise UsageError(f"{word!r} is none of the {what} of the lab: {', '.join(names)}.{hint}")
