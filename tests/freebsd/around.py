"""Stand-ins for what the engine hands to a kind: a pair, what others offer, seen neighbours."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from converge.core.ids import Ref
from converge.core.ledger import NEVER, Notes, Now
from converge.core.pair import Node, Pair
from converge.core.plan import Change
from converge.core.resource import Resource
from converge.core.state import Absent, Observation, State, Unknown, Wish

R = TypeVar("R", bound=Resource[Any])


def pair(release: str = "13.2") -> Pair:
    """The recorded pair: hasta and hastb on 192.168.1.0/24."""
    nodes = {
        name: Node(name, f"{name}.example.org", address, address, release)
        for name, address in (("hasta", "192.168.1.51"), ("hastb", "192.168.1.52"))
    }
    return Pair("mysql", nodes)


@dataclass(frozen=True)
class Surroundings:
    """An `Around`. `offers` by the reference, or by `node/reference` for one node only."""

    pair: Pair = field(default_factory=pair)
    offers: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def offer(self, ref: Ref, what: str, node: str = "") -> str:
        return self.offers[f"{node}/{ref}" if node else str(ref)][what]


@dataclass(frozen=True)
class Neighbours:
    """A `View`. What is not listed was seen absent and is wished absent; of the peer nothing."""

    around: Surroundings = field(default_factory=Surroundings)
    seen: Mapping[str, Observation[State]] = field(default_factory=dict)
    wishes: Mapping[str, Wish[State]] = field(default_factory=dict)
    peers: Mapping[str, Observation[State]] = field(default_factory=dict)
    known: Mapping[str, Notes] = field(default_factory=dict)
    now: Now = NEVER
    leader: str = ""
    ceded: str = ""

    def twin(self, ref: Ref) -> Observation[State]:
        return self.peers.get(str(ref), Unknown("not looked at"))

    def notes(self, ref: Ref) -> Notes:
        return self.known.get(str(ref), {})

    def observed(self, ref: Ref) -> Observation[State]:
        return self.seen.get(str(ref), Absent())

    def wished(self, ref: Ref) -> Wish[State]:
        return self.wishes.get(str(ref), Absent())


def made(kind: type[R], name: str, node: str = "hasta", **table: Any) -> R:
    """A resource read as from the desired file: strict JSON mode, every field checked."""
    id = {"node": node, "kind": kind.kind, "name": name}
    return kind.model_validate_json(json.dumps({"id": id, **table}))


def change(resource: Resource[Any], observed: Observation[Any], wish: Wish[Any]) -> Change:
    return Change(resource.id, observed, wish)
