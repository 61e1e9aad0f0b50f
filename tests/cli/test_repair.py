"""converge repair: nothing is lost before a person has typed whose copy it is."""

from pathlib import Path

import pytest

from converge.hosts.ledgerfile import load
from tests.cli.commands import NODES, VIP, Pair, Terminal, converge, outcomes

CREATE = "hastctl create"


@pytest.fixture
def split(pair: Pair) -> Pair:
    """Both served while nothing passed between them, each with a row of its own; now hasta does,
    and hastb has given up what it may."""
    pair.lab("fault", "cut", "hasta")
    pair.lab("advance", "5s")
    converge(
        "apply", "-c", str(pair.config), "--host", f"hastb=lab:{pair.state}", "--wait",
        "--trigger", "devd",
    )  # fmt: skip
    for node in NODES:  # a write of a primary without its peer takes HAST's timeout
        pair.on(node, f"printf 'PUT on-{node}\\nQUIT\\n' | nc -w 60 {VIP} 3306")
    pair.lab("fault", "heal", "hasta")
    pair.lab("advance", "30s")
    assert pair("apply", "-y").code == 4
    return pair


def saved(pair: Pair) -> list[Path]:
    return sorted((Path(f"{pair.state}.state") / "metadata").glob("*.txt"))


def resuid(pair: Pair, node: str) -> str:
    return pair.on(node, "hastctl dump test").partition("resuid: ")[2].split()[0]


def test_without_a_typed_name_nothing_is_done(split: Pair) -> None:
    before = [resuid(split, node) for node in NODES]
    shown = split("repair", "hast.test", "-n")
    assert (shown.code, shown.err) == (0, "")
    assert shown.out.count("every row written there since the copies parted") == 2
    for said in (
        split("repair", "hast.test"),
        split("repair", "hast.test", "--lose", "hastc"),
        split("repair", "hast.test", "--no-input"),
        converge("repair", "hast.test", *split.doors(), stdin=Terminal("\n")),
        converge("repair", "hast.test", *split.doors(), stdin=Terminal("yes\n")),
    ):
        assert said.code == 64
        assert "nothing was done" in said.err
    assert saved(split) == []
    assert [resuid(split, node) for node in NODES] == before


def test_a_typed_name_brings_the_pair_together(split: Pair) -> None:
    before = split.on("hastb", "hastctl dump test")
    said = converge("repair", "hast.test", *split.doors(), stdin=Terminal("hastb\n"))
    assert said.code == 0, said.err
    done = [key for key, how in outcomes(said.err) if how.startswith("done")]
    assert done == [f"hastb/hast.test {verb}" for verb in ("create", "join")]
    assert "hastb/hast.test reset: done" in said.err  # behind the question, in its line
    assert said.err.splitlines()[-1].endswith("complete, nothing left to synchronise")
    (kept,) = saved(split)
    assert before.strip() in kept.read_text()
    assert kept.stat().st_mode & 0o777 == 0o600
    assert "nothing to do" in split("status").out
    assert resuid(split, "hastb") == resuid(split, "hasta")
    assert "on-hasta" in split.on("hasta", "tail -2 /hast/test/mysql/ibdata1")
    assert split("repair", "hast.test").out == "hast.test: nothing to repair\n"


def test_the_copy_that_has_stopped_already_may_be_the_one_to_keep(split: Pair) -> None:
    """hastb has given up its mount, as cron's run makes it do; its rows are those to keep."""
    split.on("hasta", "ifconfig carp0 down; sleep 5; ifconfig carp0 up")
    said = split("apply", "-y")
    assert said.code == 4
    assert "hastb/mount./hast/test mount\n    held by peer-silent" in said.out
    assert split("repair", "hast.test", "--lose", "hasta").code == 0
    assert split("apply", "-y").code == 0
    assert "on-hastb" in split.on("hastb", "tail -1 /hast/test/mysql/ibdata1")
    assert resuid(split, "hastb") == resuid(split, "hasta")
    assert "nothing to do" in split("status").out


def test_why_does_not_call_it_well(split: Pair) -> None:
    said = split("why", "hasta/hast.test").out
    assert said.startswith("hasta/hast.test  = in sync, but look into it\n")
    assert "no run changes it: it is as wished, and the concern is for a person\n" in said


def test_the_copy_that_is_in_use_is_not_given_up(split: Pair) -> None:
    said = split("repair", "hast.test", "--lose", "hasta")
    assert said.code == 4
    assert "/hast/test is in use on hasta: once hastb has the address" in said.err
    assert saved(split) == []


def test_a_new_disk(pair: Pair) -> None:
    disk = "/dev/ad6"
    pair.lab("fault", "power-off", "hastb")
    pair.lab("advance", "30s")
    pair.lab("fault", "power-on", "hastb")
    pair.lab("advance", "300s")  # this machine takes its time to boot
    pair.on("hastb", f"dd if=/dev/zero of={disk} bs=512 count=8")
    pair("apply", "-y")
    said = pair("repair", "hast.test", "--lose", "hasta")
    assert said.code == 4
    assert "the copy of hastb is no good: nothing would be left" in said.err
    said = pair("repair", "hast.test", "--lose", "hastb")
    assert said.code == 0, said.err
    assert "a new disk, or one that was wiped" in said.out
    assert "nothing to do" in pair("status").out


def test_a_consent_is_for_the_copy_as_it_was(split: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """The run dies right after the word was written down, and somebody makes the disk anew by
    hand: the word is void."""
    monkeypatch.setattr("converge.cli.running.session.Session.carry_out", lambda *_, **__: 1)
    assert split("repair", "hast.test", "--lose", "hastb").code == 1
    monkeypatch.undo()
    monkeypatch.setenv("TERM", "xterm")
    ids = {str(id): notes for id, notes in load(Path(f"{split.state}.state")).notes.items()}
    assert "consent" in ids["hastb/hast.test"]
    for line in ("role init", "create", "role secondary"):
        split.on("hastb", f"hastctl {line} test")
    split.lab("advance", "60s")
    said = split("apply", "-y")
    assert CREATE not in said.out + said.err
    ids = {str(id): notes for id, notes in load(Path(f"{split.state}.state")).notes.items()}
    assert "consent" not in ids["hastb/hast.test"]


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("hast.tset",), 64, "Did you mean 'hast.test'?"),
        (("carp.vip",), 64, "what can be repaired is hast.test"),
        ((), 64, "Missing argument"),
    ],
)
def test_64_for_what_cannot_be_repaired(
    words: tuple[str, ...], code: int, says: str, pair: Pair
) -> None:
    said = pair("repair", *words)
    assert said.code == code
    assert says in said.err


def test_6_when_a_copy_cannot_be_seen(pair: Pair) -> None:
    pair.lab("fault", "power-off", "hastb")
    said = pair("repair", "hast.test")
    assert said.code == 6
    assert "hastb/hast.test cannot be seen" in said.err
