"""Two nodes' desired files side by side: those that are named, or ours and the peer's own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from converge.core.beside import Beside, Difference
from converge.core.check import Asked, Check, Found, notice, ok, wrong
from converge.core.errors import BadDesired
from converge.core.host import Answer, Read
from converge.core.ids import ResourceId

if TYPE_CHECKING:
    from converge.cli.reach.site import Site
    from converge.core.desired import Desired

PLACEHOLDER = "0"
"""Instead of a secret in a file of another machine. It is compared with nothing."""

SECRETS = (r"(?i)pass\w*[\"']?\s*=\s*(?!\s|\{)(.+)",)
"""What is masked of the peer's file before its text is kept anywhere."""


def pair_of_files(one: str, other: str) -> tuple[Difference, ...]:
    """What two files say differently: of the first and of the second node of [pair]."""
    from converge.cli.reach.site import graph_of, read_text
    from converge.engine.desired.compared import compared

    first, second = (_read(read_text(path), path) for path in (one, other))
    for each in (first, second):
        graph_of(each)
    return compared(first, second, *first.pair.nodes)


def _read(text: str, path: str) -> Desired:
    """A file of any machine: what only names the file of a secret cannot be followed."""
    from converge.engine.desired import load
    from converge.freebsd import kinds

    return load(text, path, kinds(), lambda _: PLACEHOLDER)


def peers_file(here: Site) -> Beside | None:
    """The peer's own file, if a run on one node looks at the peer."""
    acting = here.acting
    peer = here.desired.pair.peer_of(acting[0]) if len(acting) == 1 else None
    url = here.doors.urls.get(peer.name, "") if peer else ""
    if peer is None or peer.name not in here.doors.readers or url.startswith("bundle:"):
        return None
    node, path = peer.name, here.desired.peer.config

    def concerns(answer: Answer) -> Mapping[ResourceId, str]:
        if answer.code or answer.stdout == here.text:
            return {}
        return _beside(here.desired, acting[0], answer.stdout, node, path)

    return Beside(node, Read(path, SECRETS, silence_speaks=True), concerns)


def files_check(desired: Desired, node: str) -> Check:
    """For a doctor: the nodes' own files side by side."""
    path, peer = desired.peer.config, desired.pair.peer_of(node)

    def judge(here: Asked, there: Asked | None) -> Found:
        mine = here.answers[0]
        if mine.code:
            return notice(f"{path} is not there: only runs from elsewhere know what is wished")
        if there is None or there.answers[0].code or peer is None:
            return ok("there is no other file to compare it with")
        if mine.stdout == there.answers[0].stdout:
            return ok("the same on both nodes")
        try:
            ours = _read(mine.stdout, path)
        except BadDesired as bad:
            why = f"{path} is wrong in {len(bad.problems)} places: no run is made here"
            return wrong(why, f"converge validate -c {path}")
        told = _beside(ours, node, there.answers[0].stdout, peer.name, path)
        grave = [words for id, words in told.items() if id.name != "files"]
        seen = "; ".join(grave or told.values()) or "not the same text on both nodes"
        return wrong(seen, "put the same file on both nodes") if grave else notice(seen)

    return Check("desired file", (Read(path, SECRETS),), judge)


def _beside(
    desired: Desired, node: str, text: str, peer: str, path: str
) -> Mapping[ResourceId, str]:
    from converge.engine.desired.compared import compared
    from converge.engine.show.differences import difference_concerns

    try:
        theirs = _read(text, f"{peer}:{path}")
    except BadDesired as bad:
        first = bad.problems[0]
        why = f"{peer}'s own desired file is wrong in {len(bad.problems)} places, so no run is "
        why += f"made there: {first.path}:{first.line}: {first.message}"
        return {ResourceId(node, "pair", "files"): why}
    return difference_concerns(compared(desired, theirs, node, peer), node)
