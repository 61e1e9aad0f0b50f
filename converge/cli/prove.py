"""converge prove: every way in which a pair can go on, within a bound, or walks by luck."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from converge.cli.talk.options import config_option, json_option
from converge.core.errors import CannotWrite, UsageError, meant

if TYPE_CHECKING:
    from converge.proving.prove.proof import Tally
    from converge.proving.prove.scene import Ground, Scene
    from converge.proving.prove.way import Question

BROKEN = 7


@click.command(epilog="Example: converge prove -c desired/mysql-pair.toml --faults 1")
@config_option
@click.option("--faults", default=2, show_default=True, type=click.IntRange(0, 9), metavar="K",
              help="How many faults may come, at any moment.")  # fmt: skip
@click.option("--late", default=0, show_default=True, type=click.IntRange(0, 9), metavar="N",
              help="How many steps may come a second late, after the other node's.")  # fmt: skip
@click.option("--bound", default=0, metavar="N", help="So many moves at most; 0: to the end.")
@click.option("--start", default="served", show_default=True, help="How the pair is at first.")
@click.option("--actor", type=click.Choice(["converge", "classic"]), default="converge",
              show_default=True, help="Whose software the nodes run.")  # fmt: skip
@click.option("--ill", "ills", multiple=True, metavar="FAULT",
              help="Faults that may come, NODE:FAULT only there (repeatable) "
              "[what a pair meets by itself].")  # fmt: skip
@click.option("--without", multiple=True, metavar="GUARD", help="Never ask this guard.")
@click.option("--all", "every", is_flag=True,
              help="Do not stop at what is broken first: a timeline for each.")  # fmt: skip
@click.option("--walks", default=0, metavar="N", help="N walks by luck instead.")
@click.option("--steps", default=200, show_default=True, metavar="N", help="Moves of a walk.")
@click.option("--seed", default=1, show_default=True, help="Of the walks.")
@click.option("--jobs", default=2, show_default=True, type=click.IntRange(1, 64))
@click.option("--limit", default="0s", metavar="DURATION", help="Stop after so long; 0s: never.")
@click.option("--resume", metavar="FILE", help="Keep what is done in FILE, and go on from it.")
@click.option("--save", metavar="FILE", help="Where a counter-example goes, for `rehearse`.")
@json_option
def command(
    config: str, faults: int, late: int, bound: int, start: str, actor: str,
    ills: tuple[str, ...], without: tuple[str, ...], walks: int, steps: int, seed: int,
    jobs: int, limit: str, resume: str | None, save: str | None, *, as_json: bool, every: bool,
) -> int:  # fmt: skip
    """Explore every way in which the pair can go on, and check what must never be so.

    The real planning, kinds and guards decide on worlds of the lab. Between a look and what is
    done upon it anything may happen. Exit codes: 0 nothing was broken; 7 something was, and the
    timeline shows how; 1 it was stopped before the end.
    """
    from converge.cli.ground.labfile import read_span
    from converge.cli.ground.proofs import Inquiry
    from converge.proving.prove.explore import Aim
    from converge.proving.prove.way import Question

    _check(start, ills, without)
    question = Question(
        config, actor, start, faults, late, tuple(sorted(without)), tuple(sorted(ills))
    )
    inquiry = Inquiry(question, limit_s=read_span(limit), live=sys.stderr.isatty())
    ground, scene = inquiry.prepared
    # The script promises nothing, so nothing is forgiven it.
    aim = Aim(bound, every, actor == "converge")
    tally = inquiry.walks(walks, steps, seed) if walks else inquiry.proof(aim, jobs, resume)
    _say(question, ground, scene, tally, save, walks, as_json=as_json)
    if tally.broken:
        return BROKEN
    return 0 if tally.complete else 1


def _check(start: str, ills: tuple[str, ...], without: tuple[str, ...]) -> None:
    from converge.cli.running.override import known_guards
    from converge.proving.prove.ills import ILLS, placed
    from converge.proving.prove.opening import OPENINGS

    known_guards(without, "--without")
    asked: list[tuple[str, str, list[str]]] = [("--start", start, list(OPENINGS))]
    asked += [("--ill", placed(ill)[1], list(ILLS)) for ill in ills]
    for option, word, words in asked:
        if word not in words:
            hint = meant(word, words)
            raise UsageError(f"{option} {word}: it is one of {', '.join(sorted(words))}.{hint}")


def _say(
    question: Question, ground: Ground, start: Scene, tally: Tally, save: str | None,
    walks: int, *, as_json: bool,
) -> None:  # fmt: skip
    from converge.engine.show.json import FORMAT_VERSION, dumps
    from converge.proving.prove.way import saved, timeline

    if as_json:
        form = {
            "format_version": FORMAT_VERSION, "kind": "proof", "faults": question.faults,
            "late": question.late, "states": tally.states, "moves": tally.moves,
            "complete": tally.complete, "ends": tally.ends, "held": tally.held,
            "holes": {hole: list(c.moves) for hole, c in sorted(tally.holes.items())},
            "broken": {
                code: {"moves": list(c.moves), "said": [str(b) for b in c.broken]}
                for code, c in sorted(tally.broken.items())
            },
        }  # fmt: skip
        click.echo(dumps(form), nl=False)
    else:
        click.echo(summary(question, tally, walks), nl=False)
    for n, (_, counter) in enumerate(sorted(tally.broken.items())):
        title = "; ".join(map(str, counter.broken))
        if not as_json:
            click.echo(f"\n{title}\n\n{timeline(ground, start, counter.moves)[0]}", nl=False)
        if save:
            name = save if n == 0 else f"{save}.{n + 1}"
            _write(name, saved(question, counter.moves, title))
            if not as_json:
                click.echo(f"\nsaved in {name}; play it with: converge rehearse {name}")


def _write(path: str, text: str) -> None:
    try:
        Path(path).write_text(text, encoding="utf-8")
    except OSError as wrong:
        raise CannotWrite(f"{path}: {wrong.strerror}") from wrong


def summary(question: Question, tally: Tally, walks: int = 0) -> str:
    """What was explored and found, for a person."""
    what = f"{walks} walks" if walks else f"{question.faults} faults, {question.late} late steps"
    lines = [f"{what}: {tally.states} states, {tally.moves} moves, {tally.ends} ends"]
    how = "complete" if tally.complete else f"not complete: {tally.tasks} of {tally.of} parts"
    broken = ", ".join(sorted(tally.broken))
    verdict = f"broken: {broken}" if broken else "nothing was broken"
    lines.append(f"{how}; {verdict}")
    for codes, times in sorted(tally.held.items()):
        lines.append(f"  ends held by {codes}: {times}")
    for hole, counter in sorted(tally.holes.items()):
        said = "; ".join(map(str, counter.broken))
        lines.append(f"  known hole {hole}, after {len(counter.moves)} moves: {said}")
        lines += [f"    {m}" for m in counter.moves if m.split()[0] not in ("step", "time")]
    if not tally.broken:
        lines += _second_lines(question.without)
    return "\n".join(lines) + "\n"


def _second_lines(without: tuple[str, ...]) -> list[str]:
    """Why nothing breaks without a guard: another one stands before it."""
    from converge.cli.running.override import known_guards

    return [
        f"  {guard.code} is the second line behind {other}: --without {other}, too, breaks {code}"
        for guard in known_guards(without, "--without")
        for code, other in guard.behind
        if guard.code in without and other not in without
    ]
