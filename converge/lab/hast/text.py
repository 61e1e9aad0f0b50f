"""What `hastctl list` and `hastctl status` print of one resource (hast-*-list-*, -status-*)."""

from __future__ import annotations

from converge.lab.hast import syncing
from converge.lab.hast.extents import EXTENT
from converge.lab.world import HastResource, World

HEADING = "Name\tStatus\t Role\t\tComponents\n"
REQUESTS = 256
"""Requests that a worker has in all; one waits for the kernel or the wire once it has begun."""


def in_bytes(size: int) -> str:
    """A number as hastctl prints it: 2097152 (2.0MB)."""
    value, unit = float(size), ""
    for unit in ("", "K", "M", "G", "T"):
        if value < 999.5 or unit == "T":
            break
        value /= 1024
    short = f"{value:.1f}" if unit and value < 9.95 else f"{value:.0f}"
    return f"{size} ({short}{unit}B)"


def _state(resource: HastResource) -> str:
    """The status: only a worker has one, and it says no more than that a connection exists."""
    if not resource.worker:
        return ""
    return "complete" if resource.connected else "degraded"


def row(world: World, resource: HastResource) -> str:
    """One line of `hastctl status`."""
    state = _state(resource) or "-"
    left = f"{resource.name}\t{state:9}{resource.role:15}"
    return f"{left}{resource.localpath}\t{resource.remote}\n"


def record(world: World, resource: HastResource) -> str:
    """One record of `hastctl list`."""
    primary = resource.role == "primary"
    meta = resource.meta if resource.worker else None
    extent = meta.extentsize if meta else 0
    rows = [
        f"role: {resource.role}",
        f"provname: {resource.provname}",
        f"localpath: {resource.localpath}",
        f"extentsize: {in_bytes(extent)}",
        f"keepdirty: {meta.keepdirty if meta and primary else 0}",
        f"remoteaddr: {resource.remote}",
        f"sourceaddr: {resource.source}" if resource.source else "",
        f"replication: {resource.replication}",
        f"status: {_state(resource)}" if resource.worker else "",
        f"workerpid: {resource.worker}" if resource.worker else "",
        f"dirty: {in_bytes(syncing.dirty(world, resource) * EXTENT if primary else 0)}",
        *_statistics(resource),
    ]
    return f"{resource.name}:\n" + "".join(f"  {text}\n" for text in rows if text)


def _statistics(resource: HastResource) -> list[str]:
    errors = f"read: {resource.read_errors}, write: {resource.write_errors}, delete: 0, flush: 0"
    begun = resource.device or resource.role == "secondary"
    copying = 1 if resource.sync else 0
    idle = REQUESTS - (1 if begun else 0) - copying if resource.worker else 0
    return [
        "statistics:",
        f"  reads: {resource.reads}",
        f"  writes: {resource.writes}",
        "  deletes: 0",
        "  flushes: 0",
        f"  activemap updates: {resource.activemap_updates}",
        f"  local errors: {errors}",
        f"  queues: local: 0, send: 0, recv: {copying}, done: 0, idle: {idle}",
    ]
