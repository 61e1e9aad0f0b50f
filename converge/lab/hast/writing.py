"""Writes to a HAST device: the local component, the peer, and what is marked for later."""

from __future__ import annotations

from dataclasses import replace

from converge.lab.hast import connection, extents, syncing
from converge.lab.hast import pair as hastpair
from converge.lab.hast.pair import Place
from converge.lab.world import Queued, Table, Ufs, World


def content(world: World, place: Place) -> Ufs | None:
    """What the device shows: the local component, or the peer's while the own one is stale; what
    waits for a worker comes from the kernel."""
    if (kept := hastpair.get(world, place).unserved) is not None:
        return kept
    there = hastpair.partner(world, place)
    source = there if hastpair.get(world, place).behind and there is not None else place
    disk = hastpair.disk(world, source)
    return None if disk is None else disk.ufs


def write(world: World, place: Place, ufs: Ufs) -> tuple[World, float]:
    """Put a new content on a primary's device; the seconds that the write stalls."""
    old = content(world, place)
    resource = hastpair.get(world, place)
    if old == ufs or resource.meta is None:
        return world, 0.0
    touched = extents.touched(old, ufs, resource.meta.datasize)
    paths = extents.changed_paths(old, ufs)
    world = _locally(world, place, old, ufs, touched)
    if hastpair.linked(world, place):
        return _to_peer(world, place, old, ufs, paths), 0.0
    if not resource.connected:
        fields = {"extents": resource.extents | touched, "skipped": resource.skipped - paths}
        return connection.wrote_alone(hastpair.change(world, place, **fields), place), 0.0
    flight, waiting = resource.flight | touched, resource.waiting | paths
    world = hastpair.change(world, place, flight=flight, waiting=waiting)
    if hastpair.carries(world, place):
        return connection.broken(world, place), 0.0
    return _unanswered(world, place)


def queue(world: World, place: Place, ufs: Ufs) -> World:
    """A write while the worker is being replaced: the kernel keeps it, and it is done as any other
    when the new worker takes I/O, with the peer or alone."""
    return world if content(world, place) == ufs else hastpair.change(world, place, unserved=ufs)


def taken_up(world: World, place: Place) -> World:
    """The new worker takes I/O: what was kept for it comes first."""
    kept = hastpair.get(world, place).unserved
    world = hastpair.change(world, place, unserved=None)
    return world if kept is None else write(world, place, kept)[0]


def _locally(
    world: World, place: Place, old: Ufs | None, ufs: Ufs, touched: frozenset[int]
) -> World:
    """The local component. An error there is only counted: the peer's copy hides it."""
    resource, disk = hastpair.get(world, place), hastpair.disk(world, place)
    meta, count = resource.meta, len(touched)
    fresh = len(touched - set(meta.marked if meta else ()))
    world = hastpair.change(
        world,
        place,
        writes=resource.writes + count,
        activemap_updates=resource.activemap_updates + fresh,
    )
    if meta is not None and meta.resuid == 0 and meta.localcnt == 0:
        world = hastpair.change(world, place, meta=replace(meta, localcnt=1))
    if disk is None or disk.fails == "write":
        errors = resource.write_errors + count
        return hastpair.change(world, place, write_errors=errors)
    new = carried(old, ufs, disk.ufs, frozenset())
    return connection.mark(hastpair.change_disk(world, place, ufs=new), place, touched)


def _to_peer(
    world: World, place: Place, old: Ufs | None, ufs: Ufs, paths: frozenset[str]
) -> World:
    """Both ends are there. Only fullsync waits until the peer's disk has it."""
    there = hastpair.partner(world, place)
    disk = None if there is None else hastpair.disk(world, there)
    if there is None or disk is None:
        return world
    mine, theirs = hastpair.get(world, place), hastpair.get(world, there)
    world = connection.spoken(world, place)
    world = hastpair.change(world, place, skipped=mine.skipped - paths)
    world = hastpair.change(world, there, writes=theirs.writes + 1)
    if disk.fails == "write":
        return hastpair.change(world, there, write_errors=theirs.write_errors + 1)
    new = carried(old, ufs, disk.ufs, mine.skipped - paths)
    queued = None if mine.replication == "fullsync" else Queued(disk.ufs, world.now)
    return hastpair.change_disk(world, there, ufs=new, queued=queued)


def _unanswered(world: World, place: Place) -> tuple[World, float]:
    """The peer is still called connected but hears nothing: the write waits for `timeout`."""
    resource = hastpair.get(world, place)
    until = world.now + resource.timeout if resource.stalled is None else resource.stalled
    world = hastpair.change(world, place, stalled=until)
    world = hastpair.only_once(world, place, "hast-stalled", until)
    return world, 0.0 if resource.replication == "async" else until - world.now


def carried(old: Ufs | None, new: Ufs, theirs: Ufs | None, skipped: frozenset[str]) -> Ufs | None:
    """What stands on a copy after the write that made `new` of `old`.

    A copy that was not the same before becomes a mixture; half of a file system on a disk that
    had none is none. A copy that is ahead, as the writer's own disk fails, is whole.
    """
    if theirs == old or old is None:
        return new
    if theirs is None:
        return None
    if syncing.without(old, skipped, theirs) == replace(theirs, torn=old.torn):
        made = syncing.without(new, skipped, theirs) or new
        return replace(made, torn=new.torn or theirs.torn)
    paths = extents.changed_paths(old, new)
    files = {p: f for p, f in theirs.files.items() if p not in paths}
    files |= {p: f for p, f in new.files.items() if p in paths}
    mixed = Table(files)
    return replace(new, files=mixed, torn=new.torn or theirs.torn or mixed != new.files)
