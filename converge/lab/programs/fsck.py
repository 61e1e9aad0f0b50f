"""fsck, fsck_ufs, fsck_ffs: checking a file system that is not mounted (facts 11 and 12)."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from converge.core.host import Answer
from converge.lab.hast import storage
from converge.lab.hast.storage import Device
from converge.lab.shell.getopt import Words, getopt
from converge.lab.ufs import NO_SUCH, checking, mounting
from converge.lab.ufs.checking import MISCOUNTED, PHASES, tally, tally_clean
from converge.lab.ufs.files import Shown, moment
from converge.lab.world import File, Program, Result, Ufs, World, failed

CHECK_S = 0.06
PER_BYTE_S = 3e-10
"""A full check reads the metadata: 0.1 s for 256 MB as recorded, minutes for a terabyte (F51)."""

UNEXPECTED = "UNEXPECTED INCONSISTENCY; RUN fsck MANUALLY."
NO_BLOCK = "Cannot find file system superblock\n"


@dataclass(frozen=True, slots=True)
class _Found:
    """What one check says, how it ends, and what is written to the device afterwards."""

    code: int
    text: str
    left: Ufs | None = None
    took_s: float = CHECK_S


def _fsck(world: World, node: str, argv: tuple[str, ...], stdin: str) -> Result:
    """fsck [-pnyF] [-t ufs] DEVICE ... ; the wrapper puts the codes together."""
    words = getopt(argv, "BCdDEfFl:npRrSyt:T:vZzc:b:m:")
    wrapper = argv[0].rsplit("/", 1)[-1] == "fsck"
    if words.bad or not words.rest:
        return failed(world, 1, f"usage: {argv[0]} [-BEFfnprSyZ] filesystem ...\n")
    code, text, took_s = 0, "", 0.0
    for path in words.rest:
        device = storage.device(world, node, path)
        if device is not None and device.answers_in_s == math.inf:
            return Result(world, Answer(lost=f"{path} does not answer"), math.inf)
        found = _checked(world, node, words, device, path)
        code, text = code | found.code, text + found.text
        if device is None and wrapper:
            text += f"Can't stat {path}\n"
        waits_s = device.answers_in_s if device else 0.0
        if found.left is not None:
            world, stall_s = storage.write(world, node, path, found.left)
            waits_s = max(waits_s, stall_s)
        took_s += found.took_s + waits_s
    if took_s == math.inf:
        return Result(world, Answer(lost="the disk does not answer"), math.inf)
    return Result(world, Answer(code, text), took_s)


def _checked(world: World, node: str, words: Words, device: Device | None, path: str) -> _Found:
    if device is None:
        return _Found(3, f"Can't stat {path}: {NO_SUCH}\n")
    mounts = [m for m in world.machine(node).mounts if m.device == path and not m.gone]
    shut = bool(device.busy_by) or mounting.writable_mount(world.machine(node), path)
    ufs = mounts[-1].ufs if mounts else None if device.fails == "read" else device.ufs
    if ufs is None:
        loud = not (words.has("p") or words.has("F"))
        return _Found(8 if loud else 3, NO_BLOCK * (2 if loud else 1))
    if words.has("F"):
        return _Found(0 if checking.dirty(ufs) else 7, "")
    wrong = checking.dirty(ufs)
    if mounts:
        wrong = mounts[-1].unclean or checking.dirty(replace(ufs, clean=True))
    if words.has("p"):
        return _preened(device, ufs, shut=shut or words.has("n"))
    return _walked(device, ufs, wrong=wrong, write=words.has("y") and not shut)


def _preened(device: Device, ufs: Ufs, *, shut: bool) -> _Found:
    """`fsck -p`: repairs what is harmless, skips what is clean, gives up at the rest."""
    start = f"{device.path}: "
    if shut:
        return _Found(8, f"{start}NO WRITE ACCESS\n{start}{UNEXPECTED}\n")
    took_s = CHECK_S + device.size * PER_BYTE_S
    if ufs.broken:
        return _Found(8, f"{start}64312 DUP I=8196\n{start}{UNEXPECTED}\n", None, took_s)
    if not checking.dirty(ufs):
        text = f"{start}FILE SYSTEM CLEAN; SKIPPING CHECKS\n"
        return _Found(0, f"{text}{start}{tally_clean(ufs, device.size)}\n")
    text = ""
    for inode, file in checking.lost(ufs):
        text += "".join(f"{start}{line}\n" for line in _about(inode, file)) + " (CLEARED)\n"
    text += "".join(f"{start}{what} (SALVAGED)\n" for what in MISCOUNTED)
    left = checking.repaired(ufs)
    return _Found(0, f"{text}{start}{tally(left, device.size)}\n", left, took_s)


def _about(inode: int, file: File) -> tuple[str, str]:
    user = file.owner.partition(":")[0]
    shown = Shown("", file)
    mode = f"{shown.kind.lstrip('0')}{shown.permissions}"
    when = f"{moment(file.mtime):%b %e %H:%M %Y}"
    what = "DIR" if file.is_dir else "FILE"
    size = checking.length(file)
    return f"UNREF {what} I={inode}  OWNER={user} MODE={mode}", f"SIZE={size} MTIME={when} "


def _walked(device: Device, ufs: Ufs, *, wrong: bool, write: bool) -> _Found:
    """`fsck -n` and `fsck -y`: all phases, a question at each finding."""
    text = f"** {device.path}{'' if write else ' (NO WRITE)'}\n"
    text += f"** Last Mounted on {ufs.last_mounted}\n" + "".join(PHASES)
    answer = "yes" if write else "no"
    if wrong:
        for inode, file in checking.lost(ufs):
            text += "\n".join(_about(inode, file)) + f"\n\nCLEAR? {answer}\n\n"
        text += "".join(f"{what}\nSALVAGE? {answer}\n\n" for what in MISCOUNTED)
    left = checking.repaired(ufs) if write and wrong else None
    text += tally(left or ufs, device.size) + "\n"
    if left is not None:
        text += "\n***** FILE SYSTEM MARKED CLEAN *****\n"
        text += "\n***** FILE SYSTEM WAS MODIFIED *****\n"
    return _Found(0, text, left, CHECK_S + device.size * PER_BYTE_S)


PROGRAMS: dict[str, Program] = {"fsck": _fsck, "fsck_ufs": _fsck, "fsck_ffs": _fsck}
