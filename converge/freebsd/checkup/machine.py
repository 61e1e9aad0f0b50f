"""Which machine and which FreeBSD it is: the one that is meant, the same on both nodes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial

from converge.core.check import Asked, Check, Found, notice, ok, wrong
from converge.core.host import Run
from converge.core.pair import Node

BIG_REQUESTS = 13
"""From this release on a primary sends requests that an older secondary refuses (F41)."""


def checks(node: Node) -> Iterator[Check]:
    yield Check("name", (Run(("hostname",)),), partial(name, node))
    yield Check("release", (Run(("uname", "-r")),), partial(release, node))
    yield Check("kernel", (Run(("freebsd-version", "-kr")),), kernel)


def name(node: Node, here: Asked, there: Asked | None) -> Found:
    said = here.text
    if said.partition(".")[0].lower() == node.hostname.partition(".")[0].lower():
        return ok(f"it calls itself {said}")
    return wrong(
        f"it calls itself {said}, and {node.name} is called {node.hostname}: hastd finds its "
        "section of hast.conf by that name",
        f"see whether this is {node.name}; then set hostname in rc.conf, or in [node.{node.name}]",
    )


def release(node: Node, here: Asked, there: Asked | None) -> Found:
    said, other = here.text, there.text if there else ""
    if node.release and said.partition("-")[0] != node.release:
        return wrong(
            f"it runs {said}, and the desired file says {node.release}",
            f"write release in [node.{node.name}]: the dialect of CARP follows from it",
        )
    if not other or other.partition("-")[0] == said.partition("-")[0]:
        return ok(f"it runs {said}")
    both = f"it runs {said}, and the other node {other}"
    if (_major(said) < BIG_REQUESTS) != (_major(other) < BIG_REQUESTS):
        return wrong(
            f"{both}: a primary of {BIG_REQUESTS} and later sends requests that an older "
            "secondary refuses (F41)",
            "bring both to one release; until then keep the older one primary",
        )
    return notice(both, "bring both to one release")


def _major(text: str) -> int:
    return int(text.partition(".")[0])


def kernel(here: Asked, there: Asked | None) -> Found:
    answer = here.answers[0]
    if answer.code:
        return ok("this release has no freebsd-version(1)")  # it came with 10.0
    installed, running = re.findall(r"(?m)^\S+$", answer.stdout)[:2]
    if installed == running:
        return ok(f"kernel {running}")
    return notice(
        f"kernel {running} runs, and {installed} is installed",
        "the next boot is another kernel: choose when, converge hold, then reboot the secondary",
    )
