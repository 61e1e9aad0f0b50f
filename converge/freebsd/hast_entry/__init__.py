"""Kind `hast_entry`: a resource block in hast.conf(5). What hastd makes of it is kind `hast`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from converge.core.check import Check
from converge.core.guard import Guard, Situation
from converge.core.host import NO_SUCH_FILE, Command, Edit, Read, Run
from converge.core.ids import Ref
from converge.core.plan import Action, Allow, Change, Refuse, Verdict
from converge.core.resource import Around, Discovery, Look, Resource, View
from converge.core.state import Absent, Present, State, Unknown, Wish, is_active
from converge.freebsd.hast_entry.found import found
from converge.freebsd.hast_entry.grammar import (
    DEFAULTS,
    PER_NODE,
    Checksum,
    Compression,
    Path,
    Remote,
    Replication,
    Statement,
    Switch,
    Word,
    block_of,
    parse_conf,
    said,
    word,
)

Table = Mapping[str, str]


@dataclass(frozen=True)
class HastEntryState(State):
    """What a block says, one statement a line, hastd's defaults filled in.

    Evidence: the block's lines (none where it shares one), what the file sets for all blocks, and
    whether a hastd runs that has read another hook.
    """

    says: tuple[str, ...]
    text: str = field(default="", compare=False)
    inherited: frozenset[str] = field(default=frozenset(), compare=False)
    deaf: bool = field(default=False, compare=False)


def _normalised(name: str, block: Table, nodes: Mapping[str, Table]) -> tuple[str, ...]:
    block = {**DEFAULTS, "name": name, **block}
    lines = [f"{key} {value}" for key, value in sorted(block.items()) if key not in PER_NODE]
    for node, own in sorted(nodes.items()):
        full = {**{key: block[key] for key in PER_NODE if key in block}, **own}
        lines += [f"on {node} {key} {value}" for key, value in sorted(full.items())]
    return tuple(lines)


def entry_in(statements: Sequence[Statement], name: str, text: str) -> HastEntryState | None:
    """What the file says about the resource; None: nothing at all."""
    block = block_of(statements, name)
    if block is None:
        return None
    path, of_file = f"resource {name}", said(statements)
    inherited = {key: of_file[key] for key in DEFAULTS if key in of_file}
    nodes = {s.value for s in statements if s.within == (path,) and s.keyword == "on"}
    sections = {node: said(statements, path, f"on {node}") for node in nodes}
    says = _normalised(name, {**inherited, **said(statements, path)}, sections)
    start = text.rfind("\n", 0, block.start) + 1
    end = text.find("\n", block.end) + 1 or len(text) + 1
    before, after = text[start : block.start].strip(), text[block.end : end].strip()
    alone = not before and (not after or after.startswith("#"))
    lines = (text + "\n")[start:end] if alone else ""
    return HastEntryState(says, lines, frozenset(inherited))


def _hook(says: tuple[str, ...]) -> list[str]:
    return [line for line in says if line.startswith("exec ")]


RUNNING = ("service", "hastd", "onestatus")


def disk_of_a_primary(action: Action, situation: Situation) -> Verdict:
    """Refuses another disk or name in the file while the resource is primary somewhere: the
    secondary would be reloaded onto it, the primary would take it at its next start (F39).

    Seen: The entry in hast.conf beside the wished one, and the roles on both nodes.
    To do: Stop what uses it, then `hastctl role init NAME` on both nodes, and apply.
    Shown: scenarios/without/disk-of-a-primary.txt
    """
    observed = situation.snapshot.observed
    seen, wish = observed.get(action.id), action.wish
    if action.verb != "write" or not isinstance(seen, Present) or not isinstance(wish, Present):
        return Allow()
    if _disks(seen.state.says) == _disks(wish.state.says):
        return Allow()
    twins = [id for id in observed if (id.kind, id.name) == ("hast", action.id.name)]
    leading = [str(id) for id in twins if is_active(observed[id])]
    if not leading:
        return Allow()
    why = f"{', '.join(leading)} is primary, and its disk or device would be another one"
    lift = f"stop what uses it, then hastctl role init {action.id.name} on both nodes"
    return Refuse("disk-of-a-primary", why, lift)


def _disks(says: tuple[str, ...]) -> set[str]:
    return {line for line in says if re.search(r" (local|name) ", line)}


class Section(BaseModel):
    """What is true on one node only."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    local: Path = Field(description="The disk or file below HAST on that node.")
    remote: Remote = Field(description='The other node\'s replication address, or "none".')
    source: Word | None = Field(default=None, description="Address to connect from.")


