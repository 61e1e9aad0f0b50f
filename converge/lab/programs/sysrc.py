"""sysrc(8): reading and editing rc.conf and loader.conf, comments and order kept (fact 17)."""

from __future__ import annotations

import re
from dataclasses import replace

from converge.core.host import Answer
from converge.lab.machine.rcconf import CONF_FILES, DEFAULTS, parse_assignments
from converge.lab.shell.getopt import Words, getopt
from converge.lab.ufs import read_file, write_file
from converge.lab.world import File, Program, Result, World, done, failed

READ_S = 0.5
WRITE_S = 0.9
LIST_S = 2.1

NAME = re.compile(r"[A-Za-z_]\w*")


def _known(world: World, node: str, files: tuple[str, ...], *, defaults: bool) -> dict[str, str]:
    known = dict(DEFAULTS) if defaults else {}
    for path in files:
        file = read_file(world, node, path)
        known.update(parse_assignments(file.text) if file else [])
    return known


def _sysrc(world: World, node: str, argv: tuple[str, ...], stdin: str) -> Result:
    """sysrc [-f FILE] [-acinqx] NAME[=VALUE] ..."""
    words = getopt(argv, "acdDeEf:FhijnNqR:svVx")
    if words.bad or not (words.rest or words.has("a")):
        return failed(world, 1, f"{argv[0]}: not enough arguments\n")
    given = tuple(value for letter, value in words.every if letter == "f")
    files = given or CONF_FILES
    if words.has("a"):
        known = _known(world, node, files, defaults=False)
        text = "".join(f"{name}: {known[name]}\n" for name in sorted(known))
        return done(world, text, LIST_S)
    code, out, error, took_s = 0, "", "", 0.0
    for word in words.rest:
        step = _one(world, node, words, files, word, own=bool(given))
        world, took_s = step.world, took_s + step.took_s
        code = max(code, step.answer.code)
        out, error = out + step.answer.stdout, error + step.answer.stderr
    return Result(world, Answer(code, out, error), took_s)


def _one(
    world: World, node: str, words: Words, files: tuple[str, ...], word: str, *, own: bool
) -> Result:
    """One NAME or NAME=VALUE of the command line."""
    name, assigned, value = word.partition("=")
    known = _known(world, node, files, defaults=not own)
    if not assigned:
        return _asked(world, node, words, files, name, known)
    if words.has("c"):
        same = name in known and known[name] == value
        return replace(failed(world, 0 if same else 1), took_s=READ_S)
    path = _file_of(world, node, files, name)
    old = read_file(world, node, path) or File()
    written = write_file(world, node, path, replace(old, text=assign(old.text, name, value)))
    if written.error:
        error = f"sysrc: cannot create {path}: {written.error}\n"
        return replace(failed(world, 1, error), took_s=READ_S)
    shown = f"{known.get(name, '')} -> {value}"
    if not NAME.fullmatch(name):
        shown = f"{name.rpartition('-')[2]} -> {name.rpartition('-')[2]}"
    text = "" if words.has("q") else f"{'' if words.has('n') else name + ': '}{shown}\n"
    return done(written.world, text, WRITE_S)


def _asked(
    world: World,
    node: str,
    words: Words,
    files: tuple[str, ...],
    name: str,
    known: dict[str, str],
) -> Result:
    """NAME alone: show it, or with -x take it out."""
    unknown = "" if words.has("q") else f"sysrc: unknown variable '{name}'\n"
    if words.has("i") and not words.has("x"):
        unknown = ""
    path = _file_of(world, node, files, name)
    old = read_file(world, node, path)
    there = old is not None and name in dict(parse_assignments(old.text))
    if name not in known or (words.has("x") and not there):
        return replace(failed(world, 1, unknown), took_s=READ_S)
    if not words.has("x"):
        return done(world, f"{'' if words.has('n') else name + ': '}{known[name]}\n", READ_S)
    text = re.sub(rf"(?m)^[ \t]*{re.escape(name)}=.*\n?", "", old.text if old else "")
    written = write_file(world, node, path, replace(old or File(), text=text))
    return replace(failed(written.world, 1 if written.error else 0), took_s=WRITE_S)


def _file_of(world: World, node: str, files: tuple[str, ...], name: str) -> str:
    """The file that is edited: the last one that sets the name, else the first."""
    for path in reversed(files):
        file = read_file(world, node, path)
        if file is not None and name in dict(parse_assignments(file.text)):
            return path
    return files[0]


def assign(text: str, name: str, value: str) -> str:
    """The file with the last assignment of `name` replaced, or with one more at its end."""
    found = list(re.finditer(rf"(?m)^([ \t]*){re.escape(name)}=(.*)$", text))
    if not found:
        joint = "" if not text or text.endswith("\n") else "\n"
        return f'{text}{joint}{name}="{value}"\n'
    last = found[-1]
    rest = last[2]
    quoted = re.match(r"\"[^\"]*\"|'[^']*'|\S*", rest)
    behind = rest[quoted.end() :] if quoted else ""
    quote = "'" if rest.startswith("'") else '"'
    line = f"{last[1]}{name}={quote}{value}{quote}{behind}"
    return text[: last.start()] + line + text[last.end() :]


PROGRAMS: dict[str, Program] = {"sysrc": _sysrc}
