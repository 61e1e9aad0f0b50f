"""The shell script that carries a batch to a far node, and the frames in which answers return.

Pure texts and bytes. The far side needs /bin/sh and the base system, nothing else. Written for
FreeBSD's own sh; the tests run it with whatever shells are there.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence

from converge.core.host import Answer, Command
from converge.core.secret import reveal
from converge.hosts.answers import KEEP, decoded, encoded, silence

AT_ONCE = 16
"""Programs of one batch that run side by side on the far node."""

_KILL_S = 3.0  # from TERM to the end of the last program

_MARK = b"converge: the answers begin\n"
"""What a login shell prints before this is not ours."""

# One program of the batch. Its shell lives on when TERM comes, so that the code is still told
# and nothing is reported as killed that goes on running. $1 where to put things, $2 the length
# of the input: a here-document always ends in a newline, the input need not.
_ONE = """
at=$1 length=$2; shift 2; trap : TERM; umask 022; cd / && unset PWD OLDPWD
if [ "$length" -gt 0 ]
then head -c "$length" | (exec "$@") >"$at.out" 2>"$at.err"
else (exec "$@") </dev/null >"$at.out" 2>"$at.err"
fi
echo $? >"$at.code"
"""

# Signal what runs under a number, with all its children: programs and guards are groups.
_STRIKE = """
strike() {
    pid=$(cat "$d/$2.pid")
    kill -"$1" -"$pid" || { pkill -"$1" -P "$pid"; kill -"$1" "$pid"; }
} 2>/dev/null
late() { for n do [ -s "$d/$n.code" ] || echo "$n"; done; }
"""

# The guard of a deadline: kills what has told no code by then. $1 where things are, $2 the
# deadline, then numbers.
_GUARD = """
d=$1; sleep "$2"; shift 2
for n in $(late "$@"); do : >"$d/$n.late"; strike TERM "$n"; done
sleep 2
for n in $(late "$@"); do strike KILL "$n"; done
"""

# Each program has a process group of its own: by the shell's job control where that works
# without a terminal (FreeBSD >= 12, bash), else by setsid(1) (Linux), else none, and only it and
# its own children are killed (FreeBSD < 12).
_PRELUDE = f"""
umask 077
(set -m) 2>/dev/null && set -m 2>/dev/null  # where it cannot be, zsh would end here
lead=
case $- in *m*) ;; *) command -v setsid >/dev/null && lead=setsid ;; esac
d=$(mktemp -d "${{TMPDIR:-/tmp}}/converge.XXXXXXXX") || exit 1
exec 2>/dev/null
started= guards=
trap 'dismiss; rm -rf "$d"' EXIT
trap 'for n in $(late $started); do strike TERM "$n"; done; exit 1' HUP INT TERM PIPE
dismiss() {{
    for n in $guards; do strike TERM "$n"; done
    guards=
}}
program() {{
    n=$1 length=$2; shift 2
    $lead /bin/sh -c "$one" sh "$d/$n" "$length" "$@" <&3 3<&- >/dev/null 2>&1 &
    echo $! >"$d/$n.pid"
    started="$started $n"
}}
guard() {{
    $lead /bin/sh -c "$guard" sh "$d" "$@" </dev/null >/dev/null 2>&1 &
    guards="$guards guard$2"
    echo $! >"$d/guard$2.pid"
}}
length() {{
    length=0
    [ ! -s "$1" ] || length=$(($(wc -c <"$1")))
    [ "$length" -le {KEEP + 1} ] || length={KEEP + 1}
}}
answer() {{
    pid=$(cat "$d/$1.pid")
    wait "$pid"
    code=none
    [ ! -s "$d/$1.code" ] || code=$(cat "$d/$1.code")
    [ ! -e "$d/$1.late" ] || {{ code=late; kill -KILL -"$pid" 2>/dev/null; }}
    length "$d/$1.out"; out=$length
    length "$d/$1.err"; err=$length
    echo "$1 $code $out $err"
    [ "$out" -eq 0 ] || head -c "$out" "$d/$1.out"
    [ "$err" -eq 0 ] || head -c "$err" "$d/$1.err"
}}
"""


def script(commands: Sequence[Command]) -> str:
    """What /bin/sh is told on its stdin: run these side by side, print a frame for each.

    It is one function, called in the last line: a script that arrives in part does nothing.
    """
    texts = [f"one={shlex.quote(_ONE)}", f"guard={shlex.quote(_STRIKE + _GUARD)}", _STRIKE]
    lines = [*texts, _PRELUDE, f"printf %s {shlex.quote(decoded(_MARK))}"]
    numbered = list(enumerate(commands))
    for first in range(0, len(numbered), AT_ONCE):
        lines += _side_by_side(numbered[first : first + AT_ONCE])
    return "\n".join(["main() {", *lines, "}", "main", "exit", ""])


def longest_s(commands: Sequence[Command]) -> float:
    """How long the far node may take for all of them."""
    return sum(
        max(command.deadline_s for command in commands[first : first + AT_ONCE]) + _KILL_S
        for first in range(0, len(commands), AT_ONCE)
    )


def _side_by_side(commands: list[tuple[int, Command]]) -> Iterator[str]:
    """The programs, a guard for each different deadline, then the answers."""
    for number, command in commands:
        yield _program(number, command)
    for deadline_s in sorted({command.deadline_s for _, command in commands}):
        late = " ".join(str(n) for n, command in commands if command.deadline_s == deadline_s)
        yield f"guard {round(deadline_s, 3):.12g} {late}"
    for number, _ in commands:
        yield f"answer {number}"
    yield "dismiss"


def _program(number: int, command: Command) -> str:
    """One program; its input as a here-document, whose last newline is not counted."""
    if not _sendable(command):
        return f"program {number} 0 false 3</dev/null"
    argv = " ".join(shlex.quote(reveal(word)) for word in command.argv)
    stdin = reveal(command.stdin)
    if not stdin:
        return f"program {number} 0 {argv} 3</dev/null"
    end = "END"
    while end in stdin:
        end += "_"
    return f"program {number} {len(encoded(stdin))} {argv} 3<<'{end}'\n{stdin}\n{end}"


def _sendable(command: Command) -> bool:
    """No shell script can hold a NUL byte."""
    return not any("\0" in reveal(word) for word in (*command.argv, command.stdin))


_FRAME = re.compile(rb"(\d+) (none|late|\d+) (\d+) (\d+)\n")


def parse_answers(data: bytes, commands: Sequence[Command]) -> dict[int, Answer]:
    """The answers that arrived whole, by place. A frame is a line with lengths, then the bytes."""
    answers: dict[int, Answer] = {}
    at = data.find(_MARK) + len(_MARK)
    if at < len(_MARK):
        return answers
    while frame := _FRAME.match(data, at):
        place, out, err = int(frame[1]), int(frame[3]), int(frame[4])
        middle, end = frame.end() + out, frame.end() + out + err
        if end > len(data) or place >= len(commands):
            break
        stdout, stderr = decoded(data[frame.end() : middle]), decoded(data[middle:end])
        answers[place] = _answer(frame[2], stdout, stderr, commands[place])
        at = end
    return answers


def _answer(code: bytes, stdout: str, stderr: str, command: Command) -> Answer:
    if not _sendable(command):
        return Answer(lost=f"{command.argv[0]} could not be started: embedded null byte")
    if code == b"late":
        return Answer(0, stdout, stderr, silence(command))
    if code == b"none":
        return Answer(0, stdout, stderr, f"{command.argv[0]} ended without telling its code")
    return Answer(int(code), stdout, stderr)
