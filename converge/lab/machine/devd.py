"""devd(8): the rules that it read when it was started, and what they call at an event.

It reads its files at its start and never again. Of all rules that match, the one of the highest
priority runs, and no other (sbin/devd/devd.cc).
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, partial

from converge.lab.machine import processes
from converge.lab.ufs import list_dir, read_file, remove, write_file
from converge.lab.world import File, Machine, Process, Table, World

CONF = "/etc/devd.conf"
PIDFILE = "/var/run/devd.pid"
PROGRAM = "/sbin/devd"
STOCK = """\
options {
	directory "/etc/devd";
	directory "/usr/local/etc/devd";
	pid-file "/var/run/devd.pid";
};
notify 0 {
	match "system"		"IFNET";
	match "type"		"LINK_UP";
	media-type		"ethernet";
	action "service dhclient quietstart $subsystem";
};
"""
"""Of the file that comes with the system what an interface's carrier meets."""

KINDS = {"!": "notify", "+": "attach", "-": "detach", "?": "nomatch"}
"""The first letter of an event, and which rules are for it."""

_TOKEN = re.compile(
    r"""\s+|\#[^\n]*|//[^\n]*|/\*.*?\*/|(?P<text>"(?:\\.|[^"\\])*")|(?P<word>[\w-]+)|(?P<mark>[{};])""",
    re.DOTALL | re.VERBOSE,
)


class BadRules(ValueError):
    """devd does not start with such a file."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One block. `matches`: variable and pattern, all of which must fit; `media` of the card."""

    kind: str
    priority: int
    matches: tuple[tuple[str, str], ...] = ()
    media: str = ""
    action: str = ""


@dataclass(frozen=True, slots=True)
class Conf:
    """What one or more files say: rules in their order, folders, names that stand for patterns."""

    rules: tuple[Rule, ...] = ()
    folders: tuple[str, ...] = ()
    names: tuple[tuple[str, str], ...] = ()


@cache
def parse(text: str) -> Conf:
    """A devd.conf(5). BadRules says in which line devd would stop, counted from 1."""
    tokens = list(_tokens(text))
    rules: list[Rule] = []
    folders: list[str] = []
    names: list[tuple[str, str]] = []
    while tokens:
        line, kind = tokens.pop(0)
        priority = "0" if kind == "options" else _next(tokens, line)
        if kind not in ("options", *KINDS.values()) or not priority.isdigit():
            raise BadRules(f"{line}: syntax error at {kind}")
        body = _block(tokens, line)
        if kind == "options":
            folders += [values[0] for key, *values in body if key == "directory"]
            names += [(values[0], values[1]) for key, *values in body if key == "set"]
        else:
            rules.append(_rule(kind, int(priority), body))
    return Conf(tuple(rules), tuple(folders), tuple(names))


def _tokens(text: str) -> list[tuple[int, str]]:
    """(line, word), texts without their quotes."""
    found, at = [], 0
    while at < len(text):
        token = _TOKEN.match(text, at)
        line = text.count("\n", 0, at) + 1
        if token is None:
            raise BadRules(f"{line}: syntax error")
        if token["text"] is not None:
            found.append((line, token["text"][1:-1].replace('\\"', '"')))
        elif token["word"] or token["mark"]:
            found.append((line, token[0]))
        at = token.end()
    return found


def _next(tokens: list[tuple[int, str]], line: int) -> str:
    if not tokens:
        raise BadRules(f"{line}: syntax error at the end")
    return tokens.pop(0)[1]


def _block(tokens: list[tuple[int, str]], line: int) -> list[list[str]]:
    """The statements between { and }; with the semicolon behind it."""
    if _next(tokens, line) != "{":
        raise BadRules(f"{line}: syntax error")
    body: list[list[str]] = []
    words: list[str] = []
    while (word := _next(tokens, line)) != "}":
        if word == ";":
            body.append(words)
            words = []
        else:
            words.append(word)
    if words or _next(tokens, line) != ";" or not all(len(one) > 1 for one in body):
        raise BadRules(f"{line}: syntax error")
    return body


def _rule(kind: str, priority: int, body: list[list[str]]) -> Rule:
    matches = [(values[0], values[-1]) for key, *values in body if key == "match"]
    matches += [(key, values[0]) for key, *values in body if key in ("device-name", "class")]
    one = {key: values[0] for key, *values in body if key in ("action", "media-type")}
    return Rule(kind, priority, tuple(matches), one.get("media-type", ""), one.get("action", ""))


def action(conf: Conf, line: str, ethernet: frozenset[str] = frozenset()) -> str:
    """The shell line that an event calls, variables put in; '' for none. `ethernet`: the cards."""
    event = dict(re.findall(r'(\S+?)=("[^"]*"|\S*)', line[1:]))
    event = {key: value.strip('"') for key, value in event.items()}
    fitting = [
        rule
        for rule in conf.rules
        if rule.kind == KINDS.get(line[:1])
        and rule.media in ("", "ethernet")
        and (not rule.media or event.get("subsystem") in ethernet)
        and all(_fits(event.get(name, ""), like, conf.names) for name, like in rule.matches)
    ]
    best = max(fitting, key=lambda rule: rule.priority, default=None)
    return "" if best is None else re.sub(r"\$\{?([\w-]+)\}?", partial(_value, event), best.action)


def _value(event: Mapping[str, str], name: re.Match[str]) -> str:
    return event.get(name[1], "")


def _fits(value: str, like: str, names: tuple[tuple[str, str], ...]) -> bool:
    """Extended, anchored, whatever the case; a leading ! turns it round."""
    for name, pattern in names:
        like = like.replace(f"${name}", pattern)
    wanted = not like.startswith("!")
    found = re.fullmatch(like.removeprefix("!"), value, re.IGNORECASE)
    return bool(found) is wanted


def running(machine: Machine) -> Process | None:
    """Its process, if it runs."""
    return next((p for p in machine.processes.values() if p.command == PROGRAM), None)


def start(world: World, node: str) -> World:
    """Read the files and go to the background. BadRules: nothing was started."""
    text = _read(world, node)
    parse(text)
    world, pid = processes.spawn(world, node, PROGRAM, data=Table({"rules": text}))
    return write_file(world, node, PIDFILE, File(f"{pid}", mode="600")).world


def stop(world: World, node: str) -> World:
    """It ends, and takes its pid file with it."""
    process = running(world.machine(node))
    if process is None:
        return world
    return remove(processes.ended(world, node, process.pid), node, PIDFILE).world


def _read(world: World, node: str) -> str:
    file = read_file(world, node, CONF)
    texts = [file.text if file else ""]
    for folder in parse(texts[0]).folders:
        for name in list_dir(world, node, folder):
            found = read_file(world, node, f"{folder}/{name}")
            if name.endswith(".conf") and found is not None:
                texts.append(found.text)
    return "\n".join(texts)


def called(machine: Machine, line: str) -> tuple[str, ...]:
    """The words of the program that devd calls at this event; () for none."""
    process = running(machine)
    if process is None:
        return ()
    cards = frozenset(i for i in machine.interfaces if not i.startswith(("carp", "lo")))
    return tuple(shlex.split(action(parse(process.data["rules"]), line, cards)))
