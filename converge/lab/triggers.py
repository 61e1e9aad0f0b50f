"""What told somebody between two worlds of one history: devd's CARP events, hastd's hooks, boots.

Whoever is woken is elsewhere; in here nothing is decided and nothing is remembered.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple, TypeVar

from converge.lab.machine import devd
from converge.lab.net.links import major
from converge.lab.world import Machine, World

Trigger = tuple[float, str, str]
"""World time, node, and the words: 'devd MASTER', 'hast disconnect test', 'boot'."""

T = TypeVar("T", bound=tuple[Any, ...])

NEW = re.compile(r"!system=CARP subsystem=\S+ type=(MASTER|BACKUP|INIT)")
OLD = re.compile(r"!system=IFNET subsystem=carp\d+ type=(LINK_UP|LINK_DOWN)")


class Call(NamedTuple):
    """Something that happened, in the words of a trigger, and the program that is called for it
    as the machine is set up: () for none."""

    at: float
    node: str
    words: str
    argv: tuple[str, ...]


def woken(before: World, after: World) -> tuple[Trigger, ...]:
    """The triggers since `before`, by time; `after` is a later world of the same history.

    devd starts before the network, so what CARP does at boot is told while the machine is still
    `booting` and hastd does not run yet (recordings, fact 34). Words of a machine that went down
    meanwhile have died with it. The hooks are there only if hast.conf names an `exec`.
    """
    if before.machines is after.machines:
        return ()
    found: list[Trigger] = []
    for node, machine in after.machines.items():
        old = before.machines[node]
        if old is not machine and machine.powered:
            found += _told(old, machine)
    return tuple(sorted(found, key=lambda trigger: trigger[0]))


def calls(before: World, after: World) -> tuple[Call, ...]:
    """The same as it is on machines as they are: devd calls what its rules say, hastd its hook, rc
    the scripts that lie there."""
    found: list[Call] = []
    for node, new in after.machines.items():
        old = before.machines[node]
        if old is not new and new.powered:
            found += [call for call in _calls(old, new) if call.at >= new.booted]
    return tuple(sorted(found, key=lambda call: (call.at, call.node)))


def _calls(old: Machine, new: Machine) -> Iterator[Call]:
    if old.events is not new.events:
        for at, line in _added(old.events, new.events):
            kind = re.search(r" type=(\S+)", line)
            words = f"devd {kind[1] if kind else line}"
            yield Call(at, new.name, words, devd.called(new, line))
    if old.hooks is not new.hooks:
        for at, event in _added(old.hooks, new.hooks):
            yield Call(at, new.name, " ".join(("hast", *event)), (_hook(old, new), *event))
    if old.calls is not new.calls:
        for at, argv in _added(old.calls, new.calls):
            yield Call(at, new.name, "boot" if argv[1] == "faststart" else "shutdown", argv)


def _hook(old: Machine, new: Machine) -> str:
    """The program of hast.conf as hastd has read it."""
    daemons = [machine.hastd for machine in (new, old) if machine.hastd]
    paths = [r.exec_path for daemon in daemons for r in daemon.resources.values() if r.exec_path]
    return paths[0] if paths else ""


def _told(old: Machine, new: Machine) -> list[Trigger]:
    """What this machine was told since then, in the order in which it was told."""
    found: list[Trigger] = []
    if old.events is not new.events:
        pattern = NEW if major(new) >= 10 else OLD
        seen = ((at, pattern.match(line)) for at, line in _added(old.events, new.events))
        found += [(at, new.name, f"devd {match[1]}") for at, match in seen if match]
    if old.hooks is not new.hooks:
        hooks = _added(old.hooks, new.hooks)
        found += [(at, new.name, " ".join(("hast", *words))) for at, words in hooks]
    if old.ready != new.ready:
        found.append((new.ready, new.name, "boot"))
    return [trigger for trigger in found if trigger[0] >= new.booted]


def _added(old: tuple[T, ...], new: tuple[T, ...]) -> tuple[T, ...]:
    """What was put behind `old`, some of whose beginning may have been forgotten since."""
    for start in range(len(old)):
        kept = len(old) - start
        if new[:kept] == old[start:]:
            return new[kept:]
    return new
