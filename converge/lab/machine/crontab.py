"""cron(8): the entries of its folders, and which of them are due at a minute."""

from __future__ import annotations

import re
import shlex
from datetime import datetime
from functools import cache

from converge.lab.ufs import list_dir, read_file
from converge.lab.world import World

FOLDERS = ("/etc/cron.d", "/usr/local/etc/cron.d")

Entry = tuple[tuple[str, ...], str]
"""The five fields, and the command; who runs it is left out."""


@cache
def parse(text: str) -> tuple[Entry, ...]:
    """A system's crontab(5): five fields, a user, a command. Settings and comments are none."""
    found = []
    for line in text.splitlines():
        words = line.split(None, 6)
        if len(words) == 7 and not line.lstrip().startswith("#"):
            found.append((tuple(words[:5]), words[6]))
    return tuple(found)


def due(world: World, node: str, minute: datetime) -> list[tuple[str, ...]]:
    """The words of what cron starts in that minute; nothing where no cron runs."""
    processes = world.machine(node).processes.values()
    if not any(p.command.startswith("/usr/sbin/cron") for p in processes):
        return []
    places = [f"{folder}/{name}" for folder in FOLDERS for name in list_dir(world, node, folder)]
    files = (read_file(world, node, path) for path in places if "/." not in path)
    entries = [entry for file in files if file is not None for entry in parse(file.text)]
    return [tuple(shlex.split(command)) for fields, command in entries if _fits(fields, minute)]


def _fits(fields: tuple[str, ...], at: datetime) -> bool:
    now = (at.minute, at.hour, at.day, at.month, at.isoweekday() % 7)
    return all(map(_one, fields, now))


def _one(field: str, value: int) -> bool:
    """*, */5, 3, 1-5, and lists of them."""
    for part in field.split(","):
        span, _, step = part.partition("/")
        first, _, last = span.partition("-")
        if not re.fullmatch(r"\*|\d+", first):
            continue
        low, high = (0, 99) if first == "*" else (int(first), int(last or (99 if step else first)))
        if low <= value <= high and (value - low) % int(step or 1) == 0:
            return True
    return False
