"""HAST metadata on a local disk, as `hastctl create` makes and `hastctl dump` shows them."""

from __future__ import annotations

from dataclasses import replace

from converge.lab.hast.conf import ConfResource
from converge.lab.hast.text import in_bytes
from converge.lab.world import Metadata, World

HEADER = 4096
SECTOR = 512
EXTENT = 2097152
KEEPDIRTY = 64


def create(
    world: World, node: str, conf: ConfResource, size: int, extent: int, keepdirty: int
) -> tuple[World, str, int]:
    """`hastctl create`; 0 stands for the default. The complaint and the exit code, if any.

    Asks nobody, least of all a running hastd (hast-create-while-primary). What lies on the disk
    stays where it is when the new header is as long as the old one.
    """
    disks = world.machine(node).disks
    disk = disks.get(conf.localpath)
    if disk is None:
        return world, f"Unable to open {conf.localpath}: No such file or directory.", 66
    if disk.fails:
        return world, "Unable to write metadata: Input/output error.", 74
    size = size or disk.size
    if size > disk.size:
        return world, f"Provided mediasize is larger than provider {conf.localpath} size.", 65
    extent = extent or EXTENT
    if extent % SECTOR:
        why = f"Extent size ({extent}) is not multiple of sector size ({SECTOR})."
        return world, why, 65
    metadata = blank(conf.name, size, extent, keepdirty or KEEPDIRTY)
    same = disk.metadata is not None and disk.metadata.localoff == metadata.localoff
    new = replace(disk, metadata=metadata, ufs=disk.ufs if same else None, queued=None)
    return world.change(node, disks=disks.put(conf.localpath, new)), "", 0


def number(text: str) -> int:
    """A number with a unit, as expand_number(3) reads it; 0 for none."""
    if not text:
        return 0
    power = "kmgt".find(text[-1].lower()) + 1
    digits = text[:-1] if power else text
    return int(digits) * 1024**power if digits.isdigit() else 0


def blank(name: str, size: int, extent: int, keepdirty: int) -> Metadata:
    """Metadata of a copy that was never used.

    The header takes 4096 bytes, the bitmap whole sectors behind it.
    """
    count = -(-(size - HEADER) // extent)
    words = -(-count // 32) * 4
    offset = HEADER + -(-words // SECTOR) * SECTOR
    return Metadata(
        resource=name,
        datasize=size - offset,
        extentsize=extent,
        keepdirty=keepdirty,
        localoff=offset,
    )


def dump(world: World, node: str, conf: ConfResource) -> tuple[str, str]:
    """`hastctl dump`: the text, or why there is none. hastd may be down."""
    disk = world.machine(node).disks.get(conf.localpath)
    if disk is None:
        return "", f"Unable to open {conf.localpath}: No such file or directory."
    if disk.fails == "read":
        return "", "Unable to read metadata: Input/output error."
    meta = disk.metadata
    if meta is None:
        return "", f"Unable to read metadata from {conf.localpath}: No such file or directory."
    if meta.resource not in ("", conf.name):
        return "", f"Provider {conf.localpath} is not part of resource {conf.name}."
    rows = {
        "datasize": in_bytes(meta.datasize),
        "extentsize": in_bytes(meta.extentsize),
        "keepdirty": meta.keepdirty,
        "localoff": meta.localoff,
        "resuid": meta.resuid,
        "localcnt": meta.localcnt,
        "remotecnt": meta.remotecnt,
        "prevrole": meta.prevrole,
    }
    text = "".join(f"    {key}: {value}\n" for key, value in rows.items())
    return f"resource: {conf.name}\n{text}", ""
