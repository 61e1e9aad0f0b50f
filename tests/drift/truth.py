"""What is so on the nodes, read off the lab, and who made it so: nothing of converge is asked.

A fact has a value and a value that is desired. Each turn of either is kept with its moment and its
hand; a report must fit what is kept.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from converge.core.ledger import LEDGER
from converge.freebsd.carp.moving import RAISED
from converge.freebsd.trigger.texts import FILES, WAKER
from converge.lab.machine import syslog
from converge.lab.net import links
from converge.lab.ufs import read_file
from converge.lab.world import Metadata, World
from converge.proving.judge import sights
from tests.drift.day import KNOBS

RULES, CRON = FILES["devd"][0], FILES["cron"][0]
HAND = "somebody_else"
Fact = tuple[str, str]
"""A resource and a field of it; field '': whether it is there."""

Value = Callable[[World, str], str]
"""'' where there is nothing that could have one."""


def present(found: object) -> str:
    return "present" if found else "absent"


def _said(text: str) -> str:
    digest = hashlib.sha256(text.encode()).hexdigest()[:8]
    return f"{len(text)} characters, sha256 {digest}"


def _file(path: str, of: str) -> Value:
    def value(world: World, node: str) -> str:
        file = read_file(world, node, path)
        if not of:
            return present(file)
        if file is None:
            return ""
        return f"0{file.mode}" if of == "mode" else _said(file.text)

    return value


def leads(world: World, node: str) -> bool:
    """The shared address is MASTER there."""
    cards = world.machine(node).interfaces.values()
    return any(v.state == "MASTER" for card in cards for v in card.vhids)


def cedes(world: World, node: str) -> bool:
    """Neither node leads, and the other one, which is heard, has what this copy lacks."""
    (peer,) = set(world.machines) - {node}
    ours, theirs = _copy(world, node), _copy(world, peer)
    if not hears(world, node) or not sights.up(world.machine(peer)) or not (ours and theirs):
        return False
    ahead = theirs.localcnt - ours.remotecnt, ours.localcnt - theirs.remotecnt
    led = (theirs.prevrole, ours.prevrole) == ("primary", "secondary")
    newer = ahead[0] > 0 >= ahead[1] or (ahead == (0, 0) and led and not _whole(world, peer))
    return newer and "primary" not in (_role(world, node), _role(world, peer))


def _copy(world: World, node: str) -> Metadata | None:
    """What hastctl dump would show; nothing without a hastd."""
    machine = world.machine(node)
    resource = next(iter(sights.volumes(machine)), None)
    return machine.disks[resource.localpath].metadata if resource else None


def _whole(world: World, node: str) -> bool:
    """By its own ledger all of its copy has reached the other one."""
    kept = read_file(world, node, LEDGER)
    notes = json.loads(kept.text)["notes"] if kept else {}
    return notes.get(f"{node}/hast.test", {}).get("whole") is not False


def _advskew(world: World, node: str) -> str:
    cards = world.machine(node).interfaces.values()
    return next((str(v.advskew) for card in cards for v in card.vhids), "")


def _role(world: World, node: str) -> str:
    """Roles are in hastd's memory alone: without one it is nobody's."""
    return next((one.role for one in sights.volumes(world.machine(node))), "init")


def _mounted(world: World, node: str) -> str:
    return present([m for m in world.machine(node).mounts if m.path == "/mysql"])


def _runs(program: str) -> Value:
    def value(world: World, node: str) -> str:
        processes = world.machine(node).processes.values()
        return present([p for p in processes if p.command.startswith(program)])

    return value


FACTS: Mapping[Fact, Value] = {
    **{(knob.resource, knob.field): knob.seen for knob in KNOBS},
    **{
        (f"file.{path}", of): _file(path, of)
        for path, ofs in {RULES.path: ("", "mode", "content"), CRON.path: ("", "mode", "content"),
                          WAKER: ("", "mode")}.items()
        for of in ofs
    },
    ("carp.vip", "advskew"): _advskew,
    ("hast.test", "role"): _role,
    ("mount./mysql", ""): _mounted,
    ("service.devd", ""): _runs("/sbin/devd"),
}  # fmt: skip
AS_INSTALLED: Mapping[Fact, str] = {
    **{(knob.resource, knob.field): knob.desired for knob in KNOBS},
    **{(f"file.{path}", "mode"): "0644" for path in (RULES.path, CRON.path)},
    **{(f"file.{one.path}", "content"): _said(one.content) for one in (RULES, CRON)},
    (f"file.{WAKER}", "mode"): "0555",
}
"""What is desired of each; 'present' of the others."""

FOLLOWING = (("hast.test", "role"), ("mount./mysql", ""))
"""What is desired of these follows the address."""


def hears(world: World, node: str) -> bool:
    """Would a ping from there find the other node?"""
    (peer,) = set(world.machines) - {node}
    address = {"hasta": "192.168.1.51", "hastb": "192.168.1.52"}[peer]
    return world.machine(peer).powered and links.talks(world, node, address)


@dataclass(frozen=True)
class Turn:
    """From `at` on it was so. `who` turned it, by which action of which run."""

    at: float
    value: str
    desired: str
    who: str
    run: str = ""
    action: str = ""

    @property
    def wrong(self) -> bool:
        return self.value not in (self.desired, "")


@dataclass
class Truth:
    """All turns of all facts of both nodes; `hearing`: when each began, or ceased, to hear its
    peer."""

    wishes: Callable[[str, Fact], str]
    """What the desired file of a node says of a fact."""
    turns: dict[tuple[str, Fact], list[Turn]] = field(default_factory=dict)
    hearing: dict[str, list[tuple[float, bool]]] = field(default_factory=dict)

    def note(
        self, world: World, who: str, doing: Callable[[str, str], tuple[str, str]], wish: str
    ) -> None:
        """What has turned. `doing`: (run, action) of converge at work on a resource of a node.
        `wish`: whose doing it is when only what is desired has changed."""
        for node, machine in world.machines.items():
            if not machine.powered:
                continue
            heard = self.hearing.setdefault(node, [])
            if not heard or heard[-1][1] != hears(world, node):
                heard.append((world.now, hears(world, node)))
            for fact, see in FACTS.items():
                value, desired = see(world, node), self.desired(world, node, fact)
                kept = self.turns.setdefault((node, fact), [])
                if kept and (kept[-1].value, kept[-1].desired) == (value, desired):
                    continue
                run, action = doing(node, fact[0])
                by = "converge" if run else who
                if kept and kept[-1].value == value:
                    by, run, action = wish, "", ""
                kept.append(Turn(world.now, value, desired, by, run, action))

    def desired(self, world: World, node: str, fact: Fact) -> str:
        if fact == ("hast.test", "role"):
            return "primary" if leads(world, node) and not cedes(world, node) else "secondary"
        if fact == ("mount./mysql", ""):
            return present(leads(world, node) and not cedes(world, node))
        if fact == ("carp.vip", "advskew") and cedes(world, node):
            goes = leads(world, node) or _advskew(world, node) == str(RAISED)
            return str(RAISED) if goes else self.wishes(node, fact)
        return self.wishes(node, fact)

    def made(self, node: str, fact: Fact) -> list[Turn]:
        """The turns of its value alone."""
        kept = self.turns.get((node, fact), [])
        return [turn for n, turn in enumerate(kept) if not n or kept[n - 1].value != turn.value]

    def spells(self, node: str, fact: Fact) -> list[tuple[Turn, Turn | None]]:
        """When it was not as desired: by what it began, and by what it ended."""
        found: list[tuple[Turn, Turn | None]] = []
        began: Turn | None = None
        for turn in self.turns.get((node, fact), []):
            if turn.wrong and began is None:
                began = turn
            elif not turn.wrong and began is not None:
                found.append((began, turn))
                began = None
        return [*found, (began, None)] if began else found


def within(at: float, when: Mapping[str, Any]) -> bool:
    """Is that moment between the two that are told? The journal has thousandths of a second."""
    after, before = when["after"], str(when["before"])
    moment = syslog.clock(at)
    little = timedelta(milliseconds=2)
    first = datetime.fromisoformat(after) if after else moment
    return first - little <= moment <= datetime.fromisoformat(before) + little


def fits(by: Mapping[str, Any], turn: Turn) -> bool:
    """Is what is said of it so? To know nothing is no lie; to name another run is one."""
    if by["who"] == "unknown":
        return within(turn.at, by["when"])
    if by["who"] == "converge" and turn.who == "converge" and by["run"] != turn.run:
        return False
    return by["who"] == turn.who and within(turn.at, by["when"])
