"""hastctl, dd and diskinfo of the lab where no recording speaks; the rest is in replay_hast."""

from dataclasses import replace

import pytest

from converge.core.host import Answer
from converge.lab.fresh import recorded_pair
from converge.lab.hast.extents import EXTENT, count, of_file, touched
from converge.lab.hast.text import in_bytes
from converge.lab.machine import run
from converge.lab.shell import sh
from converge.lab.world import File, Table, Ufs, World
from tests.lab.hast_steps import after, cut, do, dump, paired, plug_pulled, said, text, write


def answer(world: World, line: str, node: str = "hasta") -> Answer:
    return sh(world, node, line).answer


@pytest.mark.parametrize(
    ("size", "shown"),
    [
        (0, "0 (0B)"),
        (512, "512 (512B)"),
        (1536, "1536 (1.5KB)"),
        (2097152, "2097152 (2.0MB)"),
        (10485760, "10485760 (10MB)"),
        (115343360, "115343360 (110MB)"),
        (268430848, "268430848 (256MB)"),
        (1073741824, "1073741824 (1.0GB)"),
        (107374182400, "107374182400 (100GB)"),
    ],
)
def test_numbers_as_people_read_them(size: int, shown: str) -> None:
    assert in_bytes(size) == shown


def test_create_takes_sizes_and_writes_a_blank_header() -> None:
    world = do(recorded_pair(), "hasta", "hastctl create -m 100m -e 4m -k 16 test")
    rows = dump(world, "hasta")
    assert (rows["extentsize"], rows["keepdirty"]) == ("4194304 (4.0MB)", "16")
    assert rows["datasize"] == f"{100 * 1024 * 1024 - 4608} (100MB)"
    assert (rows["resuid"], rows["localcnt"], rows["prevrole"]) == ("0", "0", "init")


def test_the_bitmap_of_a_large_disk_needs_more_sectors() -> None:
    disks = recorded_pair().machine("hasta").disks
    big = replace(disks["/dev/vtbd1"], size=1024**4)
    world = recorded_pair().change("hasta", disks=disks.put("/dev/vtbd1", big))
    assert dump(do(world, "hasta", "hastctl create test"), "hasta")["localoff"] == str(
        4096 + 65536
    )


@pytest.mark.parametrize(
    ("line", "code", "said"),
    [
        ("hastctl create -m 1g test", 65, "Provided mediasize is larger than provider /dev/vtbd1"),
        ("hastctl create -e 1000 test", 65, "Extent size (1000) is not multiple of sector size"),
        ("hastctl create", 64, "usage: hastctl create"),
        ("hastctl status -x", 64, "usage: hastctl create"),
        ("hastctl dump -h", 64, "usage: hastctl create"),
        ("hastctl role secondary", 64, "usage: hastctl create"),
    ],
)
def test_what_hastctl_refuses(line: str, code: int, said: str) -> None:
    found = answer(recorded_pair(), line)
    assert found.code == code
    assert said in found.stderr


def test_create_on_one_side_only_forgets_who_it_was() -> None:
    """Fact 7: nobody is asked. The data stay where they are, the identity does not."""
    world = do(paired(), "hasta", "hastctl create test")
    assert (dump(world, "hasta")["resuid"], text(world, "hasta", "old")) == ("0", "old")
    world = after(do(world, "hastb", "hastctl role init test"), 1.0)
    world, _ = write(world, "hasta", x="1")
    assert dump(world, "hasta")["resuid"] == dump(world, "hastb")["resuid"]


def test_create_on_a_plain_file_system_hides_it() -> None:
    world = do(recorded_pair(), "hasta", "dd if=/dev/zero of=/dev/vtbd1 bs=512 count=1")
    world = do(do(world, "hasta", "newfs /dev/vtbd1"), "hasta", "hastctl create test")
    assert world.machine("hasta").disks["/dev/vtbd1"].ufs is None


def test_a_foreign_header_is_not_shown() -> None:
    world = do(recorded_pair(), "hasta", "hastctl create test")
    files = world.machine("hasta").files
    other = files["/etc/hast.conf"].text.replace("resource test", "resource other")
    world = world.change("hasta", files=files.put("/etc/hast.conf", File(other)))
    found = answer(world, "hastctl dump other")
    assert (found.code, found.stderr) == (
        255,
        "[ERROR] Provider /dev/vtbd1 is not part of resource other.\n",
    )


def test_the_socket_is_where_the_file_says() -> None:
    files = recorded_pair().machine("hasta").files
    moved = "control /var/run/other\n" + files["/etc/hast.conf"].text
    world = recorded_pair().change("hasta", files=files.put("/etc/hast.conf", File(moved)))
    assert answer(world, "hastctl status").stderr == (
        "[ERROR] Unable to connect to hastd via /var/run/other: No such file or directory.\n"
    )
    assert answer(do(world, "hasta", "service hastd restart || true"), "hastctl status").code == 71


