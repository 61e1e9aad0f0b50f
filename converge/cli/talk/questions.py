"""The few questions of `converge init`: asked on a terminal, or answered by flags."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping

import click

from converge.core.errors import UsageError, near
from converge.core.found import Found, Like

QUESTIONS: Mapping[str, tuple[str, str]] = {
    "pair": ("What do people call this pair?", "mysql"),
    "node1": ("The first node's name", ""),
    "address1": ("Its own address", ""),
    "node2": ("The other node's name", ""),
    "address2": ("Its own address", ""),
    "release": ("FreeBSD's release on both, like 13.2", ""),
    "interface": ("The network interface with the shared address, like em0", ""),
    "vip": ("The shared address with its mask, like 192.168.1.50/32", ""),
    "vhid": ("Its CARP group, 1 to 255, nobody else's on this network", "1"),
    "disk": ("The disk under HAST, the same on both, like /dev/ada1", ""),
    "mount": ("Where the replicated disk is mounted", "/mysql"),
    "datadir": ("MySQL's data directory, below that", "/mysql/data"),
}
"""Key to question and default; '' where there is none."""


class Answers:
    """Answers by key, from `--answer`, or from whoever sits at the terminal."""

    def __init__(self, given: Iterable[str], *, ask: bool) -> None:
        self.said: dict[str, str] = {}
        self.ask = ask and sys.stdin.isatty()
        for word in given:
            key, equals, text = word.partition("=")
            if key not in QUESTIONS or not equals:
                guess = near(key, QUESTIONS)
                hint = f"Did you mean {guess}=...?" if guess else f"Keys: {', '.join(QUESTIONS)}"
                raise UsageError(f"--answer {word}: write KEY=TEXT", hint)
            self.said[key] = text.strip()

    def all_of(self, keys: Iterable[str]) -> dict[str, str]:
        """The answers to these. UsageError names those that nobody gave."""
        wanted = list(keys)
        if self.ask:
            for key in (k for k in wanted if k not in self.said):
                question, default = QUESTIONS[key]
                self.said[key] = click.prompt(question, default=default or None, err=True)
        answers = {key: self.said.get(key) or QUESTIONS[key][1] for key in wanted}
        missing = [key for key in wanted if not answers[key]]
        if missing:
            words = " ".join(f"--answer {key}=..." for key in missing)
            asked = "; ".join(f"{key}: {QUESTIONS[key][0]}" for key in missing)
            raise UsageError(f"there is nobody to ask: say {words}", asked)
        return answers


def described(said: Mapping[str, str]) -> list[Found]:
    """What a pair of those answers has, as if it had been found on its first node."""
    nodes: list[Found] = []
    for host, address in ((said["node1"], said["address1"]), (said["node2"], said["address2"])):
        facts = {"hostname": host, "address": address, "release": said["release"]}
        nodes.append(Found("node", "", facts, host.partition(".")[0]))
    vip: dict[str, object] = {
        "interface": said["interface"],
        "vhid": int(said["vhid"]) if said["vhid"].isdecimal() else said["vhid"],
        "address": said["vip"],
        "preempt": False,
    }
    prefer = (
        "The node with the smaller advskew is preferred. Give the group a password: "
        'password = { file = "/usr/local/etc/converge/vip.pass" }.',
    )
    second, own = said["node2"].partition(".")[0], frozenset({"advskew"})
    return [
        *nodes,
        Found("carp", "vip", vip, remarks=prefer),
        Found("carp", "vip", {**vip, "advskew": 100}, second, own=own),
        Found("service", "hastd"),
        Found("hast", "data", {"device": said["disk"], "follow": Like("carp")}),
        Found("mount", said["mount"], {"device": "hast.data"}),
        Found("mysqld", "main", {"datadir": said["datadir"], "bind": Like("carp")}),
    ]
