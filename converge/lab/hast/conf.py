"""The lab's own reading of hast.conf(5), with the complaints of hastd's own parser.

It is not shared with the package's parser: a double must not use what it is to test.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from converge.lab.hast.tokens import CHOICES, Token, tokens

CONTROL = "/var/run/hastctl"
PIDFILE = "/var/run/hastd.pid"
LISTEN = ("tcp4://0.0.0.0:8457", "tcp6://[::]:8457")

_GLOBAL = {"control", "pidfile", "listen", *CHOICES, "timeout", "exec"}
_NODE = {"control", "pidfile", "listen"}
_RESOURCE = {*CHOICES, "timeout", "exec", "name", "local"}
_RESOURCE_NODE = {"name", "local", "remote", "source", "metaflush"}


@dataclass(frozen=True, slots=True)
class NodeNames:
    """What `on NAME` may say to mean this machine."""

    hostname: str
    hostuuid: str = ""
    hostid: str = ""

    def mean(self, name: str) -> bool:
        short = self.hostname.partition(".")[0]
        plain = (self.hostname, short, f"hostid{self.hostid}")
        return name in plain or name.lower() == self.hostuuid.lower()

    def __str__(self) -> str:
        short, dot, _ = self.hostname.partition(".")
        names = (short, self.hostname) if dot and short else (self.hostname,)
        return ", ".join((*names, self.hostuuid, f"hostid{self.hostid}"))


@dataclass(frozen=True, slots=True)
class ConfResource:
    """One resource as this machine should run it. `remote` may be 'none'."""

    name: str
    provname: str = ""
    localpath: str = ""
    remote: str = ""
    source: str = ""
    replication: str = ""
    checksum: str = ""
    compression: str = ""
    timeout: int = 0
    exec_path: str = ""
    metaflush: str = ""


@dataclass(frozen=True, slots=True)
class HastConf:
    """A whole hast.conf as this machine reads it."""

    control: str = CONTROL
    pidfile: str = PIDFILE
    listen: tuple[str, ...] = LISTEN
    resources: tuple[ConfResource, ...] = ()


@dataclass(frozen=True, slots=True)
class Parsed:
    """`conf` is None when `error` says why; `echoed` are the characters it put on stdout."""

    conf: HastConf | None
    error: str = ""
    echoed: str = ""


class _Bad(Exception):
    """The file is refused; the text is the complaint."""


@dataclass
class _Reader:
    """The tokens, and what has been read so far."""

    tokens: Iterator[Token]
    names: NodeNames
    echoed: str = ""
    top: dict[str, str] = field(default_factory=dict)
    here: dict[str, str] = field(default_factory=dict)
    listen: list[str] = field(default_factory=list)
    resources: list[ConfResource] = field(default_factory=list)

    def next(self) -> Token:
        token = next(self.tokens)
        self.echoed = token.echoed
        return token

    def expect(self, *kinds: str) -> Token:
        token = self.next()
        if token.kind not in kinds:
            raise _syntax(token)
        return token


def _syntax(token: Token) -> _Bad:
    where = f"line {token.line} near '{token.text}'"
    return _Bad(f"Unable to parse configuration file at {where}: syntax error")


def parse_conf(text: str, names: NodeNames) -> Parsed:
    """Read a hast.conf as the machine with these names does."""
    reader = _Reader(tokens(text), names)
    try:
        _statements(reader)
    except _Bad as bad:
        return Parsed(None, str(bad), reader.echoed)
    return Parsed(_whole(reader), "", reader.echoed)


def _statements(reader: _Reader) -> None:
    while (token := reader.next()).kind:
        if token.kind == "resource":
            _resource(reader)
        elif token.kind == "on":
            mine = reader.names.mean(reader.expect("STR").text)
            said = _block(reader, _NODE)
            reader.here.update(said if mine else ())
            reader.listen += [text for key, text in said if mine and key == "listen"]
        elif token.kind in _GLOBAL:
            reader.top[token.kind] = text = _value(reader, token.kind)
            reader.listen += [text] if token.kind == "listen" else []
        else:
            raise _syntax(token)


def _value(reader: _Reader, key: str) -> str:
    if key in CHOICES:
        return reader.expect(*CHOICES[key]).text
    if key == "timeout":
        number = reader.expect("NUM").text
        if int(number) <= 0:
            raise _Bad("Negative or zero timeout.")
        return number
    return reader.expect("STR", *(("none",) if key == "remote" else ())).text


def _block(reader: _Reader, allowed: set[str]) -> list[tuple[str, str]]:
    """Simple statements between braces."""
    said = []
    reader.expect("{")
    while (token := reader.next()).kind != "}":
        if token.kind not in allowed:
            raise _syntax(token)
        said.append((token.kind, _value(reader, token.kind)))
    return said


def _resource(reader: _Reader) -> None:
    name = reader.expect("STR").text
    if any(r.name == name for r in reader.resources):
        raise _Bad(f"Resource {name} configured more than once.")
    whole: dict[str, str] = {}
    mine: dict[str, str] = {}
    mentioned = False
    reader.expect("{")
    while (token := reader.next()).kind != "}":
        if token.kind == "on":
            me = reader.names.mean(reader.expect("STR").text)
            said = _block(reader, _RESOURCE_NODE)
            mine.update(said if me else ())
            mentioned = mentioned or me
        elif token.kind in _RESOURCE:
            whole[token.kind] = _value(reader, token.kind)
        else:
            raise _syntax(token)
    if not mentioned:
        named = f"(acceptable node names: {reader.names})"
        raise _Bad(f"No resource {name} configuration for this node {named}.")
    reader.resources.append(_checked(name, {**whole, **mine}))


def _checked(name: str, said: dict[str, str]) -> ConfResource:
    if "remote" not in said:
        raise _Bad(f"Remote address not configured for resource {name}.")
    if "local" not in said:
        raise _Bad(f"Path to local component not configured for resource {name}.")
    return ConfResource(
        name,
        provname=said.get("name", name),
        localpath=said["local"],
        remote=said["remote"],
        source=said.get("source", ""),
        replication=said.get("replication", ""),
        checksum=said.get("checksum", ""),
        compression=said.get("compression", ""),
        timeout=int(said.get("timeout", "0")),
        exec_path=said.get("exec", ""),
        metaflush=said.get("metaflush", ""),
    )


def _whole(reader: _Reader) -> HastConf:
    """Resources get what the top of the file says, or the defaults."""
    top = reader.top
    resources = tuple(
        replace(
            r,
            replication=r.replication or top.get("replication", "memsync"),
            checksum=r.checksum or top.get("checksum", "none"),
            compression=r.compression or top.get("compression", "hole"),
            timeout=r.timeout or int(top.get("timeout", "20")),
            exec_path=r.exec_path or top.get("exec", ""),
            metaflush=r.metaflush or top.get("metaflush", "on"),
        )
        for r in reader.resources
    )
    return HastConf(
        control=reader.here.get("control", top.get("control", CONTROL)),
        pidfile=reader.here.get("pidfile", top.get("pidfile", PIDFILE)),
        listen=tuple(reader.listen) or LISTEN,
        resources=resources,
    )
