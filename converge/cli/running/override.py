"""Guards by their codes: which of them a person may lift for one run."""

from __future__ import annotations

from collections.abc import Sequence

from converge.core.errors import UsageError, meant
from converge.core.guard import Guard
from converge.engine.run.guards import MAINTENANCE_HOLD
from converge.freebsd import kinds


def known_guards(codes: Sequence[str], option: str) -> list[Guard]:
    """All guards of all kinds, if each of the codes is one. UsageError."""
    guards = [guard for kind in kinds().values() for guard in kind.guards]
    known = {guard.code for guard in guards} | {MAINTENANCE_HOLD}
    for code in codes:
        if code not in known:
            raise UsageError(f"{option} {code}: there is no such guard.{meant(code, known)}")
    return guards


def overridden(codes: Sequence[str], reason: str) -> frozenset[str]:
    """The codes, if each is one that may be lifted and a reason is given. UsageError."""
    guards = known_guards(codes, "--override")
    may = {guard.code for guard in guards if guard.override} | {MAINTENANCE_HOLD}
    for code in codes:
        if code not in may:
            raise UsageError(
                f"--override {code}: nobody may lift this one; these may be: "
                f"{', '.join(sorted(may))}"
            )
    if codes and not reason.strip():
        raise UsageError("--override needs --reason TEXT: it is written down with the run")
    return frozenset(codes)
