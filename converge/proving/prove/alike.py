"""When are two scenes the same? What matters of them, with times as spans, as a value to compare.

Two scenes with the same abstract are explored once. What is left out must not decide anything:
names of processes, texts of logs, counters that nobody compares, absolute times.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from converge.core.ledger import Notes
from converge.core.plan import Action
from converge.core.state import Present
from converge.lab.hast.daemon import CONFIG
from converge.lab.machine.syslog import clock
from converge.lab.rows import rows_on_disk
from converge.lab.ufs.checking import dirty
from converge.lab.world import Disk, HastResource, Machine, Mount, Ufs, World
from converge.proving.actors.mind import Mind
from converge.proving.judge import sights
from converge.proving.prove.scene import Ground, Scene


def abstract(ground: Ground, scene: Scene) -> tuple[Any, ...]:
    """What matters of a scene."""
    world, now = scene.world, scene.world.now
    machines = tuple(_machine(m, now) for _, m in sorted(world.machines.items()))
    timers = tuple((t.node, t.what, t.args[:1], span(t.at - now)) for t in world.timers)
    minds = tuple(_mind(state, world, node, now) for node, state in sorted(scene.states.items()))
    copies = tuple(_copies(ground, scene, *one) for one in ground.devices)
    unseen = sorted((key, c.until <= now) for key, c in scene.history.unseen.items())
    lacks = tuple(sorted(scene.history.forgotten))
    lost = (tuple(sorted(scene.history.rotten)), tuple(unseen), lacks)
    past = (lost, scene.left, scene.delays, scene.ills, scene.holes)
    return machines, timers, minds, copies, past, scene.world.cuts, min(scene.crons, 3)


def span(seconds: float) -> float:
    """A time ahead or behind, in halves of seconds, and in pairs of them from 4 s on.

    No finer than needed, and no coarser than a turn of any loop of a run takes: else a loop would
    come back to where it was, and what comes after it would never be seen. What is
    still to come, be it ever so soon, is not now.
    """
    if abs(seconds) < 4:
        halves = round(seconds * 2) / 2
        return halves if halves or seconds <= 0 else 0.25
    return max(-90.0, min(90.0, 2.0 * round(seconds / 2)))


def _machine(machine: Machine, now: float) -> tuple[Any, ...]:
    ages = tuple(
        (span(now - r.lost) if r.lost is not None else None,
         span(r.stalled - now) if r.stalled is not None else None)
        for r in sights.volumes(machine)
    )  # fmt: skip
    young = span(min(60.0, now - machine.booted))
    return _still(machine), ages, young if machine.powered else 0.0


@lru_cache(maxsize=200_000)
def _still(machine: Machine) -> tuple[Any, ...]:
    """What of a machine does not depend on the time."""
    net = tuple(
        (i.name, i.up, i.carrier, len(i.addresses),
         tuple((v.state, v.password, v.advskew) for v in i.vhids))
        for i in machine.interfaces.values()
    )  # fmt: skip
    conf = machine.files.get(CONFIG)
    sealed = tuple(path for path, file in machine.files.items() if file.flags)
    return (
        (machine.powered, machine.booting, machine.halting, machine.hangs, machine.full),
        (tuple(machine.slow.items()), machine.ahead, conf and conf.text, sealed),
        net,
        machine.hastd is not None,
        tuple(_resource(r) for r in sights.volumes(machine)),
        tuple(_mount(m) for m in machine.mounts),
        tuple(p.data["phase"] for p in sights.servers(machine)),
        tuple(sorted(machine.orphans)),
        tuple((path, d.fails) for path, d in machine.disks.items()),
    )


def _resource(r: HastResource) -> tuple[Any, ...]:
    sync = r.sync.source if r.sync else ""
    flags = (
        bool(r.worker),
        r.connected,
        r.device,
        r.silent,
        r.behind,
        bool(r.waiting),
        bool(r.unserved),
    )
    maps = (bool(r.extents), bool(r.flight), bool(r.skipped), bool(r.write_errors))
    return r.name, r.role, sync, flags, maps, r.refusal


def _mount(mount: Mount) -> tuple[Any, ...]:
    return mount.device, mount.path, mount.gone, mount.unclean


def _copies(ground: Ground, scene: Scene, device: str, disk: str, datadir: str) -> tuple[Any, ...]:
    """How the two copies stand to each other and to what was promised."""
    world = scene.world
    disks = [world.machine(node).disks[disk] for node in ground.actors]
    rows = {row for of, row in scene.history.rows if of == device}
    last = max(rows, default="")
    has = tuple(last in rows_on_disk(world, node, disk, datadir) for node in ground.actors)
    seen = [sights.hast_mounts(world.machine(node)) for node in ground.actors]
    shown = [next((m.ufs for m in ms if m.device == device), None) for ms in seen]
    whose = tuple(_whose(m or d.ufs, datadir) for m, d in zip(shown, disks, strict=True))
    one, other = (d.metadata for d in disks)
    if one is None or other is None:
        return tuple(map(_disk, disks)), whose, has, (one is None, other is None)
    compared = (
        one.resuid == other.resuid,
        _sign(one.localcnt - other.remotecnt),
        _sign(other.localcnt - one.remotecnt),
        one.prevrole,
        other.prevrole,
        bool(one.marked),
        bool(other.marked),
    )
    return tuple(map(_disk, disks)), whose, has, compared


@lru_cache(maxsize=50_000)
def _whose(ufs: Ufs | None, datadir: str) -> tuple[Any, ...]:
    """Whether a database is there, and whose it says it is."""
    files = {} if ufs is None else ufs.files
    named = files.get(f"{datadir}/converge.id")
    return f"{datadir}/mysql" in files, named and named.text


@lru_cache(maxsize=50_000)
def _disk(disk: Disk) -> tuple[Any, ...]:
    if disk.ufs is None:
        return ()
    return dirty(disk.ufs), disk.ufs.torn, disk.ufs.broken, disk.queued is not None


def _sign(number: int) -> int:
    return (number > 0) - (number < 0)


def _mind(state: Any, world: World, node: str, now: float) -> Any:
    """What an actor is at. The script's state is small and compared as it is, but for times."""
    if not isinstance(state, Mind):
        return _plain(state, now)
    due = None if state.due is None else span(state.due - now)
    begun = tuple((span(b.ends - now), b.answer.code, bool(b.answer.lost)) for b in state.begun)
    memory = tuple(
        (str(id), _notes(notes, world, node, now))
        for id, notes in sorted(state.ledger.notes.items())
        if notes
    )
    seen = None if state.seen is None else _seen(state.seen.observed)
    moving = _moving(state, now)
    flags = (moving, state.again, state.knocking, state.listening, state.written)
    return due, begun, memory, seen, flags, _course(state, now)


