"""The ten invariants, read off the worlds: what must never be so, S1 to S10 of the architecture.

`noted` looks at one step and remembers; `broken` looks at the world that came of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import combinations

from converge.core.host import Effect
from converge.core.secret import Secret
from converge.lab.net import links
from converge.lab.world import HastResource, Machine, World
from converge.proving.judge import copies, data, sights, steps
from converge.proving.judge.history import Broken, Deed, History

CODES = tuple(f"S{n}" for n in range(1, 11))

HOLES = {"partition": ("S1", "S3"), "unseen-errors": ("S3",), "forgotten-write": ("S3",)}
"""What cannot be promised while a hole is open: with no path between two living nodes neither
knows of the other, and a copy that both wrote lacks rows on either side. Writes that a disk has
failed are counted by hastd's worker alone: nobody can know of them when it ended before a look.
What HAST forgot to copy it calls complete."""


def noted(history: History, before: World, after: World, deed: Deed) -> History:
    """The history after one step from `before` to `after`; what the step itself broke is in it."""
    lost = steps.lost(before, after)
    return replace(
        history,
        rotten=history.rotten | lost if lost else history.rotten,
        unseen=copies.unseen(history, lost, after, deed),
        forgotten=copies.forgotten(history.forgotten, after),
        wrote=steps.wrote(before, after),
        found=tuple(dict.fromkeys(steps.found(history, before, after, deed))),
        marks=data.marks(history.marks, before, after),
        acting=steps.acting(history.acting, after, deed),
    )


def acknowledged(history: History, device: str, row: str) -> History:
    """A client was told that this row is safe."""
    return replace(history, rows=history.rows | {(device, row)})


def broken(world: World, history: History) -> tuple[Broken, ...]:
    """Every invariant that does not hold now, each once."""
    found: list[Broken] = [*history.found, *_both_written(world, history)]
    for _, machine in sorted(world.machines.items()):
        found += _lacking_rows(machine, history)
        found += _databases(machine)
    return tuple(dict.fromkeys(found))


def _both_written(world: World, history: History) -> Iterator[Broken]:
    """S1: mounted for writing counts, and so does a write of fsck; a role alone does not."""
    held: dict[str, set[str]] = {}
    for node, machine in world.machines.items():
        for mount in sights.writable(machine):
            held.setdefault(mount.device, set()).add(node)
        for device in [d for n, d in history.wrote if n == node and machine.powered]:
            held.setdefault(device, set()).add(node)
    for device, nodes in sorted(held.items()):
        if len(nodes) > 1:
            both = " and ".join(sorted(nodes))
            yield Broken("S1", both, f"both copies of {device} are written at once")


def _lacking_rows(machine: Machine, history: History) -> Iterator[Broken]:
    """S3: a copy that can serve has every row that a client was promised."""
    for mount in sights.writable(machine):
        wanted = {row for device, row in history.rows if device == mount.device}
        if lost := sorted(wanted - sights.written_rows(mount.ufs)) if wanted else []:
            many = f"{len(lost)} acknowledged rows" if len(lost) > 1 else "an acknowledged row"
            said = f"the copy at {mount.path} lacks {many}, first {lost[0]!r}"
            yield Broken("S3", machine.name, said)


def _databases(machine: Machine) -> Iterator[Broken]:
    """S5 and S6: on what a database server was started. Who takes its volume away from under it
    later is seen in the step that does it."""
    for server in sights.servers(machine):
        mount, datadir = sights.mount_of(machine, server), server.data["datadir"]
        if not server.data["volume"].startswith(sights.HAST):
            said = f"a database runs on {datadir}, which is on no replicated volume"
            yield Broken("S5", machine.name, said)
        elif mount is not None and mount.unclean:
            said = f"a database runs on {mount.path}, mounted without a good check"
            yield Broken("S6", machine.name, said)


def holes(world: World, history: History) -> tuple[str, ...]:
    """Residual holes that are open now: 'partition' while both live and no path carries;
    'unseen-errors' while a copy is in use whose lost writes nobody can know of any more;
    'forgotten-write' while one is that lacks what HAST has forgotten."""
    living = [m for _, m in sorted(world.machines.items()) if links.answers(m)]
    parted = any(not _path(world, a, b) for a, b in combinations(living, 2))
    untold = any(
        until <= world.now and any(r.localpath == disk for r in _in_use(world.machine(node)))
        for (node, disk), (_, until) in history.unseen.items()
    )
    lacking = any(
        r.name == place.name
        for place in history.forgotten
        for r in _in_use(world.machine(place.node))
    )
    open_ = {"partition": parted, "unseen-errors": untold, "forgotten-write": lacking}
    return tuple(hole for hole, so in open_.items() if so)


def _in_use(machine: Machine) -> list[HastResource]:
    mounted = (sights.behind(machine, m.device) for m in sights.writable(machine))
    return [r for r in mounted if r is not None]


def _path(world: World, one: Machine, other: Machine) -> bool:
    """A cable that carries both ways."""
    return any(
        links.joined(world, one.name, here, other.name, there)
        and links.joined(world, other.name, there, one.name, here)
        for here in one.interfaces.values()
        for there in other.interfaces.values()
    )


def needless(sent: Iterable[Effect], before: World, after: World) -> tuple[Effect, ...]:
    """S9: what was sent although it changed nothing but the time. For a pair at rest."""
    alike = replace(after, now=before.now, timers=before.timers, serial=before.serial)
    return tuple(sent) if alike == before else ()


def leaks(text: str, secrets: Iterable[Secret]) -> int:
    """S8: how many of the secrets stand in an artefact; their text is not repeated anywhere."""
    return len({s.value for s in secrets if s.value and s.value in text})
