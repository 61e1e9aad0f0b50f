"""mount, umount, df, fuser. Texts and codes as recorded (facts 13 to 15)."""

from __future__ import annotations

import math
from dataclasses import dataclass

from converge.core.host import Answer
from converge.lab.hast import storage
from converge.lab.shell.getopt import Words, getopt
from converge.lab.ufs import NO_SUCH, Written, absolute, checking, mounting, place, read_file
from converge.lab.ufs.mounting import ROOT, find_mount, holders, mounted, volume
from converge.lab.world import Machine, Mount, Program, Result, World, done, failed

OPTIONS = {
    "ro": "read-only",
    "sync": "synchronous",
    "noexec": "noexec",
    "nosuid": "nosuid",
    "async": "asynchronous",
    "noatime": "noatime",
    "nosymfollow": "nosymfollow",
}
"""Options by the word that -o takes and `mount -p` prints; plain `mount` prints the other."""

PLAIN_ORDER = ("async", "noatime", "noexec", "nosuid", "nosymfollow", "ro", "sync")
MOUNT_S = 0.06


def _options(mount: Mount) -> list[str]:
    """Options beyond rw, in the order of `mount -p`."""
    given = mount.options.split(",")
    return [name for name in OPTIONS if name in given]


def _plain(mount: Mount) -> str:
    if mount.fstype != "ufs":
        return f"{mount.device} on {mount.path} ({mount.fstype})\n"
    given = _options(mount)
    words = [OPTIONS[name] for name in PLAIN_ORDER if name in given]
    before = [w for w in words if w == "asynchronous"]
    after = [w for w in words if w != "asynchronous"]
    shown = ", ".join(["ufs", *before, "local", *after, "soft-updates"])
    return f"{mount.device} on {mount.path} ({shown})\n"


def _fstab_row(mount: Mount) -> str:
    """A row of `mount -p`: tabs up to column 24, as putfsent of mount(8) writes it."""
    row = ""
    for text in (mount.device, mount.path):
        tabs = "\t" * sum(len(text) < stop for stop in (8, 16, 24))
        row += text + (tabs or " ")
    given = _options(mount)
    options = ",".join(given if "ro" in given else ["rw", *given])
    number = 0 if mount.fstype != "ufs" else 1 if mount.path == "/" else 2
    between = "\t" if len(options) < 8 else " "
    return f"{row}{mount.fstype}\t{options}{between}\t{number} {number}\n"


def _mount(world: World, node: str, argv: tuple[str, ...], stdin: str) -> Result:
    """mount [-pr] [-t ufs] [-o OPTIONS] [DEVICE] [DIRECTORY]."""
    words = getopt(argv, "adfprsvwt:o:u")
    if words.bad or len(words.rest) > 2:
        return failed(world, 1, "usage: mount [-adflpruvw] [-F fstab] [-o options] ...\n")
    machine = world.machine(node)
    if not words.rest:
        kind = words.given.get("t")
        shown = [m for m in mounted(machine) if kind in (None, m.fstype)]
        row = _fstab_row if words.has("p") else _plain
        return done(world, "".join(row(m) for m in shown))
    device, path, options, error = _wanted(world, node, words)
    if error:
        return failed(world, 1, f"mount: {error}\n")
    known = storage.device(world, node, device)
    if known is not None and known.answers_in_s == math.inf:
        return Result(world, Answer(lost=f"{device} does not answer"), math.inf)
    written = mounting.attach(world, node, device, path, options)
    if written.error:
        return failed(written.world, 1, f"mount: {written.error}\n")
    return _ended(written, MOUNT_S)


def _wanted(world: World, node: str, words: Words) -> tuple[str, str, str, str]:
    """Device, directory and options of a mount, or what is wrong; one word means fstab."""
    options = [o for letter, o in words.every if letter == "o" for o in o.split(",")]
    options += ["ro"] if words.has("r") else []
    machine = world.machine(node)
    if len(words.rest) == 2:
        device, path = words.rest[0], absolute(machine, words.rest[1])
    else:
        row = _fstab(world, node, words.rest[0])
        if row is None:
            return "", "", "", f"{words.rest[0]}: unknown special file or file system"
        device, path, options = row[0], row[1], [*row[3].split(","), *options]
    strange = [o for o in options if o not in (*OPTIONS, "rw", "noauto", "late", "")]
    if strange:
        error = f"{device}: mount option <{strange[0]}> is unknown: Invalid argument"
        return "", "", "", error
    kept = [o for o in OPTIONS if o in options]
    return device, path, ",".join(kept if "ro" in kept else ["rw", *kept]), ""


def _fstab(world: World, node: str, word: str) -> list[str] | None:
    file = read_file(world, node, "/etc/fstab")
    rows = [line.split() for line in (file.text if file else "").splitlines()]
    return next((r for r in rows if len(r) >= 4 and word in r[:2]), None)


def _ended(written: Written, took_s: float) -> Result:
    if written.took_s == math.inf:
        return Result(written.world, Answer(lost="the disk does not answer"), math.inf)
    return done(written.world, took_s=took_s + written.took_s)


