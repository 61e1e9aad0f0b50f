"""TOML text in, `Desired` out, or every problem with it at once.

What a table means is its kind's to say. The text itself is read in `toml.py`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import asdict, replace
from functools import partial

from pydantic import BaseModel

from converge.core.desired import (
    Desired,
    GuardTable,
    Keys,
    NodeTable,
    PairTable,
    PeerTable,
    WitnessTable,
)
from converge.core.errors import BadDesired, near
from converge.core.ignore import IgnoreTable
from converge.core.pair import Node, Pair
from converge.core.secret import Secret
from converge.engine.desired.checked import M, always_secret, checked, fields_of
from converge.engine.desired.hidden import Secrecy
from converge.engine.desired.resources import Kinds, Read, Resources, read_resources, secrets_of
from converge.engine.desired.toml import Notes, Table, read_toml
from converge.engine.desired.wording import either

SCHEMA = 1
"""The number of the form of file that this version reads."""

TABLES: Mapping[str, type[BaseModel]] = {
    "pair": PairTable,
    "node": NodeTable,
    "guard": GuardTable,
    "witness": WitnessTable,
    "peer": PeerTable,
    "ignore": IgnoreTable,
}
"""The tables that are not resources; `[node.NAME]` is there for each node,
`[[ignore]]` as often as one likes."""


def load(text: str, path: str, kinds: Kinds, read: Read) -> Desired:
    """Read a desired file. `read` gives the text of a secret's file, None if there is none.

    Raises BadDesired with every problem, in the order of the lines.
    """
    table, notes = read_toml(text, path, _secrecy(kinds))
    doubted = _check_top(table, kinds, notes)
    guard = _single(GuardTable, "guard", table, notes)
    witness = _single(WitnessTable, "witness", table, notes)
    peer = _single(PeerTable, "peer", table, notes)
    names, pair = _pair(table, guard or GuardTable(), kinds, notes, doubted)
    resources = read_resources(table, names, kinds, notes, read, doubted)
    ignores = _ignores(table, notes)
    if notes.problems or not pair or not guard or not witness or not peer:
        raise BadDesired(notes.sorted())
    pair = replace(pair, witnesses=witness.ping)
    digest = _digest(pair, guard, witness, peer, resources)
    secrets = secrets_of(resources)
    return Desired(pair, resources, guard, witness, digest, secrets, notes.source, peer, ignores)


def _secrecy(kinds: Kinds) -> Secrecy:
    return Secrecy(
        {name: fields_of(kind, Secret) for name, kind in kinds.items()},
        frozenset[str]().union(*map(always_secret, kinds.values())),
    )


def _check_top(table: Table, kinds: Kinds, notes: Notes) -> set[str]:
    """The tables that were meant by misspelt names. A file of another form is not taken apart."""
    known = [*TABLES, *kinds, "schema"]
    strays = {name: near(name, known) for name in table if name not in known}
    this = f"schema = {SCHEMA}"
    if "schema" in table and (type(table["schema"]) is not int or table["schema"] != SCHEMA):
        notes.add(("schema",), f"this version of converge reads schema {SCHEMA} only", this)
        raise BadDesired(notes.sorted())
    if "schema" not in {*table, *strays.values()}:
        notes.add(("schema",), '"schema" is missing: it says which form of file this is', this)
    for name, guess in strays.items():
        allowed = f"{', '.join(TABLES)}, or a kind: {', '.join(sorted(kinds))}"
        notes.stray((name,), f'there is no table or kind "{name}"', allowed, guess)
    return set(strays.values())


def _single(model: type[M], key: str, table: Table, notes: Notes) -> M | None:
    """A table that is there once at most."""
    body = table.get(key, {})
    if not isinstance(body, dict):
        notes.add((key,), f"expected a table, [{key}]")
        return None
    return checked(model, body, lambda at: (key, *at), notes)


def _ignores(table: Table, notes: Notes) -> tuple[IgnoreTable, ...]:
    """Those that are right. They are no wish, so they are not in the digest."""
    bodies = table.get("ignore", [])
    if not isinstance(bodies, list) or not all(isinstance(body, dict) for body in bodies):
        notes.add(("ignore",), "expected tables, [[ignore]]")
        return ()
    found = [
        checked(IgnoreTable, body, partial(_below_ignore, n), notes)
        for n, body in enumerate(bodies)
    ]
    return tuple(one for one in found if one)


def _below_ignore(n: int, at: Keys) -> Keys:
    return "ignore", n, *at


def _pair(
    table: Table, guard: GuardTable, kinds: Kinds, notes: Notes, doubted: Collection[str]
) -> tuple[list[str], Pair | None]:
    """The nodes' names, also when not all is well, and the pair when it is."""
    bodies = _node_tables(table, notes)
    head = None
    if "pair" in table:
        head = _single(PairTable, "pair", table, notes)
    elif "pair" not in doubted:
        notes.add(("pair",), "the table [pair] is missing: the pair's name and its two nodes")
    names = list(head.nodes) if head else list(bodies)
    meant = _check_node_names(names, bodies, notes) if "node" not in doubted else set(names)
    nodes = [_node(name, bodies.get(name), guard, kinds, notes, meant) for name in names]
    if head is None:
        return names, None
    _check_apart(nodes, notes)
    return names, Pair(head.name, {node.name: node for node in nodes if node})


