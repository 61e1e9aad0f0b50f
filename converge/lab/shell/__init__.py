"""A small sh: enough for the recorded commands and for a person at the lab's prompt.

The grammar is in syntax and grammar. What it does not know is an error with code 2.
"""

from __future__ import annotations

import math
from dataclasses import replace

from converge.core.host import Answer
from converge.lab.machine import advance, run
from converge.lab.machine.processes import ended, remember, spawn
from converge.lab.shell.expansion import Shell, text_of, words_of
from converge.lab.shell.grammar import parse
from converge.lab.shell.syntax import For, If, Pipeline, Redirect, Script, Simple, SyntaxTrouble
from converge.lab.ufs import absolute, read_file, write_file
from converge.lab.ufs.mounting import volume_of
from converge.lab.world import File, Result, World


def sh(world: World, node: str, line: str, stdin: str = "", *words: str) -> Result:
    """Run one line (or a whole script) as root's `/bin/sh -c` does; `words` are $1, $2 ...

    Time passes as its commands take time: the world that comes back is already `took_s` later
    than the one that went in, so nobody has to advance it again.
    """
    names = {str(n): word for n, word in enumerate(words, 1)}
    names |= {"#": str(len(words)), "*": " ".join(words), "@": " ".join(words)}
    return _run(world, node, line, stdin, names)


def _run(world: World, node: str, line: str, stdin: str, names: dict[str, str]) -> Result:
    try:
        script = parse(line)
    except SyntaxTrouble as trouble:
        return Result(world, Answer(2, "", f"sh: Syntax error: {trouble}\n"))
    shell = Shell(world, node, _substituted, stdin, dict(names))
    _script(shell, script)
    if shell.pid and shell.pid in shell.world.machine(node).processes:
        shell.world = ended(shell.world, node, shell.pid)
    took_s = math.inf if shell.lost else shell.world.now - world.now
    answer = Answer(shell.code, shell.out, shell.err, shell.lost)
    return Result(shell.world, answer, took_s)


def _script(shell: Shell, script: Script) -> None:
    for pipeline in script:
        skipped = {"&&": shell.code != 0, "||": shell.code == 0}.get(pipeline.joint, False)
        if skipped or shell.over:
            continue
        _pipeline(shell, pipeline)


def _pipeline(shell: Shell, pipeline: Pipeline) -> None:
    """All commands at once as far as time is concerned, one after the other otherwise."""
    start, took_s = shell.world.now, 0.0
    kept_out, given = shell.out, shell.stdin
    for number, command in enumerate(pipeline.commands, 1):
        shell.out = ""
        if isinstance(command, Simple):
            took_s = max(took_s, _simple(shell, command))
        elif isinstance(command, For):
            _for(shell, command)
        else:
            _if(shell, command)
        if number < len(pipeline.commands):
            shell.stdin, shell.out = shell.out, ""
    shell.out, shell.stdin = kept_out + shell.out, given
    if pipeline.negated:
        shell.code = int(shell.code == 0)
    if took_s != math.inf and not shell.lost:
        shell.world = advance(shell.world, start + took_s)


def _for(shell: Shell, command: For) -> None:
    for word in [text for w in command.words for text in words_of(shell, w)]:
        shell.names[command.name] = word
        _script(shell, command.body)


def _if(shell: Shell, command: If) -> None:
    _script(shell, command.condition)
    chosen = command.body if shell.code == 0 else command.other
    shell.code = 0
    if not shell.over:
        _script(shell, chosen)


def _simple(shell: Shell, command: Simple) -> float:
    """One program or builtin; the seconds it takes."""
    argv = tuple(text for w in command.words for text in words_of(shell, w))
    before = shell.code
    if not argv:
        for name, word in command.assigned:
            shell.names[name] = text_of(shell, word)
        shell.code = shell.code if before != shell.code else 0
    if shell.over:
        return 0.0
    stdin = _stdin(shell, command)
    if stdin is None:
        return 0.0
    took_s, out, err = _ran(shell, argv, stdin) if argv else (0.0, "", "")
    return took_s + _directed(shell, command.redirects, out, err)


