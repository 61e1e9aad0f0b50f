"""A far node over a real ssh: round trips, and every way to lose one."""

import os
import socket
import stat
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from converge.core.host import CHANGED_MEANWHILE, Answer, Command, Edit, Query, Read, Run, Write
from converge.core.secret import Secret
from converge.hosts import farfile
from converge.hosts.clock import SystemClock
from converge.hosts.ssh import SshHost
from tests.hosts.conftest import Door, ssh_door
from tests.hosts.server import Server, serve
from tests.hosts.watching import alive, gone, nap

pytestmark = pytest.mark.ssh

BATCH: list[Query] = [
    *[Run(("echo", str(n))) for n in range(10)],
    Read("/no"),
    Read("/etc/passwd"),
]


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Server]:
    """A server that the test may break."""
    folder = tmp_path / "sshd"
    folder.mkdir()
    with tempfile.TemporaryDirectory(prefix="cvg") as sockets:
        found = serve(folder, Path(sockets))
        yield found
        found.stop()


@pytest.fixture
def door(server: Server, tmp_path: Path, request: pytest.FixtureRequest) -> Door:
    return ssh_door(tmp_path, request)


def host(server: Server, url: str = "", ssh: tuple[str, ...] = ()) -> SshHost:
    return SshHost(url or server.url, SystemClock(), ssh or server.ssh, server.sockets)


def test_a_batch_is_one_round_trip_without_a_secret_in_sight(
    server: Server, tmp_path: Path
) -> None:
    """A wrapper around ssh notes each call and its words."""
    wrapper = tmp_path / "ssh"
    wrapper.write_text(
        f'#!/bin/sh\necho call >>{tmp_path}/calls\necho "$*" >>{tmp_path}/words\nexec "$@"\n'
    )
    wrapper.chmod(0o755)
    far = host(server, ssh=(str(wrapper), *server.ssh))
    assert len(BATCH) == 12
    assert [answer.lost for answer in far.ask(BATCH)] == [""] * 12
    assert (tmp_path / "calls").read_text() == "call\n"
    far.ask([])
    assert (tmp_path / "calls").read_text() == "call\n"
    ticket = far.begin(Command(("true", Secret("sesame")), stdin=Secret("sesame")))
    assert far.wait([ticket], SystemClock().elapsed() + 20) == {ticket: Answer()}
    assert (tmp_path / "calls").read_text() == "call\n" * 2
    assert "sesame" not in (tmp_path / "words").read_text()


def test_batches_and_hosts_share_one_connection(own: Server) -> None:
    for far in (host(own), host(own)):
        for _ in range(3):
            assert not any(answer.lost for answer in far.ask(BATCH))
    assert own.logins() == 1
    assert all(stat.S_ISSOCK(path.stat().st_mode) for path in own.sockets.iterdir())


def test_sockets_are_not_put_where_others_may_look(own: Server) -> None:
    own.sockets.chmod(0o755)
    assert host(own).ask([Run(("echo", "x"))]) == [Answer(0, "x\n")]
    assert list(own.sockets.iterdir()) == []


@pytest.mark.parametrize("shared", [False, True])
def test_a_connection_lost_in_the_middle_loses_answers_and_makes_none_absent(
    own: Server, *, shared: bool
) -> None:
    far = host(own)
    if shared:
        far.ask([Run(("true",))])
    threading.Timer(1.5, own.cut).start()
    began = time.monotonic()
    answers = far.ask([Run(("echo", "x")), Run(("sleep", "8")), Read("/no"), Run(("true",))])
    assert time.monotonic() - began < 6
    assert answers[0] == Answer(0, "x\n")
    for lost in answers[1:]:
        assert (lost.code, lost.stdout) == (0, "")
        assert f"{own.url} cannot be reached: " in lost.lost
    assert far.ask([Run(("echo", "back"))]) == [Answer(0, "back\n")]


