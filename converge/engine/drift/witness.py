"""What the journal says of a resource: how it was found, what we did to it, when all was well."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from converge.core.ids import ResourceId
from converge.core.journal import Json, Line
from converge.core.state import Values

How = Literal["found", "did", "waited", "tried", "in_sync"]


@dataclass(frozen=True, slots=True)
class Witness:
    """Something the journal says of one resource.

    `found`: a run found it with these `values`, and wanted to have it as `goal`. `did`: our action
    made it so. `waited`: we waited until it was so. `tried`: we began something, and nobody has
    seen what came of it; `goal` is what was meant. `in_sync`: a whole run found nothing to do
    for the file of that digest (`desired`: the file of the run).
    What came later came after `after`; it was so by `before`.
    """

    how: How
    after: str
    before: str
    values: Values = field(default_factory=dict)
    goal: Values = field(default_factory=dict)
    run: str = ""
    action: str = ""
    why: str = ""
    desired: str = ""


Told = tuple[int, Witness]
"""A witness, and the place of its line in the journal."""


def _place(told: Told) -> int:
    return told[0]


@dataclass(frozen=True, slots=True)
class Story:
    """The journal, cut for asking: by resource, its witnesses and where each stands in it.

    `places`: where each line is, by its mark. `whole`: how many lines there were when the look
    began. None of it could be read: `lost` says why.
    """

    witnesses: Mapping[str, Sequence[Told]] = field(default_factory=dict)
    in_sync: Sequence[tuple[int, frozenset[str], Witness]] = ()
    places: Mapping[str, int] = field(default_factory=dict)
    whole: int = 0
    last: str = ""
    lost: str = ""

    def of(self, id: ResourceId, start: int) -> list[Told]:
        """What it says of a resource from one place on until the look, in its order."""
        own = [one for one in self.witnesses.get(str(id), ()) if start <= one[0] < self.whole]
        calm = [
            (at, w)
            for at, nodes, w in self.in_sync
            if start <= at < self.whole and id.node in nodes
        ]
        return sorted([*own, *calm], key=_place)

    def meanwhile(self, id: ResourceId) -> Witness | None:
        """A run acted on it while it was looked at."""
        return next((w for at, w in self.witnesses.get(str(id), ()) if at >= self.whole), None)

    def acted(self, ids: Collection[ResourceId], start: int, end: int) -> Witness | None:
        """The first that a run did to one of these between two places."""
        told = (one for id in sorted(ids) for one in self.witnesses.get(str(id), ()))
        return min((one for one in told if start <= one[0] < end), key=_place, default=(0, None))[
            1
        ]

    def after(self, mark: str) -> int | None:
        """The place behind that line; None when the journal does not reach back so far."""
        if not mark:
            return 0
        place = self.places.get(mark)
        return None if place is None or self.lost else place + 1


DID, FAILED = "did it", "tried it"
"""How the reason of a `tried` begins whose program ended well, and of one that was given up."""

LEAVING = "shutdown"
"""The trigger of a run that wishes for something else than the file, and not of all resources: it
finds nothing to do where much is wrong."""

SORTS = frozenset({"run", "intent", "outcome", "end"})
"""The entries that tell of it."""


def mark_of(line: Line) -> str:
    return f"{line.run} {line.seq}"


def story(lines: Iterable[Line], whole: int, lost: str = "") -> Story:
    """The witnesses of these lines, `whole` of which were there before the look began."""
    found: dict[str, list[Told]] = {}
    calm: list[tuple[int, frozenset[str], Witness]] = []
    nodes: dict[str, frozenset[str]] = {}
    files: dict[str, str] = {}
    begun: dict[tuple[str, Json], Line] = {}
    places: dict[str, int] = {}
    last = ""
    for at, line in enumerate(lines):
        fields = line.entry.fields
        places[mark_of(line)] = at
        last = mark_of(line) if at < whole else last
        match line.entry.what:
            case "run":
                named = fields.get("nodes")
                nodes[line.run] = frozenset(map(str, named if isinstance(named, list) else ()))
                leaves = fields.get("trigger") == LEAVING
                files[line.run] = "" if leaves else str(fields.get("desired"))
            case "intent":
                begun[line.run, fields.get("n")] = line
                witness = _aside(line) if files.get(line.run) == "" else _found(line)
                found.setdefault(_id(fields), []).append((at, witness))
            case "outcome" if intent := begun.pop((line.run, fields.get("n")), None):
                found.setdefault(_id(fields), []).append(
                    (at, replace(_ended(line, intent), desired=files.get(line.run, "")))
                )
            case "end" if _whole(fields) and files.get(line.run) != "":
                seen = Witness(
                    "in_sync", str(fields["seen"]), line.time, run=line.run,
                    desired=str(fields.get("desired")),
                )  # fmt: skip
                calm.append((at, nodes.get(line.run, frozenset()), seen))
            case _:
                pass
    for line in begun.values():
        cut = _tried(line, line.time, "has begun it, and nothing says how it ended")
        found[_id(line.entry.fields)].append((places[mark_of(line)], cut))
    return Story(found, calm, places, whole, last, lost)


def _whole(end: Mapping[str, Json]) -> bool:
    """A run ended that found nothing to do."""
    return end.get("end") == "converged" and bool(end.get("seen"))


def _id(fields: Mapping[str, Json]) -> str:
    """`hasta/hast.test` of `hasta/hast.test promote`."""
    return str(fields.get("action")).rpartition(" ")[0]


def _found(intent: Line) -> Witness:
    fields = intent.entry.fields
    was, goal = _values(fields.get("was")), _values(fields.get("goal"))
    return Witness("found", intent.time, intent.time, was, goal, intent.run, _act(fields))


def _aside(intent: Line) -> Witness:
    """How it was; what a run wished that leaves is nothing to compare it with."""
    return replace(_found(intent), goal={})


def _ended(line: Line, intent: Line) -> Witness:
    fields = intent.entry.fields
    goal = _values(fields.get("goal"))
    if line.entry.fields.get("ending") != "done":
        return _tried(intent, line.time, f"{FAILED}: {line.entry.fields.get('ending')}")
    if fields.get("unseen") is not False or not goal:
        return _tried(intent, line.time, f"{DID}, and had no look at what came of it")
    how: How = "waited" if fields.get("effect") == "wait" else "did"
    return Witness(how, intent.time, line.time, goal, goal, intent.run, _act(fields))


def _tried(intent: Line, before: str, why: str) -> Witness:
    fields = intent.entry.fields
    goal = _values(fields.get("goal"))
    return Witness("tried", intent.time, before, {}, goal, intent.run, _act(fields), why)


def _act(fields: Mapping[str, Json]) -> str:
    """`hast.test promote`."""
    return str(fields.get("action")).partition("/")[2]


def _values(value: Json) -> Values:
    return {k: str(v) for k, v in value.items()} if isinstance(value, dict) else {}
