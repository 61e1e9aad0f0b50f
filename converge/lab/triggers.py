"""What wakes the software of a node: devd's rules, hastd's hooks, the end of a boot."""

from __future__ import annotations

from typing import Any

from converge.lab.world import Machine, World


def woken(before: World, after: World) -> tuple[tuple[float, str, str], ...]:
    """World time, node and trigger of everything that became known between two worlds."""
    found: list[tuple[float, str, str]] = []
    for node, machine in sorted(after.machines.items()):
        was = before.machine(node)
        if machine.powered and not machine.booting:
            if was.booting or not was.powered:
                found.append((after.now, node, "boot"))
            found += [(at, node, text) for at, text in _told(was, machine, before.now)]
    return tuple(sorted(found))


def _told(was: Machine, now: Machine, since: float) -> list[tuple[float, str]]:
    told = []
    for at, line in _new(was.events, now.events, since):
        if line.startswith("!system=CARP"):
            told.append((at, f"devd {line.rpartition('type=')[2]}"))
    told += [(at, f"hast {' '.join(w)}") for at, w in _new(was.hooks, now.hooks, since)]
    return told


def _new(
    was: tuple[tuple[float, Any], ...], now: tuple[tuple[float, Any], ...], since: float
) -> tuple[tuple[float, Any], ...]:
    """What was added; the beginning may have been forgotten meanwhile."""
    if now[: len(was)] == was:
        return now[len(was) :]
    return tuple(one for one in now if one[0] > since)
