"""What happens to a pair in a day: people, power, cables, deaths, and triggers gone astray."""

from __future__ import annotations

import contextlib
import heapq
from collections.abc import Callable

from converge.core.errors import UsageError
from converge.proving.judge import sights
from converge.proving.story.cues import Cue
from tests.cli.commands import NODES
from tests.drift.day import KNOBS
from tests.drift.operated import LOOK_S, Day
from tests.drift.truth import CRON, RULES, WAKER

OUTAGE_S = (40.0, 240.0, 900.0)
REPAIRED_S = 1500.0
GIVE_UP = (
    "service mysql-server onestop; umount /mysql; hastctl role init test; hastctl create test; "
    "hastctl role secondary test"
)
LEAD = "ifconfig vtnet1 vhid 1 state master"
SOON_S = (0.5, 3.0, 20.0, 70.0)
BY_HAND = (
    *(knob.line(value) for knob in KNOBS for value in knob.values),
    *(f"ifconfig vtnet1 vhid 1 advskew {skew}" for skew in (20, 200)),
    f"rm {RULES.path}", f"echo '# mine' >>{RULES.path}", f"rm {RULES.path}; service devd restart",
    f"chmod 600 {RULES.path}", f"rm {CRON.path}", f"chmod 600 {CRON.path}", f"chmod 444 {WAKER}",
    "service mysql-server onestop; umount /mysql",
    "service mysql-server onestop; umount /mysql; mount /dev/hast/test /mysql",
    "service mysql-server onestop", "service devd stop",
)  # fmt: skip
FAULTS = {
    "power-off": "power-on", "reboot": "", "reset": "", "cable-out": "cable-in",
    "cable-out lan": "cable-in lan", "hastd-dies": "", "mysqld-dies": "", "worker-dies": "",
}  # fmt: skip
"""And what ends each."""

STRAYS = ("devd", "devd MASTER", "devd BACKUP", "hast", "hast disconnect")
EDITS = {"sysctl": ("2", "0", "3"), "mode": ("0644", "0640"), "greeting": ("as desired", "moin")}


class Mischief:
    """So many events, spread by luck over a span, and looks between them."""

    def __init__(self, day: Day, events: int, span_s: float) -> None:
        self.day, self.count = day, 0
        self.due: list[tuple[float, int, Callable[[], None]]] = []
        for _ in range(events):
            self.at(day.luck.uniform(0, span_s), self.event)
        for n in range(int(span_s / LOOK_S)):
            for node in NODES:
                self.at(n * LOOK_S, lambda node=node: day.look(node))  # type: ignore[misc]

    def at(self, at_s: float, act: Callable[[], None]) -> None:
        """In so many seconds from the beginning of the day."""
        self.count += 1
        heapq.heappush(self.due, (at_s, self.count, act))

    def play(self) -> None:
        began = self.day.drive.now_s
        while self.due:
            at, _, act = heapq.heappop(self.due)
            self.day.go(max(0.0, began + at - self.day.drive.now_s))
            self.now_s = at
            act()
        self.day.go(1200.0)

    def event(self) -> None:
        """One of all kinds; soon after it somebody looks."""
        luck, node = self.day.luck, self.day.luck.choice(NODES)
        kinds = [self.by_hand] * 8 + [self.fault] * 4 + [self.stray] * 3 + [self.edit]
        luck.choice(kinds)(node)
        for one in NODES:
            soon = self.now_s + luck.choice(SOON_S)
            self.at(soon, lambda one=one: self.day.look(one))  # type: ignore[misc]

    def by_hand(self, node: str) -> None:
        if sights.up(self.day.world.machine(node)):
            self.cue(Cue("lab", node, self.day.luck.choice(BY_HAND)))

    def fault(self, node: str) -> None:
        """One at a time: of two nodes that are in trouble a person must think, not a test."""
        well = all(sights.up(machine) for machine in self.day.world.machines.values())
        cables = all(
            c.carrier for m in self.day.world.machines.values() for c in m.interfaces.values()
        )
        if not well or not cables:
            return
        name = self.day.luck.choice(sorted(FAULTS))
        self.cue(Cue("fault", node, name))
        if FAULTS[name]:
            end = Cue("fault", node, FAULTS[name])
            self.at(self.now_s + self.day.luck.choice(OUTAGE_S), lambda: self.cue(end))
        self.at(self.now_s + REPAIRED_S, self.repair)

    def repair(self) -> None:
        """What was written apart does not grow together: a person gives one copy up by hand."""
        world = self.day.world
        roles = {node: next(sights.volumes(m), None) for node, m in world.machines.items()}
        apart = all(one is not None and not one.connected for one in roles.values())
        if not all(sights.up(machine) for machine in world.machines.values()) or not apart:
            return
        serves = sights.serving(world) or self.day.luck.choice(NODES)
        (other,) = set(NODES) - {serves}
        self.cue(Cue("lab", other, GIVE_UP))
        self.cue(Cue("lab", serves, LEAD))

    def stray(self, node: str) -> None:
        """The next triggers are lost, come twice, or come late and so behind later ones."""
        luck = self.day.luck
        verb, words = luck.choice(("lose", "double", "delay")), luck.choice(STRAYS)
        times, by_s = luck.randint(1, 4), luck.choice((0.1, 1.0, 7.0, 30.0))
        self.cue(Cue(verb, node, words, times=times, by_s=by_s))

    def edit(self, node: str) -> None:
        name = self.day.luck.choice(sorted(EDITS))
        self.day.edit(node, **{name: self.day.luck.choice(EDITS[name])})

    def cue(self, cue: Cue) -> None:
        """What gives no answer has not been done: a person would press ^C."""
        with contextlib.suppress(UsageError):
            self.day.drive._play(cue)
