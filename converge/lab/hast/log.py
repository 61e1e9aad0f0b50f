"""What hastd tells the outside: lines for syslogd, and calls of the `exec` program.

Messages of jailed workers after their start never arrive in a log (recordings, fact 27); they
are not here because nobody can see them.
"""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256

from converge.lab.hast import pair as hastpair
from converge.lab.hast.pair import Place
from converge.lab.machine import syslog
from converge.lab.world import World

DAEMON = "/var/log/daemon.log"
MESSAGES = "/var/log/messages"


def info(world: World, node: str, text: str, pid: int = 0) -> World:
    """Level info: only daemon.log. `pid` 0 is the main process."""
    return syslog.log(world, node, DAEMON, f"hastd[{pid or _main(world, node)}]: {text}")


def warn(world: World, node: str, text: str, pid: int = 0) -> World:
    """Levels warning and error: messages too."""
    line = f"hastd[{pid or _main(world, node)}]: {text}"
    return syslog.log(syslog.log(world, node, DAEMON, line), node, MESSAGES, line)


def _main(world: World, node: str) -> int:
    hastd = world.machine(node).hastd
    return 0 if hastd is None else hastd.pid


def prefix(world: World, place: Place) -> str:
    """How a message about a resource begins."""
    return f"[{place.name}] ({hastpair.get(world, place).role})"


def hook(world: World, place: Place, *words: str) -> World:
    """Call the `exec` program with the event, the resource and what else there is to say."""
    if not hastpair.get(world, place).exec_path:
        return world
    call = (words[0], place.name, *words[1:])
    hooks = (*world.machine(place.node).hooks, (world.now, call))
    return world.change(place.node, hooks=hooks)


def exited(world: World, place: Place, pid: int, code: int) -> World:
    """The main process saw a worker leave."""
    why = f"Worker process exited ungracefully (pid={pid}, exitcode={code})."
    return warn(world, place.node, f"{prefix(world, place)} {why}")


def killed(world: World, place: Place, pid: int, signal: int) -> World:
    """The main process saw a worker die of a signal."""
    why = f"Worker process killed (pid={pid}, signal={signal})."
    return warn(world, place.node, f"{prefix(world, place)} {why}")


def drawn(world: World, *words: str) -> tuple[World, int]:
    """A number of 64 bits that nobody foresees, and always the same for the same world."""
    seen = "\0".join((str(world.seed), str(world.serial), *words))
    number = int.from_bytes(sha256(seen.encode()).digest()[:8])
    return replace(world, serial=world.serial + 1), number


def came_from(world: World, address: str) -> tuple[World, str]:
    """The client's end of a new connection."""
    world, number = drawn(world, "port", address)
    return world, f"tcp://{address}:{10000 + number % 55536}"
