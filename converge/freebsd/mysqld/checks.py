"""What a doctor asks of a database server: who starts it, and is it the same on both nodes?"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from converge.core.check import Asked, Check, Found, notice, ok, wrong
from converge.core.host import Run

if TYPE_CHECKING:
    from converge.freebsd.mysqld import Mysqld

SERVER = "/usr/local/libexec/mysqld"
"""Where the ports of MySQL and of MariaDB put it (files/mysql-server.in)."""

ENABLED = Run(("service", "-e"), deadline_s=30.0)
"""It runs every script once: 8.7 s on the recorded pair (mysql-service-e)."""


def checks(mysqld: Mysqld) -> Iterator[Check]:
    yield Check("version", (Run((SERVER, "--version")),), version)
    yield Check("user", (Run(("id", "-u", "mysql")),), user)
    path = mysqld.script or mysqld.service
    boot = partial(at_boot, path.rpartition("/")[2], enabled=mysqld.enabled)
    yield Check("at boot", (ENABLED,), boot)


def version(here: Asked, there: Asked | None) -> Found:
    """A newer server upgrades the volume, and the older one cannot open it any more (F57)."""
    if here.answers[0].code:
        why = f"no server answers to {SERVER} --version: {here.answers[0].said}"
        return wrong(why, "install the same package as on the other node")
    ours, theirs = _version(here), _version(there)
    if theirs in ("", ours):
        return ok(f"server {ours}")
    return wrong(
        f"server {ours} here and {theirs} on the other node: the newer one changes the data so "
        "that the older one cannot start on them",
        "install the same version on both before the next failover",
    )


def _version(asked: Asked | None) -> str:
    found = re.search(r"\bVer (\S+)", asked.answers[0].stdout) if asked else None
    return found[1] if found else ""


def user(here: Asked, there: Asked | None) -> Found:
    """The files on the volume belong to a number."""
    if here.answers[0].code:
        return wrong("there is no user mysql", "install the server's package")
    if there and there.answers[0].code == 0 and there.text != here.text:
        why = f"user mysql is {here.text} here and {there.text} on the other node"
        return wrong(why, "give it one number: after a failover it does not own its files")
    return ok(f"user mysql is {here.text}")


def at_boot(script: str, here: Asked, there: Asked | None, *, enabled: bool) -> Found:
    """`service -e` knows of every file of rc.conf(5), and leaves out what is not executable."""
    if here.answers[0].code:
        return wrong(f"service -e failed: {here.answers[0].said}", "run it by hand")
    if any(line.endswith(f"/{script}") for line in here.text.splitlines()):
        return wrong(
            f"{script} starts at boot: on an unmounted volume it makes an empty database (F46)",
            f"enabled = false in its table, and look in rc.conf.local and rc.conf.d for {script}",
        )
    if enabled:
        return notice(
            f"only its mode keeps {script} from starting at boot: an upgrade gives it back (F55)",
            "enabled = false is the lasting way",
        )
    return ok(f"{script} does not start at boot")
