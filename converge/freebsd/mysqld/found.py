"""Database servers that rc.conf(5) names and nobody has described yet."""

from __future__ import annotations

import re
from collections.abc import Generator

from converge.core.found import Discovery, Found, Like
from converge.core.host import Answer, Query, Read, Run, Soon

RC_CONF = Read("/etc/rc.conf", secrets=(r'\bpass\s+([^\s"\']+)',))
SCRIPTS = "/usr/local/etc/rc.d"


def found() -> Discovery:
    """A table for each data directory in rc.conf."""
    said = dict(re.findall(r'(?m)^\s*(\w+)="?([^"\n]*)"?', (yield RC_CONF).stdout))
    keys = [key for key in sorted(said) if key.endswith("_dbdir") and said[key].startswith("/")]
    tables: list[Found] = []
    for key in keys:
        prefix, datadir = key.removesuffix("_dbdir"), said[key]
        service, mode = yield from _script(prefix)
        table: dict[str, object] = {"service": service, "datadir": datadir}
        table |= _arguments(said.get(f"{prefix}_args", ""))
        table["enabled"] = said.get(f"{prefix}_enable", "NO").upper() == "YES"
        remarks = () if mode else (f"There is no script of that name in {SCRIPTS}.",)
        if mode and not int(mode, 8) & 0o111:
            table["script"] = f"{SCRIPTS}/{service}"
            tables.append(Found("file", f"{SCRIPTS}/{service}", {"mode": mode.zfill(3)}))
        # The marker on the volume says whose the data are; it is there where that is mounted.
        marker = (yield Read(f"{datadir}/converge.id", silence_speaks=True)).stdout.strip()
        pair, _, name = marker.partition("/")
        tables += [Found("pair", "", {"name": pair})] if name else []
        guess = "main" if len(keys) == 1 else prefix
        tables.append(
            Found("mysqld", name or guess, table, remarks=remarks, thing=datadir, guessed=not name)
        )
    return tuple(tables)


def _script(prefix: str) -> Generator[Query | Soon, Answer, tuple[str, str]]:
    """The rc.d script whose keys begin so, and its mode in octal digits, or ''."""
    words = dict.fromkeys((prefix, prefix.replace("_", "-")))
    names = [f"{word}-server" for word in words] + list(words)
    asked = [Run(("stat", "-f", "%Lp %Su:%Sg", f"{SCRIPTS}/{name}")) for name in names]
    yield Soon(tuple(asked))
    for name, query in zip(names, asked, strict=True):
        mode = (yield query).stdout.partition(" ")[0]
        if re.fullmatch("[0-7]{1,3}", mode):
            return name, mode
    return names[0], ""


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
    socket = next((word for word in rest if word.startswith("--socket=")), "")
    if socket:
        table["probe"] = ["mysqladmin", "--connect-timeout=2", socket, "ping"]
    return table | ({"extra_args": " ".join(rest)} if rest else {})
