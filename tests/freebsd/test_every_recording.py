"""Every recording is read by the parser that its command belongs to, or belongs to none.

The tests of the kinds say what is read out of which recording; here none may be forgotten: each
one stands in exactly one row, and a parser that a row names must make something of it.
"""

import re
from collections.abc import Callable
from typing import Any

import pytest

from converge.core.host import Answer
from converge.core.state import Unknown
from converge.freebsd.carp.answers import parse_dialect, parse_ifconfig
from converge.freebsd.filesystem import parse_mounted_devices, parse_superblock
from converge.freebsd.hast.answers import HastState, parse_dump, parse_list, parse_status
from converge.freebsd.mount import parse_mounts
from converge.freebsd.mysqld.answers import parse_processes
from converge.freebsd.service import parse_status as parse_service
from converge.freebsd.setting.syntax import parse_setting
from converge.freebsd.sysctl import parse_sysctl
from tests.recorded import Recording, recordings

STATE = HastState("init", "/dev/vtbd1", "192.168.1.52", "memsync", "test")


def listed(answer: Answer) -> Any:
    return answer.code in (64, 71, 72, 78) or parse_list(answer.stdout)


def status(answer: Answer) -> Any:
    return answer.code in (71, 72, 78) or parse_status(answer.stdout)


def dumped(answer: Answer) -> Any:
    return answer.code in (65, 72, 78, 255) or parse_dump(STATE, answer.stdout)


def interface(answer: Answer) -> Any:
    return "does not exist" in answer.stderr or parse_ifconfig(answer.stdout)


def served(answer: Answer) -> Any:
    """Not the plain `status`: with X not enabled it says so and nothing more (fact 1)."""
    if "does not exist" in answer.stdout or "Cannot 'status'" in answer.stdout:
        return isinstance(parse_service(answer), Unknown)
    return not isinstance(parse_service(answer), Unknown)


def tunables(answer: Answer) -> Any:
    return "unknown oid" in answer.stderr or parse_sysctl(answer.stdout)


def superblock(answer: Answer) -> Any:
    return parse_superblock(answer.stdout) is not None


def root(answer: Answer) -> Any:
    return parse_mounts(answer.stdout)["/"] in parse_mounted_devices(answer.stdout)


def processes(answer: Answer) -> Any:
    return len(parse_processes(answer.stdout, "/mysql/db")) in (0, 2)


def settings(answer: Answer) -> Any:
    found = parse_setting("/etc/rc.conf", answer.stdout, "hastd_enable")
    return found is not None and not isinstance(found, Unknown)


def code_only(answer: Answer) -> Any:
    """The look reads the exit code alone."""
    return answer.code in (0, 1, 3, 7)


ROWS: tuple[tuple[str, Callable[[Answer], Any]], ...] = (
    (r"hastctl list( \w+)?", listed),
    (r"hastctl status( -c \S+| \w+)?", status),
    (r"hastctl dump( -c \S+)? \w+", dumped),
    (r"ifconfig( -v)? (vtnet|carp)\d", interface),
    (r"service \S+ (one)?status", served),
    (r"sysctl net\.inet\.carp", tunables),
    (r"dumpfs /dev/hast/test \| grep .*", superblock),
    (r"mount( -t ufs)? -p", root),
    (r"pgrep -lf mysqld", processes),
    (r"cat /etc/rc\.conf", settings),
    (r"kldstat -q -m \w+|fsck_ufs -F \S+", code_only),
    (r"uname -rs", lambda answer: parse_dialect(answer.stdout) == "vhid"),
    (r"hostname", lambda answer: answer.stdout == "hasta\n"),
)

NOT_ASKED: tuple[str, ...] = (
    r"ifconfig (-a|-l)|ifconfig \S+ .+|netstat .*|arp .*|ping .*",
    r"kldload .*|kldunload .*|kldstat.*|sysctl .*|uname .*|freebsd-version.*|uptime",
    r"hastctl|hastctl (create|role|-c) .*|hastctl (status|list) all|hastd -c .*",
    r"service \S+ \w+|service -e|sysrc .*|/usr/local/etc/rc\.d/.*",
    r"fsck .*|fsck_ufs .*|dumpfs -m .*|newfs .*|LC_ALL=C fstyp .*|diskinfo .*|dd .*|df .*",
    r"mount|mount /.*|mount -p \| .*|umount .*|fuser .*|sockstat .*|touch .*|stat .*",
    r"ls .*|pgrep .*|ps .*|dmesg .*|tail .*|cat .*|grep .*|sed .*|sysctl -n .*|printf .*|kill .*",
    r"/usr/bin/time .*|msdate.*|a=.*|.*; .*",
)
"""Commands that no look sends: effects, the recorder's own views, several in one line."""


def row(recording: Recording) -> Callable[[Answer], Any] | None:
    return next((reads for word, reads in ROWS if re.fullmatch(word, recording.cmd)), None)


@pytest.mark.parametrize("name", sorted(n for n, r in recordings().items() if row(r)))
def test_the_parser_of_its_command_makes_something_of_it(name: str) -> None:
    recording = recordings()[name]
    reads = row(recording)
    assert reads is not None
    assert reads(recording.answer)


def test_every_other_recording_is_of_a_command_that_no_look_sends() -> None:
    others = [r for r in recordings().values() if not row(r)]
    forgotten = [
        r.name for r in others if not any(re.fullmatch(w, r.cmd, re.DOTALL) for w in NOT_ASKED)
    ]
    assert forgotten == []
