"""A mount point: the right device on it, or an empty sealed directory."""

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from converge.core.graph import Graph
from converge.core.host import Answer, Command
from converge.core.ids import Ref, ResourceId
from converge.core.plan import Action, Allow, Direction, Refuse, Snapshot
from converge.core.state import Absent, Observation, Present, Unknown, Wish, in_sync
from converge.engine.run.guards import Facts
from converge.freebsd.filesystem import Filesystem
from converge.freebsd.mount import Mount, MountState, parse_mounts, parse_seal
from tests.freebsd.around import Neighbours, Surroundings, change, made
from tests.looking import see
from tests.recorded import recording

DEVICE = "/dev/hast/test"
AROUND = Surroundings(offers={"hast.test": {"device": DEVICE}})
MOUNTED = Present(MountState(DEVICE))
OTHER = Present(MountState("/dev/ad9"))
OPEN = Present(MountState("", sealed=False))
STAT = "stat -f '%Lp %Sf' /mysql"
SEALED = Answer(0, "0 schg\n")
EMPTY = Graph(AROUND.pair, {}, (), {}, {}, {})


def mount(path: str = "/mysql", **table: Any) -> Mount:
    return made(Mount, path, **{"device": "hast.test", **table})


def saw(mounts: str, directory: Answer | None = None, holds: str = "") -> Any:
    answers = {"mount -p": recording(mounts).answer, STAT: directory}
    answers["ls -A /mysql"] = Answer(0, holds)
    given = {query: answer for query, answer in answers.items() if answer is not None}
    return see(mount(), AROUND, given)


# Looking


def test_the_mounted_device_is_seen() -> None:
    seen = saw("mount-p-mounted")
    assert in_sync(seen, MOUNTED)
    assert (seen.state.active, seen.state.sealed) == (True, True)
    assert seen.state.glance == "/dev/hast/test mounted"


def test_another_device_is_seen_for_what_it_is() -> None:
    lines = recording("mount-p-mounted").stdout
    other = {"mount -p": Answer(0, lines.replace("hast/test", "hast/test2"))}
    assert see(mount(), AROUND, other) == Present(MountState("/dev/hast/test2"))


def test_what_somebody_mounted_elsewhere_is_left_to_them() -> None:
    """A mount here would end with `Device busy` (mount-already-mounted-elsewhere)."""
    lines = recording("mount-p-mounted").stdout.replace("/mysql\t", "/mysql2\t")
    seen = see(mount(), AROUND, {"mount -p": Answer(0, lines), STAT: SEALED})
    assert isinstance(seen, Unknown)
    assert seen.why.startswith("/dev/hast/test is mounted on /mysql2;")


def test_the_upper_one_of_two_counts() -> None:
    text = recording("mount-p-mounted").stdout + "/dev/ad9\t/mysql\tufs\trw\t2 2\n"
    assert parse_mounts(text)["/mysql"] == "/dev/ad9"


def test_spaces_serve_as_well_as_tabs() -> None:
    assert parse_mounts("/dev/ad9 /mnt ufs rw 2 2\n\n") == {"/mnt": "/dev/ad9"}


def test_a_sealed_directory_is_absent_and_anything_else_is_open() -> None:
    assert saw("mount-p-not-mounted", SEALED) == Absent()
    for answer in (Answer(0, "755 -\n"), Answer(0, "0 -\n"), Answer(0, "755 schg\n")):
        seen = saw("mount-p-not-mounted", answer)
        assert seen == OPEN
        assert (seen.state.active, seen.state.glance) == (False, "not sealed")
        assert not seen.state.sealed
    missing = Answer(1, "", "stat: /mysql: No such file or directory\n")
    assert saw("mount-p-not-mounted", missing) == OPEN


def test_a_directory_in_use_is_not_sealed_over_the_heads_of_its_users() -> None:
    """On the way up it is mounted over; where nothing is to be mounted a person has to look."""
    seen = saw("mount-p-not-mounted", Answer(0, "755 -\n"), "alice\n")
    assert (seen.state.occupied, seen.state.glance) == (True, "not mounted, not empty")
    up = mount().actions(change(mount(), seen, MOUNTED))
    assert [action.verb for action in up] == ["mount"]
    down = mount().actions(change(mount(), seen, Absent()))
    assert [action.verb for action in down] == ["make", "seal"]
    (guard,) = Mount.guards
    for state, verdict in ((seen, Refuse), (OPEN, Allow)):
        snapshot = Snapshot(datetime(2026, 11, 23, tzinfo=UTC), {mount().id: state})
        situation = Facts(EMPTY, snapshot)
        assert all(isinstance(guard.judge(action, situation), verdict) for action in down)
        assert guard.judge(up[0], situation) == Allow()


def test_more_flags_do_not_matter() -> None:
    assert parse_seal(Answer(0, "0 schg,uarch\n")) is True
    assert parse_seal(Answer(0, "0 noschg\n")) is False