def _umount(world: World, node: str, argv: tuple[str, ...], stdin: str) -> Result:
    """umount [-f] WHAT: busy while a process has a file open; -f leaves the process alive."""
    words = getopt(argv, "fvt:")
    if words.bad or len(words.rest) != 1:
        return failed(world, 1, "usage: umount [-fNnv] special ... | node ... | fsid ...\n")
    machine = world.machine(node)
    word = words.rest[0]
    mount = find_mount(machine, absolute(machine, word))
    if mount is None:
        return failed(world, 1, _not_mounted(world, node, word))
    held = holders(machine, volume(mount))
    if mount.ufs is None or (held and not words.has("f")):
        return failed(world, 1, f"umount: unmount of {mount.path} failed: Device busy\n")
    return _ended(mounting.detach(world, node, mount), MOUNT_S)


def _not_mounted(world: World, node: str, word: str) -> str:
    path = absolute(world.machine(node), word)
    file = read_file(world, node, path)
    if file is None:
        return f"umount: {word}: statfs: {NO_SUCH}\numount: {word}: unknown file system\n"
    if file.is_dir:
        return f"umount: {word}: not a file system root directory\n"
    return f"umount: {word}: unknown file system\n"


@dataclass(frozen=True, slots=True)
class _Fill:
    """A row of df in kilobytes. The fill of the root and of devfs is not simulated."""

    mount: Mount
    total: int = 1
    used: int = 1
    free: int = 0

    @property
    def percent(self) -> str:
        whole = self.used + self.free
        return f"{self.used / whole * 100:.0f}%" if whole else "100%"


def _fill(machine: Machine, mount: Mount) -> _Fill:
    if mount.path == "/" and "/" in machine.full:
        return _Fill(mount, 416476, 383160, 0)
    if mount.path == "/":
        return _Fill(mount, 416476, 136952, 246208)
    if mount.ufs is None:
        return _Fill(mount)
    data, used = checking.Layout(mount.size).data, checking.used(mount.ufs)
    if mount.path in machine.full:
        used = data - data * 8 // 100
    return _Fill(mount, data * 4, used * 4, max(0, data - used - data * 8 // 100) * 4)


def _df(world: World, node: str, argv: tuple[str, ...], stdin: str) -> Result:
    """df [-k] [PATH ...]; without -k the block size comes from BLOCKSIZE=K of root's login."""
    words = getopt(argv, "klnt:")
    if words.bad:
        return failed(world, 1, "usage: df [-b | -g | -H | -h | -k | -m | -P] [file ...]\n")
    machine = world.machine(node)
    fills, error = [], ""
    for word in words.rest or [m.path for m in mounted(machine)]:
        mount = _mount_under(world, node, machine, word)
        if mount is None:
            error += f"df: {word}: {NO_SUCH}\n"
        else:
            fills.append(_fill(machine, mount))
    text = _df_table(fills, "1024-blocks" if words.has("k") else "1K-blocks") if fills else ""
    return failed(world, 1, error, text) if error else done(world, text)


def _mount_under(world: World, node: str, machine: Machine, word: str) -> Mount | None:
    path = absolute(machine, word)
    exact = find_mount(machine, path)
    if exact is not None:
        return exact
    if read_file(world, node, path) is None:
        return None
    return place(machine, path).mount or ROOT


def _df_table(fills: list[_Fill], blocks: str) -> str:
    name = max(10, *(len(f.mount.device) for f in fills))
    total = max(len(blocks), *(len(str(f.total)) for f in fills))
    used = max(4, *(len(str(f.used)) for f in fills))
    free = max(5, *(len(str(f.free)) for f in fills))
    text = f"{'Filesystem':{name}} {blocks:>{total}} {'Used':>{used}} {'Avail':>{free}} "
    text += "Capacity  Mounted on\n"
    for f in fills:
        text += f"{f.mount.device:{name}} {f.total:>{total}} {f.used:>{used}} {f.free:>{free}} "
        text += f"{f.percent:>6}    {f.mount.path}\n"
    return text


def _fuser(world: World, node: str, argv: tuple[str, ...], stdin: str) -> Result:
    """fuser -c PATH: pids on stdout, the path and how they hold it on stderr."""
    words = getopt(argv, "cfkmu")
    if words.bad or not words.rest:
        return failed(world, 64, "usage: fuser [-cfhkmu] [-M core] [-N system] file ...\n")
    machine = world.machine(node)
    out = error = ""
    for word in words.rest:
        path = absolute(machine, word)
        if read_file(world, node, path) is None:
            return failed(world, 1, f"fuser: {word}: {NO_SUCH}\n")
        held = holders(machine, mounting.volume_of(machine, path))
        out += "".join(f"{p.pid:>6}" for p in held)
        error += f"{word}:{''.join(p.data.get('holds', '') for p in held)}\n"
    return Result(world, Answer(0, out, error))


PROGRAMS: dict[str, Program] = {"mount": _mount, "umount": _umount, "df": _df, "fuser": _fuser}
