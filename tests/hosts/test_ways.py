"""The paths to a node over a real sshd: alive, refused, and into the void."""

import contextlib
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from converge.core.host import NO_SUCH_FILE, Query, Read, Run
from converge.hosts.clock import SystemClock
from converge.hosts.paths import CONNECT_S, PathsReader
from converge.hosts.target import Target, parse_target
from converge.hosts.ways import SshWays
from tests.hosts.server import Server, serve

pytestmark = pytest.mark.ssh

LAN, REPLICATION, NOBODY, VOID = "127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.4"
BATCH: list[Query] = [Run(("echo", "x")), Read("/no/such/file")]


@pytest.fixture
def two(tmp_path: Path) -> Iterator[Server]:
    """A server at two addresses."""
    with tempfile.TemporaryDirectory(prefix="cvg") as sockets:
        found = serve(tmp_path, Path(sockets), (LAN, REPLICATION))
        yield found
        found.stop()


@pytest.fixture(autouse=True)
def _void(two: Server) -> Iterator[None]:
    """An address that swallows packets: a queue of one, that is full. (Where the tests run,
    192.0.2.1 may be refused by a router, which is no silence.)"""
    port = parse_target(two.url).port
    with contextlib.ExitStack() as stack:
        full = stack.enter_context(socket.socket())
        full.bind((VOID, port))
        full.listen(0)
        for _ in range(3):
            knock = stack.enter_context(socket.socket())
            knock.settimeout(0.0)
            knock.connect_ex((VOID, port))
        yield


def ways(server: Server, *addresses: str) -> SshWays:
    port = parse_target(server.url).port
    targets = [Target(address, "", port) for address in addresses]
    return SshWays(targets, SystemClock(), server.ssh, server.sockets)


def reader(ways: SshWays, lan: str, replication: str) -> PathsReader:
    return PathsReader("hasta", (("lan", lan), ("replication", replication)), ways, SystemClock())


def test_both_paths_answer(two: Server) -> None:
    with closing(ways(two, LAN, REPLICATION)) as found:
        peer = reader(found, LAN, REPLICATION)
        echo, missing = peer.ask(BATCH)
        assert (echo.stdout, missing.code) == ("x\n", NO_SUCH_FILE)
        assert [(p.name, p.answered, p.why) for p in peer.paths] == [
            ("lan", True, ""),
            ("replication", True, ""),
        ]
    assert two.logins() == 2


@pytest.mark.parametrize("void_first", [False, True])
def test_one_path_into_the_void(two: Server, *, void_first: bool) -> None:
    pair = (VOID, REPLICATION) if void_first else (LAN, VOID)
    with closing(ways(two, *pair)) as found:
        peer, began = reader(found, *pair), time.monotonic()
        assert peer.ask(BATCH)[0].stdout == "x\n"
        assert time.monotonic() - began < CONNECT_S + 1
        assert [p.silent for p in peer.paths] == [void_first, not void_first]
        began = time.monotonic()
        assert peer.ask(BATCH)[0].stdout == "x\n"
        assert time.monotonic() - began < CONNECT_S / 2


def test_a_closed_port_is_not_silence(two: Server) -> None:
    with closing(ways(two, NOBODY, VOID)) as found:
        peer, began = reader(found, NOBODY, VOID), time.monotonic()
        lost = {answer.lost for answer in peer.ask(BATCH)}
        assert time.monotonic() - began < CONNECT_S + 1
        assert [(p.answered, p.silent) for p in peer.paths] == [(False, False), (False, True)]
    (why,) = lost
    assert why.startswith(f"hasta does not answer (lan {NOBODY}: Connection refused; replication")


def test_a_key_that_is_not_accepted_is_not_silence(two: Server) -> None:
    (two.folder / "user.pub").write_text("")
    with closing(ways(two, LAN, REPLICATION)) as found:
        peer = reader(found, LAN, REPLICATION)
        assert peer.ask(BATCH)[0].lost
        assert not any(p.answered or p.silent for p in peer.paths)
        assert "Permission denied" in peer.paths[0].why


def test_closing_waits_for_nobody(two: Server) -> None:
    found = ways(two, VOID)
    found.send(VOID, BATCH)
    began = time.monotonic()
    found.close()
    assert time.monotonic() - began < 0.5
