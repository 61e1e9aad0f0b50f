"""Kind `hast_entry`: a resource block in hast.conf(5). What hastd makes of it is kind `hast`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, ClassVar, Literal, Self, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from converge.core.host import NO_SUCH_FILE, Edit, Read, Run
from converge.core.plan import Action, Change
from converge.core.resource import Around, Look, Resource, View
from converge.core.state import Absent, Present, State, Unknown, Wish

Replication = Literal["fullsync", "memsync", "async"]
Checksum = Literal["none", "crc32", "sha256"]
Compression = Literal["none", "hole", "lzf"]
Switch = Literal["on", "off"]
Table = Mapping[str, str]

_CHOICES = {
    "replication": get_args(Replication),
    "checksum": get_args(Checksum),
    "compression": get_args(Compression),
    "metaflush": get_args(Switch),
}
_DEFAULTS = dict(
    replication="memsync", timeout="20", checksum="none", compression="hole", metaflush="on"
)
_ALLOWED = {
    (): {*_DEFAULTS, "exec", "control", "listen", "pidfile", "on", "resource"},
    ("on",): {"control", "listen", "pidfile"},
    ("resource",): {*_DEFAULTS, "exec", "name", "local", "on"},
    ("resource", "on"): {"name", "local", "remote", "source", "metaflush"},
}
_PER_NODE = ("local", "metaflush", "name")
KEYWORDS = frozenset().union(*_ALLOWED.values(), *_CHOICES.values())
_WORD = r"[A-Za-z0-9._/:\[\]-]+"
# Any other character is skipped by hastd, and so it is here (hast-conf-quoted-exec-status).
_TOKEN = re.compile(rf"#[^\n]*|[{{}}]|{_WORD}")


def _word(text: str) -> str:
    if not re.fullmatch(_WORD, text):
        raise ValueError("hast.conf takes letters, digits and . - _ / : [ ] only, and no quotes")
    if text in KEYWORDS or text.isdigit():
        raise ValueError(f"{text!r} is a keyword or a number to hastd: take another name")
    return text


def _path(text: str) -> str:
    if not text.startswith("/"):
        raise ValueError("write an absolute path, like /dev/ad6")
    return _word(text)


Word = Annotated[str, AfterValidator(_word)]
Path = Annotated[str, AfterValidator(_path)]
Remote = Annotated[str, AfterValidator(lambda text: text if text == "none" else _word(text))]


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement or block. `within` names the blocks around it, outermost first."""

    within: tuple[str, ...]
    keyword: str
    value: str
    start: int
    end: int


def parse_conf(text: str) -> tuple[Statement, ...] | str:
    """All statements of a hast.conf, or why hastd would reject it. Lines count from 1."""
    stream = iter([found for found in _TOKEN.finditer(text) if found[0][0] != "#"])
    opened: list[Statement] = []
    done: list[Statement] = []

    def fault(at: int, why: str) -> str:
        return f"line {text[:at].count(chr(10)) + 1}: {why}"

    for token in stream:
        if token[0] == "}" and opened:
            done.append(replace(opened.pop(), end=token.end()))
            continue
        if token[0] not in _ALLOWED[tuple(block.keyword for block in opened)]:
            return fault(token.start(), f"{token[0]} cannot stand here")
        value = next(stream, None)
        if value is None or not _fits(token[0], value[0]):
            return fault(token.start(), f"{token[0]} lacks a value that it can have")
        within = tuple(f"{block.keyword} {block.value}" for block in opened)
        new = Statement(within, token[0], value[0], token.start(), value.end())
        if token[0] not in ("on", "resource"):
            done.append(new)
            continue
        brace = next(stream, None)
        if brace is None or brace[0] != "{":
            return fault(new.start, f"{new.keyword} {new.value} lacks its opening brace")
        if token[0] == "resource" and _block(done, new.value):
            return fault(new.start, f"resource {new.value} is configured more than once")
        opened.append(new)
    if opened:
        last = opened[-1]
        return fault(last.start, f"{last.keyword} {last.value} is never closed")
    return tuple(done)


def _fits(keyword: str, value: str) -> bool:
    if keyword == "timeout":
        return value.isdigit() and int(value) > 0
    if keyword in _CHOICES:
        return value in _CHOICES[keyword]
    plain = value not in KEYWORDS and value not in "{}" and not value.isdigit()
    return plain or (keyword, value) == ("remote", "none")


