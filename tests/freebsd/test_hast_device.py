"""The device of a HAST resource: there and answering, there and silent, or not there."""

from dataclasses import dataclass
from typing import Any

import pytest

from converge.core.host import Answer, Wait
from converge.core.ids import ResourceId
from converge.core.plan import Direction
from converge.core.state import Absent, Present, State, Unknown, Wish
from converge.freebsd.hast_device import HastDevice, HastDeviceState, probe
from tests.freebsd.around import Neighbours, Surroundings, change, made
from tests.looking import see
from tests.recorded import recording

DEVICE = "/dev/hast/disk0"
PROBE, NODE = str(probe(DEVICE)), f"test -c {DEVICE}"
AROUND = Surroundings(offers={"hast.test": {"device": DEVICE}})
ANSWERS = Present(HastDeviceState(answers=True))
SILENT = Present(HastDeviceState(answers=False))
LOST = Answer(lost="no answer within 3 s")


def device(**table: Any) -> HastDevice:
    return made(HastDevice, "test", **{"hast": "hast.test", **table})


def saw(*answers: Answer) -> Any:
    return see(device(), AROUND, dict(zip((PROBE, NODE), answers, strict=False)))


@dataclass(frozen=True)
class Role(State):
    primary: bool

    @property
    def active(self) -> bool:
        return self.primary


def test_a_device_that_gives_a_sector_answers() -> None:
    """The dd of timeline-promotion-withdrawn.txt."""
    assert probe(DEVICE).argv == ("dd", f"if={DEVICE}", "of=/dev/null", "bs=512", "count=1")
    assert saw(Answer(0, "", "1+0 records in\n1+0 records out\n")) == ANSWERS


def test_a_missing_device_is_absent() -> None:
    recorded = recording("hast-stat-dev-secondary").stderr.replace("stat", "dd")
    assert saw(Answer(1, "", recorded)) == Absent()


def test_a_device_that_is_there_and_gives_nothing_is_silent() -> None:
    """F31: between the device node and its first answer lie up to `timeout` seconds."""
    assert saw(LOST, Answer(0)) == SILENT


def test_the_probe_itself_hears_the_silence() -> None:
    assert probe(DEVICE).silence_speaks
    assert probe(DEVICE).deadline_s == 3


@pytest.mark.parametrize(
    "answers",
    [
        (LOST, Answer(1)),
        (Answer(1, "", f"dd: {DEVICE}: Device not configured\n"),),
        (Answer(1, "", f"dd: {DEVICE}: Input/output error\n"),),
        (Answer(1),),
    ],
)
def test_anything_else_is_unknown(answers: tuple[Answer, ...]) -> None:
    assert isinstance(saw(*answers), Unknown)


@pytest.mark.parametrize(
    ("role", "expected"),
    [
        (Present(Role(primary=True)), ANSWERS),
        (Present(Role(primary=False)), Absent()),
        (Absent(), Absent()),
    ],
)
def test_it_is_wished_where_the_role_is_wished_primary(
    role: Wish[State], expected: Wish[HastDeviceState]
) -> None:
    assert device().want(Neighbours(AROUND, wishes={"hast.test": role})) == expected


def test_without_a_decided_role_there_is_no_wish() -> None:
    wish = device().want(Neighbours(AROUND, wishes={"hast.test": Unknown("carp")}))
    assert isinstance(wish, Unknown)
    assert wish.until == ResourceId("hasta", "hast", "test")


@pytest.mark.parametrize("observed", [Absent(), SILENT])
def test_it_is_only_waited_for(observed: Any) -> None:
    resource = device(settle="15s")
    (wait,) = resource.actions(change(resource, observed, ANSWERS))
    assert (wait.verb, wait.effect, wait.settle_s) == ("wait", Wait(), 15)
    assert (wait.direction, wait.goal) == (Direction.UP, None)


def test_it_goes_with_the_role() -> None:
    for observed in (ANSWERS, SILENT):
        assert device().actions(change(device(), observed, Absent())) == ()


def test_thirty_seconds_are_enough_for_hastds_own_timeout() -> None:
    """19.6 s were recorded with the default timeout of 20 s (timeline-failover-manual.txt)."""
    assert device().settle == 30


def test_only_what_answers_is_active() -> None:
    assert (ANSWERS.state.active, SILENT.state.active) == (True, False)
    assert (ANSWERS.state.glance, SILENT.state.glance) == ("answers", "silent")


def test_it_needs_its_resource() -> None:
    assert list(device().needed(AROUND)) == ["hast.test"]
