"""A prompt into the lab: `NODE: command line`, time and faults, like two open terminals."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import click

from converge.cli.ground.labfile import LabFile, open_lab, read_span
from converge.core.errors import ConvergeError
from converge.lab.faults import FAULTS
from converge.lab.shell import sh

HELP = """\
  NODE COMMAND LINE   run it there, with pipes and ;     hasta hastctl status test | tail -1
  advance 10s         let time pass
  fault NAME NODE     break or mend something            fault power-off hasta
  faults              what can be broken
  quit
"""


def talk(path: str | None) -> None:
    """Read lines until the end of input; the lab is saved after each."""
    lab = open_lab(path or "")
    nodes = ", ".join(lab.lab.world.machines)
    click.echo(f"The lab in {lab.path}: {nodes}. `help` for help.")
    for line in _lines(lab):
        if line in ("quit", "exit"):
            return
        try:
            with lab.turn():
                _obey(lab, line)
        except (ConvergeError, ValueError) as wrong:
            click.echo(str(wrong), err=True)


def _lines(lab: LabFile) -> Iterator[str]:
    """Lines of a person or of a file, without the empty ones."""
    while True:
        if sys.stdin.isatty():
            click.echo(f"{lab.clock.wall():%H:%M:%S} lab> ", nl=False)
        line = sys.stdin.readline()
        if not line:
            return
        if line.strip():
            yield line.strip()


def _obey(lab: LabFile, line: str) -> None:
    word, _, rest = line.partition(" ")
    if word == "help":
        click.echo(HELP, nl=False)
    elif word == "faults":
        for name, fault in FAULTS.items():
            click.echo(f"  {name:16} {fault.does}")
    elif word == "advance":
        lab.clock.sleep(read_span(rest.strip()))
    elif word == "fault":
        name, node, *words = [*rest.split(), "", ""]
        if name not in FAULTS or node not in lab.lab.world.machines:
            raise ValueError("write: fault NAME NODE; `faults` lists the names")
        lab.lab.world = FAULTS[name].act(lab.lab.world, node, words[0])
    elif word in lab.lab.world.machines:
        result = sh(lab.lab.world, word, rest)
        lab.lab.world = result.world
        lab.clock.sleep(min(result.took_s, 600.0))
        click.echo(result.answer.stdout, nl=False)
        click.echo(result.answer.stderr or result.answer.lost, err=True, nl=False)
    else:
        raise ValueError(f"{word}: no machine and no word of the lab; `help` for help")
