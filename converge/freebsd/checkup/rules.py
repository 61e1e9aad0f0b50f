"""Who else acts when CARP moves: a switch script beside converge undoes what it does (F08)."""

from __future__ import annotations

from collections.abc import Iterator

from converge.core.check import Asked, Check, Found, ok, wrong
from converge.core.host import Run
from converge.core.pair import Node

PLACES = ("/etc/devd.conf", "/etc/devd", "/usr/local/etc/devd")
SCRIPTS = "^[^#]*action.*(hast.?switch|hastctl|ucarp)"
"""The article's script, those made after it, and the example of ucarp(8)."""


def checks(node: Node) -> Iterator[Check]:
    yield Check("rules of devd", (Run(("grep", "-rsE", SCRIPTS, *PLACES)),), rules)


def rules(here: Asked, there: Asked | None) -> Found:
    lines = here.text.splitlines()
    if not lines:
        return ok("no rule of devd calls a switch script")
    return wrong(
        f"devd calls a switch script: {lines[0]}", "take the rule out, service devd restart"
    )
