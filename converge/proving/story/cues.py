"""What a scenario does to a pair, and when: faults, kills, runs by hand, triggers gone astray."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from dataclasses import dataclass, replace

from converge.core.errors import UsageError
from converge.lab import machine
from converge.lab.faults import FAULTS
from converge.lab.world import World

STRAY = ("lose", "double", "delay")
"""What can happen to a trigger on its way."""

VERBS = ("fault", "lab", "run", "switchover", "kill", *STRAY)


@dataclass(frozen=True, slots=True)
class Cue:
    """One thing to do. `at`: seconds after the start; else at the line that has `when` in it,
    or in the place of the step that would have said `before`.

    Of a trigger `words` are its first words and `node` whose; `times` it goes astray, by `by_s`.
    """

    verb: str
    node: str
    words: str = ""
    at: float | None = None
    when: str = ""
    before: str = ""
    times: int = 1
    by_s: float = 0.0

    @property
    def trigger(self) -> str:
        """What it wakes the node with; '' if it is no trigger."""
        return {"run": "manual", "switchover": f"switchover {self.words}"}.get(self.verb, "")

    def __str__(self) -> str:
        match self.verb:
            case "fault":
                return FAULTS[self.words.split()[0]].does + _argument(self.words)
            case "lab":
                return f"somebody types: {self.words}"
            case "run":
                return "somebody starts a run by hand"
            case "switchover":
                return f"somebody types: converge switchover --to {self.words}"
            case "kill":
                return "the run is killed"
            case "delay":
                return f"the trigger {self.words} comes {self.by_s:g} s late"
            case "double":
                return f"the trigger {self.words} comes twice"
            case _:
                return f"the trigger {self.words} is lost"


def _argument(words: str) -> str:
    _, _, argument = words.partition(" ")
    return f" ({argument})" if argument else ""


def changed(world: World, cue: Cue) -> World:
    """The world after a cue of the verbs fault and lab. UsageError for what cannot be."""
    if cue.verb == "fault":
        name, _, argument = cue.words.partition(" ")
        return FAULTS[name].act(world, cue.node, argument)
    result = machine.run(world, cue.node, ("sh", "-c", cue.words))
    if result.answer.lost:
        raise UsageError(f"{cue.node}: {cue.words}: {result.answer.lost}")
    return result.world


def delivered(
    trigger: str, node: str, strays: Iterable[Cue]
) -> tuple[tuple[float, ...], tuple[Cue, ...], Cue | None]:
    """How late a trigger comes, once for each time; the strays left; and which one it met."""
    strays = tuple(strays)
    for n, cue in enumerate(strays):
        if cue.node != node or not _begins(trigger, cue.words):
            continue
        rest = (replace(cue, times=cue.times - 1),) if cue.times > 1 else ()
        late = {"lose": (), "double": (0.0, cue.by_s), "delay": (cue.by_s,)}[cue.verb]
        return late, (*strays[:n], *rest, *strays[n + 1 :]), cue
    return (0.0,), strays, None


def _begins(trigger: str, words: str) -> bool:
    """'hast disconnect' means every resource's."""
    return shlex.split(trigger)[: len(words.split())] == words.split()