def _block(statements: Sequence[Statement], name: str) -> Statement | None:
    return next((s for s in statements if (s.keyword, s.value) == ("resource", name)), None)


def _said(statements: Sequence[Statement], *within: str) -> dict[str, str]:
    """Keyword to value right within; of two the last one wins, as in hastd."""
    return {s.keyword: s.value for s in statements if s.within == within and s.keyword != "on"}


@dataclass(frozen=True)
class HastEntryState(State):
    """What a block says, one statement a line, hastd's defaults filled in.

    Evidence: the block's lines (none where it shares one), and what the file sets for all blocks.
    """

    says: tuple[str, ...]
    text: str = field(default="", compare=False)
    inherited: frozenset[str] = field(default=frozenset(), compare=False)


def _normalised(name: str, block: Table, nodes: Mapping[str, Table]) -> tuple[str, ...]:
    block = {**_DEFAULTS, "name": name, **block}
    lines = [f"{key} {value}" for key, value in sorted(block.items()) if key not in _PER_NODE]
    for node, own in sorted(nodes.items()):
        full = {**{key: block[key] for key in _PER_NODE if key in block}, **own}
        lines += [f"on {node} {key} {value}" for key, value in sorted(full.items())]
    return tuple(lines)


def entry_in(statements: Sequence[Statement], name: str, text: str) -> HastEntryState | None:
    """What the file says about the resource; None: nothing at all."""
    block = _block(statements, name)
    if block is None:
        return None
    path, of_file = f"resource {name}", _said(statements)
    inherited = {key: of_file[key] for key in _DEFAULTS if key in of_file}
    nodes = {s.value for s in statements if s.within == (path,) and s.keyword == "on"}
    said = {node: _said(statements, path, f"on {node}") for node in nodes}
    says = _normalised(name, {**inherited, **_said(statements, path)}, said)
    start = text.rfind("\n", 0, block.start) + 1
    end = text.find("\n", block.end) + 1 or len(text) + 1
    before, after = text[start : block.start].strip(), text[block.end : end].strip()
    alone = not before and (not after or after.startswith("#"))
    lines = (text + "\n")[start:end] if alone else ""
    return HastEntryState(says, lines, frozenset(inherited))


class Section(BaseModel):
    """What is true on one node only."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    local: Path = Field(description="The disk or file below HAST on that node.")
    remote: Remote = Field(description='The other node\'s replication address, or "none".')
    source: Word | None = Field(default=None, description="Address to connect from.")


class HastEntry(Resource[HastEntryState]):
    """A `resource` block of hast.conf(5). hastd reads a change at its next reload or start."""

    kind: ClassVar[str] = "hast_entry"

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
        _word(self.id.name)
        return self

    def _block(self) -> dict[str, str]:
        values = {key: str(getattr(self, key)) for key in _DEFAULTS}
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
        said = parse_conf(answer.stdout) if answer.code == 0 else answer.said
        if isinstance(said, str):
            return Unknown(f"{self.file} cannot be understood, {said}")
        entry = entry_in(said, self.id.name, answer.stdout)
        if entry and not entry.text:
            why = f"shares a line of {self.file} with something else; put it on lines of its own"
            return Unknown(f"resource {self.id.name} {why}")
        return Present(entry) if entry else Absent()

    def actions(self, change: Change) -> tuple[Action, ...]:
        if not isinstance(change.wish, Present):
            # The file is one for both nodes: what one of them does not want, the other may need.
            return ()
        found = change.observed.state if isinstance(change.observed, Present) else None
        seen = found or HastEntryState(())
        wrong = ", ".join(line for line in seen.says if line not in change.wish.state.says)
        lacks = ", ".join(line for line in change.wish.state.says if line not in seen.says)
        why = f"{self.file} says of {self.id.name}: {wrong or 'less'}; wished: {lacks or 'less'}"
        edit = Edit(self.file, seen.text, self._written(seen.inherited))
        return (self.up("write" if found else "add", why, edit),)

    def _written(self, inherited: frozenset[str]) -> str:
        """The block; what hastd takes by default anyway is left out."""
        lines = [f"resource {self.id.name} {{"]
        for key, value in self._block().items():
            if key in inherited or _DEFAULTS.get(key) != value:
                lines.append(f"    {key} {value}")
        for node, own in self._sections().items():
            section = [f"        {key} {value}" for key, value in own.items()]
            lines += [f"    on {node} {{", *section, "    }"]
        return "\n".join([*lines, "}", ""])
