"""How an actor looks at a world without letting its time pass."""

from __future__ import annotations

from converge.core.host import Answer
from converge.lab.host import Lab
from converge.lab.world import World


class Still(Lab):
    """A lab in which a look takes its time without letting it pass."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.spent_s = 0.0

    def pass_until(self, now: float) -> None:
        self.spent_s += max(0.0, now - self.world.now)


class Deaf:
    """A peer that was silent a moment ago."""

    def ask(self, queries: object) -> list[Answer]:
        return [Answer(lost="was silent a moment ago") for _ in queries]  # type: ignore[attr-defined]
