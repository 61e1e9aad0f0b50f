"""What hastd concludes when two copies meet: its table, row by row."""

import pytest

from converge.lab.hast.handshake import Verdict, judge
from converge.lab.world import Metadata

FROM_PRIMARY = Verdict()
FROM_SECONDARY = Verdict(source="secondary")
ALL_FROM_PRIMARY = Verdict(full=True)
ALL_FROM_SECONDARY = Verdict(source="secondary", full=True)
SPLIT = Verdict("split-brain")


@pytest.mark.parametrize(
    ("primary", "verdict"),
    [
        ((2, 2), ALL_FROM_SECONDARY),
        ((2, 3), ALL_FROM_PRIMARY),
        ((2, 4), ALL_FROM_PRIMARY),
        ((3, 2), FROM_SECONDARY),
        ((3, 3), FROM_PRIMARY),
        ((3, 4), ALL_FROM_PRIMARY),
        ((4, 2), SPLIT),
        ((4, 3), FROM_PRIMARY),
        ((4, 4), ALL_FROM_PRIMARY),
    ],
)
def test_the_nine_rows(primary: tuple[int, int], verdict: Verdict) -> None:
    """The secondary says local 3, remote 3; the primary its local and remote."""
    mine = Metadata(resuid=7, localcnt=primary[0], remotecnt=primary[1])
    theirs = Metadata(resuid=7, localcnt=3, remotecnt=3)
    assert judge(mine, theirs, untouched=False) == verdict


def test_a_blank_secondary_gets_everything_from_a_primary_that_wrote() -> None:
    wrote = Metadata(resuid=7, localcnt=1)
    assert judge(wrote, Metadata(), untouched=False) == Verdict(full=True, blank=True)


def test_two_blank_copies_are_believed_to_be_the_same() -> None:
    assert judge(Metadata(resuid=7), Metadata(), untouched=True) == Verdict(blank=True)


def test_a_foreign_copy_is_refused() -> None:
    assert judge(Metadata(resuid=7), Metadata(resuid=8), untouched=False).refusal == "resuid"


def test_sizes_must_match() -> None:
    mine, smaller = Metadata(resuid=7), Metadata(resuid=7, datasize=1000)
    assert judge(mine, smaller, untouched=False).refusal == "datasize"
    coarser = Metadata(resuid=7, extentsize=4194304)
    assert judge(mine, coarser, untouched=False).refusal == "extentsize"


def test_the_secondary_judges_before_sizes_are_compared() -> None:
    mine = Metadata(resuid=7, localcnt=1)
    theirs = Metadata(resuid=7, localcnt=1, datasize=1000)
    assert judge(mine, theirs, untouched=False) == SPLIT
