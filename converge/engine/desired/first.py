"""A first desired file out of what was found on the nodes, with comments. Writes no meaning of its
own: which tables there are is for the kinds to say."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from converge.core.desired import NodeTable
from converge.core.found import Found, Like
from converge.engine.desired import SCHEMA
from converge.engine.desired.resources import Kinds
from converge.engine.desired.written import spelt, way

Key = tuple[str, str]
"""Kind and name."""

_LATER = """
# How careful a run is, and who can tell an isolated node from a lonely one:
#
# [guard]
# boot_delay = "60s"      # a node that has just booted and hears nobody leads only then
#
# [witness]
# ping = ["192.168.1.1"]  # a router, on the side of the users
"""


@dataclass(slots=True)
class Draft:
    """Everything that was found, sorted. `tables` by kind and name, then by node.

    `pair`: its name, '' where that is to be found; `guessed`: nobody could say it. `seen`: the
    nodes that were looked at. `hosts`: node by short host name; `unread` by node.
    """

    pair: str
    nodes: Sequence[str]
    seen: Sequence[str]
    hosts: Mapping[str, str] = field(default_factory=dict)
    unread: Mapping[str, Sequence[str]] = field(default_factory=dict)
    guessed: bool = False
    facts: dict[str, dict[str, object]] = field(default_factory=dict)
    tables: dict[Key, dict[str, dict[str, object]]] = field(default_factory=dict)
    called: dict[Key, str] = field(default_factory=dict)
    own: dict[Key, frozenset[str]] = field(default_factory=dict)
    remarks: dict[Key, dict[str, None]] = field(default_factory=dict)

    def agree(self, found: Iterable[Found]) -> None:
        """Learn what things are called, where a node knows it: the other one may only guess."""
        sure = {(f.kind, f.thing): f.name for f in found if f.thing and not f.guessed}
        self.called |= sure

    def add(self, node: str, found: Iterable[Found]) -> None:
        """What was found from a node. What a node says of itself counts before the other."""
        for one in found:
            about = self.hosts.get(one.host) if one.host else node
            if about is None or about not in self.nodes:
                continue
            if one.kind == "pair":
                self.pair = self.pair or str(one.table["name"])
                continue
            if one.kind == "node":
                facts = self.facts.setdefault(about, {})
                facts |= {k: v for k, v in one.table.items() if about == node or k not in facts}
                continue
            key = (one.kind, self.called.get((one.kind, one.thing), one.name))
            self.own[key] = self.own.get(key, frozenset()) | one.own
            self.remarks.setdefault(key, {}).update(dict.fromkeys(one.remarks))
            if key[1] and (about == node or about not in self.tables.get(key, {})):
                self.tables.setdefault(key, {})[about] = dict(one.table)


def first_file(draft: Draft, kinds: Kinds, head: Iterable[str]) -> str:
    """The text of the file."""
    blocks = [_comment(head), f"schema = {SCHEMA}"]
    blocks.append(_table(("pair",), {"name": draft.pair, "nodes": list(draft.nodes)}))
    loose = _undecided(draft, kinds)
    shared, own = _shared(draft)
    for node in draft.nodes:
        blocks += _node(draft, node)
        for key in sorted(own):
            if node in own[key] and key not in loose:
                blocks.append(_table(("node", node, *key), _plain(draft, own[key][node])))
    blocks.append(_LATER.strip())
    order, said = list(kinds), set[str]()
    for key in sorted({*shared, *draft.remarks}, key=lambda k: (order.index(k[0]), k)):
        remarks = [*draft.remarks.get(key, ())]
        if key not in shared:
            if remarks and not any(kind == key[0] for kind, _ in shared):
                blocks.append(_comment(remarks))
            continue
        about = [*([] if key[0] in said else [_about(kinds, key[0])]), *remarks]
        said.add(key[0])
        table = _table(key, _plain(draft, shared[key]))
        if key in loose:
            about.append("Not decided yet; complete it, and take the # away:")
            table = textwrap.indent(table, "# ")
        blocks.append("\n".join([*([_comment(about)] if about else []), table]))
    # What a node says may be no text at all.
    return ("\n\n".join(blocks) + "\n").encode(errors="replace").decode()


def _node(draft: Draft, node: str) -> Iterator[str]:
    facts = dict(draft.facts.get(node, {}))
    facts.setdefault("address", facts.get("replication_address", ""))
    if facts.get("replication_address") == facts["address"]:
        facts.pop("replication_address")
    releases = [one["release"] for one in draft.facts.values() if "release" in one]
    facts.setdefault("release", next(iter(releases), ""))
    order = ("hostname", *NodeTable.model_fields)
    facts = {name: facts[name] for name in order if facts.get(name)}
    remarks = [
        f"{node} could not be asked everything. {one}" for one in draft.unread.get(node, ())
    ]
    if draft.seen and node not in draft.seen:
        remarks.append(f"{node} was not looked at: this is what the other node knows of it,")
        remarks.append("taken to be of the same release. Its own address may be another one.")
    yield "\n".join([*([_comment(remarks)] if remarks else []), _table(("node", node), facts)])


def _shared(
    draft: Draft,
) -> tuple[dict[Key, dict[str, object]], dict[Key, dict[str, dict[str, object]]]]:
    """What holds for every node that has it, and what for one of them only."""
    shared: dict[Key, dict[str, object]] = {}
    own: dict[Key, dict[str, dict[str, object]]] = {}
    for key, by_node in draft.tables.items():
        names = list(dict.fromkeys(name for table in by_node.values() for name in table))
        shared[key] = {}
        for name in names:
            values = {node: table[name] for node, table in by_node.items() if name in table}
            alike = len({repr(value) for value in values.values()}) == 1
            if alike and len(values) == len(by_node) and name not in draft.own[key]:
                shared[key][name] = next(iter(values.values()))
                continue
            for node, value in values.items():
                own.setdefault(key, {}).setdefault(node, {})[name] = value
    return shared, own


def _like(draft: Draft, one: Like) -> str:
    """The reference that it stands for; '' where a person must choose."""
    fits = {
        f"{kind}.{name}"
        for (kind, name), by_node in draft.tables.items()
        for table in by_node.values()
        if kind == one.kind and str(table.get(one.field, "")).startswith(one.text)
    }
    return fits.pop() if len(fits) == 1 else one.otherwise


def _plain(draft: Draft, table: Mapping[str, object]) -> dict[str, object]:
    return {
        name: _like(draft, value) if isinstance(value, Like) else value
        for name, value in table.items()
    }


def _undecided(draft: Draft, kinds: Kinds) -> set[Key]:
    """Tables that lack something, and those that refer to one of them or to none."""
    loose: set[Key] = set()
    for _ in draft.tables:
        there = {f"{kind}.{name}" for kind, name in draft.tables if (kind, name) not in loose}
        for key, by_node in draft.tables.items():
            values = [v for table in by_node.values() for v in _plain(draft, table).values()]
            refs = [v for v in values if isinstance(v, str) and v.partition(".")[0] in kinds]
            if "" in values or any(ref not in there for ref in refs if "." in ref):
                loose.add(key)
    return loose


def _about(kinds: Kinds, kind: str) -> str:
    """The first sentences of a kind about itself."""
    return " ".join((kinds[kind].__doc__ or "").split("\n\n")[0].split())


def _comment(lines: Iterable[str]) -> str:
    """Sentences as comments. What is indented is a command and stays on its line."""
    out: list[str] = []
    for line in lines:
        out += [line] if line.startswith(" ") or not line else textwrap.wrap(line, 94)
    plain = ("".join(c if c.isprintable() else "?" for c in line) for line in out)
    return "\n".join(f"# {line}".rstrip() for line in plain)


def _table(keys: Key | tuple[str, ...], table: Mapping[str, Any]) -> str:
    width = max(map(len, table), default=0)
    rows = [f"{way((name,)).ljust(width)} = {spelt(value)}" for name, value in table.items()]
    return "\n".join([f"[{way(tuple(keys))}]", *rows])
