"""The base of all resource kinds: what a kind has to say about itself."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Generator, Iterable, Iterator, Mapping
from dataclasses import fields
from typing import Any, ClassVar, Generic, Self

from pydantic import BaseModel, ConfigDict, Field

from converge.core.check import Check
from converge.core.found import Discovery as Discovery
from converge.core.guard import Guard
from converge.core.host import Answer, Effect, Query, Soon
from converge.core.ids import Ref, ResourceId
from converge.core.ledger import Notes, Now
from converge.core.pair import Pair
from converge.core.plan import Action, Change, Direction
from converge.core.secret import Secret
from converge.core.state import Observation, Present, S, Wish, shown
from converge.core.view import Around as Around
from converge.core.view import Implied as Implied
from converge.core.view import Misfit as Misfit
from converge.core.view import Twin as Twin
from converge.core.view import View as View

Look = Generator[Query | Soon, Answer, Observation[S]]
"""A look yields queries, is sent their answers, and returns what it saw. What it answers to a
`Soon` says nothing."""


class Resource(BaseModel, Generic[S]):
    """A thing on a node that has a desired state.

    A kind is one subclass in one file: `kind`, its fields (the table in the desired file), and
    pure methods. Nothing in here can touch a node.
    """

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    kind: ClassVar[str]
    guards: ClassVar[tuple[Guard, ...]] = ()
    headline: ClassVar[bool] = False
    """Shown in the status table, one row a resource."""
    agrees: ClassVar[Mapping[str, str]] = {}
    """Fields that must be alike on both nodes, and what comes of it where they are not."""
    ranks: ClassVar[Mapping[str, str]] = {}
    """Fields whose order says which node is preferred, and what comes of it where it is none."""

    id: ResourceId
    needs: tuple[Ref, ...] = Field(
        default=(), description="Further resources of this node that must be in place first."
    )

    def refs(self) -> Iterator[Ref]:
        """The references written in the fields, `needs` first."""
        yield from self.needs
        for name in type(self).model_fields:
            value = getattr(self, name)
            if isinstance(value, Ref):
                yield value

    def needed(self, around: Around) -> Iterable[Ref]:
        """What must be in place before this; by default what its fields refer to."""
        return self.refs()

    def follows(self) -> Iterable[Ref]:
        """Of what is needed, that which this only follows: it is looked at and done first, but
        when it goes down for a moment, this does not go down with it."""
        return ()

    def precedes(self) -> Iterable[Ref]:
        """What needs this if it is there at all: a daemon is started after its file is written."""
        return ()

    def claims(self) -> Iterable[str]:
        """What on its node only one resource can have: a key of a file, a vhid, a disk."""
        return ()

    def claims_of_pair(self) -> Iterable[str]:
        """What only one resource of both nodes can have: the one copy that is written to."""
        return ()

    def misfits(self, twin: Resource[Any] | None, pair: Pair) -> Iterator[Misfit]:
        """What cannot be so on this pair. `twin` is the same resource on the other node, as that
        node's own file has it; None: it is on this node only."""
        if not isinstance(twin, type(self)):
            return
        for name, why in self.agrees.items():
            mine, other = getattr(self, name), getattr(twin, name)
            both = f"is {shown(mine)}, on {twin.id.node} {shown(other)}"
            if isinstance(mine, Secret) and isinstance(other, Secret):
                both = "is not the same"
            if mine != other:
                yield Misfit(name, f"on {self.id.node} {name} {both}: {why}")
        for name, why in self.ranks.items():
            value = getattr(self, name)
            if value == getattr(twin, name):
                yield Misfit(name, f"both nodes have {name} {shown(value)}: {why}")

    def offers(self) -> Mapping[str, str]:
        """What others may ask of this one: an address, a device path."""
        return {}

    def implied(self, around: Around) -> Iterable[Implied]:
        """Resources that this one brings along unless the desired file declares them."""
        return ()

    def want(self, view: View) -> Wish[S]:
        """The wish. Asked only where nothing that this needs is wished away."""
        raise NotImplementedError

    def because(self, view: View) -> str:
        """Why it is wished so, where that is not only what its table says; '' where it is."""
        return ""

    @abstractmethod
    def look(self, around: Around) -> Look[S]:
        """See how it is, by queries only."""

    @classmethod
    def discover(cls) -> Discovery:
        """What of this kind a node has that nobody has described yet, for `converge init`."""
        yield from ()
        return ()

    def remember(self, seen: Observation[S], twin: Twin[S], before: Notes, now: Now) -> Notes:
        """What must be remembered of it because no probe can tell it later.

        Pure; asked after every look. Keys that end in `_at` are moments of `now.elapsed_s`; they
        are forgotten at the next boot. Asked only on nodes that the run may act on.
        """
        return before

    def intends(self, action: Action, notes: Notes) -> Notes:
        """What must be remembered before that action begins, should nobody see how it ends."""
        return notes

    def hears_peer(self, seen: Observation[S]) -> bool | None:
        """Does the peer show a sign of life here? None: this has nothing to say about it."""
        return None

    def concern(self, seen: S, twin: Observation[S] | None) -> str:
        """What a person must know though nothing can be planned about it; '' for nothing.

        `twin` is the same resource on the other node, if that was looked at.
        """
        return ""

    def checks(self, around: Around) -> Iterable[Check]:
        """What a doctor asks around it, and nobody else: never a plan."""
        return ()

    def adopts(self, seen: Observation[S]) -> Mapping[str, object]:
        """Its fields as they would be written for it to be wished as it was seen, for
        `converge adopt`. Whoever asks tries them, and leaves out what does not help.

        By default the fields that are called like a compared field of the state.
        """
        if not isinstance(seen, Present):
            return {}
        compared = {f.name for f in fields(seen.state) if f.compare}
        own = compared & type(self).model_fields.keys()
        return {name: getattr(seen.state, name) for name in sorted(own)}

    def lacks(self, seen: S, notes: Notes) -> str:
        """What this node could not do when it had to, by what is remembered; '' for nothing."""
        return ""

    @property
    def moving_s(self) -> float:
        """How long a handover waits here, beside the actions' own times (s)."""
        return 0.0

    def unready(self, seen: S) -> str:
        """Why the service could not be handed over to this node as it is; '' when it could."""
        return ""

    def cedes(self, view: View) -> str:
        """Why the service belongs to the peer, by what is seen of both; '' where it does not."""
        return ""

    @abstractmethod
    def actions(self, change: Change) -> tuple[Action, ...]:
        """What turns what was seen into what is wished, in order, downs before ups.

        `change.wish` is Present or Absent, `change.observed` is not Unknown. None at all means:
        nothing can be done here, it follows from (or waits for) what it needs.
        """

    def leaving(self) -> Self:
        """The same on a node that is about to be shut down: what it gives up, and how fast."""
        return self

    def near(self, kind: str, name: str) -> ResourceId:
        """The id of another resource on the same node."""
        return ResourceId(self.id.node, kind, name)

    def down(
        self,
        verb: str,
        why: str,
        effect: Effect,
        settle_s: float = 0.0,
        goal: Wish[S] | None = None,
    ) -> Action:
        """An action in the safe direction."""
        return Action(self.id, verb, why, effect, Direction.DOWN, settle_s, goal)

    def up(
        self,
        verb: str,
        why: str,
        effect: Effect,
        settle_s: float = 0.0,
        goal: Wish[S] | None = None,
    ) -> Action:
        """An action towards service."""
        return Action(self.id, verb, why, effect, Direction.UP, settle_s, goal)
