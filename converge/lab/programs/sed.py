"""sed in small: [-n] [-i ""] with one address or a range, and p, d or s."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from converge.lab.shell.getopt import getopt
from converge.lab.shell.regex import compiled
from converge.lab.ufs import NO_SUCH, absolute, read_file, write_file
from converge.lab.world import File, Program, Result, World, done, failed

ADDRESS = r"(?:\d+|\$|/(?:[^/\\]|\\.)*/)"
COMMAND = re.compile(rf"({ADDRESS})?(?:,({ADDRESS}))?\s*(p|d|s(.)(.*)\4(.*)\4(g?p?))$")


@dataclass(slots=True)
class _Range:
    """From one address to another; remembers whether it is inside."""

    first: str
    last: str
    inside: bool = False

    def holds(self, number: int, line: str, *, end: bool) -> bool:
        if not self.inside and not _fits(self.first, number, line, end=end):
            return False
        if not self.last:
            return True
        self.inside = not (self.inside and _fits(self.last, number, line, end=end))
        return True


def _fits(address: str, number: int, line: str, *, end: bool) -> bool:
    if not address:
        return True
    if address == "$":
        return end
    if address.isdigit():
        return number == int(address)
    ready = compiled(address[1:-1], extended=False)
    return ready is not None and bool(ready.search(line))


def _sed(world: World, node: str, argv: tuple[str, ...], stdin: str) -> Result:
    words = getopt(argv, "nEe:i:r")
    scripts = [value for letter, value in words.every if letter == "e"]
    operands = list(words.rest)
    if not scripts and operands:
        scripts = [operands.pop(0)]
    parsed = [COMMAND.match(script.strip()) for script in scripts]
    if words.bad or not parsed or None in parsed:
        return failed(world, 1, f'sed: 1: "{" ".join(scripts)}": command not simulated\n')
    extended = words.has("E") or words.has("r")
    for script, match in zip(scripts, parsed, strict=True):
        wrong = _wrong(match, extended=extended) if match else ""
        if wrong:
            return failed(world, 1, f'sed: 1: "{script}": {wrong}\n')
    if words.given.get("i"):
        return failed(world, 1, "sed: -i with a suffix is not simulated\n")
    path = absolute(world.machine(node), operands[0]) if operands else ""
    file = read_file(world, node, path) if path else File(stdin)
    if file is None:
        return failed(world, 1, f"sed: {operands[0]}: {NO_SUCH}\n")
    out = file.text
    for match in parsed:
        if match is not None:
            out = _applied(match, out, silent=words.has("n"), extended=extended)
    if not path or not words.has("i"):
        return done(world, out)
    written = write_file(world, node, path, replace(file, text=out))
    if written.error:
        return failed(world, 1, f"sed: {operands[0]}: {written.error}\n")
    return done(written.world, took_s=written.took_s)


def _wrong(match: re.Match[str], *, extended: bool) -> str:
    """What sed(1) says against the expressions of a command, and what is inserted; '' if all is
    well.
    """
    bare = [a[1:-1] for a in match.group(1, 2) if a and a.startswith("/")]
    for text in [*bare, *([match[5]] if match[5] is not None else [])]:
        ready = compiled(text, extended=extended)
        if ready is None:
            unclosed = re.search(r"(?<!\\)\[\^?\]?[^]]*$", text)
            return "unbalanced brackets ([])" if unclosed else "RE error: invalid expression"
        used = [
            int(n) for n in re.findall(r"\\(.)", match[6] or "") if n.isascii() and n.isdigit()
        ]
        if text is match[5] and max(used, default=0) > ready.groups:
            return f"\\{max(used)} not defined in the RE"
    return ""


def _template(text: str) -> str:
    """What is inserted, as Python writes it: `&` and `\\1` mean a match, else `\\x` is x."""

    def one(found: re.Match[str]) -> str:
        word = found[0]
        if word == "&":
            return r"\g<0>"
        if word[1:].isascii() and word[1:].isdigit():
            return rf"\g<{word[1:]}>"
        plain = "\n" if word == r"\n" else word[1:]
        return plain.replace("\\", r"\\")

    return re.sub(r"\\.|&", one, text)


def _applied(match: re.Match[str], text: str, *, silent: bool, extended: bool) -> str:
    """One command over all lines."""
    where = _Range(match[1] or "", match[2] or "")
    lines = text.splitlines(keepends=True)
    out = ""
    for number, line in enumerate(lines, 1):
        bare = line.rstrip("\n")
        hit = where.holds(number, bare, end=number == len(lines))
        verb = match[3][0]
        if hit and verb == "s":
            line, changed = _substituted(match, line, extended=extended)
            out += line if changed and "p" in match[7] else ""
        if hit and verb == "d":
            continue
        out += "" if silent else line
        out += line if hit and verb == "p" else ""
    return out


def _substituted(match: re.Match[str], line: str, *, extended: bool) -> tuple[str, bool]:
    ready = compiled(match[5], extended=extended)
    if ready is None:
        return line, False
    out, count = ready.subn(
        _template(match[6]), line.rstrip("\n"), count=0 if "g" in match[7] else 1
    )
    return out + ("\n" if line.endswith("\n") else ""), count > 0


PROGRAMS: dict[str, Program] = {"sed": _sed}
