"""The form of a scenario's file: a pair, what happens to it, and what must hold in the end."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from converge.core.duration import Duration
from converge.proving.story.cues import VERBS

SCHEMA = 1

Code = Literal["S1", "S2", "S3", "S4", "S5", "S6", "S7", "S8", "S9", "S10"]
FailureMode = Annotated[str, Field(pattern=r"^F[0-9]{2}$", examples=["F25"])]


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")


class StepTable(_Table):
    """`[[step]]`: one thing that is done to the pair. One of `at`, `when`, `before` says when."""

    at: Duration | None = Field(default=None, description="So long after the start.")
    when: str = Field(
        default="", description="Right after the first line of the timeline with this in it."
    )
    before: str = Field(
        default="", description="In the place of the first step that would say this."
    )
    fault: str = Field(
        default="",
        description="A fault of the lab, its node, its argument: `cable-out hasta lan`.",
    )
    lab: str = Field(
        default="", description="A shell line on a machine: `hasta: hastctl role init test`."
    )
    run: str = Field(default="", description="Somebody starts a run by hand on this node.")
    switchover: str = Field(
        default="", description="Somebody moves the service there by plan: `hasta hastb`."
    )
    kill: str = Field(default="", description="The run of this node is killed.")
    lose: str = Field(default="", description="A trigger that never arrives: `devd MASTER hastb`.")
    double: str = Field(default="", description="A trigger that arrives twice, `by` apart.")
    delay: str = Field(default="", description="A trigger that arrives late, by `by`.")
    by: Duration = Field(default=1.0, description="For `delay` and `double`: how late.")
    times: int = Field(
        default=1, ge=1, description="For `lose`, `double`, `delay`: how many triggers."
    )

    @property
    def verbs(self) -> list[str]:
        """What it does; one thing, if it is right."""
        return [verb for verb in VERBS if getattr(self, verb)]

    @property
    def times_named(self) -> list[str]:
        """What says when; one thing, if it is right."""
        named = ["at"] if self.at is not None else []
        return named + [key for key in ("when", "before") if getattr(self, key)]


class PhaseTable(_Table):
    """`[expect.phase]`: how long each part of a failover may take at most."""

    detection: Duration | None = Field(default=None, description="Until the survivor is woken.")
    role: Duration | None = Field(default=None, description="Until its role is primary.")
    device: Duration | None = Field(default=None, description="Until the HAST device answers.")
    proof: Duration | None = Field(default=None, description="Until the peer's guards let go.")
    fsck: Duration | None = Field(default=None, description="The check of the file system.")
    mount: Duration | None = Field(default=None, description="The mount.")
    start: Duration | None = Field(default=None, description="Until the server is started.")
    serving: Duration | None = Field(default=None, description="Until clients are served.")


class ExpectTable(_Table):
    """`[expect]`: what must hold when the rehearsal is over, and all the way there."""

    serving: str = Field(default="", description='Who serves in the end: a node or "nobody".')
    primary: str = Field(default="", description='Who is primary in the end: a node or "nobody".')
    held: tuple[str, ...] = Field(
        default=(), description="Codes of guards that must have stood in the way at least once."
    )
    in_sync: bool | None = Field(
        default=None, description="Whether both copies are the same in the end, and known to be."
    )
    never: tuple[Code, ...] | None = Field(
        default=None, description="Invariants that must hold; all, if not given."
    )
    rows: Literal["all", "any"] = Field(
        default="all", description="Which acknowledged rows the copy that serves has in the end."
    )
    serving_within: Duration | None = Field(
        default=None, description="From the first step until clients are served again."
    )
    quiet_from: Duration | None = Field(
        default=None, description="From then on no command may be sent to no effect."
    )
    phase: PhaseTable = Field(default=PhaseTable(), description="Budgets of the parts.")


class ScenarioTable(_Table):
    """The whole file."""

    schema_: int = Field(alias="schema", description="The form of this file: 1.")
    title: str = Field(min_length=1, description="What happens, in one sentence.")
    covers: tuple[FailureMode, ...] = Field(
        default=(), description="Failure modes of the catalogue that this is about."
    )
    desired: str = Field(
        default="desired/mysql-pair.toml",
        description="The pair: a desired file, seen from this file or from where you stand.",
    )
    override: dict[str, Any] = Field(
        default={}, description="Settings of the desired file that differ here."
    )
    start: str = Field(default="served", description="How the pair is in the beginning.")
    warm: Duration = Field(
        default=150.0,
        description="How long the actors live with the pair before the story, unless it is bare.",
    )
    cron: Duration = Field(default=60.0, description="How often cron wakes each node; 0s: never.")
    rows: Duration = Field(default=5.0, description="How often a client writes; 0s: never.")
    until: Duration = Field(default=300.0, description="How long it is watched.")
    hole: Literal["", "partition", "unseen-errors", "forgotten-write"] = Field(
        default="",
        description="The known hole that this is about: what it makes impossible is forgiven.",
    )
    step: tuple[StepTable, ...] = Field(default=(), description="What is done to the pair.")
    expect: ExpectTable = Field(default=ExpectTable(), description="What must hold.")
