"""The golden plans: tests/plans/NAME/case.toml in, plan.txt and after.txt out, to be read.

`pytest tests/test_plans.py --update` rewrites them; read the diff before you commit it.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from converge import reconcile
from converge.cli.ground.labfile import close_labs, open_lab
from converge.cli.reach.site import graph_of, read_desired
from converge.core.graph import Graph
from converge.core.host import Answer, Effect, Host, Query, Reader, Ticket
from converge.engine.observe import observe
from converge.engine.show.text import plan_text
from converge.hosts.bundle import BundleReader
from converge.hosts.clock import SystemClock
from converge.hosts.paths import PathsReader
from converge.lab.hast.queues import drain
from converge.lab.host import Lab, LabClock, LabHost, LabReader
from converge.lab.machine import advance
from converge.lab.ways import LabWays
from tests.plans.cases import EXAMPLES, Case, cases, read_case
from tests.plans.desk import PASSWORD, WAITING, Desk, converge, masked

CASES = cases()
BUNDLED = [case for case in CASES if case.bundled]
STORIES = [case for case in CASES if case.story is not None]

Golden = Callable[[Path, str], None]


@pytest.fixture(scope="session")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    return Desk(tmp_path_factory.mktemp("plans"))


def of(cases: list[Case]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("case", cases, ids=[case.name for case in cases])


@of(CASES)
def test_the_plan(case: Case, desk: Desk, golden: Golden) -> None:
    shown = desk.plan(case, "-v")
    golden(case.folder / "plan.txt", shown.out)
    assert (shown.code, shown.err) == (case.exit, "")
    assert PASSWORD not in shown.out


@of(STORIES)
def test_what_comes_of_it(case: Case, desk: Desk, golden: Golden) -> None:
    doors = desk.doors(case)
    applied = converge("apply", "-y", *(WAITING if len(case.nodes) == 1 else ()), *doors)
    status, after = converge("status", *doors), converge("plan", *doors)
    golden(
        case.folder / "after.txt",
        f"{applied.err}{applied.out}exit {applied.code}\n\n"
        f"{status.out}\nthe next plan, {after.out}",
    )


@of(BUNDLED)
def test_every_answer_of_a_case_is_asked_for(case: Case, desk: Desk) -> None:
    """Otherwise a look has changed, and the case no longer shows what its title says."""
    desk.doors(case)
    graph = graph_of(read_desired(str(desk.config(case))))
    readers = {n: BundleReader(desk.folder / f"{case.name}-{n}.json") for n in case.bundled}
    heard = observe(graph, readers, SystemClock()).heard
    asked = {str(query): answer for said in heard.values() for query, answer in said}
    assert case.own <= set(asked)
    lost = {text for text, answer in asked.items() if "the bundle has no answer" in answer.lost}
    assert not lost


# A plan writes nothing, and what is as desired is sent nothing


@dataclass
class Eyes:
    """A reader and nothing else: whoever asks it for a verb gets an AttributeError."""

    of: Reader

    def ask(self, queries: Sequence[Query]) -> list[Answer]:
        return self.of.ask(queries)


@dataclass
class Hands:
    """A host that remembers what it was given to do."""

    of: Host
    begun: list[Effect] = field(default_factory=list)

    def ask(self, queries: Sequence[Query]) -> list[Answer]:
        return self.of.ask(queries)

    def begin(self, effect: Effect) -> Ticket:
        self.begun.append(effect)
        return self.of.begin(effect)

    def wait(self, tickets: Collection[Ticket], until_s: float) -> dict[Ticket, Answer]:
        return self.of.wait(tickets, until_s)


def peer_of(node: str, graph: Graph, lab: Lab) -> dict[str, Reader]:
    """The other node by its paths, as a node alone looks at it."""
    other = graph.pair.peer_of(node)
    assert other
    ways = LabWays(lab, other.name, node, [address for _, address in other.paths])
    return {other.name: PathsReader(other.name, other.paths, ways, LabClock(lab))}


@of(STORIES)
def test_a_plan_is_made_with_eyes_only(case: Case, desk: Desk) -> None:
    graph = graph_of(read_desired(str(desk.config(case))))
    lab = Lab(desk.world(case, case.story or ()))
    readers: dict[str, Reader] = {
        node: Eyes(LabReader(lab, node)) for node in (*case.nodes, *case.evidence)
    }
    if len(readers) == 1:
        readers |= peer_of(case.nodes[0], graph, lab)
    assert not any(isinstance(reader, Host) for reader in readers.values())
    this = reconcile.plan(graph, readers, LabClock(lab), desk.ledger(case), case.nodes)
    plan = reconcile.of_nodes(this.plan, case.nodes)
    seen = this.snapshot
    shown = masked(plan_text(plan, case.nodes, seen.taken, commands=True, paths=seen.paths))
    assert shown == desk.plan(case, "-v").out


@of(STORIES)
def test_the_world_after_a_plan_differs_in_time_only(case: Case, desk: Desk) -> None:
    desk.plan(case)
    close_labs()
    before = desk.world(case, case.story or ())
    after = open_lab(str(desk.folder / "lab.json")).lab.world
    assert after.now > before.now
    # What has been on its way to a disk for long is noted down whenever somebody looks there.
    assert drain(after) == drain(advance(before, after.now))


@pytest.mark.parametrize("example", sorted(EXAMPLES.glob("*.toml")), ids=lambda path: path.stem)
def test_a_no_op_apply_sends_no_command(example: Path, desk: Desk) -> None:
    case = read_case(f"lab-converged-{example.stem}")
    graph = graph_of(read_desired(str(desk.config(case))))
    lab = Lab(desk.world(case, case.story or ()))
    hosts = {node: Hands(LabHost(lab, node)) for node in case.nodes}
    told = reconcile.Run(graph, hosts, LabClock(lab), lambda *_: None).to_the_end()
    assert told.end is reconcile.End.CONVERGED
    assert [host.begun for host in hosts.values()] == [[], []]


def test_the_hands_would_remember_a_command(desk: Desk) -> None:
    case = read_case("lab-mysqld-stopped")
    graph = graph_of(read_desired(str(desk.config(case))))
    lab = Lab(desk.world(case, case.story or ()))
    hosts = {node: Hands(LabHost(lab, node)) for node in case.nodes}
    reconcile.Run(graph, hosts, LabClock(lab), lambda *_: None).to_the_end()
    assert [[str(effect) for effect in host.begun] for host in hosts.values()] == [
        ["service mysql-server onestart"],
        [],
    ]
