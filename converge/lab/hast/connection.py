"""A connection between a primary's worker and a secondary's: its beginning and its two ends."""

from __future__ import annotations

from dataclasses import replace

from converge.lab.hast import extents, handshake, queues, syncing
from converge.lab.hast import log as hastlog
from converge.lab.hast import pair as hastpair
from converge.lab.hast.pair import Place
from converge.lab.world import Metadata, World

LOST = 75
"""With this a secondary's worker leaves when its primary is gone (EX_TEMPFAIL)."""


def made(world: World, place: Place, there: Place, *, untouched: bool) -> World:
    """The handshake went well. `untouched`: the primary had never written before."""
    mine, disk = hastpair.get(world, place), hastpair.disk(world, there)
    if mine.meta is None or disk is None or disk.metadata is None:
        return world
    theirs = disk.metadata
    verdict = handshake.judge(mine.meta, theirs, untouched=untouched)
    world = _answered(world, there, theirs, mine.meta.resuid)
    behind = verdict.source == "secondary"
    counters = {"peer_localcnt": theirs.localcnt, "peer_remotecnt": theirs.remotecnt}
    fields = {"connected": True, "spoke": world.now, "lost": None, "behind": behind}
    world = hastpair.change(world, place, **counters, **fields)
    if verdict.blank and mine.meta.localcnt == 0:
        world = hastpair.write_header(world, place, replace(mine.meta, localcnt=1))
    world = hastlog.hook(hastlog.hook(world, there, "connect"), place, "connect")
    everything = frozenset(range(extents.count(mine.meta.datasize)))
    marked = frozenset() if verdict.blank else frozenset(theirs.marked)
    wanted = everything if verdict.full else mine.extents | marked
    return syncing.begin(mark(world, place, wanted), place, wanted, full=verdict.full)


def _answered(world: World, there: Place, theirs: Metadata, resuid: int) -> World:
    """The secondary's main process starts a worker; a blank one takes over the resuid."""
    world, pid = hastpair.new_pid(world, there.node)
    fields = {"worker": pid, "connected": True, "since": world.now, "meta": theirs}
    counters = {"reads": 0, "writes": 0, "read_errors": 0, "write_errors": 0}
    world = hastpair.change(world, there, spoke=world.now, lost=None, **fields, **counters)
    if theirs.resuid == 0:
        world = hastpair.write_header(world, there, replace(theirs, resuid=resuid))
    return world


def spoken(world: World, place: Place) -> World:
    """Something went over the wire just now; both ends know it."""
    for end in (place, hastpair.partner(world, place) or place):
        spoke = max(world.now, hastpair.get(world, end).spoke)
        world = hastpair.change(world, end, spoke=spoke)
    return world


def freed(world: World, there: Place) -> World:
    """A worker that still waits for a former connection is put away for a new one."""
    pid = hastpair.get(world, there).worker
    if not pid:
        return world
    world = hastlog.killed(world, there, pid, 2)
    return _workerless(world, there)


def parted(world: World, there: Place) -> World:
    """The secondary's worker has lost its primary and leaves."""
    pid = hastpair.get(world, there).worker
    world = hastlog.hook(world, there, "disconnect")
    return _workerless(hastlog.exited(world, there, pid, LOST), there)


def _workerless(world: World, there: Place) -> World:
    world = queues.lost(world, there.node, hastpair.get(world, there).localpath)
    world = hastpair.forget_timers(world, there)
    return hastpair.change(world, there, worker=0, connected=False, lost=None, meta=None)


def broken(world: World, place: Place) -> World:
    """The primary notices that its peer is gone. Unanswered writes are done now, here alone.

    Of these only what takes several requests is put on the map for the next synchronisation;
    a single request that was under way is forgotten (blind spot B2).
    """
    world = syncing.interrupt(world, place)
    resource = hastpair.get(world, place)
    world = hastpair.change(
        world,
        place,
        connected=False,
        lost=None,
        stalled=None,
        flight=frozenset(),
        waiting=frozenset(),
        refusal="",
        tries=0,
    )
    for what in ("hast-stalled", "hast-noticed"):
        world = hastpair.cancel(world, place, what)
    world = hastlog.hook(world, place, "disconnect")
    if not resource.flight:
        return world
    disk = hastpair.disk(world, place)
    files = {} if disk is None or disk.ufs is None else disk.ufs.files
    large = {
        p for p in resource.waiting if p in files and extents.length(files[p]) > extents.REQUEST
    }
    size = 0 if resource.meta is None else resource.meta.datasize
    runs = (extents.of_file(p, files[p], size) for p in large)
    missed = resource.extents.union(*runs)
    skipped = resource.skipped | (resource.waiting - large)
    return wrote_alone(hastpair.change(world, place, extents=missed, skipped=skipped), place)


def wrote_alone(world: World, place: Place) -> World:
    """A write ended without the peer: the first one after a disconnect raises localcnt.

    Compared is what the peer said at the last connect of this very worker (blind spot B1).
    """
    resource = hastpair.get(world, place)
    if resource.meta is None or resource.meta.localcnt != resource.peer_remotecnt:
        return world
    meta = replace(resource.meta, localcnt=resource.meta.localcnt + 1)
    return hastpair.write_header(world, place, meta)


def mark(world: World, place: Place, touched: frozenset[int]) -> World:
    """Mark extents in the on-disk bitmap; the last `keepdirty` used ones stay marked there."""
    resource, disk = hastpair.get(world, place), hastpair.disk(world, place)
    if resource.meta is None or disk is None or disk.fails == "write":
        return world
    before = tuple(n for n in resource.meta.marked if n not in touched)
    needed = resource.extents | resource.flight | touched
    spare = max(0, resource.meta.keepdirty - len(touched))
    kept = tuple(n for i, n in enumerate(before) if n in needed or i >= len(before) - spare)
    marked = (*kept, *sorted(touched))
    meta = replace(resource.meta, marked=marked)
    world = hastpair.change(world, place, meta=meta)
    if disk.metadata is None:
        return world
    return hastpair.change_disk(world, place, metadata=replace(disk.metadata, marked=marked))
