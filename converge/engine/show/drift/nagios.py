"""The drift report as one line of a Nagios plugin (monitoring-plugins.org, guidelines)."""

from __future__ import annotations

from datetime import datetime

from converge.core.drift import Drift
from converge.engine.show.drift.words import headline, plain, titled

OK, WARNING, CRITICAL, UNKNOWN = 0, 1, 2, 3
WORDS = ("OK", "WARNING", "CRITICAL", "UNKNOWN")

NAMES_MAX = 3
"""So many things that are wrong are named; a line has to fit a pager."""


def status(drift: Drift) -> int:
    """CRITICAL: redundancy is lost, so the next failure is an outage. WARNING: something differs.
    UNKNOWN: not all could be seen, and what could is as desired."""
    if drift.lost:
        return CRITICAL
    if drift.different:
        return WARNING
    return UNKNOWN if drift.unseen else OK


def drift_nagios(drift: Drift) -> str:
    """`CONVERGE WARNING - 1 difference: hasta/sysctl.x value | differences=1;0;; ...`"""
    wrong = [f"{lack.node}/{lack.resource}: {lack.what}" for lack in drift.lost]
    wrong += [f"{row.node}/{titled(row.resource, row.field)}" for row in drift.different]
    wrong += [f"{one.node}/{one.resource} not seen" for one in drift.unseen]
    more = len(wrong) - NAMES_MAX
    named = [*wrong[:NAMES_MAX], *([f"{more} more"] if more > 0 else [])]
    said = headline(drift) + (f": {'; '.join(named)}" if named else "")
    return f"CONVERGE {WORDS[status(drift)]} - {_plain(said)} | {_perfdata(drift)}\n"


def nagios_unknown(why: str) -> str:
    """When there is no report at all."""
    return f"CONVERGE UNKNOWN - {_plain(why)}\n"


def _perfdata(drift: Drift) -> str:
    """`label=value;warn;crit;min`: a count over the limit is what the status says. What cannot be
    told is `U`: of what was not seen nobody knows whether it differs."""
    blind = bool(drift.unseen)
    took_s = datetime.fromisoformat(drift.seen.before) - datetime.fromisoformat(
        drift.seen.after or drift.seen.before
    )
    return " ".join(
        [
            f"differences={_count(len(drift.different), blind=blind)};0;;0",
            f"redundancy_lost={_count(len(drift.lost), blind=blind)};;0;0",
            f"not_seen={len(drift.unseen)};;;0",
            f"ignored={len(drift.ignored)};;;0",
            f"look={took_s.total_seconds():.3f}s;;;0",
        ]
    )


def _count(found: int, *, blind: bool) -> str:
    return "U" if blind and not found else str(found)


def _plain(text: str) -> str:
    """One line, without the bar that ends it."""
    return plain(text).replace("|", "/")
