"""Database servers that rc.conf(5) names and nobody has described yet."""

from __future__ import annotations

import re

from converge.core.found import Discovery, Found, Like
from converge.core.host import Read, Run

RC_CONF = Read("/etc/rc.conf", secrets=(r'\bpass\s+([^\s"\']+)',))
SCRIPTS = "/usr/local/etc/rc.d"


def found() -> Discovery:
    """A table for each data directory in rc.conf."""
    said = dict(re.findall(r'(?m)^\s*(\w+)="?([^"\n]*)"?', (yield RC_CONF).stdout))
    tables: list[Found] = []
    for key, datadir in sorted(said.items()):
        prefix = key.removesuffix("_dbdir")
        if prefix == key or not datadir.startswith("/"):
            continue
        service = f"{prefix}-server"
        table: dict[str, object] = {"service": service, "datadir": datadir}
        table |= _arguments(said.get(f"{prefix}_args", ""))
        table["enabled"] = said.get(f"{prefix}_enable", "NO").upper() == "YES"
        path = f"{SCRIPTS}/{service}"
        mode = (yield Run(("stat", "-f", "%Lp %Su:%Sg", path))).stdout.partition(" ")[0]
        if re.fullmatch("[0-7]{1,3}", mode) and not int(mode, 8) & 0o111:
            table["script"] = path
            tables.append(Found("file", path, {"mode": mode.zfill(3)}))
        # The marker on the volume says whose the data are; it is there where that is mounted.
        marker = (yield Read(f"{datadir}/converge.id", silence_speaks=True)).stdout.strip()
        pair, _, name = marker.partition("/")
        tables += [Found("pair", "", {"name": pair})] if name else []
        tables.append(Found("mysqld", name or ("main" if prefix == "mysql" else prefix), table))
    return tuple(tables)


def _arguments(text: str) -> dict[str, object]:
    """What the kind has fields for; the rest as it is."""
    table: dict[str, object] = {}
    rest = []
    for word in text.split():
        bind = re.fullmatch(r"--bind-address=([0-9.]+)", word)
        if bind:
            table["bind"] = Like("carp", "address", f"{bind[1]}/", otherwise=bind[1])
        elif word == "--skip-name-resolve":
            table["skip_name_resolve"] = True
        else:
            rest.append(word)
    return table | ({"extra_args": " ".join(rest)} if rest else {})
