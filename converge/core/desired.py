"""What the desired file says and where it says it. `engine/desired/` reads it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, WithJsonSchema

from converge.core.duration import Duration
from converge.core.errors import Problem
from converge.core.ids import ResourceId
from converge.core.ignore import IgnoreTable
from converge.core.pair import Pair
from converge.core.resource import Resource
from converge.core.secret import Secret

Keys = tuple[str | int, ...]
"""The way to a value in the file: keys of tables and, from 0, places in lists."""


def _address(text: str) -> str:
    try:
        return str(ip_address(text))
    except ValueError:
        raise ValueError("expected an address without a mask, like 192.168.1.51") from None


def _hostname(text: str) -> str:
    if len(text) > 255 or not re.fullmatch(r"(?!-)[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*", text):
        raise ValueError("a host name has letters, digits, hyphens and dots only")
    return text


def _release(text: str) -> str:
    if not re.fullmatch(r"[0-9]{1,2}\.[0-9]{1,2}", text):
        raise ValueError('a release is written like "13.2", without -RELEASE or a patch level')
    return text


def _node_name(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}", text):
        raise ValueError("a node's name has letters, digits, hyphens and underscores only")
    return text


def _user(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,31}", text):
        raise ValueError("a login has letters, digits, dots, hyphens and underscores only")
    return text


Address = Annotated[
    str, AfterValidator(_address), WithJsonSchema({"type": "string", "format": "ipvanyaddress"})
]
NodeName = Annotated[str, AfterValidator(_node_name)]


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")


class PairTable(_Table):
    """`[pair]`: the pair's name and its two nodes."""

    name: str = Field(min_length=1, description="What people call the pair.")
    nodes: tuple[NodeName, NodeName] = Field(description="The names of the two nodes.")


class NodeTable(_Table):
    """`[node.NAME]`: one node, without what differs in its resources."""

    address: Address = Field(description="The node's own address, not the shared one.")
    hostname: Annotated[str, AfterValidator(_hostname)] | None = Field(
        default=None, description="What hostname(1) prints there; the node's name if not given."
    )
    replication_address: Address | None = Field(
        default=None, description="Where the data are replicated to; `address` if not given."
    )
    release: Annotated[str, AfterValidator(_release)] = Field(
        default="", description='Release of the operating system, like "13.2".'
    )
    boot_delay: Duration | None = Field(
        default=None, description="Overrides `boot_delay` of `[guard]` on this node."
    )


class GuardTable(_Table):
    """`[guard]`: how careful a run is."""

    boot_delay: Duration = Field(
        default=0.0,
        description="How long a node must be up before it may lead without having seen its peer.",
    )
    passes_max: int = Field(
        default=10, ge=1, le=50, description="How many passes one run may take at most."
    )


class PeerTable(_Table):
    """`[peer]`: how a run on one node looks at the other, by ssh. It never acts there."""

    ask: bool = Field(
        default=True,
        description="Look at the peer by every path. `false`: never; then nothing is known of it, "
        "and no node is promoted without proof by other means that the other does not lead.",
    )
    user: Annotated[str, AfterValidator(_user)] = Field(
        default="root", description="Who logs in there."
    )
    port: int = Field(default=22, ge=1, le=65535, description="Where sshd listens on both nodes.")
    identity: Annotated[str, Field(pattern=r"^/[^\x00-\x1f]+$")] | None = Field(
        default=None,
        description="The file with the private key for it; what ssh finds by itself if not given.",
    )
    config: Annotated[str, Field(pattern=r"^/[^\x00-\x1f]+$")] = Field(
        default="/usr/local/etc/converge/converge.toml",
        description="Where the peer keeps its copy of this file. It is read with the first "
        "questions and compared; one that is not there, or cannot be read, says nothing.",
    )


class WitnessTable(_Table):
    """`[witness]`: who can tell an isolated node from a lonely one."""

    ping: tuple[Address, ...] = Field(
        default=(), description="Addresses outside the pair that answer ping(8), a router say."
    )


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of one line; line and column count from 1."""

    line: int
    column: int
    width: int = 1


@dataclass(frozen=True, slots=True)
class Source:
    """The file that was read, to point into. `lines` are fit to be shown: no secret is in them."""

    path: str
    lines: tuple[str, ...] = ()
    keys: Mapping[Keys, Span] = field(default_factory=dict)
    values: Mapping[Keys, Span] = field(default_factory=dict)

    def problem(self, keys: Keys, message: str, allowed: str = "", guess: str = "") -> Problem:
        """Something wrong with a value, or with the nearest thing around it that is written."""
        if keys in self.values:
            return self.at(self.values[keys], dotted(keys), message, allowed, guess)
        near = next((keys[:n] for n in range(len(keys), 0, -1) if keys[:n] in self.keys), ())
        return self.at(self.keys.get(near, Span(0, 0)), dotted(keys), message, allowed, guess)

    def stray(self, keys: Keys, message: str, allowed: str = "", guess: str = "") -> Problem:
        """A key that does not belong. Its value is not shown: it may be a misspelt password."""
        span = self.keys.get(keys, Span(0, 0))
        shown = self.line(span.line)
        end = span.column - 1 + span.width
        cut = " = ..." if shown[end:].lstrip(" \t\"'").startswith("=") else shown[end:]
        return self.at(span, dotted(keys), message, allowed, guess, shown[:end] + cut)

    def at(
        self,
        span: Span,
        key: str,
        message: str,
        allowed: str = "",
        guess: str = "",
        shown: str | None = None,
    ) -> Problem:
        """A problem at a place, with the line that is there."""
        source = self.line(span.line) if shown is None else shown
        width = max(1, min(span.width, len(source) - span.column + 1))
        return Problem(
            self.path, span.line, span.column, key, message, allowed, guess, source, width
        )

    def line(self, number: int) -> str:
        return self.lines[number - 1] if 0 < number <= len(self.lines) else ""


@dataclass(frozen=True, slots=True)
class Desired:
    """What is wished of the pair. `digest` changes with it, but never with a secret's text."""

    pair: Pair
    resources: Mapping[ResourceId, Resource[Any]]
    guard: GuardTable
    witness: WitnessTable
    digest: str
    secrets: tuple[Secret, ...] = ()
    source: Source = field(default_factory=lambda: Source(""))
    peer: PeerTable = field(default_factory=PeerTable)
    ignores: tuple[IgnoreTable, ...] = ()

    def problem(
        self, id: ResourceId, at: Keys, message: str, allowed: str = "", guess: str = ""
    ) -> Problem:
        """A problem with a resource, at a field (`("device",)`, `("needs", 1)`) or all of it.

        What is not written in the file has no place: line 0.
        """
        shared: Keys = (id.kind, id.name)
        own: Keys = ("node", id.node, *shared)
        if shared not in self.source.keys or (at and own + at[:1] in self.source.keys):
            shared = own
        if shared not in self.source.keys:
            return self.source.at(Span(0, 0), str(id), message, allowed, guess)
        return self.source.problem(shared + at, message, allowed, guess)


def dotted(keys: Keys) -> str:
    """The way as TOML would write it, without the places in lists: `mount."/data".device`."""
    words = [key for key in keys if isinstance(key, str)]
    return ".".join(w if re.fullmatch(r"[A-Za-z0-9_-]+", w) else f'"{w}"' for w in words)
