"""The doors that every host's suite goes through: this machine, the same over ssh, the lab."""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from converge.core.host import Answer, Clock, Effect, Host
from converge.hosts.clock import SystemClock
from converge.hosts.local import LocalHost
from converge.hosts.ssh import SshHost
from converge.lab.fresh import recorded_pair
from converge.lab.host import Lab, LabClock, LabHost
from tests.hosts.server import Server, serve


@dataclass
class Door:
    """A host under test, and a folder on its node where it may write."""

    host: Host
    folder: str
    clock: Clock

    def do(self, effect: Effect, patience_s: float = 30.0) -> Answer:
        """Begin an effect and wait for its end."""
        ticket = self.host.begin(effect)
        return self.host.wait([ticket], self.clock.elapsed() + patience_s)[ticket]


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One sshd for all; not for tests that break it."""
    with tempfile.TemporaryDirectory(prefix="cvg") as sockets:  # short: see socket_folder
        found = serve(tmp_path_factory.mktemp("sshd"), Path(sockets))
        yield found
        found.stop()


def local_door(folder: Path, request: pytest.FixtureRequest) -> Door:
    clock = SystemClock()
    return Door(LocalHost(clock), str(folder), clock)


def ssh_door(folder: Path, request: pytest.FixtureRequest) -> Door:
    server = request.getfixturevalue("server")
    clock = SystemClock()
    return Door(SshHost(server.url, clock, server.ssh, server.sockets), str(folder), clock)


def lab_door(folder: Path, request: pytest.FixtureRequest) -> Door:
    lab = Lab(recorded_pair())
    return Door(LabHost(lab, "hasta"), "/tmp", LabClock(lab))


REAL = [
    pytest.param(local_door, id="local"),
    pytest.param(ssh_door, id="ssh", marks=pytest.mark.ssh),
]
"""Doors to a real machine, whose processes and files a test may look at behind the door."""

EVERY = [*REAL, pytest.param(lab_door, id="lab")]
"""All doors, the simulated node's among them."""


@pytest.fixture(params=EVERY)
def door(request: pytest.FixtureRequest, tmp_path: Path) -> Door:
    return request.param(tmp_path, request)


@pytest.fixture(params=REAL)
def real_door(request: pytest.FixtureRequest, tmp_path: Path) -> Door:
    return request.param(tmp_path, request)
