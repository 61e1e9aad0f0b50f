"""What a secondary's own log tells of the moment when its primary fell silent.

hastd and the kernel put the seconds there that nobody saw when the event of CARP was lost.
"""

from __future__ import annotations

import re
from collections.abc import Generator
from datetime import datetime
from typing import NamedTuple

from converge.core.host import Answer, Query, Run
from converge.core.ids import Ref
from converge.core.resource import Around

LOG = Run(
    ("tail", "-n", "400", "/var/log/messages"),
    deadline_s=5.0,
    silence_speaks=True,
    volatile=(r"(?s).+",),
)

HEARD_S = 20.0
"""A worker leaves when it has heard nothing for two keepalives, whatever `timeout` is
(hastd/secondary.c: proto_timeout(hr_remotein, 2 * HAST_KEEPALIVE))."""

REAPED_S = 5.0
"""So late hastd may notice, and log, that a worker has left (recordings, fact 11)."""

REPLY_S = 1.0
"""So long a write may have been on its way when the link broke."""

STAMP_S = 1.0
"""A time stamp has no fractions: it is so much too early at most."""

LOOKED_S = 600.0
"""Lines are believed within so long a gap of two looks: year and summer time are not in them."""

_LINE = re.compile(r"([A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d) \S+ (.*)")
_LEFT = re.compile(
    r"\(secondary\) Worker process exited ungracefully \(pid=(\d+), exitcode=75\)\."
)


class Logged(NamedTuple):
    """`pid` left `after_s` (by the time stamps) after our group's master timed out; or `why` it
    is not known."""

    why: str = ""
    pid: int = 0
    after_s: int = 0


def asked(around: Around, follow: Ref, name: str) -> Generator[Query, Answer, Logged | None]:
    """Look into the log, if what is followed has a name there."""
    try:
        group = around.offer(follow, "group")
    except LookupError:
        return None
    answer = yield LOG
    if answer.lost or answer.code != 0:
        return Logged(f"the log cannot be read: {answer.said}")
    return parse_logged(answer.stdout, name, group)


def parse_logged(text: str, name: str, group: str) -> Logged:
    """The last time-out of the CARP group (`1@vtnet1`), and the one worker that left since."""
    found = map(_LINE.fullmatch, text.splitlines())
    lines = [line.groups() if line else ("", "") for line in found]
    head = f"kernel: carp: {group}: "
    turns = [n for n, (_, said) in enumerate(lines) if said.startswith(head)]
    if not turns:
        return Logged(f"the log has no line about {group}")
    since = lines[turns[-1] :]
    turned = since[0][1].removeprefix(head)
    if turned != "BACKUP -> MASTER (master timed out)":
        return Logged(f"the log's last line about {group} is: {turned}")
    if any(said.startswith(("syslogd:", "last message repeated")) for _, said in since):
        return Logged("the log may lack lines")
    times = [_moment(stamp) for stamp, _ in since]
    known = [at for at in times if at]
    if len(known) < len(times) or known != sorted(known):
        return Logged("the log's time stamps do not rise")
    workers = _of_hastd(since, name)
    if len(workers) != 1:
        return Logged(f"the log has {len(workers) or 'no'} lines of hastd since the time-out")
    at, said = workers[0]
    left = _LEFT.fullmatch(said)
    if not left:
        return Logged(f"hastd has logged something else: {said}")
    return Logged("", int(left[1]), int((known[at] - known[0]).total_seconds()))


def _of_hastd(lines: list[tuple[str, ...]], name: str) -> list[tuple[int, str]]:
    """Which lines are hastd's and may be about the resource, and what they say of it."""
    found = []
    for n, (_, line) in enumerate(lines):
        said = re.fullmatch(r"hastd\[\d+\]: (?:\[(\S+)\] )?(.*)", line)
        if said and said[1] in (None, name):
            found.append((n, said[2]))
    return found


def _moment(stamp: str) -> datetime | None:
    """The log has no year: where one begins time seems to go back, and that is refused."""
    try:
        return datetime.strptime(f"2000 {stamp} +0000", "%Y %b %d %H:%M:%S %z")
    except ValueError:
        return None


def why_untold(logged: Logged | None, pid: int, timeout_s: float, quiet_s: float) -> str:
    """Why the log does not tell that the primary died before it could go on alone; '' if it does.

    Let the primary stop announcing itself at D and acknowledge its first write alone at A; D <= A
    is to be shown. Seconds count from the stamp of our MASTER line, `after_s` is that of the
    worker's line. A stamp is cut to seconds, a line may be late: the event was before stamp + 1.

    D: our timer ran out at M < 1, `quiet_s` after the last announcement; the next one, that did
    not come, was due within a period p < quiet_s / 3 + 1 (the skew is less than 1 s). So
    D <= 1 - max(0, quiet_s - p), and D <= 1 if quiet_s is not known.

    A: the worker left at E >= after_s - 5, for hastd may notice it so late. Either its connection
    was closed (that is exit code 75, too: log-hastd-peer-stopped-b): the primary went on alone no
    sooner, A >= E. Or it had heard nothing since E - 20: the link carried until then, so the
    oldest write without a reply was sent after E - 20 - 1 and is held back for `timeout`:
    A >= E - 21 + timeout. In both cases A >= after_s - 6 - max(0, 20 - timeout).

    This takes a link that breaks in both directions at once, as does what looks tell. It takes
    silence of CARP for the primary's own: where packets of HAST came after D for certain (E - 20 >
    1) it was only CARP that was cut off, and nothing is known.
    """
    if logged is None:
        return "what is followed has no name in the log"
    if logged.why:
        return logged.why
    if logged.pid != pid:
        return f"the log is about another worker (pid {logged.pid} instead of {pid})"
    silent_s = STAMP_S - max(0.0, quiet_s - (quiet_s / 3 + 1))
    alone_s = logged.after_s - REAPED_S - REPLY_S - max(0.0, HEARD_S - timeout_s)
    if silent_s > alone_s:
        return (
            f"by the log the link ended {logged.after_s} s after the primary's time-out in CARP "
            "or earlier: it may have gone on alone before it died"
        )
    if logged.after_s - REAPED_S - HEARD_S > STAMP_S:
        return "by the log the link carried on when CARP had fallen silent"
    return ""
