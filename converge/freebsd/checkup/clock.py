"""The time: do the two clocks agree, and does anything keep them right?"""

from __future__ import annotations

from collections.abc import Iterator

from converge.core.check import Asked, Check, Found, notice, ok, wrong
from converge.core.host import Run
from converge.core.pair import Node

APART_S = 2.0
"""More than this between the clocks is wrong: what the nodes write down does not fit together."""


def checks(node: Node) -> Iterator[Check]:
    yield Check("clock", (Run(("date", "+%s"), volatile=(r"\d+",)),), clock, timed=True)
    yield Check("time service", (Run(("pgrep", "-x", "ntpd|chronyd")),), time_service)


def clock(here: Asked, there: Asked | None) -> Found:
    """Each clock is known as well as its answer took time; what lies within that is no fault."""
    if there is None:
        return ok("there is no other clock to compare it with")
    (low, high), (lowest, highest) = _ahead(here), _ahead(there)
    apart_s = max(low - highest, lowest - high)
    if apart_s <= APART_S:
        return ok("the clocks of both nodes agree")
    which = "ahead of" if low > highest else "behind"
    return wrong(
        f"it is at least {apart_s:.0f} s {which} the other node's clock",
        "set it right, and let ntpd or chronyd keep it so: time in the database jumps at a "
        "failover, and the logs of the two nodes cannot be laid side by side",
    )


def _ahead(asked: Asked) -> tuple[float, float]:
    """Between which seconds the clock is ahead of ours; date(1) cuts a second off."""
    shown = float(asked.text)
    return shown - asked.ended_s, shown + 1 - asked.began_s


def time_service(here: Asked, there: Asked | None) -> Found:
    if here.answers[0].code == 0:
        return ok("a time service runs")
    start = "sysrc ntpd_enable=YES; service ntpd start"
    return notice("neither ntpd nor chronyd runs here", start)
