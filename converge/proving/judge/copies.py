"""What a copy lacks that nobody can see: failed writes that died uncounted, and forgotten ones."""

from __future__ import annotations

from math import inf

from converge.lab.hast import pair
from converge.lab.hast.pair import Place
from converge.lab.world import Machine, Table, World
from converge.proving.judge import sights
from converge.proving.judge.history import Countable, Deed, History, Pairs

Unseen = Table[tuple[str, str], Countable]


def unseen(history: History, lost: Pairs, after: World, deed: Deed) -> Unseen:
    """Lost writes of which no look has told: none began while their worker counted them and was
    taken in. What is told once is remembered."""
    known = history.unseen
    for key in lost:
        if known[key].until < inf if key in known else key not in history.rotten:
            known = known.put(key, Countable(after.now))
    for (node, disk), (since, until) in known.items():
        if deed.took is not None and deed.node == node and since <= deed.took < until:
            known = known.drop((node, disk))
        elif until == inf and not _counted(after.machine(node), disk):
            known = known.put((node, disk), Countable(since, after.now))
    return known


def _counted(machine: Machine, disk: str) -> bool:
    return any(r.localpath == disk and r.write_errors for r in sights.volumes(machine))


def forgotten(known: frozenset[Place], after: World) -> frozenset[Place]:
    """Copies that HAST calls complete and that lack a write which it forgot: what was under way
    when the connection broke is on no map (blind spot B2). A later one heals its extent."""
    found = set(known)
    for node, machine in after.machines.items():
        for resource in sights.volumes(machine):
            settled = resource.role == "primary" and resource.connected and resource.sync is None
            if not settled or not (resource.skipped or known):
                continue
            here = Place(node, resource.name)
            there = pair.partner(after, here)
            if there is None or not (resource.skipped or there in known):
                continue
            mine, theirs = pair.disk(after, here), pair.disk(after, there)
            if mine and theirs and mine.ufs == theirs.ufs:
                found.discard(there)
            else:
                found.add(there)
    return frozenset(found)
