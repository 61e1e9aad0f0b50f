"""Where proofs begin: from each of them the pair goes on well, or a guard says why not."""

import pytest

from converge.cli.ground.proofs import Inquiry
from converge.core.errors import UsageError
from converge.proving.judge import sights
from converge.proving.prove.explore import Aim, Exploration, Found
from converge.proving.prove.opening import OPENINGS
from converge.proving.prove.scene import Scene
from converge.proving.prove.way import Question
from tests.cli.commands import converge

HELD = {
    "split": {"split-brain"},
    "renamed": {"disk-of-a-primary, never-reload-while-mounted"},
    "renamed-file-right": {"never-reload-while-mounted"},
}
"""Where a person is needed, and who says so."""


def proof(
    start: str, *ills: str, faults: int = 0, pair: str = "mysql-pair"
) -> tuple[Scene, Found]:
    """Its first scene, and what was found."""
    question = Question(f"desired/{pair}.toml", start=start, faults=faults, ills=ills)
    ground, scene = Inquiry(question).prepared
    return scene, Exploration(ground, Aim(all=True)).run(scene)


@pytest.mark.parametrize("start", [name for name in OPENINGS if name != "bare"])
def test_without_a_fault_it_ends_well_or_with_a_reason(start: str) -> None:
    _, found = proof(start)
    assert found.complete
    assert found.ends
    assert not found.broken
    assert set(found.held) == HELD.get(start, set())


@pytest.mark.parametrize("start", ["served", "degraded", "catching-up", "failed-over"])
@pytest.mark.parametrize("pair", ["seed-pair", "multi-disk"])
def test_so_it_is_with_other_pairs(pair: str, start: str) -> None:
    """One takes minutes to boot, one has three volumes and two databases."""
    _, found = proof(start, pair=pair)
    assert found.complete
    assert found.ends
    assert not found.broken
    assert not found.held


def test_what_was_off_at_the_beginning_gets_its_power_back() -> None:
    scene, found = proof("degraded")
    assert scene.ills == {"hastb power-off"}
    assert not scene.world.machine("hastb").powered
    assert found.ends == 1


def test_a_synchronisation_runs_where_it_should() -> None:
    scene, _ = proof("catching-up")
    (resource,) = sights.volumes(scene.world.machine("hasta"))
    assert resource.sync is not None
    assert len(resource.extents) > 50


def test_a_fault_on_one_node_comes_only_there() -> None:
    _, both = proof("served", "power-off", faults=1)
    _, one = proof("served", "hasta:power-off", faults=1)
    assert 0 < one.states < both.states


def test_what_a_person_mounts_by_hand_is_not_blamed_on_converge() -> None:
    """In a split-brain either copy lacks rows of the other one."""
    _, found = proof("split", "mount-elsewhere", faults=1)
    assert found.complete
    assert not found.broken


@pytest.mark.parametrize(
    ("ill", "says"),
    [
        ("hastc:power-off", "hastc is no node of the pair; there is hasta and hastb"),
        ("hasta:kill", "kill comes on any node; say --ill kill"),
    ],
)
def test_a_place_that_cannot_be(ill: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        proof("served", ill, faults=1)


def test_a_second_line_is_told_that_it_is_one() -> None:
    ask = ("prove", "-c", "desired/mysql-pair.toml", "--faults", "0", "--without")
    said = converge(*ask, "boot-delay")
    assert said.code == 0
    assert "boot-delay is the second line behind promote-needs-known-sync" in said.out
    assert "second line" not in converge(*ask, "split-brain").out
