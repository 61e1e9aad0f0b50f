"""Files of a far node, by programs of its base system: reading one, replacing one at once.

Pure: what to run there, and what its answer means.
"""

from __future__ import annotations

from converge.core.host import (
    CANNOT_CREATE,
    CHANGED_MEANWHILE,
    IO_ERROR,
    Answer,
    Command,
    Write,
    absent,
    changed_meanwhile,
    unreadable,
    unwritable,
)
from converge.core.secret import Secret, reveal
from converge.hosts.answers import KEEP, READ_S, encoded, silence

_REPLACE_S = 20.0  # sync(8) of a whole machine, where there is no fsync(1)

_KEPT = "-"  # mode and owner that the file has, or a new one gets

_READ = """
[ ! -d "$1" ] || { echo "it is a directory" >&2; exit 1; }
[ ! -e "$1" ] || [ -f "$1" ] || { echo "it is not a plain file" >&2; exit 1; }
exec cat "$1"
"""

# stat(1) of Linux and of FreeBSD differ, and each takes the other's options for something else:
# FreeBSD's refuses -c, so that must be tried first. `old` is the number of bytes at the start of
# the input that must still be the file, "none" when there must be none, "any" for whatever.
_REPLACE = f"""
path=$1 mode=$2 owner=$3 old=$4 size=$5
fail() {{ echo "$2" >&2; exit "$1"; }}
durable() {{ fsync "$1" 2>/dev/null || sync "$1"; }}
same() {{
    case $old in
    any) true ;;
    none) [ ! -e "$path" ] ;;
    0) [ -f "$path" ] && [ ! -s "$path" ] ;;
    *) head -c "$old" "$new.all" | cmp -s - "$path" ;;
    esac
}}
[ ! -L "$path" ] || path=$(readlink -f "$path") || exit {CANNOT_CREATE}
[ ! -d "$path" ] || fail {CANNOT_CREATE} "it is a directory"
[ ! -e "$path" ] || [ -f "$path" ] || fail {CANNOT_CREATE} "it is not a plain file"
umask 077
folder=${{path%/*}}
new=$(mktemp "$folder/.converge-XXXXXXXX") || exit {CANNOT_CREATE}
trap 'rm -f "$new" "$new.all"' EXIT
trap 'exit 1' HUP INT TERM PIPE
cat >"$new.all" || exit {IO_ERROR}
[ "$(($(wc -c <"$new.all")))" -eq "$size" ] || fail {IO_ERROR} "it did not arrive whole"
skip=$old
case $old in any|none) skip=0 ;; esac
tail -c +"$((skip + 1))" "$new.all" >"$new" || exit {IO_ERROR}
was="0:0 0644"
[ "$(id -u)" -eq 0 ] || was=": 0644"
[ ! -e "$path" ] || was=$(stat -c "%u:%g %a" "$path" 2>/dev/null) ||
    was=$(stat -f "%u:%g %Mp%Lp" "$path") || exit {CANNOT_CREATE}
[ "$owner" != - ] || owner=${{was% *}}
[ "$mode" != - ] || mode=${{was#* }}
[ "$owner" = : ] || chown "$owner" "$new" || exit {CANNOT_CREATE}
chmod "$mode" "$new" || exit {CANNOT_CREATE}
durable "$new" || exit {IO_ERROR}
same || exit {CHANGED_MEANWHILE}
mv -f "$new" "$path" || exit {CANNOT_CREATE}
durable "${{folder:-/}}" || exit {IO_ERROR}
"""


def reading(path: str) -> Command:
    """What prints the file."""
    return Command(("/bin/sh", "-c", _READ, "sh", path), READ_S)


def read(path: str, answer: Answer) -> Answer:
    """The answer to a `Read` from that to `reading`."""
    if answer.lost == silence(reading(path)):
        return unreadable(path, f"no answer within {READ_S:g} s")
    if answer.lost:
        return Answer(lost=answer.lost)
    why = _why(answer)
    if answer.code and why in ("No such file or directory", "Not a directory"):
        return absent()
    if answer.code:
        return unreadable(path, why)
    if len(encoded(answer.stdout)) > KEEP:
        return unreadable(path, f"it is larger than {KEEP} bytes")
    return Answer(0, answer.stdout)


def writing(effect: Write) -> Command:
    """What replaces the file, whatever it was."""
    mode, owner = effect.mode or _KEPT, effect.owner or _KEPT
    return _replacing(effect.path, "any", "", reveal(effect.content), mode, owner)


def editing(path: str, old: str | None, new: str) -> Command:
    """What replaces the file, if its text is still `old`; None: if there is still none."""
    expected = "none" if old is None else str(len(encoded(old)))
    return _replacing(path, expected, old or "", new, _KEPT, _KEPT)


def _replacing(path: str, expected: str, old: str, new: str, mode: str, owner: str) -> Command:
    size = str(len(encoded(old + new)))
    argv = ("/bin/sh", "-c", _REPLACE, "sh", path, mode, owner, expected, size)
    return Command(argv, _REPLACE_S, Secret(old + new))


def replaced(path: str, answer: Answer) -> Answer:
    """The answer to a `Write` or `Edit` from that to `writing` or `editing`."""
    if answer.lost:
        return Answer(lost=f"it is not known whether {path} was written: {answer.lost}")
    if answer.code == CHANGED_MEANWHILE:
        return changed_meanwhile(path)
    return unwritable(path, _why(answer), answer.code) if answer.code else Answer()


def _why(answer: Answer) -> str:
    """The reason at the end of a program's complaint: `cat: /x: Permission denied`."""
    lines = answer.stderr.strip().splitlines()
    return lines[-1].rpartition(": ")[2] if lines else f"code {answer.code}"
