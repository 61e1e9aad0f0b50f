"""A clean UFS: seen without touching it, checked when it was not unmounted, never made."""

from typing import Any

import pytest
from pydantic import ValidationError

from converge.core.host import Answer, Command
from converge.core.ids import Ref, ResourceId
from converge.core.plan import Direction
from converge.core.state import Absent, Present, Unknown, in_sync
from converge.freebsd.filesystem import (
    Filesystem,
    FilesystemState,
    parse_mounted_devices,
    parse_superblock,
)
from converge.freebsd.hast_device import probe
from tests.freebsd.around import Neighbours, Surroundings, change, made
from tests.looking import see
from tests.recorded import recording

DEVICE = "/dev/hast/test"
AROUND = Surroundings(offers={"hast.test": {"device": DEVICE}})
READ = Answer(0, "", "1+0 records in\n")
MISSING = Answer(1, "", f"dd: {DEVICE}: No such file or directory\n")
LOST = Answer(lost="no answer within 3 s")
CLEAN, DIRTY = Present(FilesystemState(clean=True)), Present(FilesystemState(clean=False))
WISH = Present(FilesystemState(clean=True, device=DEVICE))
SILENT = Present(FilesystemState(clean=False, device=DEVICE, silent=True))


def filesystem(device: str = "hast.test", **table: Any) -> Filesystem:
    return made(Filesystem, "test", device=device, **table)


def saw(
    read: Answer = READ,
    mounts: str = "mount-p-not-mounted",
    node: Answer | None = None,
    check: Answer | None = None,
    dump: Answer | None = None,
    resource: Filesystem | None = None,
) -> Any:
    """Only what is given is answered: any other question fails."""
    answers = {
        "mount -p": recording(mounts).answer,
        str(probe(DEVICE)): read,
        f"test -c {DEVICE}": node,
        f"fsck_ufs -F {DEVICE}": check,
        f"dumpfs {DEVICE}": dump,
    }
    given = {query: answer for query, answer in answers.items() if answer is not None}
    return see(resource or filesystem(), AROUND, given)


def flag(name: str) -> Answer:
    return recording(name).answer


# Looking


def test_a_mounted_one_is_asked_nothing() -> None:
    """S4: no probe, no check of what is mounted."""
    answers = {"mount -p": recording("mount-p-mounted").answer}
    seen = see(filesystem(), AROUND, answers)
    assert seen == CLEAN
    assert seen.state.mounted


def test_a_clean_and_a_dirty_one() -> None:
    clean, dirty = saw(check=flag("fsck_ufs-F-clean")), saw(check=flag("dirty-fsck_ufs-F"))
    assert (clean, dirty) == (CLEAN, DIRTY)
    assert (clean.state.active, dirty.state.active) == (True, False)
    assert not clean.state.mounted


def test_where_there_is_no_ufs_a_person_must_make_it() -> None:
    seen = saw(check=flag("fsck_ufs-F-no-fs"))
    assert isinstance(seen, Unknown)
    assert "there is no UFS on /dev/hast/test; newfs is never planned" in seen.why


def test_without_a_device_there_is_no_file_system() -> None:
    assert saw(read=MISSING) == Absent()


def test_a_silent_device_is_not_clean_and_keeps_nothing_up() -> None:
    seen = saw(read=LOST, node=Answer(0))
    assert seen == DIRTY
    assert seen.state.silent
    assert seen.state.glance == "silent"


def test_the_probe_is_that_of_the_device() -> None:
    """So that both are one question, and silence is heard here too."""
    look = filesystem().look(AROUND)
    next(look)
    assert look.send(recording("mount-p-not-mounted").answer) == probe(DEVICE)


def test_a_device_that_vanished_meanwhile_is_not_taken_for_an_empty_one() -> None:
    seen = saw(check=flag("fsck_ufs-p-missing"))
    assert isinstance(seen, Unknown)
    assert "newfs" not in seen.why


def test_a_lost_answer_is_unknown() -> None:
    seen = saw(read=LOST, node=Answer(1))
    assert isinstance(seen, Unknown)
    assert seen.until == ResourceId("hasta", "hast_device", "test")


