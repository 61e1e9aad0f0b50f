"""Playing the command line in process: what a command says, and a simulated pair to say it of."""

import contextlib
import io
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

from converge.cli import run
from converge.cli.ground.labfile import close_labs

ROOT = Path(__file__).parents[2]
SEED = ROOT / "desired" / "seed-pair.toml"
MYSQL = ROOT / "desired" / "mysql-pair.toml"
NODES = ("hasta", "hastb")
VIP = "192.168.1.50"


@dataclass(frozen=True)
class Said:
    """The exit code of a command and what it printed."""

    code: int
    out: str
    err: str


class Terminal(io.StringIO):
    """A person who types this."""

    def isatty(self) -> bool:
        return True


def converge(*words: str, stdin: io.StringIO | None = None) -> Said:
    """A command line. Without `stdin` nobody is there to be asked."""
    out, err = io.StringIO(), io.StringIO()
    close_labs()
    with (
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        patch("sys.stdin", stdin or io.StringIO()),
    ):
        code = run(words)
    return Said(code, out.getvalue(), err.getvalue())


@dataclass(frozen=True)
class Pair:
    """A desired file and a lab with its machines, in a folder."""

    config: Path
    state: Path

    def doors(self, *nodes: str) -> tuple[str, ...]:
        """`-c FILE --host NODE=lab:FILE ...`; both nodes if none is named."""
        hosts = (word for n in nodes or NODES for word in ("--host", f"{n}=lab:{self.state}"))
        return "-c", str(self.config), *hosts

    def __call__(self, command: str, *words: str, nodes: tuple[str, ...] = ()) -> Said:
        """A command that looks at the nodes."""
        return converge(command, *self.doors(*nodes), *words)

    def lab(self, subcommand: str, *words: str) -> Said:
        """`converge lab SUBCOMMAND`, which must succeed."""
        said = converge("lab", subcommand, "--lab", str(self.state), *words)
        assert said.code == 0, said.err
        return said

    def on(self, node: str, line: str) -> str:
        """What a shell on the node prints for a line."""
        return self.lab("run", node, "sh", "-c", line).out

    def settle(self) -> None:
        """Apply until the next plan of both nodes is empty."""
        for _ in range(5):
            assert self("apply", "-y").code == 0
            if "nothing to do" in self("plan").out:
                return
            self.lab("advance", "5s")
        raise AssertionError(self("plan").out)

    def learn(self) -> None:
        """A minute later cron looks: the secondary remembers that it has all that there is."""
        self.lab("advance", "60s")
        assert self("apply", "--trigger", "cron").code == 0

    def copied(self, folder: Path) -> "Pair":
        """The same machines and what their runs remember, in another folder; no journal."""
        state = folder / "lab.json"
        state.write_bytes(self.state.read_bytes())
        memory = Path(f"{state}.state")
        memory.mkdir(mode=0o700)
        shutil.copy(Path(f"{self.state}.state") / "ledger.json", memory)
        return Pair(self.config, state)

    def put(self, node: str, row: str) -> int:
        """Write a row through the shared address, from a node; how many rows there are now."""
        said = self.on(node, f"printf 'PUT {row}\\nCOUNT\\nQUIT\\n' | nc -w 3 {VIP} 3306")
        greeting, ok, count = said.splitlines()
        assert greeting.startswith("HELLO")
        assert ok.startswith("OK "), said
        return int(count.removeprefix("COUNT "))


def new_pair(folder: Path, example: Path) -> Pair:
    """Two machines just booted, for an example whose password file is there."""
    secret = folder / "carp.pass"
    secret.write_text("testpass\n")
    config = folder / "desired.toml"
    text = example.read_text().replace("/usr/local/etc/converge/carp.pass", str(secret))
    config.write_text(text)
    pair = Pair(config, folder / "lab.json")
    pair.lab("new", "-c", str(config))
    return pair


def outcomes(err: str) -> Iterator[tuple[str, str]]:
    """(`hasta/hast.test promote`, `done in 0.2s`) of each outcome line, in order."""
    for line in err.splitlines():
        key, _, ending = line[11:].partition(": ")
        yield key, ending