def _ran(shell: Shell, argv: tuple[str, ...], stdin: str) -> tuple[float, str, str]:
    """A builtin, or the program of that name."""
    if argv[0] == "cd":
        return 0.0, "", _cd(shell, argv[1] if len(argv) > 1 else "/root")
    if argv[0] == "exit":
        shell.left = True
        shell.code = int(argv[1]) % 256 if argv[1:2] and argv[1].isdigit() else shell.code
        return 0.0, "", ""
    if argv[0] == "export":
        shell.code = 0
        pairs = [word.partition("=") for word in argv[1:]]
        shell.names.update({name: value for name, assigned, value in pairs if assigned})
        return 0.0, "", ""
    result = run(shell.world, shell.node, argv, stdin)
    shell.world, shell.code = result.world, result.answer.code
    shell.lost = result.answer.lost
    if result.took_s == math.inf and not shell.lost:
        shell.lost = f"{argv[0]} does not end"
    return result.took_s, result.answer.stdout, result.answer.stderr


def _cd(shell: Shell, word: str) -> str:
    """Change the directory; from then on the shell holds that file system."""
    machine = shell.world.machine(shell.node)
    path = absolute(machine, word)
    file = read_file(shell.world, shell.node, path)
    shell.code = 0 if file is not None and file.is_dir else 2
    if shell.code:
        return f"sh: cd: {word}: {'Not a directory' if file else 'No such file or directory'}\n"
    if not shell.pid:
        shell.world, shell.pid = spawn(shell.world, shell.node, "sh -c")
    volume = volume_of(machine, path)
    for key, value in (("cwd", path), ("volume", volume), ("holds", "c")):
        shell.world = remember(shell.world, shell.node, shell.pid, key, value)
    return ""


def _stdin(shell: Shell, command: Simple) -> str | None:
    """What the command reads; None when the file is not there."""
    text = shell.stdin
    for redirect in command.redirects:
        if redirect.operator == "<":
            word = text_of(shell, redirect.target)
            path = absolute(shell.world.machine(shell.node), word)
            file = read_file(shell.world, shell.node, path)
            if file is None:
                shell.err += f"sh: cannot open {word}: No such file or directory\n"
                shell.code = 2
                return None
            text = file.text
    return text


def _directed(shell: Shell, redirects: tuple[Redirect, ...], out: str, err: str) -> float:
    """Put the output where it belongs; the seconds that writing it took."""
    where: dict[int, str] = {1: "out", 2: "err"}
    opened: dict[str, str] = {}
    for redirect in redirects:
        target = text_of(shell, redirect.target)
        if redirect.operator == ">&":
            where[redirect.fd] = where.get(int(target), "err") if target.isdigit() else target
        elif redirect.operator != "<":
            path = absolute(shell.world.machine(shell.node), target)
            file = read_file(shell.world, shell.node, path)
            where[redirect.fd] = path
            opened[path] = file.text if file and redirect.operator == ">>" else ""
    took_s = 0.0
    for fd, text in ((1, out), (2, err)):
        if where[fd] == "out":
            shell.out += text
        elif where[fd] == "err":
            shell.err += text
        else:
            opened[where[fd]] = opened.get(where[fd], "") + text
    for path, text in opened.items():
        took_s += _saved(shell, path, text)
    return took_s


def _saved(shell: Shell, path: str, text: str) -> float:
    old = read_file(shell.world, shell.node, path) or File()
    file = replace(old, text=text, zeros=0, is_dir=False)
    written = write_file(shell.world, shell.node, path, file)
    shell.world = written.world
    if written.error:
        shell.err += f"sh: cannot create {path}: {written.error}\n"
        shell.code = 2
    return written.took_s


def _substituted(shell: Shell, line: str) -> str:
    """What `$(line)` stands for."""
    inner = _run(shell.world, shell.node, line, "", shell.names)
    shell.world, shell.code, shell.lost = inner.world, inner.answer.code, inner.answer.lost
    shell.err += inner.answer.stderr
    return inner.answer.stdout.rstrip("\n")