@pytest.mark.parametrize(
    "answers",
    [
        {"mounts": "mount-no-fs"},
        {"read": Answer(1, "", f"dd: {DEVICE}: Device not configured\n")},
        {"check": flag("fsck_ufs-p-missing")},
        {"check": flag("fsck_ufs-p-mounted")},
        {"check": Answer(1, "", "usage")},
        {"check": Answer(4), "dump": flag("dumpfs-m-no-fs")},
        {"check": Answer(4), "dump": Answer(0, "magic\t19540119 (UFS2)\n")},
    ],
)
def test_what_cannot_be_understood_is_unknown(answers: dict[str, Any]) -> None:
    assert isinstance(saw(**answers), Unknown)


SUPERBLOCK = recording("dirty-dumpfs").stdout


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        (SUPERBLOCK, False),
        (SUPERBLOCK.replace("clean\t0", "clean\t1"), True),
        (
            SUPERBLOCK.replace("clean\t0", "clean\t1").replace("ates ", "ates needs-fsck-run "),
            False,
        ),
        (SUPERBLOCK.replace("clean\t0", "clean\t1").replace("soft", "unclean soft"), False),
        (SUPERBLOCK.replace("flags", "flag"), None),
        (SUPERBLOCK.replace("clean\t0", ""), None),
    ],
)
def test_the_superblock_tells_where_fsck_does_not(text: str, clean: Any) -> None:
    assert parse_superblock(text) is clean
    for code in (4, 5, 6):
        seen = saw(check=Answer(code), dump=Answer(0, text))
        assert isinstance(seen, Unknown) if clean is None else seen.state.clean is clean


def test_a_device_is_asked_about_by_its_path() -> None:
    resource = made(Filesystem, "/dev/ad7", device="/dev/ad7")
    answers = {
        "mount -p": recording("mount-p-mounted").answer,
        str(probe("/dev/ad7")): READ,
        "fsck_ufs -F /dev/ad7": Answer(7),
    }
    assert see(resource, Surroundings(), answers) == CLEAN
    answers[str(probe("/dev/ad7"))] = LOST
    assert see(resource, Surroundings(), {**answers, "test -c /dev/ad7": Answer(1)}).until is None


def test_mounted_devices() -> None:
    text = recording("mount-p-mounted").stdout
    assert parse_mounted_devices(text) == {"/dev/vtbd0p2", "devfs", DEVICE}
    assert parse_mounted_devices("\n") == frozenset()


# Wishing and acting


def test_it_is_wished_clean() -> None:
    wish = filesystem().want(Neighbours(AROUND))
    assert wish == CLEAN
    assert isinstance(wish, Present)
    assert wish.state.device == DEVICE
    assert in_sync(CLEAN, wish)


def test_a_dirty_one_is_checked() -> None:
    resource = filesystem(check_deadline="2h")
    (check,) = resource.actions(change(resource, DIRTY, WISH))
    assert check.effect == Command(("fsck", "-p", "-t", "ufs", DEVICE), 7200.0)
    assert (check.verb, check.direction, check.settle_s) == ("check", Direction.UP, 5)
    assert "not cleanly unmounted" in check.why


@pytest.mark.parametrize("observed", [Absent(), SILENT])
def test_what_is_not_there_or_silent_is_waited_for(observed: Any) -> None:
    assert filesystem().actions(change(filesystem(), observed, WISH)) == ()


@pytest.mark.parametrize("observed", [CLEAN, DIRTY, SILENT])
def test_it_goes_with_its_device(observed: Any) -> None:
    assert filesystem().actions(change(filesystem(), observed, Absent())) == ()


def test_it_needs_the_device_to_answer() -> None:
    needs = list(filesystem(needs=["service.x"]).needed(AROUND))
    assert needs == ["service.x", "hast_device.test"]
    assert isinstance(filesystem().device, Ref)
    assert list(filesystem(device="/dev/ad7").needed(AROUND)) == []


@pytest.mark.parametrize(
    "table", [{"device": "ad7"}, {"fstype": "zfs"}, {"device": "/dev/a b"}, {"check_deadline": 5}]
)
def test_tables_that_are_refused(table: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        filesystem(**table)
