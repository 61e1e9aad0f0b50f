"""What each guard is for: a run in which its absence breaks what it claims to protect.

A guard that claims S1 to S10 and has no row here is either missing its scenario or superstition.
"""

from functools import cache
from typing import NamedTuple

import pytest

from converge.cli.ground.stage import lacking, played
from converge.freebsd import kinds


class Row(NamedTuple):
    """`run`: a scenario of tests/scenarios. `behind`: guards that stand before it in this run;
    their absence alone breaks nothing in it, and neither does its own, but that of all does."""

    run: str
    breaks: tuple[str, ...]
    behind: tuple[str, ...] = ()


ROWS = {
    "boot-delay": Row("without/boot-delay", ("S3",), ("promote-needs-known-sync",)),
    "bootstrap-consent": Row("without/bootstrap-consent", ("S7",)),
    "datadir-identity": Row("without/datadir-identity", ("S5",)),
    "device-answers": Row("without/device-answers", ("S4",), ("fsck-failed-blocks-mount",)),
    "dirty-handover": Row("without/dirty-handover", ("S3",), ("promote-needs-known-sync",)),
    "disk-of-a-primary": Row(
        "without/disk-of-a-primary", ("S2",), ("never-reload-while-mounted",)
    ),
    "fsck-failed-blocks-mount": Row("without/fsck-failed-blocks-mount", ("S6",)),
    "mounted-from-right-device": Row("without/mounted-from-right-device", ("S5",)),
    "never-demote-while-mounted": Row("without/never-demote-while-mounted", ("S2",)),
    "never-reload-while-mounted": Row(
        "without/disk-of-a-primary", ("S2",), ("disk-of-a-primary",)
    ),
    "newest-data-first": Row("without/newest-data-first", ("S3",)),
    "no-promotion-with-write-errors": Row("hast/write-errors-after-a-reboot", ("S3",)),
    "peer-silent": Row("without/peer-silent", ("S1",), ("peer-still-primary",)),
    "peer-still-primary": Row("without/peer-still-primary", ("S3",)),
    "promote-needs-known-sync": Row("hast/storage-lost-timeout-5", ("S3",)),
    "split-brain": Row("without/split-brain", ("S3",)),
}

ALSO = {"peer-still-primary": Row("without/peer-silent", ("S1",), ("peer-silent",))}
"""Claims that take another run."""

EACH = [*ROWS.items(), *ALSO.items()]
each = pytest.mark.parametrize(("code", "row"), EACH, ids=[f"{c}-{r.breaks[0]}" for c, r in EACH])

NO_CLAIM = {
    "copy-consent": "`create` is planned by a consent only; the prover counts any as S7",
    "carp-settled": "two that promote at once are both held by peer-silent before they write",
    "flap-damping": "a service that travels breaks nothing, it only serves nobody",
    "hastd-restart-while-mounted": "never-demote-while-mounted stands before it in every run",
    "init-is-not-master": "peer-still-primary and peer-silent judge the peer; this one keeps "
    "a node from building up what it must take down again",
    "metadata-missing": "hastd itself falls back to init, and nothing is built on that",
    "mount-point-in-use": "it keeps a person's files within reach",
    "role-reverts-to-init": "device-answers and fsck-failed-blocks-mount see the same",
    "witness-isolated": "who is isolated gives the role up (hast/giving.py) before it may write; "
    "without it that node takes and gives until flap-damping",
}
"""Guards of which no run was found that breaks anything without them, and what they are for."""

CLAIMS = {g.code: g.protects for kind in kinds().values() for g in kind.guards if g.protects}


@cache
def broken(run: str, without: tuple[str, ...]) -> frozenset[str]:
    """The invariants that a run breaks. No hole is forgiven in any of them."""
    told = played(f"tests/scenarios/{run}.toml", lacking(without))
    assert not told.table.hole
    return frozenset(one.code for one in told.drive.broken)


def test_every_claim_has_a_row_and_no_row_is_without_a_claim() -> None:
    shown = {code: {s for c, row in EACH if c == code for s in row.breaks} for code in ROWS}
    assert shown == {code: set(claims) for code, claims in CLAIMS.items()}


def test_who_claims_nothing_says_what_it_is_for() -> None:
    codes = {guard.code for kind in kinds().values() for guard in kind.guards}
    assert set(NO_CLAIM) == codes - set(CLAIMS)


@each
def test_with_all_guards_the_run_breaks_nothing(code: str, row: Row) -> None:
    assert not broken(row.run, ())


@each
def test_without_it_the_run_breaks_what_it_claims_to_protect(code: str, row: Row) -> None:
    assert set(row.breaks) <= broken(row.run, tuple(sorted((code, *row.behind))))


@each
def test_a_second_line_is_one(code: str, row: Row) -> None:
    """Neither this guard nor those before it are enough by their absence."""
    if row.behind:
        assert not broken(row.run, (code,))
        assert not broken(row.run, tuple(sorted(row.behind)))
