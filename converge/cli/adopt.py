"""converge adopt: what was seen becomes what is wished, in the desired file itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import click

from converge.cli.talk.asking import agreed
from converge.cli.talk.options import (
    color_option,
    config_option,
    no_input_option,
    node_options,
    paint_for,
    yes_option,
)
from converge.core.errors import CannotWrite, ConvergeError, UsageError

if TYPE_CHECKING:
    from converge.cli.reach.site import Site
    from converge.core.ids import ResourceId
    from converge.reconcile.adopting import Proposal, Wanted


class ChangedMeanwhile(ConvergeError):
    """Somebody saved the file between our reading and our writing."""

    exit_code = 75


ADVICE = "say -y to write the file, or -n to see it only"


@click.command(epilog="Example: converge adopt carp.vip -n")
@config_option
@node_options
@color_option
@click.argument("resources", nargs=-1, metavar="[RESOURCE]...")
@yes_option
@click.option("-n", "--dry-run", is_flag=True, help="Show the diff only.")
@no_input_option
def command(
    config: str, nodes: tuple[str, ...], hosts: tuple[str, ...], color: str,
    resources: tuple[str, ...], *, yes: bool, dry_run: bool, no_input: bool,
) -> int:  # fmt: skip
    """Take what was seen into the desired file, where it differs: of all, or of each RESOURCE
    (carp.vip; hasta/carp.vip for one node). Comments, order and all other bytes stay.

    Nothing is written on any node. A value goes to the shared table if both nodes show it, else
    under [node.NAME]. Exit codes: 0 written, or nothing to adopt; 1 something differs and none of
    it can be adopted; 6 because too little can be seen; 70 the result would not read back as
    meant, nothing was written; 75 somebody else changed the file meanwhile.
    """
    from converge.cli.reach.site import site

    with site(config, hosts, nodes) as here:
        chosen = _chosen(here, resources, nodes)
        old, new = _proposal(here, config, chosen, named=bool(resources))
        refused = [no for no in new.declined if no.id.node in here.acting]
    paint = paint_for(color)
    from converge.engine.show.adoption import adoption_lines, diff_lines

    shown = [*adoption_lines(new.taken, refused, new.then, paint)]
    if new.taken:
        shown += ["", *diff_lines(config, _lines(old), _lines(new.wanted), paint)]
    click.echo("\n".join(shown or ["nothing to adopt: what is seen is what is wished"]))
    if not new.taken:
        return 0 if not refused else 6 if new.unseen else 1
    if dry_run or not (yes or agreed("Write it?", ADVICE, no_input=no_input)):
        return 0
    _write(config, old.text, new.wanted.text)
    count = len(new.taken)
    fields = "1 field differs" if count == 1 else f"{count} fields differ"
    click.echo(f"written: {config}, and read back: {fields} from before, nothing else")
    return 0


def _chosen(
    here: Site, words: tuple[str, ...], nodes: tuple[str, ...]
) -> Callable[[ResourceId], bool]:
    """Is a resource one of those that are meant?"""
    from converge.core.errors import near

    ids = here.graph.order
    known = {str(id) for id in ids} | {str(id.ref) for id in ids}
    for word in words:
        if word not in known:
            guess = near(word, known)
            raise UsageError(
                f"there is no resource {word} in the desired file",
                f"Did you mean {guess}?" if guess else "`converge graph` lists them.",
            )

    def meant(id: ResourceId) -> bool:
        named = not words or any(str(one) in words or one.ref in words for one in line(id))
        return named and (not nodes or id.node in nodes)

    def line(id: ResourceId) -> Iterator[ResourceId]:
        """It, and what brought it along: that is the table which its value goes to."""
        by: ResourceId | None = id
        while by is not None:
            yield by
            by = here.graph.implied_by.get(by)

    return meant


def _proposal(
    here: Site, config: str, meant: Callable[[ResourceId], bool], *, named: bool
) -> tuple[Wanted, Proposal]:
    from converge.cli.reach.site import desired_of, graph_of, read_text
    from converge.cli.running.memory import known
    from converge.core.ledger import Now
    from converge.engine.observe import observe
    from converge.reconcile import remembered
    from converge.reconcile.adopting import Seen, Wanted, propose

    def read(text: str) -> Wanted:
        desired = desired_of(text, config)
        return Wanted(text, desired, graph_of(desired))

    old = read(read_text(config))
    if old.desired.digest != here.desired.digest:
        raise _changed(config)
    clock = here.doors.clock
    snapshot = observe(here.graph, here.readers, clock)
    now = Now(clock.elapsed(), clock.wall().timestamp())
    ledger = known(here.place, clock)
    ledger = remembered(here.graph, ledger, snapshot, now, here.acting)
    return old, propose(
        old, Seen(snapshot, ledger, now, frozenset(here.acting)), read, meant, named=named
    )


def _lines(file: Wanted) -> list[tuple[str, str]]:
    return list(zip(file.text.split("\n"), file.desired.source.lines, strict=False))


def _write(path: str, old: str, new: str) -> None:
    """Replace the file, if it is still the one that was read, and read it back."""
    from converge.core.host import CHANGED_MEANWHILE
    from converge.hosts.disk import read, swap
    from converge.reconcile.adopting import NotProved

    done = swap(path, old, new)
    if done.code == CHANGED_MEANWHILE:
        raise _changed(path)
    if done.code:
        wrong = CannotWrite(done.said, "Nothing was written.")
        wrong.exit_code = done.code
        raise wrong
    back = read(path)
    if back.lost or back.stdout != new:
        why = back.lost or "somebody may have written it as well"
        raise NotProved(f"{path} does not read back as it was written: {why}")


def _changed(path: str) -> ChangedMeanwhile:
    said = f"{path} has been changed by somebody else meanwhile; nothing was written"
    return ChangedMeanwhile(said, "Run converge adopt again: it reads the file anew.")
