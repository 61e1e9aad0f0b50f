"""The recordings of a real FreeBSD 13.2 pair: what it printed, byte for byte."""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from converge.core.host import Answer

FOLDER = Path(__file__).parent / "recordings"


@dataclass(frozen=True)
class Recording:
    """One command on a real node: `state` is the recorder's word for how the pair was."""

    name: str
    cmd: str
    node: str
    state: str
    rc: int
    duration_s: float
    stdout: str
    stderr: str
    note: str = ""

    @property
    def answer(self) -> Answer:
        return Answer(self.rc, self.stdout, self.stderr)


@cache
def recordings() -> dict[str, Recording]:
    """All of them, by name."""
    return {
        path.stem: Recording(path.stem, **tomllib.loads(path.read_text()))
        for path in sorted(FOLDER.glob("*.toml"))
    }


def recording(name: str) -> Recording:
    return recordings()[name]
