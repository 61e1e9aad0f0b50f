"""Resources of a hast.conf that nobody has described yet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from converge.core.found import Discovery, Found, Like
from converge.core.host import NO_SUCH_FILE, Read
from converge.freebsd.hast_entry.grammar import DEFAULTS, Statement, parse_conf, said

CONF = "/etc/hast.conf"


def found() -> Discovery:
    """A table of kind `hast` for each block, and where the nodes replicate to."""
    answer = yield Read(CONF)
    if answer.code == NO_SUCH_FILE:
        return ()
    statements = parse_conf(answer.stdout) if answer.code == 0 else answer.said
    if isinstance(statements, str):
        return (Found("hast", "", remarks=(f"{CONF} cannot be understood, {statements}",)),)
    names = [s.value for s in statements if s.keyword == "resource"]
    return tuple(one for name in names for one in _resource(statements, name))


def _resource(statements: Sequence[Statement], name: str) -> Iterator[Found]:
    path = f"resource {name}"
    block = {**DEFAULTS, **said(statements), **said(statements, path)}
    hosts = [s.value for s in statements if s.within == (path,) and s.keyword == "on"]
    sections = {host: {**block, **said(statements, path, f"on {host}")} for host in hosts}
    table: dict[str, object] = {"follow": Like("carp"), "replication": block["replication"]}
    table |= {"timeout": int(block["timeout"])} if block["timeout"] != "20" else {}
    usual = {"checksum": "none", "compression": "hole"}
    table |= {key: block[key] for key, value in usual.items() if block[key] != value}
    table |= {"exec": block["exec"]} if "exec" in block else {}
    table |= {"provider": block["name"]} if "name" in block else {}
    remarks: tuple[str, ...] = ()
    if any(one["metaflush"] != "on" for one in sections.values()):
        remarks = (f"metaflush is off in {CONF}, for which there is no field here.",)
    for host, section in sections.items():
        device = {"device": section["local"]} if "local" in section else {}
        yield Found("hast", name, {**device, **table}, host, remarks=remarks)
        yield from _addressed(sections, host)


def _addressed(sections: Mapping[str, Mapping[str, str]], host: str) -> Iterator[Found]:
    """Where this host replicates to is what the other one's section calls `remote`."""
    for other, section in sections.items():
        remote = section.get("remote", "none")
        if other != host and remote != "none":
            yield Found("node", "", {"replication_address": remote}, host)
