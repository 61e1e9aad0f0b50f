"""dd(1) and diskinfo(8): reading from devices that may be missing, slow or silent."""

from __future__ import annotations

from dataclasses import replace
from math import inf
from typing import NamedTuple

from converge.core.host import Answer
from converge.lab import ufs
from converge.lab.hast import storage
from converge.lab.hast.text import in_bytes
from converge.lab.shell.getopt import getopt
from converge.lab.world import Disk, File, Program, Result, Ufs, World, done, failed

SPEED = 30e6
"""Bytes a second."""

ENDLESS = ("/dev/zero", "/dev/random", "/dev/urandom")
MISSING = "No such file or directory"
BROKEN = "Input/output error"
SUPERBLOCK = 65536
"""Where a UFS begins to be lost when the start of its device is overwritten."""


class Input(NamedTuple):
    """What can be read: so many bytes (inf: endless), a text if it is a file, why not if not."""

    size: float
    text: str = ""
    why: str = ""
    waits_s: float = 0.0


def dd(world: World, node: str, argv: tuple[str, ...], stdin: str) -> Result:
    """Operands if, of, bs, count, seek; others change nothing that can be seen here."""
    words = dict(word.partition("=")[::2] for word in argv[1:])
    block, count = _size(words.get("bs", "512")), words.get("count", "")
    source, target = words.get("if", ""), words.get("of", "")
    found = _input(world, node, source, stdin)
    if found.waits_s == inf:
        return Result(world, Answer(lost=f"dd gave no answer: {source} is silent"), inf)
    if found.why and found.size < 0:
        return failed(world, 1, f"dd: {source}: {found.why}\n")
    if found.why:
        return Result(world, _told(1, block, 0, f"dd: {source}: {found.why}\n"), found.waits_s)
    size = min(found.size, block * int(count) if count.isdigit() else inf)
    if size == inf:
        return Result(world, Answer(lost="dd gave no answer: endless input"), inf)
    start = block * int(words.get("seek", "") or words.get("oseek", "") or 0)
    content = File(found.text[: int(size)], zeros=max(0, int(size) - len(found.text)))
    written = _output(world, node, target, content, start)
    took_s = 0.03 + size / SPEED + found.waits_s + written.took_s
    if written.error:
        return Result(
            written.world, _told(1, block, 0, f"dd: {target}: {written.error}\n"), took_s
        )
    if took_s == inf:
        return Result(written.world, Answer(lost=f"dd gave no answer: {target} is silent"), inf)
    return Result(written.world, _told(0, block, int(size)), took_s)


def _told(code: int, block: int, size: int, why: str = "") -> Answer:
    whole, rest = divmod(size, block)
    secs = max(0.003, size / SPEED)
    records = f"{whole}+{1 if rest else 0} records"
    rate = f"{size} bytes transferred in {secs:.6f} secs ({size / secs:.0f} bytes/sec)"
    return Answer(code, "", f"{why}{records} in\n{records} out\n{rate}\n")


def _size(text: str) -> int:
    """A number of dd: 512, 1m, 4k."""
    power = "kmg".find(text[-1:].lower()) + 1 if text else 0
    digits = text[:-1] if power else text
    return max(1, int(digits) * 1024**power) if digits.isdigit() else 512


def _input(world: World, node: str, path: str, stdin: str) -> Input:
    if not path:
        return Input(len(stdin), stdin)
    if path in ENDLESS:
        return Input(inf)
    device = storage.device(world, node, path)
    if device is not None:
        why = BROKEN if device.fails == "read" else ""
        return Input(device.size, "", why, device.answers_in_s)
    file = ufs.read_file(world, node, path)
    if file is None:
        return Input(-1, "", MISSING)
    return Input(len(file.text) + file.zeros, file.text)


def _output(world: World, node: str, path: str, content: File, start: int) -> ufs.Written:
    device = storage.device(world, node, path)
    if path in ("", "/dev/null"):
        return ufs.Written(world)
    if device is None:
        old = ufs.read_file(world, node, path)
        new = content if old is None else replace(old, text=content.text, zeros=content.zeros)
        return ufs.write_file(world, node, path, replace(new, mtime=world.now))
    if device.fails == "write":
        return ufs.Written(world, BROKEN)
    if start > SUPERBLOCK:
        return ufs.Written(world)
    disk = world.machine(node).disks.get(path)
    if disk is not None:
        return ufs.Written(_overwritten(world, node, path, disk, content))
    lost = start + len(content.text) + content.zeros > SUPERBLOCK
    if not lost or device.ufs is None:
        return ufs.Written(world)
    world, stall_s = storage.write(world, node, path, Ufs(clean=False, broken=True))
    return ufs.Written(world, took_s=stall_s)


def _overwritten(world: World, node: str, path: str, disk: Disk, content: File) -> World:
    """The start of a local disk: HAST metadata lie in the first sector, a UFS further in."""
    lost = len(content.text) + content.zeros > SUPERBLOCK
    new = replace(disk, metadata=None, ufs=None if lost or disk.metadata else disk.ufs)
    return world.change(node, disks=world.machine(node).disks.put(path, new))


def diskinfo(world: World, node: str, argv: tuple[str, ...], stdin: str) -> Result:
    """`diskinfo [-v] device` (hast-diskinfo)."""
    words = getopt(argv, "citSvwps")
    if words.bad or len(words.rest) != 1:
        usage = "usage: diskinfo [-ciSvw] disk ...\n       diskinfo [-l] [-p] disk ...\n"
        return failed(world, 1, usage)
    path = words.rest[0]
    device = storage.device(world, node, path)
    if device is None:
        return failed(world, 1, f"diskinfo: {path}: {MISSING}\n")
    disk = world.machine(node).disks.get(path)
    sector = disk.sector if disk else 512
    sectors = device.size // sector
    if not words.has("v"):
        return done(world, f"{path}\t{sector}\t{device.size}\t{sectors}\t0\t0\n")
    short = in_bytes(device.size).partition("(")[2].rstrip("B)")
    rows = {
        "sectorsize": sector,
        f"mediasize in bytes ({short})": device.size,
        "mediasize in sectors": sectors,
        "stripesize": 0,
        "stripeoffset": 0,
        "TRIM/UNMAP support": "No",
        "Rotation rate in RPM": "Unknown",
    }
    text = "".join(f"\t{value!s:12}\t# {what}\n" for what, value in rows.items())
    return done(world, f"{path}\n{text}\n")


PROGRAMS: dict[str, Program] = {"dd": dd, "diskinfo": diskinfo}
