"""converge switchover: the service moves because a person wants it, or stays where it is."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from converge.cli.running.memory import Memory
from converge.hosts.ledgerfile import load
from tests.cli.commands import NODES, Pair, Terminal, converge, outcomes

PREVIEW = """\
hasta
   1 - mysqld.main stop: it runs as pid 595 and 598 and is not wished here
   2 - mount./hast/test unmount: /dev/hast/test is mounted here, and is not wished here
   3 v hast.test demote: the service is handed over to hastb
         role: primary -> secondary
   4 - carp.vip raise: advskew is 0: the address would come back
         advskew: 0 -> 254
   5 - carp.vip leave: the address is handed over to the other node
     ? hast_device.test: goes away by itself (until hast.test)
       and with it: filesystem.test

5 actions (4- 1v), 2 waiting
nobody serves for about 8 s; 8.4 s of them CARP and the guards wait
  not counted, for it was never done here: mysqld.main stop, mount./hast/test unmount, hast.test \
demote, carp.vip raise, carp.vip leave
"""


def serving(pair: Pair) -> str:
    """The node that says all of the service is there."""
    head, *rows = pair("status").out.splitlines()
    database = next(row for row in rows if row.startswith("mysqld.main"))
    before = [node for node in NODES if head.index(node) < database.find("ready")]
    return before[-1] if before else ""


def ledger(pair: Pair) -> Path:
    return Path(f"{pair.state}.state")


def test_there_and_back(pair: Pair) -> None:
    said = pair("switchover", "--to", "hastb", "-y", "--reason", "new disk")
    assert (said.code, said.out.splitlines()[-1]) == (0, "hastb serves")
    done = [key for key, how in outcomes(said.err) if how.startswith("done")]
    assert done.index("hasta/hast.test demote") < done.index("hasta/carp.vip leave")
    assert done.index("hasta/carp.vip leave") < done.index("hastb/hast.test promote")
    assert serving(pair) == "hastb"
    assert "nothing to do" in pair("plan").out  # the skew is back, and the address stays
    assert load(ledger(pair)).handover is None
    assert pair("switchover", "--to", "hastb", "-y").out == "hastb serves already\n"
    pair.lab("advance", "60s")
    assert pair("switchover", "--to", "hasta", "-y").code == 0
    assert serving(pair) == "hasta"


def test_what_will_be_done_is_shown_and_asked_first(pair: Pair) -> None:
    shown = pair("switchover", "--to", "hastb", "-n")
    assert shown.code == 0
    assert shown.out.partition("\n\n")[2] == PREVIEW
    said = pair("switchover", "--to", "hastb")
    assert (said.code, said.err.count("say -y")) == (64, 1)
    no = converge("switchover", *pair.doors(), "--to", "hastb", stdin=Terminal("n\n"))
    assert no.code == 0
    assert "Hand it over?" in no.err
    assert serving(pair) == "hasta"
    assert not (ledger(pair) / "journal.jsonl").exists()


@pytest.mark.parametrize(
    ("words", "nodes", "says"),
    [
        (("--to", "hastc"), (), "the pair has the nodes hasta, hastb"),
        (("--to", "hasta"), ("hasta",), "ssh hastb converge switchover --to hasta"),
        (("--to", "hastb"), ("hasta",), "[peer]"),
        ((), (), "Missing option '--to'"),
    ],
)
def test_64_for_what_cannot_be(
    words: tuple[str, ...], nodes: tuple[str, ...], says: str, pair: Pair
) -> None:
    blind = pair.config.with_name("blind.toml")
    blind.write_text(pair.config.read_text() + "\n[peer]\nask = false\n")
    pair = replace(pair, config=blind)
    said = pair("switchover", *words, nodes=nodes)
    assert said.code == 64
    assert says in said.err


def test_4_for_a_pair_that_is_not_fit(pair: Pair) -> None:
    pair.lab("fault", "power-off", "hastb")
    said = pair("switchover", "--to", "hastb", "-y")
    assert said.code == 4
    assert "unfit-pair: the service is not handed over to hastb; nothing was done" in said.err
    assert "! hastb/carp.vip cannot be seen: hastb does not answer" in said.err
    assert load(ledger(pair)).handover is None


def test_a_pair_that_was_never_set_up_is_not_set_up_by_a_handover(fresh: Pair) -> None:
    said = fresh("switchover", "--to", "hastb", "-y")
    assert said.code == 4
    assert "! hastb/carp.vip is not there: run converge apply first" in said.err
    assert "no run has acted" in fresh("history").out


def test_4_while_somebody_holds_the_pair(pair: Pair) -> None:
    assert pair("hold", "--for", "1h", "--reason", "cables").code == 0
    said = pair("switchover", "--to", "hastb", "-y")
    assert said.code == 4
    assert "maintenance-hold" in said.err


def test_1_when_something_fails_and_the_service_is_back(pair: Pair) -> None:
    pair.lab("fault", "hold-open", "hasta", "/hast/test")
    said = pair("switchover", "--to", "hastb", "-y")
    assert said.code == 1
    assert said.err.splitlines()[-1] == (
        "converge: not handed over: hasta/mount./hast/test unmount failed: umount: unmount of "
        "/hast/test failed: Device busy; hasta serves"
    )
    assert serving(pair) == "hasta"
    entries = [json.loads(x) for x in (ledger(pair) / "journal.jsonl").read_text().splitlines()]
    words = [entry["fields"] for entry in entries if entry["what"] == "handover"]
    assert [word.get("to", word.get("over")) for word in words] == ["hastb", True]


@pytest.mark.parametrize("dies_at", range(1, 11))
def test_killed_at_any_intent_the_next_run_goes_on(
    dies_at: int, pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The word is in the ledger before anything is done; cron's run needs nothing else."""
    written, intent = [], Memory._intent

    def killed(self: Memory, action: object) -> None:
        written.append(action)
        if len(written) == dies_at:
            raise SystemExit(137)
        intent(self, action)  # type: ignore[arg-type]

    monkeypatch.setattr(Memory, "_intent", killed)
    with pytest.raises(SystemExit):
        pair("switchover", "--to", "hastb", "-y")
    monkeypatch.undo()
    monkeypatch.setenv("TERM", "xterm")
    word = load(ledger(pair)).handover
    assert word is None or word.to == "hastb"
    for _ in range(4):
        pair.lab("advance", "10s")
        assert pair("apply", "--trigger", "cron").code in (0, 4)
    assert serving(pair) == "hastb"
    assert load(ledger(pair)).handover is None
