"""File systems: mounting, writing through, checking, and what is left after accidents."""

from dataclasses import replace

import pytest

from converge.lab import faults
from converge.lab.fresh import recorded_pair
from converge.lab.hast import storage
from converge.lab.machine import advance, react, run
from converge.lab.shell import sh
from converge.lab.ufs import checking, list_dir, read_file, write_file
from converge.lab.world import File, Table, Ufs, World
from tests.lab.fs_worlds import connected, formatted, later, mounted, running, then

SPARE = "/dev/vtbd2"


def on_disk(world: World, node: str, path: str = "/dev/vtbd1") -> Ufs:
    ufs = world.machine(node).disks[path].ufs
    assert ufs is not None
    return ufs


def said(world: World, line: str, node: str = "hasta") -> tuple[int, str]:
    answer = sh(world, node, line).answer
    assert not answer.lost
    return answer.code, answer.stdout + answer.stderr


def test_a_mount_covers_its_directory_and_uncovers_it() -> None:
    world = then(formatted(), "touch /mysql/below; mount /dev/hast/test /mysql; touch /mysql/on")
    assert list_dir(world, "hasta", "/mysql") == (".snap", "on")
    assert read_file(world, "hasta", "/mysql/below") is None
    world = then(world, "umount /mysql")
    assert list_dir(world, "hasta", "/mysql") == ("below",)


def test_what_is_written_is_on_both_disks() -> None:
    world = then(mounted(), "echo hello > /mysql/f; sleep 1")
    for node in ("hasta", "hastb"):
        assert on_disk(world, node).files["f"].text == "hello\n"


def test_the_mark_is_unclean_while_mounted_and_clean_after_umount() -> None:
    assert on_disk(formatted(), "hasta").clean
    assert not on_disk(later(mounted(), 1), "hastb").clean
    assert on_disk(later(then(mounted(), "umount /mysql"), 1), "hastb").clean


def test_a_read_only_mount_writes_nothing() -> None:
    before = formatted()
    world = then(before, "mount -t ufs -o ro,noatime /dev/hast/test /mysql")
    assert on_disk(world, "hasta") == on_disk(before, "hasta")
    assert said(world, "touch /mysql/f") == (1, "touch: /mysql/f: Read-only file system\n")
    assert said(world, "mount -p | tail -1") == (
        0,
        "/dev/hast/test\t\t/mysql\t\t\tufs\tro,noatime \t2 2\n",
    )
    assert "(ufs, local, noatime, read-only, soft-updates)" in said(world, "mount")[1]
    assert said(world, "fsck_ufs -p /dev/hast/test")[0] == 0


def test_umount_of_what_was_mounted_dirty_does_not_make_it_clean() -> None:
    world = faults.power_cut(
        then(recorded_pair(), f"newfs -U {SPARE}; mount {SPARE} /mnt"), "hasta"
    )
    world = later(faults.power_back(world, "hasta"), 60)
    world = then(world, f"mount {SPARE} /mnt; umount /mnt")
    assert not on_disk(world, "hasta", SPARE).clean
    assert "/mnt was not properly dismounted" in said(world, "dmesg")[1]
    world = then(world, f"fsck -p {SPARE}; mount {SPARE} /mnt; umount /mnt")
    assert on_disk(world, "hasta", SPARE).clean


def with_spare(ufs: Ufs) -> World:
    world, _ = storage.write(recorded_pair(), "hasta", SPARE, ufs)
    return world


def test_preen_gives_up_on_a_broken_file_system_and_mount_takes_it_all_the_same() -> None:
    world = with_spare(replace(checking.new_ufs(0), clean=False, broken=True))
    code, text = said(world, f"fsck -p -y -t ufs {SPARE}")
    assert code == 8
    assert text.endswith(f"{SPARE}: UNEXPECTED INCONSISTENCY; RUN fsck MANUALLY.\n")
    assert said(world, f"mount {SPARE} /mnt") == (0, "")
    world = then(world, f"fsck -y -t ufs {SPARE}")
    assert said(world, f"fsck -p {SPARE}")[1].splitlines()[0].endswith("SKIPPING CHECKS")


def test_preen_of_a_torn_copy_succeeds_and_throws_files_away() -> None:
    files = Table({"d": File(is_dir=True), "d/f": File("data"), "g": File("more")})
    world = with_spare(Ufs(files, clean=False, torn=True))
    code, text = said(world, f"fsck -p -y -t ufs {SPARE}")
    assert (code, text.count("UNREF FILE"), text.count(" (CLEARED)\n")) == (0, 2, 2)
    left = on_disk(then(world, f"fsck -p {SPARE}"), "hasta", SPARE)
    assert (set(left.files), left.clean, left.torn) == ({"d"}, True, False)


def test_a_check_that_does_not_write_changes_nothing() -> None:
    world = with_spare(Ufs(clean=False, torn=True))
    for line in (f"fsck -n -t ufs {SPARE}", f"fsck_ufs -F {SPARE}", f"fsck_ufs -p -n {SPARE}"):
        assert sh(world, "hasta", line).world.machines == world.machines


KILL_WORKER = 'kill -9 $(pgrep -f "hastd: test .primary")'
LOOKS = ("fsck -p", "fsck_ufs -F", "fstyp", "dumpfs -m", "newfs -U")


@pytest.mark.parametrize("program", LOOKS)
def test_programs_wait_for_a_device_that_will_answer(program: str) -> None:
    world = then(formatted(), KILL_WORKER)
    result = run(world, "hasta", (*program.split(), "/dev/hast/test"))
    assert not result.answer.lost
    assert 1.0 < result.took_s < 2.0


