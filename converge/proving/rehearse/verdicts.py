"""What a scenario expects, held against what came of it. Pure, and by the world alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from converge.core.duration import show_duration
from converge.lab.hast.pair import Place
from converge.lab.world import World
from converge.proving.judge import sights
from converge.proving.judge.invariants import CODES, HOLES
from converge.proving.rehearse.phases import Phase
from converge.proving.rehearse.scenario import ExpectTable, ScenarioTable
from converge.proving.story.driver import Drive

NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class Finding:
    """One expectation: whether it was met, and how it really was, as a sentence."""

    what: str
    met: bool
    sentence: str


def findings(table: ScenarioTable, drive: Drive, phases: tuple[Phase, ...]) -> tuple[Finding, ...]:
    """Everything that the scenario expects, in the order of its keys."""
    expect, world = table.expect, drive.world
    found: list[Finding] = []
    if expect.serving:
        now = sights.serving(world, drive.vip) or NOBODY
        found.append(_same("serving", expect.serving, now))
    if expect.primary:
        found.append(_same("primary", expect.primary, _primary(world)))
    codes = {e.code for e in drive.timeline if e.kind == "actor"}
    for code in expect.held:
        said = "held" if code in codes else f"never held; seen: {_list(codes - {''})}"
        found.append(Finding(f"held {code}", code in codes, said))
    if expect.in_sync is not None:
        why = _apart(world)
        said = why or "both copies are the same, and known to be"
        found.append(Finding("in_sync", (not why) == expect.in_sync, said))
    found += [*_never(table, drive), *_rows(expect, drive), *_in_time(expect, drive, phases)]
    return tuple(found)


def _same(what: str, wanted: str, found: str) -> Finding:
    return Finding(what, wanted == found, f"{found}, as expected" if wanted == found else found)


def _list(words: set[str]) -> str:
    return ", ".join(sorted(words)) or "none"


def _primary(world: World) -> str:
    """The nodes with a primary role, of living machines."""
    leading = {
        node
        for node, machine in world.machines.items()
        if machine.powered and any(r.role == "primary" for r in sights.volumes(machine))
    }
    return " and ".join(sorted(leading)) or NOBODY


def _apart(world: World) -> str:
    """Why the two copies are not the same, or are not known to be; '' when they are."""
    seen = False
    for node, machine in sorted(world.machines.items()):
        for resource in sights.volumes(machine):
            if resource.role != "primary":
                continue
            seen = True
            if not resource.connected or resource.sync or resource.dirty:
                how = "synchronising" if resource.sync else "not connected to its peer"
                return f"{resource.name} of {node} is {how}"
            copies = [
                disk.ufs
                for name in sorted(world.machines)
                if (disk := sights.copy_of(world, Place(name, resource.name))) is not None
            ]
            if len(set(copies)) > 1:
                return f"the copies of {resource.name} differ, though nobody knows"
    return "" if seen else "no node is primary"


def _never(table: ScenarioTable, drive: Drive) -> Iterator[Finding]:
    """Each invariant that did not hold; what an open hole makes impossible is forgiven."""
    watched = CODES if table.expect.never is None else table.expect.never
    broken = [(b, at) for b, at in drive.broken.items() if b.code in watched]
    if not broken:
        yield Finding(
            "never",
            met=True,
            sentence=f"{'all' if watched == CODES else _list(set(watched))} held",
        )
    for one, at in broken:
        forgiven = table.hole and one.code in HOLES[table.hole]
        if forgiven and drive.holes.get(table.hole, at + 1) <= at:
            said = f"forgiven, the hole {table.hole!r} was open: {one.sentence}"
            yield Finding(f"never {one.code}", met=True, sentence=said)
        else:
            said = f"{one.node} at {at:.3f} s: {one.sentence}"
            yield Finding(f"never {one.code}", met=False, sentence=said)


def _rows(expect: ExpectTable, drive: Drive) -> Iterator[Finding]:
    """Acknowledged rows are on the copy that serves; while none does, together on one disk."""
    if expect.rows == "any":
        return
    promised = {row for _, row in drive.history.rows}
    node = sights.serving(drive.world, drive.vip)
    best = min(len(promised - rows) for rows in _copies(drive.world, node))
    said = f"all {len(promised)} acknowledged rows are there"
    if best:
        said = f"{best} of {len(promised)} acknowledged rows are lost"
    yield Finding("rows", not best, said)


def _copies(world: World, node: str) -> list[frozenset[str]]:
    """The rows of what serves, or of each disk."""
    if node:
        mounts = sights.hast_mounts(world.machine(node))
        return [frozenset().union(*(sights.written_rows(m.ufs) for m in mounts))]
    return [
        frozenset().union(*(sights.written_rows(d.ufs) for d in machine.disks.values()))
        for machine in world.machines.values()
    ]


def _in_time(expect: ExpectTable, drive: Drive, phases: tuple[Phase, ...]) -> Iterator[Finding]:
    took = {p.name: p.took for p in phases}
    budgets = {n: b for n, b in expect.phase.model_dump().items() if b is not None}
    for name, budget in budgets.items():
        if name not in took:
            yield Finding(f"phase {name}", met=False, sentence="it never came to that")
            continue
        said = f"{show_duration(took[name])} of {show_duration(budget)}"
        yield Finding(f"phase {name}", took[name] <= budget, said)
    if expect.serving_within is None:
        return
    ended = next((p.at for p in phases if p.name == "serving"), None)
    silent = any(s.kind == "silence" for _, s in drive.marks)
    said = "nobody served again" if silent else "clients were served all the time"
    if ended is not None:
        said = f"{show_duration(ended)} of {show_duration(expect.serving_within)}"
    met = ended <= expect.serving_within if ended is not None else not silent
    yield Finding("serving_within", met, said)
