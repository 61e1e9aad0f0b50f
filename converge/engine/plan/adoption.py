"""The way back: for each difference the fields of the desired file that would make it none.

What a resource wishes for and brings along are pure functions of its fields. So nobody has to say
which field a value of rc.conf comes from: fields are tried, and what is found is proved by it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from itertools import pairwise
from typing import Any

from pydantic import ValidationError

from converge.core.adoption import Adoption, Declined
from converge.core.graph import Graph
from converge.core.ids import ResourceId
from converge.core.plan import Change
from converge.core.resource import Resource
from converge.core.secret import Secret
from converge.core.state import Absent, Observation, Present, Wish
from converge.engine.plan.candidates import candidates, split
from converge.engine.plan.sight import Sight

Values = Mapping[str, Any]
Lacks = frozenset[tuple[str, str]]
"""What is not as seen: (field of the state, a word of its value). Empty: nothing."""

SECRET, WORDS = "a secret", "its words"


def adopted(
    graph: Graph, change: Change, sight: Sight
) -> tuple[tuple[Adoption, ...], tuple[Declined, ...]]:
    """What to write so that a change is none any more, and what of it no field can say."""
    search = _Search(graph, change, sight)
    lacks = search.lacks({})
    if lacks is None or lacks != _lacks(change.observed, change.wish):
        why = "it follows from what it needs, not from a field of its own"
        return (), (Declined(change.id, "", why),)
    values = search.by_name(lacks)
    values, twice = search.one_by_one(values)
    rest = search.lacks(values) or frozenset()
    if {name for name, _ in rest} >= {name for name, _ in lacks}:
        values, rest = {}, lacks  # a part of a line is not taken without the rest of it
    found = (
        Adoption(search.by, name, _json(search.with_(values), name), change.id)
        for name in sorted(values)
    )
    return tuple(found), tuple(search.why_not(rest, twice))


@dataclass(slots=True)
class _Search:
    """One change, and the declared resource whose fields are tried."""

    graph: Graph
    change: Change
    sight: Sight

    @property
    def chain(self) -> list[ResourceId]:
        """Whoever is declared, whatever it brings along, and so on to what differs."""
        chain = [self.change.id]
        while chain[0] in self.graph.implied_by:
            chain.insert(0, self.graph.implied_by[chain[0]])
        return chain

    @property
    def by(self) -> ResourceId:
        return self.chain[0]

    @property
    def declared(self) -> Resource[Any]:
        return self.graph.resources[self.by]

    def with_(self, values: Values) -> Resource[Any]:
        """The declared resource with other fields. ValidationError."""
        one = self.declared
        own = {name: getattr(one, name) for name in (*one.model_fields_set, "id")}
        return type(one).model_validate({**own, **values})

    def lacks(self, values: Values) -> Lacks | None:
        """What would still not be wished as it was seen; None: such fields cannot be."""
        try:
            new = self.with_(values)
            wish = self._wish(new)
        except (ValidationError, LookupError):
            return None
        return _lacks(self.change.observed, wish)

    def _wish(self, new: Resource[Any]) -> Wish[Any]:
        resources = self.graph.resources
        around = replace(self.sight.around, resources={**resources, new.id: new})
        one = new
        for id in self.chain[1:]:
            brought = {(b.kind, b.name): b.table for b in one.implied(around)}
            if (id.kind, id.name) not in brought:
                before = {(b.kind, b.name) for b in resources[one.id].implied(around)}
                if before ^ brought.keys() != {(id.kind, id.name)}:
                    raise LookupError("it would bring along something else altogether")
                return Absent()
            one = type(resources[id]).model_validate({"id": id, **brought[id.kind, id.name]})
        return one.want(replace(self.sight, around=around))

    def by_name(self, lacks: Lacks) -> dict[str, Any]:
        """What the kind itself says of its own state, as far as it helps."""
        if self.by != self.change.id:
            return {}
        said = {
            name: value
            for name, value in self.declared.adopts(self.change.observed).items()
            if value != getattr(self.declared, name) and not isinstance(value, Secret)
        }
        for values in (said, *({name: said[name]} for name in sorted(said))):
            left = self.lacks(values)
            if left is not None and _nearer(left, lacks):
                return values
        return {}

    def one_by_one(self, values: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
        """More fields, each of which brings it nearer; or those that would equally do so."""
        while left := self.lacks(values):
            nearer: list[tuple[Lacks, str, Any]] = []
            for name, value in candidates(self.declared, self.change.observed):
                after = self.lacks({**values, name: value}) if name not in values else None
                if after is not None and _nearer(after, left):
                    nearer.append((after, name, value))
            if not nearer:
                break
            best, field, value = min(nearer, key=lambda way: (len(way[0]), way[1]))
            rivals = sorted({name for after, name, _ in nearer if after == best})
            if len(rivals) > 1:
                return values, rivals
            values = {**values, field: value}
        return values, []

    def why_not(self, rest: Lacks, twice: list[str]) -> Iterator[Declined]:
        """Each field of the state that stays as it is wished, with a full sentence."""
        id, table = self.change.id, f"[{self.by.ref}]"
        for name in sorted({name for name, _ in rest}):
            parts = {part for other, part in rest if other == name}
            if parts == {SECRET} or (SECRET in parts and id == self.by):
                why = "what differs in it is a secret, and secrets are not copied"
            elif twice:
                both = " and ".join(dict.fromkeys(twice))
                why = f"{both} of {table} would each do it: choose one by hand"
            elif not name and isinstance(self.change.observed, Absent):
                why = f"it is not there; if that is right, take it out of {table} by hand"
            elif id != self.by:
                why = f"{self.by.ref} brings it along, and no field of {table} makes it so; "
                why += f"a table [{id.ref}] of its own would win"
            else:
                why = f"it follows from what is seen, and no field of {table} says it"
            yield Declined(id, name, why)


def _nearer(after: Lacks, left: Lacks) -> bool:
    """Fewer words differ, and in no other field than before."""
    return len(after) < len(left) and {n for n, _ in after} <= {n for n, _ in left}


def _lacks(seen: Observation[Any], wish: Wish[Any]) -> Lacks:
    match seen, wish:
        case Absent(), Absent():
            return frozenset()
        case Present(a), Present(b):
            named = [f.name for f in fields(b) if f.compare]
            parts = {name: _parts(getattr(a, name), getattr(b, name)) for name in named}
            return frozenset((name, part) for name in named for part in parts[name])
        case _:
            return frozenset({("", "whether it is there")})


def _parts(seen: object, wished: object) -> frozenset[str]:
    """The words in which two values differ, each with the one before it: so `60` in one place is
    not `60` in another."""
    if seen == wished:
        return frozenset()
    # When all words are there, it may still be what is behind the ***.
    rest = SECRET if Secret in (type(seen), type(wished)) else WORDS
    return frozenset(_pieces(seen)) ^ frozenset(_pieces(wished)) | {rest}


def _pieces(value: object) -> list[str]:
    words = split(value)
    return words if isinstance(value, tuple) else [" ".join(two) for two in pairwise(["", *words])]


def _json(resource: Resource[Any], name: str) -> object:
    """A field as the desired file has it."""
    return resource.model_dump(mode="json", include={name})[name]
