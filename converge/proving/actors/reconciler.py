"""converge as an actor: the real run, step by step, on a world of the lab.

A look and what is done upon it are two steps: what was true when it was looked may not be true
any more (time of check, time of use). Between them passes the time that the look takes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace

from converge.core.graph import Graph
from converge.core.host import Answer, Command, Reader, Ticket, Write
from converge.core.ledger import LEDGER, Handover, Ledger, Now
from converge.core.plan import Snapshot
from converge.core.state import Unknown
from converge.engine.observe import nobody_there, observe
from converge.engine.run.apply import POLL_S
from converge.engine.run.guards import MAINTENANCE_HOLD
from converge.engine.run.need import Begin, Listen, Look, Over
from converge.lab.host import LabClock, LabHost, LabReader
from converge.lab.machine.syslog import clock
from converge.lab.world import World
from converge.proving.actors.actor import Step
from converge.proving.actors.mind import Begun, Mind
from converge.proving.actors.still import Deaf, Still
from converge.proving.actors.telling import Said, outcomes, standing, unseen
from converge.reconcile import leaving
from converge.reconcile.charter import Charter, Rest
from converge.reconcile.passes import Course

WAIT_S = 120.0
"""How long a run that a trigger has started waits for holds to lift (apply --wait)."""


class Reconciler:
    """The behaviour of `converge apply --wait --trigger ...` on a node of the pair."""

    def __init__(
        self, graph: Graph, without: frozenset[str] = frozenset(), poll_s: float = POLL_S
    ) -> None:
        self.graph = graph
        self.without = without
        self.poll_s = poll_s

    def fresh(self, node: str) -> Mind:
        return Mind()

    def wake(self, state: Mind, node: str, trigger: str, now: float) -> Mind:
        """A run begins, or the one under way makes one more afterwards."""
        if state.leaving:
            return state
        if trigger == "shutdown":
            return self._leave(state, node, now)
        if (to := trigger.removeprefix("switchover ")) != trigger:
            state = _asked_for(state, node, to, now)
        elif state.course is not None:
            return replace(state, again=True)
        charter = Charter(
            self.graph,
            frozenset({node}),
            without=self.without,
            wait_until_s=now + WAIT_S,
            poll_s=self.poll_s,
        )
        return replace(state, course=Course(charter, state.ledger), due=now)

    def _leave(self, state: Mind, node: str, now: float) -> Mind:
        """`apply --trigger shutdown`: a run that is under way ends, and this one alone begins."""
        graph, downs = leaving(self.graph, {node})
        charter = Charter(
            graph, frozenset({node}), without=self.without, poll_s=self.poll_s, only=downs,
            lifted=frozenset({MAINTENANCE_HOLD}),
        )  # fmt: skip
        fresh = self.killed(state, node)
        return replace(fresh, course=Course(charter, state.ledger), due=now, leaving=True)

    def due(self, state: Mind, node: str) -> float | None:
        return state.due

    def killed(self, state: Mind, node: str) -> Mind:
        return Mind(state.ledger, written=state.written, booted=state.booted, stands=state.stands)

    def step(self, world: World, state: Mind, node: str) -> Step:
        """One look, or one effect, or one wait."""
        state = _in_this_boot(state, world.machine(node).booted)
        course, now = state.course, Now(world.now, clock(world.now).timestamp())
        assert course
        said: list[Said] = []
        took = None if state.seen is None else state.seen.began_s
        if state.seen is not None:
            course = course.looked(state.seen, now)
            state = replace(state, seen=None)
            state, world = self._kept(state, course, world, node)
            state = replace(state, held=outcomes(course, state.held, said))
        for _ in range(STEPS_MAX):
            need = course.need(now.elapsed_s)
            match need:
                case Look():
                    state = replace(state, course=course)
                    return _step(world, self._look(world, state, need, node), said, took)
                case Begin():
                    world, state, course = self._begin(world, state, course, need, now, said)
                    done = _step(world, replace(state, course=course, due=world.now), said, took)
                    ends = state.begun[-1].ends
                    return replace(done, sent=(need.action.effect,), ends=ends)
                case Listen():
                    until_s = _until(state, need, now)
                    if until_s > now.elapsed_s and not state.listening:
                        state = replace(state, course=course, due=until_s, listening=True)
                        return _step(world, state, said, took)
                    ended = _ended(world, state, need, node)
                    course = course.listened(ended, now)
                    state = _without(state, ended)
                    state = replace(state, held=outcomes(course, state.held, said))
                case Rest(until_s):
                    if until_s > now.elapsed_s:
                        return _step(world, replace(state, course=course, due=until_s), said, took)
                    course = course.rested()
                case Over():
                    state = _waiting(state, course, said)
                    return _step(world, self._over(state, course, node, now), said, took)
        raise RuntimeError("a run that never ends")

    def _look(self, world: World, state: Mind, need: Look, node: str) -> Mind:
        own, far = Still(world), Still(world)
        readers: dict[str, Reader] = {node: LabReader(own, node)}
        peer, silent = self.graph.pair.peer_of(node), False
        if peer and not state.leaving:
            there = LabReader(far, peer.name, via=node)
            silent = bool(there.silence())
            readers[peer.name] = Deaf() if state.knocking and silent else there
        assert state.course
        snapshot = observe(state.course.charter.graph, readers, LabClock(own), need.ids)
        if peer and any(id.node == peer.name for id in snapshot.observed):
            state = replace(state, knocking=_silent(snapshot, peer.name))
        # A silent peer is knocked at while this node is asked, and waited for unless every ping
        # is silent, too; one that speaks is asked besides.
        spent_s = own.spent_s + far.spent_s
        if silent:
            knock_s = 0.0 if nobody_there(self.graph, snapshot.observed) else far.spent_s
            spent_s = max(own.spent_s, knock_s)
        seen = replace(snapshot, heard={}, began_s=world.now)
        return replace(state, seen=seen, due=world.now + spent_s)

    def _begin(
        self, world: World, state: Mind, course: Course, need: Begin, now: Now,
        said: list[Said],
    ) -> tuple[World, Mind, Course]:  # fmt: skip
        node = need.action.id.node
        lab = Still(world)
        answer, took_s = LabHost(lab, node).done(need.action.effect)
        ticket = Ticket(state.tickets + 1)
        ends = world.now + max(took_s, lab.spent_s)
        one = Begun(ticket, ends, answer, world.machine(node).booted)
        said.append((f"{need.action.verb} {need.action.id.ref}", need.action.why, ""))
        state = replace(state, begun=(*state.begun, one), tickets=ticket)
        return lab.world, state, course.begun(ticket, now)

    def _kept(self, state: Mind, course: Course, world: World, node: str) -> tuple[Mind, World]:
        """The ledger is on the disk before anything is done; of it the peer reads one thing."""
        text = json.dumps({"notes": _promises(course.ledger)}, sort_keys=True)
        if text != state.written:
            lab = Still(world)
            host = LabHost(lab, node)
            host.done(Command(("mkdir", "-p", LEDGER.rpartition("/")[0])))
            host.done(Write(LEDGER, text))
            world = lab.world
        return replace(state, ledger=course.ledger, written=text), world

    def _over(self, state: Mind, course: Course, node: str, now: Now) -> Mind:
        ended = Mind(
            course.ledger, written=state.written, booted=state.booted, held=state.held,
            leaving=state.leaving, stands=standing(course),
        )  # fmt: skip
        return self.wake(ended, node, "again", now.elapsed_s) if state.again else ended


STEPS_MAX = 50


def _asked_for(state: Mind, node: str, to: str, now: float) -> Mind:
    """`converge switchover` waits for its turn, then its word is in the ledger before it runs."""
    until_s = clock(now).timestamp() + WAIT_S
    word = Handover(to, node, "op", "a planned handover", until_s)
    return replace(state, ledger=replace(state.ledger, handover=word), course=None)


def _in_this_boot(state: Mind, booted: float) -> Mind:
    """Whichever trigger comes first: devd tells of CARP before the boot is over."""
    if state.booted == booted or state.course is None:
        return state
    ledger = state.ledger.after_boot() if state.booted else state.ledger
    return replace(
        state, booted=booted, ledger=ledger, course=replace(state.course, ledger=ledger)
    )


def _step(world: World, state: Mind, said: list[Said], took: float | None) -> Step:
    first = said[0] if said else ("", "", "")
    text = "; ".join(words for words, _, _ in said)
    why = next((why for _, why, _ in said if why), "")
    code = next((code for _, _, code in said if code), first[2])
    return Step(world, state, text, why, code, took=took)


def _ended(
    world: World, state: Mind, need: Listen, node: str
) -> Mapping[tuple[str, Ticket], Answer]:
    """Answers that have come. Of a machine that went down meanwhile none ever does."""
    return {
        (node, b.ticket): b.answer if world.machine(node).booted == b.booted else _GONE
        for b in state.begun
        if (node, b.ticket) in need.tickets and b.ends <= world.now
    }


_GONE = Answer(lost="the machine went down before the answer")


def _until(state: Mind, need: Listen, now: Now) -> float:
    """When a command ends, or the listening does."""
    open_ = {ticket for _, ticket in need.tickets}
    ends = [b.ends for b in state.begun if b.ticket in open_]
    return max(now.elapsed_s, min([need.until_s, *ends]))


def _without(state: Mind, ended: Mapping[tuple[str, Ticket], Answer]) -> Mind:
    gone = {ticket for _, ticket in ended}
    begun = tuple(b for b in state.begun if b.ticket not in gone)
    return replace(state, begun=begun, listening=False)


def _silent(snapshot: Snapshot, node: str) -> bool:
    theirs = [seen for id, seen in snapshot.observed.items() if id.node == node]
    return bool(theirs) and all(isinstance(seen, Unknown) for seen in theirs)


def _waiting(state: Mind, course: Course, said: list[Said]) -> Mind:
    waits = unseen(course)
    said += waits
    return replace(state, held=tuple(what for what, _, _ in waits)) if waits else state


def _promises(ledger: Ledger) -> dict[str, dict[str, bool]]:
    found = ((id, notes.get("whole")) for id, notes in sorted(ledger.notes.items()))
    return {str(id): {"whole": whole} for id, whole in found if isinstance(whole, bool)}
