"""A real OpenSSH server of the test's own: loopback, a free port, keys in a temporary folder."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import pytest

SSHD = shutil.which("sshd", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
PRIVILEGE_SEPARATION = Path("/run/sshd")
"""Debian's sshd insists on this folder when root starts it; only a boot makes it."""


@dataclass
class Server:
    """It runs; `ssh` is the client's command line to it, and `sockets` for shared connections.

    Keys, configurations and the log are in `folder`.
    """

    process: subprocess.Popen[bytes]
    url: str
    ssh: tuple[str, ...]
    folder: Path
    sockets: Path

    def logins(self) -> int:
        """How often somebody has logged in since the trial in `serve`."""
        return (self.folder / "log").read_text().count("Accepted publickey") - 1

    def sessions(self) -> list[int]:
        """The server's processes for the connections that are open now."""
        table = subprocess.run(
            ["ps", "-A", "-o", "pid=", "-o", "ppid=", "-o", "args="],
            capture_output=True, text=True, check=True,
        ).stdout  # fmt: skip
        rows = [line.split(None, 2) for line in table.splitlines()]
        mine = {self.process.pid}
        for _ in range(3):
            mine |= {int(pid) for pid, ppid, args in rows if int(ppid) in mine and "sshd" in args}
        return sorted(mine - {self.process.pid})

    def cut(self) -> None:
        """Lose every connection, as a dying node does."""
        for pid in self.sessions():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def stop(self) -> None:
        self.cut()  # while it is still known whose they are
        self.process.terminate()
        self.process.wait(10)


def serve(folder: Path, sockets: Path, addresses: tuple[str, ...] = ("127.0.0.1",)) -> Server:
    """Start one with everything it needs in `folder`; skips where that cannot be."""
    if SSHD is None:
        no_server("there is no sshd on this machine")
    if os.geteuid() == 0 and not PRIVILEGE_SEPARATION.exists():
        PRIVILEGE_SEPARATION.mkdir(mode=0o755)
    for name in ("host", "user"):
        keygen = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)]
        subprocess.run(keygen, check=True)
    port = _free_port()
    listen = "".join(f"ListenAddress {address}\n" for address in addresses)
    (folder / "sshd_config").write_text(
        f"Port {port}\n{listen}HostKey {folder}/host\nPidFile none\n"
        f"AuthorizedKeysFile {folder}/user.pub\nStrictModes no\nUsePAM no\n"
        "PasswordAuthentication no\nKbdInteractiveAuthentication no\nPermitRootLogin yes\n"
    )
    key = (folder / "host.pub").read_text()
    known = ",".join(f"[{address}]:{port}" for address in addresses)
    (folder / "known_hosts").write_text(f"{known} {key}")
    (folder / "ssh_config").write_text(
        f"IdentityFile {folder}/user\nUserKnownHostsFile {folder}/known_hosts\n"
        "IdentitiesOnly yes\nStrictHostKeyChecking yes\n"
    )
    with (folder / "log").open("wb") as log:
        sshd = [SSHD, "-D", "-e", "-f", str(folder / "sshd_config")]
        process = subprocess.Popen(sshd, stdin=subprocess.DEVNULL, stderr=log)
    _await(port, process, folder / "log")
    ssh = ("ssh", "-F", str(folder / "ssh_config"))
    trial = subprocess.run(
        [*ssh, "-p", str(port), "127.0.0.1", "true"], capture_output=True, text=True
    )
    if trial.returncode:
        process.terminate()
        process.wait(10)
        no_server(f"whoever runs the tests cannot log in here: {trial.stderr.strip()}")
    return Server(process, f"ssh://127.0.0.1:{port}", ssh, folder, sockets)


def no_server(why: str) -> NoReturn:
    """Skip, saying why; fail where somebody has said that these tests must run."""
    if os.environ.get("CONVERGE_REQUIRE_SSHD"):
        pytest.fail(why)
    pytest.skip(why)


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _await(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(100):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        if process.poll() is not None:
            no_server(f"sshd does not start here: {log.read_text().strip()}")
        time.sleep(0.05)  # noqa: TID251 - a real server takes real time
    pytest.fail("sshd does not listen")
