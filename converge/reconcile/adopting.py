"""From what differs to a new text of the desired file: proposed, applied, read back, compared."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from converge.core.adoption import Adoption, Declined
from converge.core.desired import Desired
from converge.core.errors import BadDesired, ConvergeError
from converge.core.graph import Graph
from converge.core.ids import ResourceId
from converge.core.ledger import Ledger, Now
from converge.core.plan import Change, Snapshot
from converge.core.state import Absent, Present, Wish, differing, in_sync
from converge.engine.desired.placed import places
from converge.engine.desired.written import NotWritten, written
from converge.engine.plan.adoption import adopted
from converge.engine.plan.diff import diff, wishes
from converge.engine.plan.sight import sights

DOWN = "it is not there, or down; name it in the command if it is to stay so"


class NotProved(ConvergeError):
    """The file read back does not say exactly what was meant."""

    exit_code = 70


@dataclass(frozen=True, slots=True)
class Wanted:
    """A desired file as it is read: its text, what it says, its graph."""

    text: str
    desired: Desired
    graph: Graph


@dataclass(frozen=True, slots=True)
class Proposal:
    """The file as it would be, what is taken into it, and what is not, with the reason."""

    wanted: Wanted
    taken: tuple[Adoption, ...] = ()
    declined: tuple[Declined, ...] = ()
    then: tuple[ResourceId, ...] = ()
    """What is as wished, and would differ then: the same thing in another place."""
    unseen: bool = False
    """Nothing of it was declined for another reason than that it could not be seen."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen, and what is known beside it."""

    snapshot: Snapshot
    ledger: Ledger
    now: Now
    acting: frozenset[str]
    """Nodes whose ledger it is."""


def propose(
    wanted: Wanted,
    seen: Seen,
    read: Callable[[str], Wanted],
    only: Callable[[ResourceId], bool],
    *,
    named: bool = False,
) -> Proposal:
    """The changes that the observed state asks for. `read` reads a text as the file is read.

    What is down may just have died: it is wished so only where it was `named`.

    Raises NotProved when a text would read back otherwise than meant.
    """
    wished = _wished(wanted, seen)
    changes, deferred = diff(seen.snapshot, wished)
    declined = [Declined(d.id, "", d.why) for d in deferred if only(d.id)]
    unseen = len(declined)
    mine = [change for change in changes if only(change.id)]
    taken, refused = _found(wanted, seen, wished, mine, named=named)
    taken, disputed = _settled(taken)
    declined += refused + disputed
    new, kept = wanted, list[Adoption]()
    for _, group in groupby(sorted(taken, key=_table), _table):
        ones = tuple(group)
        try:
            new, kept = _with(new, ones, seen, read, changes), [*kept, *ones]
        except BadDesired as bad:
            declined += [Declined(a.of, a.field, bad.problems[0].message) for a in ones]
        except NotWritten as bad:
            declined += [Declined(a.of, a.field, str(bad)) for a in ones]
    _prove(wanted, new, kept)
    before = {c.id for c in changes}
    after, _ = diff(seen.snapshot, _wished(new, seen))
    then = tuple(sorted(c.id for c in after if c.id not in before))
    return Proposal(new, tuple(kept), tuple(declined), then, unseen == len(declined))


def _wished(wanted: Wanted, seen: Seen) -> dict[ResourceId, Wish[Any]]:
    wished = wishes(wanted.graph, seen.snapshot, seen.ledger, seen.now, seen.acting)
    return {id: wish for id, wish in wished.items() if id in seen.snapshot.observed}


def _found(
    wanted: Wanted,
    seen: Seen,
    wished: Mapping[ResourceId, Wish[Any]],
    changes: Iterable[Change],
    *,
    named: bool,
) -> tuple[list[Adoption], list[Declined]]:
    """What each change asks for, by itself."""
    taken: list[Adoption] = []
    declined: list[Declined] = []
    views = sights(wanted.graph, seen.snapshot, seen.ledger, seen.now, wished, seen.acting)
    for change in changes:
        found, refused = adopted(wanted.graph, change, views[change.id.node])
        if found and isinstance(change.observed, Absent) and not named:
            found, refused = (), (Declined(change.id, "", DOWN),)
        taken += found
        declined += refused
    return taken, declined


def _table(one: Adoption) -> tuple[str, str]:
    return one.id.kind, one.id.name


def _settled(taken: Iterable[Adoption]) -> tuple[list[Adoption], list[Declined]]:
    """One value for each field: what runs before what is written down for the next boot."""
    values: dict[tuple[ResourceId, str], Adoption] = {}
    declined = []
    for one in sorted(taken, key=lambda a: (a.of != a.id, a.of)):
        first = values.setdefault((one.id, one.field), one)
        if first.value != one.value:
            why = f"{one.field} of [{one.id.ref}] is taken from {first.of}, which says otherwise"
            declined.append(Declined(one.of, "", why))
    return list(values.values()), declined


def _with(
    old: Wanted,
    ones: tuple[Adoption, ...],
    seen: Seen,
    read: Callable[[str], Wanted],
    changes: Iterable[Change],
) -> Wanted:
    """The file with the values of one table. BadDesired, NotWritten."""
    text = old.text
    for keys, value in places(old.desired, ones):
        text = written(text, keys, value)
    new = read(text)
    wished = _wished(new, seen)
    meant = {one.of for one in ones}
    for change in (c for c in changes if c.id in meant and c.id in wished):
        after = replace(change, wish=wished[change.id])
        if not in_sync(after.observed, after.wish) and _apart(after) >= _apart(change):
            raise NotWritten("it would differ all the same")
    return new


def _apart(change: Change) -> int:
    match change.observed, change.wish:
        case Present() as observed, Present() as wish:
            return len(differing(observed, wish))
        case _:
            return 1


def _prove(old: Wanted, new: Wanted, taken: Iterable[Adoption]) -> None:
    """Exactly the fields that are meant are others, on exactly the nodes that are meant."""
    meant = {(one.id, one.field) for one in taken}
    apart = set(_differing(old.desired, new.desired))
    if apart != meant:
        wrong = ", ".join(sorted(f"{id or 'the file'} {field}" for id, field in apart ^ meant))
        raise NotProved(f"the file would not read back as meant ({wrong}): nothing was written")


def _differing(old: Desired, new: Desired) -> Iterator[tuple[ResourceId | None, str]]:
    for name in ("pair", "guard", "witness", "peer"):
        if getattr(old, name) != getattr(new, name):
            yield None, name
    for id in sorted({*old.resources, *new.resources}):
        one, other = old.resources.get(id), new.resources.get(id)
        if one is None or other is None:
            yield id, ""
            continue
        for name in type(one).model_fields:
            if getattr(one, name) != getattr(other, name):
                yield id, name
