"""Programs on lines of text: grep, head, tail, sort, uniq, wc, sed, echo, printf, true, false."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import replace

from converge.core.host import Answer
from converge.lab.shell.getopt import Words, getopt
from converge.lab.shell.regex import compiled
from converge.lab.ufs import NO_SUCH, absolute, list_dir, read_file
from converge.lab.world import Program, Result, World, done, failed


def _inputs(
    world: World, node: str, name: str, words: Iterable[str], stdin: str
) -> tuple[list[tuple[str, str]], str]:
    """The texts of the files named (or of stdin), and complaints about those that are none."""
    texts, error = [], ""
    for word in tuple(words) or ("-",):
        path = absolute(world.machine(node), word)
        file = None if word == "-" else read_file(world, node, path)
        if word == "-":
            texts.append(("(standard input)", stdin))
        elif file is None or file.is_dir:
            error += f"{name}: {word}: {'Is a directory' if file else NO_SUCH}\n"
        else:
            texts.append((word, file.text))
    return texts, error


def _grep(world: World, node: str, argv: tuple[str, ...], stdin: str) -> Result:
    """grep [-EFcehilnoqrsvwx] PATTERN [FILE ...]: 0 found, 1 not, 2 trouble."""
    words = getopt(argv, "EFHGce:hilnoqrsvwxm:")
    patterns = [value for letter, value in words.every if letter == "e"]
    operands = list(words.rest)
    if not patterns and operands:
        patterns = operands.pop(0).split("\n")
    if words.bad or not patterns:
        return failed(world, 2, "usage: grep [-abcDEFGHhIiLlmnOopqRSsUVvwxz] [pattern] ...\n")
    match = _matcher(patterns, words, argv[0])
    if match is None:
        return failed(world, 2, f"grep: {patterns[0]}: invalid expression\n")
    if words.has("r"):
        operands = [one for word in operands for one in _inside(world, node, word)]
    texts, error = _inputs(world, node, "grep", operands, stdin)
    out, hits = "", 0
    for name, text in texts:
        head = f"{name}:" if len(operands) > 1 and not words.has("h") else ""
        lines = enumerate(text.splitlines(), 1)
        found = [(n, line) for n, line in lines if match(line) != words.has("v")]
        hits += len(found)
        if words.has("c"):
            out += f"{head}{len(found)}\n"
        elif words.has("l"):
            out += f"{name}\n" if found else ""
        else:
            mark = words.has("n")
            out += "".join(f"{head}{f'{n}:' if mark else ''}{line}\n" for n, line in found)
    if words.has("q"):
        out = ""
    code = 0 if hits else 1
    return Result(world, Answer(2 if error else code, out, "" if words.has("s") else error))


def _inside(world: World, node: str, word: str) -> list[str]:
    """The files below a directory; anything else is itself."""
    path = absolute(world.machine(node), word)
    file = read_file(world, node, path)
    if file is None or not file.is_dir:
        return [word]
    below = list_dir(world, node, path)
    return [one for name in below for one in _inside(world, node, f"{word.rstrip('/')}/{name}")]


def _matcher(patterns: list[str], words: Words, name: str) -> Callable[[str], bool] | None:
    if words.has("F") or name.endswith("fgrep"):
        return lambda line: any(p == line if words.has("x") else p in line for p in patterns)
    extended = words.has("E") or name.endswith("egrep")
    found = []
    for pattern in patterns:
        ready = compiled(pattern, extended=extended, fold=words.has("i"))
        if ready is None:
            return None
        found.append(re.compile(rf"\b(?:{ready.pattern})\b") if words.has("w") else ready)
    if words.has("x"):
        return lambda line: any(p.fullmatch(line) for p in found)
    return lambda line: any(p.search(line) for p in found)


def _end(world: World, node: str, argv: tuple[str, ...], stdin: str) -> Result:
    """head and tail: [-n] N lines; `tail -n +N` begins with line N."""
    name = argv[0].rsplit("/", 1)[-1]
    plain = [f"-n{w[1:]}" if re.fullmatch(r"[-+]\d+", w) else w for w in argv[1:2]]
    words = getopt((name, *plain, *argv[2:]), "n:c:fFqr")
    wanted = words.given.get("n", "10")
    if words.bad or not re.fullmatch(r"[-+]?\d+", wanted):
        return failed(world, 1, f"usage: {name} [-n count] [file ...]\n")
    texts, error = _inputs(world, node, name, words.rest, stdin)
    out = ""
    for _, text in texts:
        lines = text.splitlines(keepends=True)
        count = int(wanted.lstrip("+-"))
        if name == "head":
            out += "".join(lines[:count])
        else:
            out += "".join(
                lines[count - 1 :] if wanted[0] == "+" else lines[-count:] if count else ""
            )
    return failed(world, 1, error, out) if error else done(world, out)


def _sort(world: World, node: str, argv: tuple[str, ...], stdin: str) -> Result:
    words = getopt(argv, "bfnruk:t:")
    texts, error = _inputs(world, node, "sort", words.rest, stdin)
    lines = [line for _, text in texts for line in text.splitlines()]

    def key(line: str) -> tuple[float, str]:
        number = re.match(r"\s*-?\d+(\.\d+)?", line) if words.has("n") else None
        return (float(number[0]) if number else 0.0, line)

    lines = sorted(set(lines) if words.has("u") else lines, key=key, reverse=words.has("r"))
    out = "".join(f"{line}\n" for line in lines)
    return failed(world, 2, error, out) if error else done(world, out)


def _uniq(world: World, node: str, argv: tuple[str, ...], stdin: str) -> Result:
    words = getopt(argv, "cdu")
    texts, error = _inputs(world, node, "uniq", words.rest, stdin)
    runs: list[tuple[int, str]] = []
    for line in "".join(text for _, text in texts).splitlines():
        same = bool(runs) and runs[-1][1] == line
        runs = [*runs[:-1], (runs[-1][0] + 1, line)] if same else [*runs, (1, line)]
    if words.has("d") or words.has("u"):
        runs = [r for r in runs if (r[0] > 1) == words.has("d")]
    out = "".join(f"{n:>4} {line}\n" if words.has("c") else f"{line}\n" for n, line in runs)
    return failed(world, 1, error, out) if error else done(world, out)


def _wc(world: World, node: str, argv: tuple[str, ...], stdin: str) -> Result:
    words = getopt(argv, "clwm")
    texts, error = _inputs(world, node, "wc", words.rest, stdin)
    out = ""
    for name, text in texts:
        counts = {"l": text.count("\n"), "w": len(text.split()), "c": len(text.encode())}
        wanted = [c for c in "lwc" if words.has(c) or not words.given]
        tail = "" if name == "(standard input)" else f" {name}"
        out += "".join(f"{counts[c]:>8}" for c in wanted) + f"{tail}\n"
    return failed(world, 1, error, out) if error else done(world, out)


def _echo(world: World, node: str, argv: tuple[str, ...], stdin: str) -> Result:
    quiet = argv[1:2] == ("-n",)
    return done(world, " ".join(argv[2:] if quiet else argv[1:]) + ("" if quiet else "\n"), 0.0)


def _printf(world: World, node: str, argv: tuple[str, ...], stdin: str) -> Result:
    """printf FORMAT [WORD ...]: %s, %d, %% and the usual escapes; the format is repeated."""
    if len(argv) < 2:
        return failed(world, 1, "usage: printf format [arguments ...]\n")
    form, rest = argv[1], list(argv[2:])
    escapes = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\", '"': '"'}
    form = re.sub(r"\\([ntr\\\"])", lambda m: escapes[m[1]], form)
    out = ""
    for _ in argv:
        before = len(rest)

        def one(match: re.Match[str]) -> str:
            if match[0] == "%%":
                return "%"
            word = rest.pop(0) if rest else ("" if match[0].endswith("s") else "0")
            return match[0] % (word if match[0].endswith("s") else int(word or "0"))

        out += re.sub(r"%%|%-?\d*[sd]", one, form)
        if not rest or len(rest) == before:
            break
    return done(world, out, 0.0)


def _true(world: World, node: str, argv: tuple[str, ...], stdin: str) -> Result:
    return done(world, took_s=0.0)


def _false(world: World, node: str, argv: tuple[str, ...], stdin: str) -> Result:
    return replace(failed(world, 1), took_s=0.0)


PROGRAMS: dict[str, Program] = {
    "grep": _grep,
    "egrep": _grep,
    "fgrep": _grep,
    "head": _end,
    "tail": _end,
    "sort": _sort,
    "uniq": _uniq,
    "wc": _wc,
    "echo": _echo,
    "printf": _printf,
    "true": _true,
    "false": _false,
    ":": _true,
}
