"""Synchronisation of the two copies: its course, and what stands on the receiving side."""

from __future__ import annotations

from dataclasses import replace
from math import ceil

from converge.lab.hast import extents
from converge.lab.hast import log as hastlog
from converge.lab.hast import pair as hastpair
from converge.lab.hast.pair import Place
from converge.lab.world import HastResource, Sync, Table, Ufs, World

USED_S = 0.25
"""Seconds for an extent that holds something (timeline-hast-resync: 8 MB/s)."""

EMPTY_S = 0.035
"""Seconds for one full of zeros (the end of timeline-hast-splitbrain-resolved)."""


def begin(world: World, place: Place, wanted: frozenset[int], *, full: bool = False) -> World:
    """Two ends have just met: synchronise these extents, if there are any. `full`: these are all.

    With nothing to do both are believed to be the same, whatever lies on them (blind spot B3).
    """
    world = hastpair.change(world, place, extents=wanted, sync=None)
    giver, taker = _ends(world, place)
    content = _content(world, giver)
    if not wanted:
        unlike = content != _content(world, taker) and not hastpair.get(world, place).skipped
        return _settle(_unlike(world, place) if unlike else world, place)
    resource = hastpair.get(world, place)
    busy = len(wanted & extents.used(content, _size(resource)))
    span = busy * USED_S + (len(wanted) - busy) * EMPTY_S
    source = "secondary" if resource.behind else "primary"
    world = hastpair.change(world, place, sync=Sync(source, world.now, world.now + span, full))
    world = hastlog.hook(world, place, "syncstart")
    stale = _content(world, taker)
    made = without(content, _left(resource, content), stale)
    if stale != made:
        torn = replace(made or stale or Ufs(), torn=True)
        world = hastpair.change_disk(world, taker, ufs=torn)
    return _until(world, place, world.now + span)


def _until(world: World, place: Place, ends: float) -> World:
    """It will be over then; so long both ends hear of each other all the time."""
    for end in (place, hastpair.partner(world, place) or place):
        world = hastpair.change(world, end, spoke=ends)
    return hastpair.at(world, place, "hast-synced", ends)


def resume(world: World, place: Place) -> World:
    """The network is back and nobody has noticed its absence: the rest is copied now."""
    resource = hastpair.get(world, place)
    if resource.sync is None or resource.lost is None:
        return world
    gap = world.now - resource.lost
    began, ends = resource.sync.began + gap, resource.sync.ends + gap
    world = hastpair.change(world, place, sync=replace(resource.sync, began=began, ends=ends))
    return _until(world, place, ends)


def finished(world: World, node: str, args: tuple[str, ...]) -> World:
    """Timer: the last extent has been copied."""
    place = Place(node, args[0])
    resource = hastpair.find(world, place)
    if resource is None or resource.sync is None or not hastpair.linked(world, place):
        return world
    giver, taker = _ends(world, place)
    content, stale = _content(world, giver), _content(world, taker)
    left = _left(resource, content)
    mixed = not resource.sync.full and any(_is_unlike(world, end) for end in (giver, taker))
    made = without(content, left, stale)
    made = replace(made, torn=True) if mixed and made else made
    world = hastpair.change_disk(world, taker, ufs=made)
    if resource.sync.full:
        world = _unlike(world, place, unlike=False)
    world = hastpair.change(world, place, extents=frozenset(), sync=None, skipped=left)
    return _settle(hastlog.hook(world, place, "syncdone"), place)


def interrupt(world: World, place: Place) -> World:
    """The connection broke under a synchronisation; what was not copied stays marked."""
    resource = hastpair.get(world, place)
    if resource.sync is None:
        return world
    world = hastlog.hook(world, place, "syncintr")
    world = hastpair.cancel(world, place, "hast-synced")
    return hastpair.change(world, place, extents=remaining(world, resource), sync=None)


def remaining(world: World, resource: HastResource) -> frozenset[int]:
    """Extents that are still to be copied now; they go in ascending order."""
    if resource.sync is None:
        return resource.extents
    span = resource.sync.ends - resource.sync.began
    now = world.now if resource.lost is None else resource.lost
    part = max(0.0, resource.sync.ends - now) / span if span else 0.0
    left = min(len(resource.extents), ceil(len(resource.extents) * part))
    return frozenset(sorted(resource.extents)[len(resource.extents) - left :])


def dirty(world: World, resource: HastResource) -> int:
    """Extents as `hastctl list` counts them at this moment."""
    return len(remaining(world, resource) | resource.flight)


def without(content: Ufs | None, paths: frozenset[str], stale: Ufs | None) -> Ufs | None:
    """`content`, but these files as they are in `stale`."""
    if content is None or not paths:
        return content
    old = {} if stale is None else stale.files
    files = {p: f for p, f in content.files.items() if p not in paths}
    files |= {p: old[p] for p in sorted(paths) if p in old}
    return replace(content, files=Table(files))


def _is_unlike(world: World, place: Place) -> bool:
    disk = hastpair.disk(world, place)
    return disk is not None and disk.unlike


def _unlike(world: World, place: Place, *, unlike: bool = True) -> World:
    """The two copies are no copies of each other, which only a full synchronisation mends."""
    for end in _ends(world, place):
        world = hastpair.change_disk(world, end, unlike=unlike)
    return world


def _settle(world: World, place: Place) -> World:
    """Both are the same now: the primary takes over the secondary's counters, crosswise."""
    resource = hastpair.get(world, place)
    world = hastpair.change(world, place, behind=False)
    if resource.meta is None:
        return world
    local, remote = resource.peer_remotecnt, resource.peer_localcnt
    meta = replace(resource.meta, localcnt=local, remotecnt=remote)
    return hastpair.write_header(world, place, meta)


def _ends(world: World, place: Place) -> tuple[Place, Place]:
    """Who gives and who takes."""
    there = hastpair.partner(world, place) or place
    return (there, place) if hastpair.get(world, place).behind else (place, there)


def _content(world: World, place: Place) -> Ufs | None:
    disk = hastpair.disk(world, place)
    return None if disk is None else disk.ufs


def _size(resource: HastResource) -> int:
    return 0 if resource.meta is None else resource.meta.datasize


def _left(resource: HastResource, content: Ufs | None) -> frozenset[str]:
    """Skipped files whose extents are not among those that are copied either."""
    files = {} if content is None else content.files
    size = _size(resource)
    return frozenset(
        p
        for p in resource.skipped
        if p in files and not extents.of_file(p, files[p], size) <= resource.extents
    )