@pytest.mark.parametrize("program", [*LOOKS, "mount"])
def test_programs_hang_at_a_device_that_never_answers(program: str) -> None:
    world = then(formatted(), f"{KILL_WORKER}; kill -9 $(cat /var/run/hastd.pid)")
    where = ("/dev/hast/test", "/mysql") if program == "mount" else ("/dev/hast/test",)
    result = run(world, "hasta", (*program.split(), *where))
    assert result.answer.lost
    assert result.took_s == float("inf")


def test_a_disk_that_fails_says_so() -> None:
    world = faults.disk(then(recorded_pair(), f"newfs -U {SPARE}"), "hasta", SPARE, "read")
    assert said(world, f"mount {SPARE} /mnt") == (1, f"mount: {SPARE}: Input/output error\n")
    assert said(world, f"fsck -p {SPARE}")[0] == 3
    world = faults.disk(world, "hasta", SPARE, "")
    world = faults.disk(then(world, f"mount {SPARE} /mnt"), "hasta", SPARE, "write")
    assert said(world, "touch /mnt/f") == (1, "touch: /mnt/f: Input/output error\n")
    assert "f" not in on_disk(world, "hasta", SPARE).files


def test_a_full_file_system_takes_nothing_more() -> None:
    world = faults.fill(mounted(), "hasta", "/mysql", full=True)
    assert said(world, "touch /mysql/f")[1] == "touch: /mysql/f: No space left on device\n"
    assert said(world, "df /mysql | tail -1")[1].split()[3:5] == ["0", "100%"]
    assert said(world, "touch /root/f")[0] == 0
    world = faults.fill(recorded_pair(), "hasta", "/", full=True)
    assert said(world, "touch /root/f")[0] == 1


def test_more_than_fits_does_not_fit() -> None:
    big = File(zeros=300 * 2**20)
    assert write_file(mounted(), "hasta", "/mysql/big", big).error == "No space left on device"
    half = write_file(mounted(), "hasta", "/mysql/half", replace(big, zeros=150 * 2**20))
    assert not half.error
    again = write_file(half.world, "hasta", "/mysql/two", replace(big, zeros=150 * 2**20))
    assert again.error == "No space left on device"


def test_a_gone_device_is_read_from_memory_and_written_until_the_flush() -> None:
    world = then(mounted(), "echo before > /mysql/f; hastctl role init test; touch /mysql/x")
    assert said(world, "cat /mysql/f") == (0, "before\n")
    assert "/mysql" in said(world, "mount -p")[1]
    world = later(world, 6)
    assert "/mysql" not in said(world, "mount -p")[1]
    assert list_dir(world, "hasta", "/mysql") == ()
    assert "x" not in on_disk(world, "hasta").files


def test_a_dead_mount_does_not_write_to_a_device_that_came_back() -> None:
    world = then(mounted(), "hastctl role secondary test; hastctl role primary test; sleep 2")
    assert storage.device(world, "hasta", "/dev/hast/test") is not None
    world = then(world, "touch /mysql/x")
    assert read_file(world, "hasta", "/mysql/x") is not None
    assert "x" not in on_disk(world, "hasta").files


def test_mounts_below_mounts() -> None:
    world = then(mounted(), f"newfs -U {SPARE}; mkdir /mysql/sub; mount {SPARE} /mysql/sub")
    world = then(world, "touch /mysql/sub/f /mysql/g")
    assert "f" in on_disk(world, "hasta", SPARE).files
    assert {"sub", "g"} <= set(on_disk(world, "hasta").files)
    assert "sub/f" not in on_disk(world, "hasta").files


def test_young_directories_do_not_survive_on_any_disk() -> None:
    world = then(mounted(), "mkdir /mysql/old; sleep 70; mkdir -p /mysql/new/er")
    world = then(world, "touch /mysql/old/f /mysql/new/er/f /mysql/f; sleep 5")
    world = faults.power_cut(world, "hasta")
    for node in ("hasta", "hastb"):
        assert set(on_disk(world, node).files) == {".snap", "old", "old/f", "f"}
        assert not on_disk(world, node).clean


@pytest.mark.parametrize(("seconds", "left"), [("59", set()), ("60", {".snap", "d", "d/f"})])
def test_a_directory_is_on_the_disk_after_a_minute(seconds: str, left: set[str]) -> None:
    world = then(mounted(), f"mkdir /mysql/d; touch /mysql/d/f; sleep {seconds}")
    assert set(on_disk(faults.power_cut(world, "hasta"), "hasta").files) == left


def test_newfs_and_mount_refuse_what_hastd_has_open() -> None:
    world = connected()
    assert said(world, "mount /dev/vtbd1 /mnt") == (
        1,
        "mount: /dev/vtbd1: Operation not permitted\n",
    )
    assert said(world, "newfs -U /dev/vtbd1")[0] == 1


def test_a_write_stalls_while_the_peer_is_a_black_hole() -> None:
    world = react(faults.cut(running(), "hasta"))
    result = sh(world, "hasta", "touch /mysql/f")
    assert result.took_s == pytest.approx(20.0, abs=1.0)
    again = sh(result.world, "hasta", "touch /mysql/g")
    assert again.took_s < 1.0


def test_a_quiet_mount_leaves_no_timer_behind() -> None:
    world = advance(mounted(), mounted().now + 100)
    assert [t for t in world.timers if not t.what.startswith("hast")] == []


def test_fstab_names_what_mount_is_told_by_half() -> None:
    line = "/dev/hast/test /mysql ufs rw,noauto 0 0"
    world = then(formatted(), f"echo '{line}' > /etc/fstab; mount /mysql")
    assert "/dev/hast/test" in said(world, "mount -p")[1]
    wanted = "mount: /data: unknown special file or file system\n"
    assert said(world, "mount /data") == (1, wanted)