def _moving(state: Mind, now: float) -> Any:
    word = state.ledger.handover
    return word and (word.leader, bool(word.back), span(word.until_s - clock(now).timestamp()))


def _course(state: Mind, now: float) -> Any:
    course = state.course
    if course is None:
        return None
    wait = course.charter.wait_until_s
    rest = None if course.rest is None else span(course.rest - now)
    told = (len(course.passes), course.graces, rest, None if wait is None else span(wait - now))
    carrying = course.carrying
    if carrying is None:
        return told
    acts = tuple(_act(a) for a in carrying.waiting)
    runs = tuple(
        (_act(r.action), r.answer is None, span(r.settle_until_s - now)) for r in carrying.running
    )
    ended = tuple((o.action.key, o.ending.value) for o in carrying.outcomes)
    return told, acts, runs, ended, carrying.heard


def _act(action: Action) -> tuple[str, int]:
    return action.key, action.rung


def _notes(notes: Notes, world: World, node: str, now: float) -> tuple[Any, ...]:
    """What is remembered, its moments as spans, what names a worker as whether it is that one."""
    found: list[Any] = []
    for key, note in sorted(notes.items()):
        if key == "promoted_at":
            moments = note if isinstance(note, tuple) else ()
            found.append((key, sum(now - at < 600 for at in moments)))
        elif key == "synced_pid":
            workers = {r.worker for r in sights.volumes(world.machine(node))}
            found.append((key, note in workers))
        elif key.endswith("_at") and isinstance(note, int | float):
            found.append((key, span(min(30.0, now - note))))
        elif key not in ("resuid", "copy"):
            found.append((key, note))
    return tuple(found)


@lru_cache(maxsize=100_000)
def _state_words(state: Any) -> tuple[Any, ...]:
    """The fields of a state that decide, without its numbers of processes and seconds."""
    from dataclasses import fields

    words: list[Any] = [type(state).__name__]
    for one in fields(state):
        value = getattr(state, one.name)
        if one.compare or isinstance(value, bool | str | None):
            words.append(value)
        elif isinstance(value, int | tuple):
            words.append(bool(value))
    return tuple(words)


def _seen(observed: Any) -> tuple[Any, ...]:
    return tuple(
        (str(id), _state_words(seen.state) if isinstance(seen, Present) else type(seen).__name__)
        for id, seen in sorted(observed.items())
        if id.kind not in ("setting", "file", "sysctl")
    )


def _plain(state: Any, now: float) -> Any:
    """Fields of an actor's state with its moments as spans."""
    if hasattr(state, "__dataclass_fields__"):
        return tuple(_plain(getattr(state, name), now) for name in state.__dataclass_fields__)
    if isinstance(state, float):
        return span(state - now)
    return state
