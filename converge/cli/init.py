"""converge init: a first desired file, from a live node, a bundle, or a few questions."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from converge.cli.talk.options import no_input_option
from converge.core.errors import BadDesired, CannotWrite, ConvergeError

if TYPE_CHECKING:
    from converge.cli.talk.questions import Answers
    from converge.engine.desired.first import Draft
    from converge.engine.discover import Discovered


class NothingFound(ConvergeError):
    """The nodes show nothing that a desired file could be about."""

    exit_code = 6


@click.command(epilog="Example: converge init --host hasta=ssh://root@hasta -o converge.toml")
@click.option(
    "--host", "hosts", multiple=True, metavar="NODE=URL",
    help="A node to look at (one or both): ssh://user@host:port, lab:FILE, bundle:FILE. "
    "Default: this machine.",
)  # fmt: skip
@click.option("--ask", is_flag=True, help="Look at no node: ask a few questions instead.")
@click.option(
    "--answer", "given", multiple=True, metavar="KEY=TEXT",
    help="An answer beforehand: pair, node1, address1, node2, address2, release, interface, vip, "
    "vhid, disk, mount, datadir.",
)  # fmt: skip
@click.option("-o", "--out", metavar="FILE", help="Write it there, if there is no such file yet.")
@no_input_option
def command(
    hosts: tuple[str, ...], given: tuple[str, ...], out: str | None, *, ask: bool, no_input: bool
) -> int:
    """Write a first desired file, with comments, to read and to correct.

    It says what was found, not what should be. What could not be read stands in it as a comment.
    A password is never written: the file names another file, and says how to make it. Exit codes:
    0; 6 nothing was found; 64 an answer is missing; 65 the file is written, and not complete yet;
    73 FILE is there already.
    """
    from converge.cli.talk.questions import Answers
    from converge.engine.desired.first import first_file
    from converge.freebsd import kinds

    if out and os.path.lexists(out):
        raise CannotWrite(f"{out} is there already, and is not written over", "Name another.")
    answers = Answers(given, ask=not no_input)
    draft = _asked(answers) if ask else _looked(hosts, answers)
    text = first_file(draft, kinds(), _head(draft))
    if out:
        _save(out, text)
    else:
        click.echo(text, nl=False)
    for path in _secret_files(draft):
        click.echo(f"converge: first put the password into {path}: the file says how", err=True)
    return _judged(text, out or "converge.toml")


def _head(draft: Draft) -> list[str]:
    looked = f"from what {' and '.join(draft.seen)} showed" if draft.seen else "from answers"
    guess = [
        "",
        f"That the pair is called {draft.pair} could not be seen, and is a guess.",
    ]
    return [
        f"Written by `converge init` {looked}. It says what is there, not what should be: read "
        "it and correct it. The same file goes to both nodes. Then:",
        "",
        "  converge validate      is every word in it right?",
        "  converge plan          what would be done, and why? (changes nothing)",
        *(guess if draft.guessed else ()),
    ]


def _asked(answers: Answers) -> Draft:
    from converge.cli.talk.questions import QUESTIONS, described
    from converge.engine.desired.first import Draft

    said = answers.all_of(QUESTIONS)
    nodes = [said[key].partition(".")[0] for key in ("node1", "node2")]
    draft = Draft(said["pair"], nodes, (), {node: node for node in nodes})
    draft.add(nodes[0], described(said))
    return draft


def _looked(urls: tuple[str, ...], answers: Answers) -> Draft:
    """Look at the nodes; what they do not show is asked."""
    from converge.engine.desired.first import Draft

    told = _told(urls)
    if not any(one.name for d in told.values() for one in d.found):
        why = next((line for d in told.values() for line in d.unread), "no CARP, HAST, or MySQL")
        raise NothingFound(
            f"nothing of a pair was found on {' and '.join(told)}: {why}",
            "converge init --ask asks a few questions instead.",
        )
    hosts = _hosts(told)
    nodes = sorted(list(dict.fromkeys([*told, *sorted(hosts.values())]))[:2])
    facts = {}
    if len(nodes) < 2:
        facts = answers.all_of(["node2", "address2"])
        nodes.append(facts["node2"].partition(".")[0])
        hosts[nodes[1]] = nodes[1]
    draft = Draft(answers.said.get("pair", ""), nodes, list(told), hosts)
    draft.unread = {node: d.unread for node, d in told.items()}
    for one in told.values():
        draft.agree(one.found)
    for node, one in told.items():
        draft.add(node, one.found)
    if facts:
        draft.facts[nodes[1]] = {"hostname": facts["node2"], "address": facts["address2"]}
    if not draft.pair:
        draft.pair = answers.all_of(["pair"])["pair"]
        draft.guessed = "pair" not in answers.said
    return draft


def _told(urls: tuple[str, ...]) -> dict[str, Discovered]:
    """What each node showed, by its name."""
    from converge.cli.reach.doors import open_doors
    from converge.core.pair import Node, Pair
    from converge.engine.discover import discover
    from converge.freebsd import kinds

    me = os.uname().nodename
    names = [url.partition("=")[0] for url in urls] or [me.partition(".")[0].lower()]
    doors = open_doors(Pair("", {n: Node(n, me, "", "") for n in names}), urls, ())
    try:
        readers = {**doors.readers, **doors.hosts}
        return {node: discover(kinds(), readers[node]) for node in names}
    finally:
        doors.close()


def _hosts(told: dict[str, Discovered]) -> dict[str, str]:
    """Node by short host name; a host that only another node knows is a node of that name."""
    hosts: dict[str, str] = {}
    for node, one in told.items():
        named = [str(f.table["hostname"]) for f in one.found if "hostname" in f.table]
        hosts |= {name.partition(".")[0]: node for name in named}
    heard = {one.host for d in told.values() for one in d.found if one.host}
    return hosts | {host: host for host in sorted(heard - hosts.keys())}


def _save(path: str, text: str) -> None:
    try:
        with Path(path).open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as wrong:
        raise CannotWrite(f"{path}: {wrong.strerror}") from wrong


def _judged(text: str, path: str) -> int:
    """Is it complete? Secrets are taken to be there already, where the file says."""
    from converge.cli.reach.site import graph_of
    from converge.engine.desired import load
    from converge.engine.show.problems import render
    from converge.freebsd import kinds

    try:
        graph_of(load(text, path, kinds(), lambda _: "unknown"))
    except BadDesired as bad:
        click.echo(render(bad.problems), err=True, nl=False)
        return bad.exit_code
    return 0


def _secret_files(draft: Draft) -> list[str]:
    """The files that the tables name and that nobody has written."""
    values = (v for by_node in draft.tables.values() for t in by_node.values() for v in t.values())
    return sorted({str(v["file"]) for v in values if isinstance(v, dict) and "file" in v})
