"""One resource from the last sight of it to this look: each change of it, and whose it was."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace

from converge.core.drift import Between, Cause, Past, Row, Sight
from converge.core.ids import ResourceId
from converge.core.state import Values
from converge.engine.drift.cause import FOLLOWED, Found, changed_fields, of_wish, ours
from converge.engine.drift.witness import DID, FAILED, Story, Witness


@dataclass(slots=True)
class Chain:
    """What is known of it so far, moment after moment.

    `after`: when `values` were surely so; a change comes later. `calm`: when all was as desired,
    if that is later. `file`: the digest of the desired file at hand; `old_file`: at the last
    sight. `later`: how it is found next; `wished`: by this look. `tried`: what we began since,
    without a look at what came of it. `doubt`: why nobody can say who changed it since `values`.
    `followed`: fields whose wish came to be what they were, and may have moved on.
    """

    id: ResourceId
    needs: Collection[ResourceId]
    story: Story
    values: Values | None = None
    after: str | None = None
    calm: str | None = None
    place: int = 0
    doubt: str = ""
    file: str = ""
    old_file: str = ""
    elsewhere: str = ""
    later: Values = field(default_factory=dict)
    wished: Values = field(default_factory=dict)
    tried: list[Witness] = field(default_factory=list)
    open: dict[str, Row] = field(default_factory=dict)
    changed: dict[str, Cause] = field(default_factory=dict)
    turns: dict[str, list[tuple[str, Between]]] = field(default_factory=dict)
    ousted: dict[str, Row] = field(default_factory=dict)
    followed: set[str] = field(default_factory=set)
    past: list[Past] = field(default_factory=list)

    def hear(self, place: int, witness: Witness) -> None:
        """The next that the journal says."""
        match witness.how:
            case "tried":
                self.tried.append(witness)
            case "in_sync":
                self._calm(place, witness)
            case "found":
                for name in changed_fields(self.values, witness.values):
                    cause = self._cause(name, witness.values[name], witness.before, place)
                    self._turn(name, witness.values[name], witness.goal.get(name), cause)
                self._stand(place, witness)
            case _:
                cause = ours(witness)
                for name in changed_fields(self.values or {}, witness.values):
                    self._turn(name, witness.values[name], None, cause)
                self._stand(place, witness)
                self._wished_then(witness, cause)

    def seen(self, found: Found, before: Sight | None) -> tuple[Row, ...]:
        """This look: what differs now; what does not any more is past."""
        end, now = self.story.whole, {}
        for name in changed_fields(self.values, found.values):
            now[name] = self._cause(name, found.values[name], found.ended, end)
        self.changed |= now
        rows: dict[str, Row] = {}
        for name in found.differing:
            row = self.open.get(name)
            by = now.get(name) or now.get("") or (row.by if row else self._came(name))
            if not by and name in self.followed:
                by = Cause("follows", Between(self.calm, found.ended), why=FOLLOWED)
            by = by or of_wish(name, found, before, Between(self.after, found.ended))
            since = self._still(row, found.ended) if row else self._left(name, found, by)
            wished, value = found.wished.get(name, "nothing"), found.values.get(name, "nothing")
            ref = str(self.id.ref)
            rows[name] = Row(self.id.node, ref, name, wished, value, since, by)
        for name in [name for name in self.open if name not in rows]:
            when = Between(self.calm or self.after, found.ended)
            cause = now.get(name) or now.get("") or self._taken_over(name)
            cause = cause or of_wish(name, found, before, when)
            self._close(name, cause, cause.when)
        return tuple(rows.values())

    def _came(self, name: str) -> Cause | None:
        """Who gave the field its value since the last sight, maybe with all of the resource."""
        return self.changed.get(name) or self.changed.get("")

    def _taken_over(self, name: str) -> Cause | None:
        """A run made of the difference what is wished now, and was not wished then."""
        if name not in self.ousted:
            return None
        cause = self.open[name].by
        self.open[name] = self.ousted[name]
        return cause

    def _still(self, row: Row, ended: str) -> Between:
        """Since when it differs, which it did before: a run may have put it right for a while."""
        unsure = any(
            one.goal.get(row.field) == row.desired and not one.why.startswith(FAILED)
            for one in self.tried
        )
        return Between(row.since.after, ended) if unsure else row.since

    def _left(self, name: str, found: Found, by: Cause) -> Between:
        """When it came off what is desired: the first of the values in a row that are not that."""
        since = self._since(by, found.ended)
        for value, when in reversed(self.turns.get(name, ())):
            if value == found.wished.get(name):
                break
            since = when
        return since

    def _since(self, by: Cause, ended: str) -> Between:
        return Between(self.calm, ended) if self.calm else by.when

    def _calm(self, place: int, witness: Witness) -> None:
        """A run found nothing to do: what differed is over, whoever ended it."""
        for one in self.tried:
            if one.run == witness.run and one.why.startswith(DID):
                for name in changed_fields(self.values or {}, one.goal):
                    self._turn(name, one.goal[name], None, ours(one))
                self._stand(place, replace(witness, values=one.goal))
        if self.file != witness.desired or (self.open and self.file != self.old_file):
            return  # as another file wishes it
        for name, row in list(self.open.items()):
            if self._followed(row):
                cause = Cause("follows", Between(self.after, witness.before), why=FOLLOWED)
                self._close(name, cause, cause.when)
                self.followed.add(name)
                continue
            desired = row.desired
            cause = self._cause(name, desired, witness.before, place)
            self._close(name, cause, cause.when)
            self.changed[name] = cause
            self.values = {**(self.values or {}), name: desired}
        self.calm = witness.after
        self.turns.clear()

    def _followed(self, row: Row) -> bool:
        """It was right without having changed: the value is there still, and the wish moves."""
        moves = row.by.who in ("follows", "converge") or self.wished.get(row.field) != row.desired
        return moves and self.later.get(row.field) == row.observed

    def _turn(self, name: str, value: str, goal: str | None, cause: Cause) -> None:
        """A field has another value. With a `goal` that it is not, that is a difference."""
        self.changed[name] = cause
        since = self._since(cause, cause.when.before)
        self.turns.setdefault(name, []).append((value, since))
        self.calm = None
        row = self.open.get(name)
        if row and value in (goal, row.desired):
            self._close(name, cause, cause.when)
        elif row:
            if cause.who == "converge":
                self.ousted.setdefault(name, row)
            self.open[name] = replace(row, observed=value, by=cause)
        elif goal not in (None, value):
            desired, ref = str(goal), str(self.id.ref)
            self.open[name] = Row(self.id.node, ref, name, desired, value, since, cause)
        if not name:  # it came or went: nothing is left to say of its fields
            for other in [other for other in self.open if other]:
                self._close(other, cause, cause.when)

    def _wished_then(self, witness: Witness, cause: Cause) -> None:
        """A run of this file, or of the last look's, made it so: if that is not desired now, it
        came to be so later, with what was seen elsewhere or with the file."""
        if not witness.desired or witness.desired not in (self.file, self.old_file):
            return
        for name in list(self.open):
            self._close(name, cause, cause.when)
        self.calm = witness.after
        self.turns.clear()
        if witness.desired != self.file:  # what differs now came with the file, after this run
            self.changed.clear()

    def _close(self, name: str, cause: Cause, when: Between) -> None:
        """It is over. What a run itself did on its way is no drift."""
        row = self.open.pop(name)
        if not row.by.run or row.by.run != cause.run:
            self.past.append(Past(row, when, cause))

    def _stand(self, place: int, witness: Witness) -> None:
        if witness.values:
            self.values, self.after, self.place = witness.values, witness.after, place
            self.tried, self.doubt = [], ""

    def _cause(self, name: str, value: str, before: str, place: int) -> Cause:
        """Whose a change is that no outcome of ours was seen to make."""
        when = Between(self.after, before)
        held = (self.values or {}).get(name)
        for one in reversed(self.tried):
            if one.goal.get(name) == value and one.why.startswith(DID):
                return Cause("converge", Between(one.after, before), one.run, one.action)
        for one in reversed(self.tried):
            if one.goal.get(name) != held:
                why = f"run {one.run} {one.why}"
                return Cause("unknown", when, one.run, one.action, why)
        if self.doubt:
            return Cause("unknown", when, why=self.doubt)
        beside = self.story.acted(self.needs, self.place, place)
        if beside:
            why = f"it may come of {beside.action}, by run {beside.run}, on what it needs"
            return Cause("unknown", when, beside.run, beside.action, why)
        if self.elsewhere:
            return Cause("unknown", when, why=self.elsewhere)
        return Cause("somebody_else", when)


def begin(
    id: ResourceId,
    needs: Collection[ResourceId],
    story: Story,
    sight: Sight | None,
    desired: str,
    elsewhere: str = "",
    found: Found | None = None,
) -> Chain:
    """From the last sight on, or, without one, from where the journal begins. `desired`: the
    digest of the file that it is compared with now. `found`: by the look that ends it."""
    chain = Chain(id, needs, story, file=desired, elsewhere=elsewhere)
    start: int | None = 0
    if sight:
        chain.values, chain.after = sight.values, sight.at
        chain.open, chain.past = {row.field: row for row in sight.rows}, [*sight.past]
        start = story.after(sight.mark)
        chain.old_file = sight.desired
    if story.lost or start is None:
        chain.doubt = story.lost or "the journal does not reach back to the last look"
    chain.place = start or 0
    chain.wished, seen = (found.wished, found.values) if found else ({}, {})
    told = story.of(id, chain.place)
    for n, (place, witness) in enumerate(told, 1):
        chain.later = next((w.values for _, w in told[n:] if w.how == "found"), seen)
        chain.hear(place, witness)
    return chain
