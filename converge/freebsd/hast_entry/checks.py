"""What a doctor asks of hast.conf: would hastd of this host take the whole file?"""

from __future__ import annotations

from functools import partial

from converge.core.check import Asked, Check, Found, notice, ok, wrong
from converge.core.host import NO_SUCH_FILE, Read, Run
from converge.freebsd.hast_entry.grammar import parse_conf

IDS = Run(("sysctl", "-n", "kern.hostuuid", "kern.hostid"))


def taken(file: str) -> Check:
    """The file is one for all resources, so the same question for each: it is asked once."""
    return Check(
        f"sections of {file}", (Run(("hostname",)), IDS, Read(file)), partial(_taken, file)
    )


def _taken(file: str, here: Asked, there: Asked | None) -> Found:
    host, ids, conf = here.answers
    if conf.code == NO_SUCH_FILE:
        return notice(f"{file} is not there yet", "converge apply")
    statements = parse_conf(conf.stdout)
    if isinstance(statements, str):
        return wrong(f"hastd rejects {file}: {statements}", f"mend {file}")
    uuid, hostid = [*ids.stdout.split(), "", ""][:2]
    name = host.stdout.strip()
    mine = {name, name.partition(".")[0], uuid.lower(), f"hostid{hostid}"}
    named: dict[str, set[str]] = {s.value: set() for s in statements if s.keyword == "resource"}
    for s in statements:
        if s.keyword == "on" and s.within and s.within[0].startswith("resource "):
            named[s.within[0].removeprefix("resource ")].add(s.value)
    lacking = [one for one, hosts in named.items() if not mine & {*hosts, *map(str.lower, hosts)}]
    if not lacking:
        return ok(f"each of its {len(named)} resources has a section for {name}")
    hosts = ", ".join(sorted(named[lacking[0]])) or "nobody"
    return wrong(
        f"resource {', '.join(lacking)} has a section for {hosts}, not for {name}: hastd rejects "
        "the whole file at its next start (exit 78)",
        f"add `on {name.partition('.')[0]}` there, or set the host name back",
    )
