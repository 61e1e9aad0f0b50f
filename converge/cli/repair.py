"""converge repair: two copies that cannot find together again, and a person who chooses."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from converge.cli.talk.options import (
    color_option,
    config_option,
    no_input_option,
    node_options,
)
from converge.core.errors import CannotWrite, ConvergeError, UsageError, meant

if TYPE_CHECKING:
    from converge.cli.reach.site import Site
    from converge.cli.running.session import Session
    from converge.core.ids import ResourceId
    from converge.core.ledger import Ledger
    from converge.core.plan import Snapshot
    from converge.freebsd.hast.answers import HastState

Copies = Mapping[str, "HastState"]


class TooLittle(ConvergeError):
    """What must be seen cannot be."""

    exit_code = 6


@click.command(epilog="Example: converge repair hast.test --lose hastb")
@config_option
@node_options
@color_option
@click.argument("resource", metavar="RESOURCE")
@click.option("--lose", metavar="NODE", help="Whose copy is given up, where nobody can be asked.")
@click.option("-n", "--dry-run", is_flag=True, help="Show both copies; change nothing.")
@no_input_option
@click.option("-v", "--verbose", count=True, help="The log on stderr.")
def command(
    config: str, nodes: tuple[str, ...], hosts: tuple[str, ...], color: str, resource: str,
    lose: str | None, verbose: int, *, dry_run: bool, no_input: bool,
) -> int:  # fmt: skip
    """Show both copies of a HAST resource and what each choice loses; give one up.

    For split-brain, copies that are none of each other, and a new disk. Nothing is begun before
    the name of the node whose copy is lost was typed. Its metadata are saved, then it is made
    anew and synchronised in full from the other one. Run it on the node that loses.
    Exit codes: 0 repaired, or nothing to repair; 4 held; 6 a copy cannot be seen; 64 not typed.
    """
    from converge.cli.reach.site import site
    from converge.cli.running.session import Session
    from converge.freebsd.hast.repairing import broken

    with site(config, hosts, nodes) as here:
        session = Session(
            here, paint=color, verbose=verbose, quiet=False, cron=False, as_json=False
        )
        session.look_up()
        ref = _known(here, resource)
        this = session.first_pass(None, show=False)
        copies = _copies(this.snapshot, ref)
        wrong = broken(*copies.values())
        for line in _shown(resource, wrong, copies, _promoted(here, ref)):
            click.echo(line)
        if not wrong or dry_run:
            return 0
        loser = _chosen(here, copies, lose, no_input=no_input)
        winner = next(node for node in copies if node != loser)
        _fit(copies, loser, winner)
        return _given_up(session, this.snapshot, ref[loser], ref[winner], copies)


def _known(here: Site, resource: str) -> dict[str, ResourceId]:
    """The resource on each node, or a UsageError."""
    found = {id.node: id for id in here.graph.order if str(id.ref) == resource}
    kinds = sorted({str(id.ref) for id in here.graph.order if id.kind == "hast"})
    if not found or next(iter(found.values())).kind != "hast":
        hint = meant(resource, kinds)
        raise UsageError(f"{resource}: what can be repaired is {', '.join(kinds)}.{hint}")
    unseen = [node for node in found if node not in here.readers]
    if unseen:
        raise UsageError(
            f"both copies must be seen, and {unseen[0]} cannot be looked at",
            "Say how it is reached in the [peer] table of the desired file, or with --host.",
        )
    return found


def _copies(snapshot: Snapshot, ref: Mapping[str, ResourceId]) -> Copies:
    """What hastd says on each node. TooLittle."""
    from converge.core.state import Present, Unknown

    found = {}
    for node, id in sorted(ref.items()):
        seen = snapshot.observed.get(id)
        if not isinstance(seen, Present):
            why = seen.why if isinstance(seen, Unknown) else "hastd does not know it"
            raise TooLittle(f"{id} cannot be seen: {why}", "Both copies are compared first.")
        found[node] = seen.state
    return found


def _promoted(here: Site, ref: Mapping[str, ResourceId]) -> dict[str, str]:
    """When each node was promoted last, by the journal of this place."""
    from converge.hosts.journal import done_actions

    last = {key: line.time for key, line in done_actions(here.place.state)}
    keys = {node: f"{id} promote" for node, id in ref.items()}
    return {node: last[key] for node, key in keys.items() if key in last}


def _shown(
    resource: str, wrong: str, copies: Copies, promoted: Mapping[str, str]
) -> Iterator[str]:
    from converge.freebsd.hast.repairing import loss, side

    yield f"{resource}: {wrong or 'nothing to repair'}"
    if not wrong:
        return
    for node, seen in copies.items():
        other = next(s for n, s in copies.items() if n != node)
        yield ""
        yield node
        for line in side(seen):
            yield f"  {line}"
        yield f"  promoted   {promoted.get(node, 'not by the runs of this place')}"
        yield f"  if lost    {loss(seen, other)}"
    yield ""


def _chosen(here: Site, copies: Copies, lose: str | None, *, no_input: bool) -> str:
    """The name that a person typed."""
    names = ", ".join(copies)
    if lose is None and (no_input or not sys.stdin.isatty()):
        raise UsageError(
            f"nothing was done: say whose copy is given up, --lose {' or '.join(copies)}",
            "Look at both first: what only that copy has is gone for good.",
        )
    if lose is None:
        asked = f"Type the name of the node whose copy is given up for good ({names})"
        lose = click.prompt(asked, err=True, default="", show_default=False)
    if lose not in copies:
        raise UsageError(f"nothing was done: {lose!r} is none of {names}.{meant(lose, copies)}")
    if lose not in here.doors.hosts:
        raise UsageError(f"{lose} gives its copy up: run this on {lose}")
    return lose


def _fit(copies: Copies, loser: str, winner: str) -> None:
    from converge.cli.running.handing import UnfitPair

    found = []
    if not copies[winner].has_metadata or copies[winner].write_errors:
        found.append(f"the copy of {winner} is no good: nothing would be left")
    if copies[loser].mounted:
        found.append(
            f"{copies[loser].mounted} is in use on {loser}: once {winner} has the address, "
            f"`converge apply` on {loser} stops what uses it"
        )
    if found:
        raise UnfitPair(f"the copy of {loser} is not given up", found)


def _given_up(
    session: Session, snapshot: Snapshot, lost: ResourceId, kept: ResourceId, copies: Copies
) -> int:
    """Save what was, write the consent down, and let a run do the rest."""
    from converge import reconcile
    from converge.cli.running.turns import under_lock
    from converge.cli.talk.copying import watched
    from converge.freebsd.hast.memory import CONSENT

    click.echo(f"metadata of both copies saved in {_saved(session, snapshot, lost)}")

    def consent(ledger: Ledger) -> Ledger:
        notes = {**ledger.of(lost), CONSENT: copies[lost.node].copy}
        return replace(ledger, notes={**ledger.notes, lost: notes})

    session.word, session.reason = consent, f"{lost.node}'s copy is given up"
    session.only = lambda plan: reconcile.kept(plan, lambda id: id == lost, "not part of a repair")
    code = under_lock(session, None, None, "manual", "5s")
    if code:
        return code
    return 0 if watched(session.here, kept, live=sys.stderr.isatty()) else 1


def _saved(session: Session, snapshot: Snapshot, lost: ResourceId) -> str:
    """What hastctl said of both, as it said it, in a file that is kept. CannotWrite."""
    place, name = session.here.place, lost.name
    folder = place.state / "metadata"
    path = folder / f"{lost.ref}-{lost.node}-{session.run_id}.txt"
    lines = [f"# before the copy of {lost} was given up, {snapshot.taken.isoformat()}"]
    for node, heard in sorted(snapshot.heard.items()):
        for query, answer in heard:
            argv = getattr(query, "argv", ())
            if argv[:1] == ("hastctl",) and argv[1:] in (("list",), ("dump", name)):
                lines += [f"## {node}: {' '.join(argv)}", answer.stdout.rstrip()]
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write("\n".join(lines) + "\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as wrong:
        raise CannotWrite(f"{path}: {wrong.strerror}", "Nothing was done.") from wrong
    return str(path)