def _check_node_names(names: list[str], bodies: Mapping[str, Table], notes: Notes) -> set[str]:
    """A table for each node and none besides; the nodes that were meant by misspelt names."""
    strangers = {name: near(name, names) for name in bodies if name not in names}
    for name, guess in strangers.items():
        said = f'"{name}" is not one of the nodes of [pair]'
        notes.stray(("node", name), said, either(names), guess)
    for at, name in enumerate(names):
        if name in names[:at]:
            notes.add(("pair", "nodes", at), f'"{name}" is named twice; a pair is two nodes')
        elif name not in bodies and name not in strangers.values():
            said = f"the table [node.{name}] with this node's address is missing"
            notes.add(("pair", "nodes", at), said)
    return set(strangers.values())


def _node_tables(table: Table, notes: Notes) -> dict[str, Table]:
    bodies = table.get("node", {})
    if not isinstance(bodies, dict):
        notes.add(("node",), "expected tables, [node.NAME]")
        return {}
    for name, body in bodies.items():
        if not isinstance(body, dict):
            notes.stray(("node", name), f"expected a table, [node.{name}]")
    return {name: body for name, body in bodies.items() if isinstance(body, dict)}


def _node(
    name: str,
    body: Table | None,
    guard: GuardTable,
    kinds: Kinds,
    notes: Notes,
    meant: Collection[str],
) -> Node | None:
    """One node, without its own tables of resources."""
    if body is None:
        return None
    own = {key: value for key, value in body.items() if key not in kinds}
    fields = NodeTable.model_fields
    strays = {key: near(key, [*fields, *kinds]) for key in own if key not in fields}
    for key, guess in strays.items():
        allowed = f"{', '.join(fields)}, or tables [node.{name}.KIND.NAME]"
        notes.stray(("node", name, key), f'a node has no key "{key}"', allowed, guess)
    excused = {*strays.values(), *(fields if name in meant else ())}
    own = {key: value for key, value in own.items() if key in fields}
    read = checked(NodeTable, own, lambda at: ("node", name, *at), notes, excused=excused)
    if read is None:
        return None
    return Node(
        name,
        read.hostname or name,
        read.address,
        read.replication_address or read.address,
        read.release,
        guard.boot_delay if read.boot_delay is None else read.boot_delay,
    )


def _check_apart(nodes: list[Node | None], notes: Notes) -> None:
    """The two nodes are two machines."""
    one, other = nodes
    if one is None or other is None or one.name == other.name:
        return
    for key in ("hostname", "address", "replication_address"):
        same = getattr(one, key) == getattr(other, key)
        if same and (key != "replication_address" or one.address != other.address):
            notes.add(("node", other.name, key), f"{one.name} has the same {key}")


def _digest(
    pair: Pair, guard: GuardTable, witness: WitnessTable, peer: PeerTable, resources: Resources
) -> str:
    """SHA-256 over all that is wished. Of a secret only that there is one."""
    wished = {
        "schema": SCHEMA,
        "pair": asdict(pair),
        "guard": guard.model_dump(mode="json"),
        "witness": witness.model_dump(mode="json"),
        "peer": peer.model_dump(mode="json"),
        "resources": {str(id): one.model_dump(mode="json") for id, one in resources.items()},
    }
    return hashlib.sha256(json.dumps(wished, sort_keys=True).encode()).hexdigest()