class HastEntry(Resource[HastEntryState]):
    """A `resource` block of hast.conf(5). hastd reads a change at its next reload or start."""

    kind: ClassVar[str] = "hast_entry"
    agrees: ClassVar[Mapping[str, str]] = dict.fromkeys(
        ("nodes", "replication", "timeout", "checksum", "compression", "provider"),
        "hast.conf is one file for both nodes",
    )
    guards: ClassVar[tuple[Guard, ...]] = (
        Guard(
            "disk-of-a-primary",
            disk_of_a_primary,
            behind=(("S2", "never-reload-while-mounted"),),
        ),
    )

    file: Path = Field(default="/etc/hast.conf", description="Where hastd's configuration is.")
    nodes: Mapping[Word, Section] = Field(min_length=2, description="Both, by short host name.")
    replication: Replication = Field(default="fullsync", description="When a write is done.")
    timeout: int = Field(default=20, ge=1, description="Seconds until a silent peer is given up.")
    checksum: Checksum = Field(default="none", description="Checksum of what the peer is sent.")
    compression: Compression = Field(default="hole", description="How that is compressed.")
    exec: Path | None = Field(default=None, description="Program that HAST runs at its events.")
    provider: Word | None = Field(default=None, description="Another name below /dev/hast.")
    metaflush: Switch = Field(default="on", description="Flush the disk's cache after metadata.")

    @model_validator(mode="after")
    def _nameable(self) -> Self:
        word(self.id.name)
        return self

    def precedes(self) -> tuple[Ref, ...]:
        # hastd does not start without its file (svc-hastd-start-no-conf).
        return (Ref("service.hastd"),)

    def _block(self) -> dict[str, str]:
        values = {key: str(getattr(self, key)) for key in DEFAULTS}
        values |= {"exec": self.exec} if self.exec else {}
        return values | ({"name": self.provider} if self.provider else {})

    def _sections(self) -> dict[str, dict[str, str]]:
        nodes = sorted(self.nodes.items())
        return {node: section.model_dump(exclude_none=True) for node, section in nodes}

    def want(self, view: View) -> Wish[HastEntryState]:
        return Present(HastEntryState(_normalised(self.id.name, self._block(), self._sections())))

    def look(self, around: Around) -> Look[HastEntryState]:
        answer = yield Run(("hostname",))
        host = answer.stdout.strip()
        if answer.code or not {host, host.partition(".")[0]} & set(self.nodes):
            names = " and ".join(sorted(self.nodes))
            why = "hastd rejects a whole file that has no section for its host"
            return Unknown(f"this host calls itself {host!r}, the block is for {names}: {why}")
        answer = yield Read(self.file)
        if answer.code == NO_SUCH_FILE:
            return Absent()
        statements = parse_conf(answer.stdout) if answer.code == 0 else answer.said
        if isinstance(statements, str):
            return Unknown(f"{self.file} cannot be understood, {statements}")
        entry = entry_in(statements, self.id.name, answer.stdout)
        other = self._same_disk(statements)
        if other:
            why = "two of them on one disk overwrite each other's metadata"
            return Unknown(f"{other} of {self.file} has a disk of {self.id.name} already: {why}")
        if entry and not entry.text:
            why = f"shares a line of {self.file} with something else; put it on lines of its own"
            return Unknown(f"resource {self.id.name} {why}")
        if entry and _hook(entry.says) != ([f"exec {self.exec}"] if self.exec else []):
            # The same question as that of service.hastd: it is asked once.
            runs = yield Run(RUNNING, volatile=(r"as pids? [\d ]+",))
            entry = replace(entry, deaf=runs.code == 0)
        return Present(entry) if entry else Absent()

    def checks(self, around: Around) -> tuple[Check, ...]:
        from converge.freebsd.hast_entry.checks import taken

        return (taken(self.file),)

    def _same_disk(self, statements: Sequence[Statement]) -> str:
        """Another block of the file that has one of our disks on the same node."""
        disks = [s for s in statements if s.keyword == "local" and len(s.within) == 2]
        for block, on, disk in ((s.within[0], s.within[1], s.value) for s in disks):
            ours = self.nodes.get(on.removeprefix("on "))
            if ours and ours.local == disk and block != f"resource {self.id.name}":
                return block
        return ""

    @classmethod
    def discover(cls) -> Discovery:
        return found()

    def actions(self, change: Change) -> tuple[Action, ...]:
        if not isinstance(change.wish, Present):
            # The file is one for both nodes: what one of them does not want, the other may need.
            return ()
        if not isinstance(change.observed, Present):
            why = f"{self.file} has no block for resource {self.id.name}"
            return (self.up("add", why, Edit(self.file, "", self._written(frozenset()))),)
        seen, wish = change.observed.state, change.wish.state
        wrong = ", ".join(line for line in seen.says if line not in wish.says)
        lacks = ", ".join(line for line in wish.says if line not in seen.says)
        why = f"{self.file} says of {self.id.name}: {wrong or 'less'}; wished: {lacks or 'less'}"
        edit = Edit(self.file, seen.text, self._written(seen.inherited))
        return (self.up("write", why, edit), *self._told(seen, wish))

    def _told(self, seen: HastEntryState, wish: HastEntryState) -> tuple[Action, ...]:
        """No program shows which hook hastd knows, so it is told once, and only if nothing else
        of the block differs: what a reload does to that is decided by kind `hast`."""
        if not seen.deaf or not all(s.startswith("exec ") for s in {*seen.says} ^ {*wish.says}):
            return ()
        why = "hastd has read another hook than this one"
        return (self.up("reload", why, Command(("service", "hastd", "reload"))),)

    def _written(self, inherited: frozenset[str]) -> str:
        """The block; what hastd takes by default anyway is left out."""
        lines = [f"resource {self.id.name} {{"]
        for key, value in self._block().items():
            if key in inherited or DEFAULTS.get(key) != value:
                lines.append(f"    {key} {value}")
        for node, own in self._sections().items():
            section = [f"        {key} {value}" for key, value in own.items()]
            lines += [f"    on {node} {{", *section, "    }"]
        return "\n".join([*lines, "}", ""])