def test_everybody_waits_for_a_hastd_that_hangs() -> None:
    world = recorded_pair().change("hasta", hangs=frozenset({"hastd"}))
    for line in ("hastctl status", "hastctl role init all"):
        assert run(world, "hasta", tuple(line.split())).took_s == float("inf")
    assert answer(world, "hastctl dump test").code == 0


def test_one_unknown_name_does_not_spoil_the_others() -> None:
    found = answer(recorded_pair(), "hastctl status test nosuch")
    assert found.code == 1
    assert [line.split()[0] for line in found.stdout.splitlines()] == ["Name", "test", "nosuch"]
    assert answer(recorded_pair(), "hastctl dump test nosuch").code == 65


def test_a_source_address_is_listed() -> None:
    files = recorded_pair().machine("hasta").files
    text = files["/etc/hast.conf"].text.replace(
        "remote 192.168.1.52", "remote 192.168.1.52\nsource 192.168.1.51"
    )
    world = recorded_pair().change("hasta", files=files.put("/etc/hast.conf", File(text)))
    world = do(world, "hasta", "service hastd restart")
    assert "  sourceaddr: 192.168.1.51\n" in said(world, "hasta", "hastctl list")


def test_dd_reads_a_sector_or_waits_for_it() -> None:
    one = "dd if=/dev/hast/test of=/dev/null bs=512 count=1"
    assert answer(paired(), one).stderr.startswith("1+0 records in\n1+0 records out\n512 bytes")
    missing = answer(paired(), one, "hastb")
    expected = "dd: /dev/hast/test: No such file or directory\n"
    assert (missing.code, missing.stderr) == (1, expected)
    hastd = paired().machine("hasta").hastd
    assert hastd is not None
    pid = hastd.resources["test"].worker
    killed = do(paired(), "hasta", f"kill -9 {pid}")
    slow = run(killed, "hasta", tuple(one.split()))
    assert slow.took_s == pytest.approx(1.15, abs=0.1)
    orphan = do(killed, "hasta", f"kill -9 {hastd.pid}")
    silent = run(orphan, "hasta", tuple(one.split()))
    assert (silent.took_s, silent.answer.code) == (float("inf"), 0)
    assert "/dev/hast/test is silent" in silent.answer.lost


def test_dd_over_the_start_of_a_disk_takes_the_metadata() -> None:
    world = do(recorded_pair(), "hasta", "dd if=/dev/zero of=/dev/vtbd1 bs=512 count=1")
    assert answer(world, "hastctl dump test").code == 255
    world = do(paired(), "hasta", "dd if=/dev/zero of=/dev/hast/test bs=1m count=1")
    ufs = world.machine("hastb").disks["/dev/vtbd1"].ufs
    assert ufs is not None
    assert ufs.broken
    far = do(paired(), "hasta", "dd if=/dev/zero of=/dev/hast/test bs=1m count=1 oseek=200")
    assert text(far, "hastb", "old") == "old"


def test_a_failing_disk_shows_unless_the_peer_helps() -> None:
    disks = paired().machine("hasta").disks
    bad = replace(disks["/dev/vtbd1"], fails="read")
    world = paired().change("hasta", disks=disks.put("/dev/vtbd1", bad))
    line = "dd if=/dev/hast/test of=/dev/null bs=512 count=1"
    assert answer(world, line).code == 0
    world = after(plug_pulled(cut(world), "hastb"), 1.0)
    found = answer(world, line)
    assert (found.code, found.stderr.splitlines()[0]) == (
        1,
        "dd: /dev/hast/test: Input/output error",
    )


def test_diskinfo_in_one_line_and_of_nothing() -> None:
    assert (
        said(paired(), "hasta", "diskinfo /dev/vtbd2")
        == "/dev/vtbd2\t512\t67108864\t131072\t0\t0\n"
    )
    assert answer(paired(), "diskinfo -v /dev/hast/test", "hastb").code == 1


def test_extents_stay_on_the_device_and_grow_with_what_is_written() -> None:
    size = 268430848
    for name in ("a", "db/a", "db/test/a", "x/y"):
        for length in (1, 3_000_000, 200_000_000):
            found = of_file(name, File(zeros=length), size)
            assert found <= frozenset(range(count(size)))
            assert len(found) >= min(count(size) // 2, length // EXTENT)
    old = Ufs(Table({"log": File("a" * 100, zeros=0)}))
    same = Ufs(Table({"log": File("a" * 101)}))
    assert touched(old, old, size) == frozenset()
    assert len(touched(old, same, size)) == 2
    assert len(touched(old, Ufs(Table({"log": File(zeros=100 * 2**20)})), size)) == 55
