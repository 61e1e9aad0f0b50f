"""stat(1): what is known of a file, in any format."""

from __future__ import annotations

import re

from converge.core.host import Answer
from converge.lab.shell.getopt import getopt
from converge.lab.ufs import NO_SUCH, absolute
from converge.lab.ufs.files import IDS, KINDS, SCHG, Shown, look, moment
from converge.lab.world import EPOCH, Program, Result, World, failed

PLAIN = '%d %i %Sp %l %Su %Sg %r %z "%Sa" "%Sm" "%Sc" "%SB" %k %b %f %N'
"""The format without -f (hast-stat-dev)."""

NEVER = "Dec 31 23:59:59 1969"
"""When a device node was born."""


def _stat(world: World, node: str, argv: tuple[str, ...], stdin: str) -> Result:
    """stat [-nq] [-f FORMAT] [-t TIMEFORMAT] FILE ..."""
    words = getopt(argv, "FHLf:lnqrst:x")
    if words.bad or not words.rest:
        return failed(world, 1, "usage: stat [-FHLnq] [-f format | -l | -r | -s | -x] file\n")
    form = words.given.get("f", PLAIN)
    times = words.given.get("t", "%b %e %H:%M:%S %Y")
    machine = world.machine(node)
    out = error = ""
    code = 0
    for word in words.rest:
        shown = look(world, node, absolute(machine, word))
        if shown is None:
            code = 1
            error += "" if words.has("q") else f"stat: {word}: {NO_SUCH}\n"
            continue
        out += _formatted(shown, word, form, times) + ("" if words.has("n") else "\n")
    return Result(world, Answer(code, out, error))


def _formatted(shown: Shown, word: str, form: str, times: str) -> str:
    def one(match: re.Match[str]) -> str:
        return _datum(shown, word, match[1], match[2], times)

    return re.sub(r"%([SHLMO]*)([A-Za-z%])", one, form)


def _datum(shown: Shown, word: str, how: str, letter: str, times: str) -> str:
    """One field of stat -f: `how` is the part (S string, H, M, L high, middle, low)."""
    file = shown.file
    if letter in "amcB":
        seconds = file.born if letter == "B" else file.mtime
        device = shown.kind == "02"
        if "S" in how:
            never = letter == "B" and device
            return NEVER if never else f"{moment(seconds):{times}}"
        return str(int(EPOCH + seconds))
    if letter == "p":
        parts = {"S": shown.letters, "H": shown.kind.lstrip("0"), "M": shown.permissions[0]}
        low = f"{int(shown.permissions[1:], 8):o}"
        return parts.get(how, low if how == "L" else shown.kind.lstrip("0") + shown.permissions)
    if letter == "T":
        return KINDS[shown.kind][1] if how == "H" else {"04": "/", "14": "="}.get(shown.kind, "")
    names = {"u": shown.user, "g": shown.group, "f": file.flags or "-"}
    numbers = {
        "u": IDS.get(shown.user, 1001),
        "g": IDS.get(shown.group, 1001),
        "f": SCHG if "schg" in file.flags else 0,
        "r": shown.rdev,
        "z": shown.size,
        "l": shown.links,
        "i": shown.rdev if shown.kind == "02" else shown.inode,
        "d": 1895890688 if shown.kind == "02" else 96,
        "b": shown.blocks,
        "k": 4096,
    }
    if "S" in how and letter in names:
        return names[letter]
    literal = {"N": word, "n": "\n", "t": "\t", "%": "%"}
    return literal.get(letter, str(numbers.get(letter, "?")))


PROGRAMS: dict[str, Program] = {"stat": _stat}
