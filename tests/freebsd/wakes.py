"""A place in which the real `wake` runs under a shell of this machine.

Its converge counts its runs and works until it is let go; lockf(1) and daemon(8), which FreeBSD
has, are stood in for by flock(1) and setsid(1), which lock and detach in the same way.
"""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from converge.freebsd.trigger.scripts import HAST_EVENT, WAKE
from converge.hosts.clock import SystemClock

SHELLS = ("dash", "busybox", "mksh", "bash")

CONVERGE = """#!/bin/sh
echo "$@" >>"$PLACE/runs"
while [ -e "$PLACE/busy" ]; do sleep 0.02; done
cp "$PLACE/truth" "$PLACE/seen.$$" && mv "$PLACE/seen.$$" "$PLACE/seen"
read -r code <"$PLACE/code"
echo "$code" >>"$PLACE/ended"
exit "$code"
"""
"""It looks (takes `truth` over into `seen`) at its end: a call that came before has been seen."""

LOCKF = """#!/bin/sh
[ "$1 $2 $3 $4" = "-k -s -t 0" ] || { echo "lockf: $*" >>"$PLACE/wrong"; exit 64; }
shift 4
exec flock -n -E 75 "$@"
"""

CLINGING = LOCKF.replace(
    'exec flock -n -E 75 "$@"',
    """file=$1; shift
exec flock -n -E 75 "$file" /bin/sh -c '"$@"; code=$?; sleep 0.5; exit $code' sh "$@\"""",
)
"""The same, but what it ran has ended for half a second before the lock is free."""

DAEMON = """#!/bin/sh
[ "$1" = -f ] || { echo "daemon: $*" >>"$PLACE/wrong"; exit 64; }
shift
setsid "$@" >/dev/null 2>&1 </dev/null &
"""

LOGGER = """#!/bin/sh
echo "$@" >>"$PLACE/log"
"""


@dataclass(frozen=True)
class Place:
    """A folder with the script, its stand-ins, and what they leave behind."""

    folder: Path
    shell: tuple[str, ...]

    def call(self, *words: str, script: str = "wake") -> subprocess.CompletedProcess[str]:
        """As devd does: sh runs the line, and is waited for."""
        surroundings = {
            "PATH": f"{self.folder / 'bin'}:/usr/bin:/bin",
            "PLACE": str(self.folder),
            "CONVERGE_RUN_DIR": str(self.folder / "run"),
            "CONVERGE_PROGRAM": str(self.folder / "bin" / "converge"),
        }
        return subprocess.run(
            [*self.shell, str(self.folder / script), *words],
            env=surroundings, capture_output=True, text=True, check=False, timeout=30,
        )  # fmt: skip

    def text(self, name: str) -> str:
        path = self.folder / name
        return path.read_text() if path.exists() else ""

    @property
    def runs(self) -> list[str]:
        return self.text("runs").splitlines()

    def busy(self, *, on: bool) -> None:
        """Whether a run of converge goes on and on, or ends."""
        if on:
            (self.folder / "busy").touch()
        else:
            (self.folder / "busy").unlink(missing_ok=True)

    def truth(self, text: str) -> None:
        (self.folder / "truth").write_text(text)

    def until(self, what: object, limit_s: float = 20.0) -> None:
        """Wait until that is so; a burst may take its time on a busy machine."""
        assert callable(what)
        clock = SystemClock()
        end = clock.elapsed() + limit_s
        while not what():
            assert clock.elapsed() < end, (self.runs, self.text("log"))
            clock.sleep(0.02)

    @property
    def at_rest(self) -> bool:
        """No mark is left and no run is under way. (To try the lock would be to hold it.)"""
        ended = self.text("ended").count("\n")
        return not (self.folder / "run" / "wake").exists() and ended == len(self.runs)


def place(folder: Path, shell: str) -> Place:
    """/bin/sh inside the script is that shell, too."""
    own = (shell, "sh") if shell == "busybox" else (shell,)
    (folder / "bin").mkdir()
    texts = {"bin/converge": CONVERGE, "bin/lockf": LOCKF, "bin/daemon": DAEMON}
    texts |= {"bin/logger": LOGGER, "wake": WAKE, "hast-event": HAST_EVENT}
    shown = shutil.which(shell)
    for name, text in texts.items():
        path = folder / name
        text = text.replace('/bin/sh "', f'{shown}{" sh" if shell == "busybox" else ""} "')
        path.write_text(text)
        path.chmod(0o755)
    (folder / "code").write_text("0\n")
    (folder / "truth").write_text("\n")
    return Place(folder, own)
