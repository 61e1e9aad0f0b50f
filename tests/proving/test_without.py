"""What each guard is for: a way, found by `prove --without`, in which its absence breaks what it
claims to keep, and which is closed while it is asked.

A guard that claims S1 to S10 and has no row here is either missing its scenario or superstition.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from converge.cli.ground.proofs import Inquiry
from converge.cli.ground.stage import lacking, played
from converge.core.guard import Guard
from converge.freebsd import kinds
from converge.proving.judge.invariants import broken
from converge.proving.prove.explore import Aim, Counter, Exploration, replayed
from converge.proving.prove.way import Question

PAIR = "desired/mysql-pair.toml"
PREEMPT = "tests/proving/preempt-pair.toml"
FRAME = Path("docs/frames/what-guards-are-for.md")
PAGE = Path("docs/explanation/what-guards-are-for.md")


class Row(NamedTuple):
    """A proof that shows it: `--start`, `--faults` as many as there are kinds of them, `--ill`.

    `behind`: a guard that stands before it; the absence of one of the two alone leaves that way
    closed. `run`: a scenario of tests/scenarios that shows the same.
    """

    guard: str
    breaks: str
    start: str
    ills: tuple[str, ...]
    behind: str = ""
    run: str = ""
    pair: str = PAIR

    @property
    def without(self) -> tuple[str, ...]:
        return tuple(sorted(filter(None, (self.guard, self.behind))))

    @property
    def question(self) -> Question:
        faults = len(self.ills)
        return Question(
            self.pair, start=self.start, faults=faults, without=self.without, ills=self.ills
        )

    @property
    def closed_by(self) -> list[tuple[str, ...]]:
        """What may lack without opening the way."""
        return [(), *([(self.guard,), (self.behind,)] if self.behind else [])]


SYNC = "promote-needs-known-sync"
OFF = "hasta:power-off"

ROWS = [
    Row("boot-delay", "S3", "degraded", (OFF,), SYNC, run="without/boot-delay"),
    Row("bootstrap-consent", "S7", "served", ("data-gone",), run="without/bootstrap-consent"),
    Row("datadir-identity", "S5", "served", ("data-of-others",), run="without/datadir-identity"),
    Row(
        "dirty-handover", "S3", "catching-up", ("hasta:address-moved", OFF), SYNC,
    ),
    Row(
        "disk-of-a-primary", "S2", "renamed", (), "never-reload-while-mounted",
        run="without/disk-of-a-primary",
    ),
    Row(
        "fsck-failed-blocks-mount", "S6", "served", (OFF, "hastb:damage"),
        run="without/fsck-failed-blocks-mount",
    ),
    Row("fsck-failed-blocks-mount", "S4", "served", (OFF, "hastb:worker-dies")),
    Row(
        "mounted-from-right-device", "S5", "served", (OFF, "hastb:volume-away"),
        run="without/mounted-from-right-device",
    ),
    Row(
        "never-demote-while-mounted", "S2", "served",
        ("hasta:address-moved", "hasta:mount-meanwhile"),
        run="without/never-demote-while-mounted",
    ),
    Row("never-reload-while-mounted", "S2", "renamed-file-right", ()),
    Row(
        "newest-data-first", "S3", "failed-over", (), run="without/newest-data-first",
        pair=PREEMPT,
    ),
    Row(
        "no-promotion-with-write-errors", "S3", "served", ("hastb:disk-write-error", OFF),
        run="hast/write-errors-after-a-reboot",
    ),
    Row(
        "peer-silent", "S1", "served", ("hasta:hang", "hastb:password-changed"),
        "peer-still-primary",
        run="without/peer-silent",
    ),
    Row(
        "peer-still-primary", "S1", "served", ("hasta:hang", "hastb:password-changed"),
        "peer-silent",
        run="without/peer-silent",
    ),
    Row(
        "peer-still-primary", "S3", "served", (OFF, "hastb:password-changed"),
        run="without/peer-still-primary",
    ),
    Row(SYNC, "S3", "degraded", (OFF,), run="hast/storage-lost-timeout-5"),
    Row("split-brain", "S3", "split", (OFF,), run="without/split-brain"),
]  # fmt: skip

each = pytest.mark.parametrize("row", ROWS, ids=[f"{r.guard}-{r.breaks}" for r in ROWS])
RUNS = [row for row in ROWS if row.run]
each_run = pytest.mark.parametrize("row", RUNS, ids=[f"{r.guard}-{r.breaks}" for r in RUNS])

NO_CLAIM = {
    "copy-consent": "`create` is planned by a consent only; the prover counts any as S7",
    "carp-settled": "two that promote at once are both held by peer-silent before they write",
    "device-answers": "fsck-failed-blocks-mount sees the same silence at the file system",
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
"""Guards of which no way was found that breaks anything without them, and what they are for."""

GUARDS = {guard.code: guard for kind in kinds().values() for guard in kind.guards}


class Closable(Exploration):
    """Takes only ways that break `code`, and that are `closed` while the guard is asked."""

    def __init__(self, row: Row, closed: Callable[[tuple[str, ...]], bool]) -> None:
        self.question = row.question
        ground, self.scene = Inquiry(row.question).prepared
        super().__init__(ground, Aim())
        self._code, self._closed = row.breaks, closed

    def _note(self, counter: Counter) -> None:
        assert not counter.holes
        if self._code in {one.code for one in counter.broken} and self._closed(counter.moves):
            super()._note(counter)


def closed(row: Row, moves: tuple[str, ...]) -> bool:
    """With the guard that way is not possible, or breaks nothing; nor with the one before it."""
    for lacks in row.closed_by:
        ground, scene = Inquiry(replace(row.question, without=lacks)).prepared
        try:
            *_, (_, last) = replayed(ground, scene, moves)
        except LookupError:
            continue
        if broken(last.world, last.history):
            return False
    return True


def claims(guard: Guard) -> set[tuple[str, str]]:
    return {(code, "") for code in guard.protects} | set(guard.behind)


def test_every_claim_has_a_row_and_no_row_is_without_a_claim() -> None:
    shown = {code: {(r.breaks, r.behind) for r in ROWS if r.guard == code} for code in GUARDS}
    assert shown == {code: claims(guard) for code, guard in GUARDS.items()}


def test_who_claims_nothing_says_what_it_is_for() -> None:
    assert set(NO_CLAIM) == {code for code, guard in GUARDS.items() if not claims(guard)}


def test_the_page_has_every_proof(golden: Callable[[Path, str], None]) -> None:
    proofs = "\n".join(map(paragraph, ROWS))
    others = "\n".join(f"* `{code}`: {says}." for code, says in sorted(NO_CLAIM.items()))
    text = FRAME.read_text().replace("{{proofs}}", proofs).replace("{{others}}", others)
    golden(PAGE, text)


def paragraph(row: Row) -> str:
    ask = row.question
    words = [f"--without {guard}" for guard in ask.without]
    words += [f"--start {ask.start}"] if ask.start != "served" else []
    words += [f"--faults {ask.faults}", *(f"--ill {ill}" for ill in ask.ills)]
    said = f", the second line behind `{row.behind}`" if row.behind else ""
    command = f"converge prove -c {row.pair} {' '.join(words)}"
    return f"`{row.guard}` keeps {row.breaks}{said}:\n\n```sh\n{command}\n```\n"


@each
def test_a_proof_without_it_finds_a_way_that_it_closes(row: Row) -> None:
    proof = Closable(row, lambda moves: closed(row, moves))
    found = proof.run(proof.scene)
    assert row.breaks in found.broken


@cache
def broken_in(run: str, without: tuple[str, ...]) -> frozenset[str]:
    """The invariants that a run breaks. No hole is forgiven in any of them."""
    told = played(f"tests/scenarios/{run}.toml", lacking(without))
    assert not told.table.hole
    return frozenset(one.code for one in told.drive.broken)


@each_run
def test_in_full_time_the_same_is_so(row: Row) -> None:
    """Between every look and every moment, not only those of an exploration."""
    assert row.breaks in broken_in(row.run, row.without)
    for lacks in row.closed_by:
        assert not broken_in(row.run, lacks)
