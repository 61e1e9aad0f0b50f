"""A run as a value: its passes so far, and what it needs next. Nothing in here touches a node."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from converge.core.host import Answer, Ticket
from converge.core.ledger import Ledger, Now
from converge.core.plan import (
    COMES_AFTER,
    Action,
    Direction,
    Ending,
    Hold,
    Outcome,
    Plan,
    Snapshot,
    Verdict,
)
from converge.core.state import Absent, is_active
from converge.engine.run import apply
from converge.engine.run.apply import Carrying
from converge.engine.run.guards import Facts, judge
from converge.engine.run.handover import given_up, turned
from converge.engine.run.need import Look, Need, Over
from converge.reconcile.charter import Charter, End, Pass, Rest, Told
from converge.reconcile.planning import decide, gentle, kept, remembered

WAIT_S = 5.0
"""A run that waits for a hold to lift looks again so often at least: what it waits for may come
earlier, and what it has seen last is remembered (how long our link to the peer lived)."""


MOVING_S = 1.0
"""So often a run that waits looks whether a handover is done on the other side."""

SOON_S, GRACES = 6.0, 3
"""Any run waits, so often, for a hold that is sure to lift so soon."""


@dataclass(frozen=True, slots=True)
class Course:
    """A run under way. `passes` are those that ended; `carrying` is the plan of the one that has
    not; `rest` is until when it waits for a hold to lift. `news`: what ended by the last step.
    `moved`: what became of a planned handover, and why."""

    charter: Charter
    ledger: Ledger
    passes: tuple[Pass, ...] = ()
    carrying: Carrying | None = None
    rest: float | None = None
    graces: int = 0
    news: tuple[Outcome, ...] = ()
    end: End | None = None
    moved: str = ""

    def need(self, now_s: float) -> Need | Rest:
        """What must be brought next; Over when the run has ended."""
        if self.end is not None:
            return Over()
        if self.rest is not None:
            return Rest(self.rest)
        return self.carrying.need(now_s) if self.carrying else Look()

    def looked(self, snapshot: Snapshot, now: Now) -> Course:
        """What was asked for was looked at."""
        if self.carrying is None:
            new, this = self.decided(snapshot, now)
            return new.planned(this, now)
        new = self.aware(snapshot, now)
        carrying = self.carrying.looked(snapshot, new._judge(now), now.elapsed_s)
        return new._went(carrying, now)

    def decided(self, snapshot: Snapshot, now: Now) -> tuple[Course, Pass]:
        """The pass that begins with that look, and the run that remembers it; nothing is begun."""
        new = self.aware(snapshot, now)
        plan = new.plan(snapshot, now)
        return new, Pass(snapshot, plan, ledger=self.ledger, now=now)

    def aware(self, snapshot: Snapshot, now: Now) -> Course:
        """The same, with what must be remembered of that look in its ledger."""
        graph = self.charter.graph
        ledger = remembered(graph, self.ledger, snapshot, now, self.charter.acting)
        moved = self.moved
        if ledger.handover and self.carrying is None:
            left, why = turned(graph, snapshot, ledger.handover, now)
            ledger, moved = replace(ledger, handover=left), why or moved
        return replace(self, ledger=ledger, news=(), moved=moved)

    def plan(self, snapshot: Snapshot, now: Now) -> Plan:
        """What this run may do about what was seen."""
        charter = self.charter
        whole = decide(
            charter.graph, snapshot, self.ledger, now,
            charter.lifted, charter.without, charter.acting,
        )  # fmt: skip
        mine = kept(whole, lambda id: id.node in charter.acting, "another node's part")
        return charter.only(gentle(mine) if self.ledger.handover else mine)

    def planned(self, this: Pass, now: Now, *, fresh: bool = True) -> Course:
        """A pass begins with this plan; not `fresh`: somebody has thought about it meanwhile."""
        if this.plan.empty:
            limit = self.charter.wait_until_s
            if self.ledger.handover and limit is not None and now.elapsed_s + MOVING_S <= limit:
                return replace(self, carrying=None, rest=now.elapsed_s + MOVING_S)
            return self._ended(this, End.CONVERGED)
        if not this.plan.actions:
            return self._waiting(this, now, End.UNKNOWN)
        # What is sure to lift soon is no news. Yet nothing in the safe direction waits for it.
        if not _gives_up(this) and (graced := self._graced(this, now)):
            return graced
        carrying = apply.start(
            self.charter.graph, this.plan, this.snapshot, self._judge(now), now.elapsed_s,
            fresh=fresh, poll_s=self.charter.poll_s,
        )  # fmt: skip
        return self._went(carrying, now)

    def begun(self, ticket: Ticket, now: Now) -> Course:
        """The effect that was asked for was started."""
        assert self.carrying
        return replace(self, carrying=self.carrying.begun(ticket, now.elapsed_s), news=())

    def listened(self, answers: Mapping[tuple[str, Ticket], Answer], now: Now) -> Course:
        """Commands have ended, or time has passed."""
        assert self.carrying
        carrying = self.carrying.listened(answers, now.elapsed_s)
        return self._went(carrying, now)

    def rested(self) -> Course:
        """It has waited; now it looks again."""
        return replace(self, rest=None, news=())

    def halted(self, now: Now) -> Course:
        """A person or the system wants it to end: what runs is waited for, nothing is begun."""
        if self.carrying is None:
            return replace(self, rest=None, news=(), end=End.INTERRUPTED)
        carrying = self.carrying.given_up("interrupted before it began")
        return self._went(carrying, now, halted=True)

    @property
    def told(self) -> Told:
        return Told(self.passes, self.end or End.UNFINISHED, self.ledger, self.moved)

    def _judge(self, now: Now) -> Callable[[Action, Snapshot], Verdict]:
        charter, ledger = self.charter, self.ledger

        def may(action: Action, snapshot: Snapshot) -> Verdict:
            facts = Facts(
                charter.graph,
                snapshot,
                ledger,
                now,
                lifted=charter.lifted,
                without=charter.without,
            )
            return judge(action, facts)

        return may

    def _ended(self, this: Pass, end: End | None) -> Course:
        return replace(self, passes=(*self.passes, this), carrying=None, end=end)

    def _went(self, carrying: Carrying, now: Now, *, halted: bool = False) -> Course:
        """The carrying out is so far. If every action has its outcome the pass ends, and maybe
        the run."""
        before = len(self.carrying.outcomes) if self.carrying else 0
        ledger = self._before(carrying)
        new = replace(self, ledger=ledger, carrying=carrying, news=carrying.outcomes[before:])
        if not isinstance(carrying.need(now.elapsed_s), Over):
            return new
        ended = carrying.ended
        outcomes = tuple(ended[action.key] for action in carrying.plan.actions)
        this = Pass(carrying.snapshot, carrying.plan, outcomes)
        endings = {o.ending for o in outcomes}
        if halted:
            return new._ended(this, End.INTERRUPTED)
        if Ending.FAILED in endings:
            return new._given_up(this, now) or new._ended(this, End.FAILED)
        if Ending.HELD in endings and Ending.DONE not in endings:
            return new._waiting(this, now, End.HELD)
        last = len(self.passes) + 1 >= self.charter.passes_max
        return new._ended(this, End.UNFINISHED if last else None)

    def _given_up(self, this: Pass, now: Now) -> Course | None:
        """A planned handover ends with the first thing that fails: the next pass brings the
        service back. None where there is no such handover."""
        handover = self.ledger.handover
        if handover is None or handover.back:
            return None
        failed = [f"{o.action.key} failed: {o.detail}" for o in this.outcomes if o.failed]
        left = given_up(self.charter.graph, this.snapshot, handover, failed[0], now)
        ledger = replace(self.ledger, handover=left)
        return replace(self, ledger=ledger, moved=failed[0])._ended(this, None)

    def _before(self, carrying: Carrying) -> Ledger:
        """What must be remembered before the chosen action begins."""
        action = carrying.chosen
        if action is None:
            return self.ledger
        notes = self.ledger.of(action.id)
        after = self.charter.graph.resources[action.id].intends(action, notes)
        if after == notes:
            return self.ledger
        return replace(self.ledger, notes={**self.ledger.notes, action.id: after})

    def _waiting(self, this: Pass, now: Now, end: End) -> Course:
        """Rest, if it was asked to wait and something may lift by itself; else end."""
        holds = [
            v for v in this.plan.verdicts.values() if isinstance(v, Hold) and v.code != COMES_AFTER
        ]
        refused = this.plan.held and not holds
        rest_s = max(0.5, min([WAIT_S, *(hold.again_s for hold in holds)]))
        limit = self.charter.wait_until_s
        if limit is not None and now.elapsed_s + rest_s <= limit and not refused:
            return replace(self, carrying=None, rest=now.elapsed_s + rest_s)
        return self._graced(this, now) or self._ended(this, end)

    def _graced(self, this: Pass, now: Now) -> Course | None:
        """Rest, if what holds something of the plan is sure to lift soon: until a look that
        takes as long as the last one ends when it has lifted."""
        holds = [v for v in this.plan.verdicts.values() if isinstance(v, Hold) and v.sure]
        soon = [hold.again_s for hold in holds if hold.again_s <= SOON_S]
        if not soon or self.graces >= GRACES:
            return None
        began_s = this.snapshot.began_s
        look_s = now.elapsed_s - began_s if began_s is not None else 0.0
        until_s = now.elapsed_s + max(0.0, min(soon) - look_s + 0.01)
        return replace(self, carrying=None, rest=until_s, graces=self.graces + 1)


def _gives_up(this: Pass) -> bool:
    """Something that is active is to go down, and may."""
    return any(
        action.direction is Direction.DOWN
        and action.key not in this.plan.held
        and is_active(this.snapshot.observed.get(action.id, Absent()))
        for action in this.plan.actions
    )