@pytest.mark.parametrize(
    ("mounts", "directory"),
    [
        ("mount-no-fs", None),
        ("mount-p-not-mounted", Answer(1, "", "stat: /mysql: Permission denied")),
        ("mount-p-not-mounted", Answer(0, "")),
        ("mount-p-not-mounted", Answer(0, "schg\n")),
    ],
)
def test_what_cannot_be_understood_is_unknown(mounts: str, directory: Answer | None) -> None:
    assert isinstance(saw(mounts, directory), Unknown)


def test_after_the_device_was_taken_away() -> None:
    """The kernel unmounts it by force some seconds later (fact 8)."""
    for name in ("mounted-role-secondary-status", "mounted-role-secondary-status-6s"):
        assert "/dev/vtbd0p2" in parse_mounts(recording(name).stdout).values()
    assert "/mysql" in parse_mounts(recording("mounted-role-secondary-status").stdout)
    assert "/mysql" not in parse_mounts(recording("mounted-role-secondary-status-6s").stdout)


# Wishing and acting


def acts(
    observed: Observation[MountState], wish: Wish[MountState], **table: Any
) -> tuple[Action, ...]:
    return mount(**table).actions(change(mount(**table), observed, wish))


def test_the_device_is_what_the_reference_offers() -> None:
    assert mount().want(Neighbours(AROUND)) == MOUNTED
    assert mount(device="/dev/ad7").want(Neighbours()) == Present(MountState("/dev/ad7"))


UP, DOWN = Direction.UP, Direction.DOWN


@pytest.mark.parametrize(
    ("observed", "wish", "expected"),
    [
        (Absent(), MOUNTED, [("mount", UP)]),
        (OPEN, MOUNTED, [("make", UP), ("seal", UP), ("mount", UP)]),
        (OTHER, MOUNTED, [("unmount", DOWN), ("mount", UP)]),
        (OPEN, Absent(), [("make", DOWN), ("seal", DOWN)]),
        (MOUNTED, Absent(), [("unmount", DOWN)]),
        (OTHER, Absent(), [("unmount", DOWN)]),
        (Absent(), Absent(), []),
    ],
)
def test_what_is_done(
    observed: Observation[MountState],
    wish: Wish[MountState],
    expected: list[tuple[str, Direction]],
) -> None:
    assert [(act.verb, act.direction) for act in acts(observed, wish)] == expected


def test_the_commands() -> None:
    make, seal, up = acts(OPEN, MOUNTED)
    assert make.effect == Command(("install", "-d", "-m", "000", "/mysql"))
    assert seal.effect == Command(("chflags", "schg", "/mysql"))
    assert (seal.goal, seal.settle_s) == (Absent(), 5)
    assert up.effect == Command(("mount", "-t", "ufs", DEVICE, "/mysql"))
    assert (up.goal, up.settle_s) == (None, 5)
    (down,) = acts(MOUNTED, Absent())
    assert isinstance(down.effect, Command)
    assert down.effect.argv == ("umount", "/mysql")
    assert "/dev/hast/test is mounted here" in down.why


def test_the_exit_code_of_umount_can_be_trusted() -> None:
    """So it settles by it: a directory that was never sealed is not absent after it."""
    (down,) = acts(MOUNTED, Absent())
    assert down.settle_s == 0
    assert recording("umount-by-device").rc == 0
    assert {recording(name).rc for name in ("umount-busy", "umount-not-mounted")} == {1}


def test_options_are_given_to_mount() -> None:
    (up,) = acts(Absent(), MOUNTED, options=["rw", "noatime"])
    assert up.effect == Command(("mount", "-t", "ufs", "-o", "rw,noatime", DEVICE, "/mysql"))


def test_it_brings_and_needs_its_file_system() -> None:
    (implied,) = mount().implied(AROUND)
    assert (implied.kind, implied.name) == ("filesystem", "test")
    assert list(mount(needs=["service.x"]).needed(AROUND)) == ["service.x", "filesystem.test"]
    (of_path,) = mount(device="/dev/ad7").implied(AROUND)
    assert (of_path.name, of_path.table) == ("/dev/ad7", {"device": "/dev/ad7"})
    assert list(mount(device="/dev/ad7").needed(AROUND)) == ["filesystem./dev/ad7"]
    for one in (implied, of_path):
        id = ResourceId("hasta", "filesystem", one.name)
        made_of_it = Filesystem.model_validate({"id": id, **one.table})
        assert made_of_it.device == one.table["device"]
    assert isinstance(Filesystem.model_validate({"id": id, **implied.table}).device, Ref)


def test_what_it_offers() -> None:
    assert mount().offers() == {"path": "/mysql", "device": "hast.test"}


@pytest.mark.parametrize(
    "path", ["mysql", "/", "/a/", "//a", "/a//b", "/a/../b", "/.", "/a b", ""]
)
def test_paths_that_are_refused(path: str) -> None:
    with pytest.raises(ValidationError):
        mount(path)


def test_paths_that_are_fine() -> None:
    for path in ("/hast/test", "/.a/b..c/...d"):
        assert mount(path).id.name == path


@pytest.mark.parametrize(
    "table",
    [
        {"device": "ad7"},
        {"fstype": "nfs"},
        {"options": []},
        {"options": ["force"]},
        {"options": ["-f"]},
        {"options": ["rw,force"]},
    ],
)
def test_tables_that_are_refused(table: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        mount(**table)
