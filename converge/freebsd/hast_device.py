"""Kind `hast_device`: does /dev/hast/NAME answer? It comes and goes with the role."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from pydantic import Field

from converge.core.duration import Duration
from converge.core.guard import Guard, Situation, never
from converge.core.host import Run, Wait
from converge.core.ids import Ref, ResourceId
from converge.core.plan import Action, Allow, Change, Hold, Verdict
from converge.core.resource import Around, Look, Resource, View
from converge.core.state import Absent, Present, State, Unknown, Wish, glance_of, is_active


def probe(device: str) -> Run:
    """Read one sector. That a device exists proves nothing: reads may hang (F31, F32)."""
    argv = ("dd", f"if={device}", "of=/dev/null", "bs=512", "count=1")
    return Run(argv, deadline_s=3.0, silence_speaks=True)


@dataclass(frozen=True)
class HastDeviceState(State):
    """The device is there; `answers`: one sector could be read in time."""

    answers: bool

    @property
    def active(self) -> bool:
        return self.answers

    @property
    def glance(self) -> str:
        return "answers" if self.answers else "silent"


def device_answers(base: ResourceId, action: Action, situation: Situation) -> Verdict:
    """Nothing goes up on a device that was not seen to answer a read: that it is there proves
    nothing (F30, F31, F32).

    Seen: A read of one sector of the device by `dd`, with a deadline, right before the action.
    To do: Beside a dead peer the device answers only after HAST's timeout: wait. If it lasts, look
    into the log of hastd and at the disk.
    Shown: freebsd/test_taking.py::test_nothing_stands_on_a_device_that_does_not_answer
    """
    seen = situation.snapshot.observed.get(base)
    if situation.planning or (seen is not None and is_active(seen)):
        return Allow()
    how = glance_of(seen, "not there")
    return Hold("device-answers", f"{base} is {how}, and {action.id} stands on it", again_s=2.0)


class HastDevice(Resource[HastDeviceState]):
    """The device of a HAST resource. `hast.NAME` brings it along."""

    kind: ClassVar[str] = "hast_device"
    guards: ClassVar[tuple[Guard, ...]] = (Guard("device-answers", never, above=device_answers),)
    headline: ClassVar[bool] = True

    hast: Ref = Field(description="The HAST resource, like hast.test.")
    settle: Duration = Field(
        default=30.0,
        description="How long the device may take to answer after the promotion: HAST's timeout "
        "and some seconds more.",
    )

    def want(self, view: View) -> Wish[HastDeviceState]:
        wish = view.wished(self.hast)
        if isinstance(wish, Unknown):
            return Unknown(f"the role of {self.hast} is not decided", self.id.near(self.hast))
        return Present(HastDeviceState(answers=True)) if is_active(wish) else Absent()

    def because(self, view: View) -> str:
        leads = "is" if is_active(view.wished(self.hast)) else "is not"
        return f"{self.hast} {leads} wished primary here"

    def look(self, around: Around) -> Look[HastDeviceState]:
        device = around.offer(self.hast, "device")
        answer = yield probe(device)
        if answer.lost:
            # A lost connection looks the same: only a device that is there can be silent.
            node = yield Run(("test", "-c", device))
            if node.code == 0:
                return Present(HastDeviceState(answers=False))
            return Unknown(f"{device} gave no answer: {answer.lost}")
        if answer.code == 0:
            return Present(HastDeviceState(answers=True))
        missing = answer.said.endswith("No such file or directory")
        return Absent() if missing else Unknown(answer.said)

    def actions(self, change: Change) -> tuple[Action, ...]:
        if not isinstance(change.wish, Present):
            # It goes with the role: hastd takes it away before `hastctl role` returns.
            return ()
        there = "does not answer" if isinstance(change.observed, Present) else "is not there yet"
        # 0.1 s beside a living peer, 19.6 s beside a dead one (timeline-failover-manual.txt).
        why = f"the device of {self.hast} {there}"
        return (self.up("wait", why, Wait(), self.settle),)
