"""Where a far node is: ssh://user@host:port, and the ssh command line that goes there."""

from __future__ import annotations

import os
import re
import shlex
import stat
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from converge.core.errors import UsageError
from converge.hosts.answers import ENVIRONMENT

CONNECT_S = 5
"""For a connection to come up, in seconds."""

# The far shell gets our few variables and none of those of the login. `exec` and plain words
# mean the same to every login shell, csh of FreeBSD's root included.
_FAR_SHELL = shlex.join(
    ["exec", "/usr/bin/env", "-i", *(f"{k}={v}" for k, v in ENVIRONMENT.items()), "/bin/sh"]
)

_OPTIONS = {
    "BatchMode": "yes",
    "ServerAliveCountMax": "2",
    "ClearAllForwardings": "yes",
    "ForwardAgent": "no",
    "ForwardX11": "no",
    "RequestTTY": "no",
    "LogLevel": "ERROR",
}


@dataclass(frozen=True, slots=True)
class Target:
    """A far node. What is not said is left to the configuration of ssh."""

    host: str
    user: str = ""
    port: int | None = None

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        user = f"{self.user}@" if self.user else ""
        return f"ssh://{user}{host}" + (f":{self.port}" if self.port else "")


def parse_target(url: str) -> Target:
    """Read `ssh://[user@]host[:port]`. UsageError, which never shows a password."""
    form = "it is written ssh://user@host:port; user and port may be left out"
    try:
        parts = urlsplit(url)
        host, user, port = parts.hostname or "", parts.username or "", parts.port
    except ValueError as error:
        raise UsageError(f"this is not the address of a node: {error}", form) from None
    if parts.scheme != "ssh":
        raise UsageError(f"{parts.scheme or 'no scheme'} is no way to a node", form)
    if parts.password is not None:
        raise UsageError("converge takes no password for ssh; give the node a key", form)
    if not re.fullmatch(r"[\w.:%][\w.:%-]*", host) or not re.fullmatch(r"([\w.][\w.-]*)?", user):
        raise UsageError(f"{url} does not name a host", form)
    if parts.path.strip("/") or parts.query or parts.fragment or port == 0:
        raise UsageError(f"{url} is more than the address of a node", form)
    return Target(host, user, port)


def command_line(
    target: Target, program: tuple[str, ...], folder: Path, connect_s: int = CONNECT_S
) -> tuple[str, ...]:
    """argv of one ssh whose stdin is a script. The connection is shared for a minute by socket."""
    options = {**_OPTIONS, **_patience(connect_s), **_sharing(folder)}
    return (
        *program,
        *(word for name, value in options.items() for word in ("-o", f"{name}={value}")),
        *(("-p", str(target.port)) if target.port else ()),
        *(("-l", target.user) if target.user else ()),
        *("--", target.host, _FAR_SHELL),
    )


def socket_folder() -> Path:
    """Where the sockets of shared connections are, unless told otherwise.

    Short, because the path of a socket has room for some 100 characters.
    """
    return Path(f"/tmp/converge-ssh-{os.geteuid()}")


def _patience(connect_s: int) -> dict[str, str]:
    """A connection that stands and goes silent is given up after three intervals, 6 s for 5 s:
    whoever waits for the node is about to fail over."""
    return {
        "ConnectTimeout": str(connect_s),
        "ServerAliveInterval": str(max(1, connect_s // 2)),
    }


def _sharing(folder: Path) -> dict[str, str]:
    """Options for a shared connection; none is shared in a folder that is not ours alone."""
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        status = folder.lstat()
    except OSError:
        return {"ControlPath": "none"}
    private = stat.S_ISDIR(status.st_mode) and not status.st_mode & 0o077
    if not private or status.st_uid != os.geteuid():
        return {"ControlPath": "none"}
    return {
        "ControlMaster": "auto",
        "ControlPersist": "60s",
        "ControlPath": f"{folder}/%C",
    }
