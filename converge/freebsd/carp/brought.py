"""What an address brings along: its module, its sysctl, and its lines in rc.conf."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from converge.core.ids import Ref
from converge.core.resource import Implied
from converge.core.secret import join

if TYPE_CHECKING:
    from converge.freebsd.carp import Carp


def brought(carp: Carp, dialect: str, target: str, module: str) -> Iterator[Implied]:
    """`target`: the interface of the group; `module`: what the kernel needs for it."""
    yield Implied("kernel_module", module, {})
    if carp.preempt is not None:
        table = {"value": int(carp.preempt), "needs": (Ref(f"kernel_module.{module}"),)}
        yield Implied("sysctl", "net.inet.carp.preempt", table)
    key = "ifconfig_" + re.sub("[^a-z0-9]", "_", target)
    words = [part for word in carp.new for part in (word, " ")]
    lines = [join("inet ", *words, f"alias {a}") for a in (carp.address, *carp.aliases)]
    if dialect == "carp0":
        yield Implied("setting", "cloned_interfaces", {"value": target, "member": True})
        yield Implied("setting", key, {"value": join(*words, str(carp.address))})
        lines = [f"inet {a}" for a in carp.aliases]
    for n, line in enumerate(lines, carp.alias):
        yield Implied("setting", f"{key}_alias{n}", {"value": line})