def test_a_command_whose_connection_is_lost_ends_over_there_at_its_deadline(own: Server) -> None:
    far, napping = host(own), nap()
    ticket = far.begin(Command(tuple(napping.split()), deadline_s=2.5))
    threading.Timer(1.0, own.cut).start()
    answer = far.wait([ticket], SystemClock().elapsed() + 20)[ticket]
    assert "cannot be reached" in answer.lost
    assert alive(napping)
    time.sleep(2)  # noqa: TID251 - its deadline is kept by the far node alone
    assert gone(napping)


def test_nobody_there_is_lost_with_the_reason_of_ssh(own: Server) -> None:
    own.stop()
    for answer in host(own).ask(BATCH):
        assert answer.lost.startswith(
            f"{own.url} cannot be reached: ssh: connect to host 127.0.0.1"
        )
        assert answer.lost.endswith("Connection refused")
    far = host(own)
    for effect in (Write("/tmp/x", "x"), Edit("/tmp/x", "", "x\n"), Command(("true",))):
        ticket = far.begin(effect)
        answer = far.wait([ticket], SystemClock().elapsed() + 20)[ticket]
        assert "Connection refused" in answer.lost


def test_a_key_that_is_not_accepted_is_lost(own: Server) -> None:
    (own.folder / "user.pub").write_text("")
    (answer,) = host(own).ask([Read("/no")])
    assert "Permission denied" in answer.lost


def test_a_node_with_another_key_is_lost(own: Server) -> None:
    known = own.folder / "known_hosts"
    user = (own.folder / "user.pub").read_text()
    known.write_text(f"{known.read_text().split()[0]} {user}")
    (answer,) = host(own).ask([Read("/no")])
    assert answer.lost == f"{own.url} cannot be reached: Host key verification failed."


def test_a_node_that_says_nothing_is_given_up(server: Server) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        began = time.monotonic()
        (answer,) = host(server, f"ssh://127.0.0.1:{silent.getsockname()[1]}").ask([Read("/no")])
    assert time.monotonic() - began < 8
    assert "Connection timed out" in answer.lost


def test_a_machine_without_ssh_loses_the_batch(server: Server) -> None:
    (answer,) = host(server, ssh=("no-such-ssh",)).ask([Read("/no")])
    assert "not found" in answer.lost


def test_the_guards_of_deadlines_end_with_the_batch(door: Door) -> None:
    """Also when the batch is over before they have properly begun."""
    deadline_s = 3600 + os.getpid()
    for _ in range(8):
        door.host.ask([Run(("true",), deadline_s)])
    assert gone(f"sleep {deadline_s}")


@pytest.mark.parametrize(
    ("read", "now"),
    [("a=1\n", "a=1\ntheirs=1\n"), ("a=1\n", None), (None, "theirs=1\n"), ("", "x")],
)
def test_a_save_between_our_reading_and_writing_is_not_undone(
    door: Door, read: str | None, now: str | None
) -> None:
    path = Path(door.folder, "f")
    if now is not None:
        path.write_text(now)
    answer = door.do(farfile.editing(str(path), read, "ours\n"))
    assert answer.code == CHANGED_MEANWHILE
    assert (path.read_text() if path.exists() else None) == now
    assert len(list(path.parent.iterdir())) == (now is not None)


@pytest.mark.parametrize("read", [None, "", "a=1\n"])
def test_an_edit_writes_what_is_still_as_read(door: Door, read: str | None) -> None:
    path = Path(door.folder, "f")
    if read is not None:
        path.write_text(read)
    assert door.do(farfile.editing(str(path), read, "ours\n")) == Answer()
    assert path.read_text() == "ours\n"


def test_closing_lets_go_of_what_nobody_waits_for(server: Server) -> None:
    far = host(server)
    far.begin(Command(("sleep", "3"), deadline_s=1))
    began = time.monotonic()
    far.close()
    assert time.monotonic() - began < 0.5
