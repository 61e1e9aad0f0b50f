"""newfs, dumpfs, fstyp: making a file system, and what its superblock says."""

from __future__ import annotations

import math

from converge.core.host import Answer
from converge.lab.hast import storage
from converge.lab.hast.storage import Device
from converge.lab.shell.getopt import getopt
from converge.lab.ufs import NO_SUCH, checking, mounting
from converge.lab.world import Program, Result, Ufs, World, done, failed

NEWFS_S = 0.29


def _newfs(world: World, node: str, argv: tuple[str, ...], stdin: str) -> Result:
    """newfs [-U] [-L LABEL] DEVICE: everything that was on it is gone."""
    words = getopt(argv, "EJNUjlntL:O:S:T:a:b:c:d:e:f:g:h:i:k:m:o:p:r:s:")
    if words.bad or len(words.rest) != 1:
        return failed(world, 1, "usage: newfs [ -fsoptions ] special-device [device-type]\n")
    path = words.rest[0]
    device = storage.device(world, node, path)
    if device is None:
        return failed(world, 1, f"newfs: {path}: could not find special device\n")
    if mounting.writable_mount(world.machine(node), path) or device.busy_by:
        return failed(world, 1, f"newfs: {path}: failed to open disk for writing\n")
    if device.fails:
        return failed(
            world, 36, f"newfs: wtfs: {device.size // 512} sectors: Input/output error\n"
        )
    if device.answers_in_s == math.inf:
        return _never(world, path)
    waits_s = device.answers_in_s
    if not words.has("N"):
        world, stall_s = storage.write(world, node, path, checking.new_ufs(world.now))
        waits_s = max(waits_s, stall_s)
    took_s = NEWFS_S + waits_s
    if took_s == math.inf:
        return _never(world, path)
    return done(world, _told(device, soft=words.has("U")), took_s)


def _told(device: Device, *, soft: bool) -> str:
    layout = checking.Layout(device.size)
    text = f"{device.path}: {device.size / 2**20:.1f}MB ({layout.sectors} sectors) "
    text += "block size 32768, fragment size 4096\n"
    text += f"\tusing {layout.groups} cylinder groups of {layout.per_group / 256:.2f}MB, "
    text += f"{layout.per_group // 8} blks, {layout.inodes} inodes.\n"
    text += "\twith soft updates\n" if soft else ""
    blocks = [str(192 + group * layout.per_group * 8) for group in range(layout.groups)]
    rows: list[str] = []
    row = ""
    for block in blocks:
        joined = f"{row}, {block}" if row else f" {block}"
        if len(joined) > 78:
            rows, joined = [*rows, row + ","], f" {block}"
        row = joined
    return text + "super-block backups (for fsck_ffs -b #) at:\n" + "\n".join([*rows, row]) + "\n"


def _ufs_of(world: World, node: str, device: Device) -> Ufs | None:
    """What lies on the device, as the mounted one has it in memory."""
    mounts = [m for m in world.machine(node).mounts if m.device == device.path and not m.gone]
    return mounts[-1].ufs if mounts else device.ufs


def _dumpfs(world: World, node: str, argv: tuple[str, ...], stdin: str) -> Result:
    """dumpfs [-m] DEVICE. Without -m only the lines that somebody looks for."""
    words = getopt(argv, "flms")
    if words.bad or len(words.rest) != 1:
        return failed(world, 1, "usage: dumpfs [-flm] filesys | device\n")
    path = words.rest[0]
    device = _answering(world, node, path, f"dumpfs: {path}: could not find special device\n")
    if isinstance(device, Result):
        return device
    ufs = _ufs_of(world, node, device)
    if device.fails == "read":
        return failed(world, 1, f"dumpfs: {path}: Input/output error\n")
    if ufs is None:
        return failed(world, 1, f"dumpfs: {path}: {NO_SUCH}\n")
    text = _command(device) if words.has("m") else _superblock(ufs)
    return done(world, text, 0.05 + device.answers_in_s)


def _command(device: Device) -> str:
    layout = checking.Layout(device.size)
    text = f"# newfs command for {device.path} ({device.path})\n"
    text += "newfs -O 2 -U -a 32 -b 32768 -d 32768 -e 4096 -f 4096 "
    text += f"-g 16384 -h 64 -i 8192 -k 648 -m 8 -o time -s {layout.sectors} {device.path} \n"
    return text


def _superblock(ufs: Ufs) -> str:
    text = "magic\t19540119 (UFS2)\n"
    text += f"cgrotor\t0\tfmod\t0\tronly\t0\tclean\t{int(not checking.dirty(ufs))}\n"
    return text + f"flags\tsoft-updates \nfsmnt\t{ufs.last_mounted}\n"


def _fstyp(world: World, node: str, argv: tuple[str, ...], stdin: str) -> Result:
    """fstyp DEVICE: 1 when it knows no file system there."""
    words = getopt(argv, "lsu")
    if words.bad or len(words.rest) != 1:
        return failed(world, 1, "usage: fstyp [-l] [-s] [-u] special\n")
    path = words.rest[0]
    device = _answering(world, node, path, f"fstyp: {path}: {NO_SUCH}\n")
    if isinstance(device, Result):
        return device
    if device.fails == "read" or _ufs_of(world, node, device) is None:
        return failed(world, 1, f"fstyp: {path}: filesystem not recognized\n")
    return done(world, "ufs\n", 0.05 + device.answers_in_s)


def _answering(world: World, node: str, path: str, missing: str) -> Device | Result:
    """The device to read, or how a program ends that finds none or hears nothing from it."""
    device = storage.device(world, node, path)
    if device is None:
        return failed(world, 1, missing)
    return _never(world, path) if device.answers_in_s == math.inf else device


def _never(world: World, path: str) -> Result:
    return Result(world, Answer(lost=f"{path} does not answer"), math.inf)


PROGRAMS: dict[str, Program] = {"newfs": _newfs, "dumpfs": _dumpfs, "fstyp": _fstyp}
