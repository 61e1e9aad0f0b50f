"""converge why: the whole story of one resource, as it stands now."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.commands import SEED, Pair, converge
from tests.cli.test_inputs import FOREIGN, STOP, folder

GOLDEN = Path(__file__).parent / "golden"


def why(pair: Pair, resource: str, *nodes: str) -> str:
    said = pair("why", resource, nodes=nodes)
    assert (said.code, said.err) == (0, "")
    assert max(map(len, said.out.splitlines())) <= 80
    return said.out


def failed_over(pair: Pair) -> None:
    """hasta has lost its power a moment ago, and hastb is about to lead."""
    pair.lab("fault", "power-off", "hasta")
    pair.lab("advance", "5s")


@pytest.mark.parametrize("resource", ["hast.test", "mount./hast/test", "setting.mysql_enable"])
def test_what_is_in_sync(resource: str, pair: Pair, golden: Callable[[Path, str], None]) -> None:
    said = why(pair, f"hasta/{resource}")
    assert said.startswith(f"hasta/{resource}  = in sync\n")
    golden(GOLDEN / f"why-{resource.replace('/', '-')}.txt", said)


def test_what_is_refused_and_what_lifts_it(
    pair: Pair, golden: Callable[[Path, str], None]
) -> None:
    pair.on("hasta", FOREIGN)
    pair("apply", "--trigger", "cron")
    said = why(pair, "mysqld.main", "hasta").split("last action")[0]
    assert "refused by datadir-identity" in said
    assert "take its file converge.id away" in " ".join(said.split())
    assert "`converge explain CODE`" in " ".join(said.split())
    golden(GOLDEN / "why-refused.txt", said)
    form = json.loads(pair("why", "mysqld.main", "--json", nodes=("hasta",)).out)
    assert form["resources"][0]["last"]["how"].startswith("skipped")


def test_every_guard_that_holds_is_named_and_which_of_them_a_person_may_lift(pair: Pair) -> None:
    failed_over(pair)
    (folder(pair) / "ledger.json").unlink()
    pair.lab("fault", "disk-write-error", "hastb")
    converge("hold", "--for", "1h", "--reason", "x", "--host", f"hastb=lab:{pair.state}")
    form = json.loads(pair("why", "hast.test", "--json", nodes=("hastb",)).out)["resources"][0]
    lifts = {one["code"]: one["lift"] for one in form["obstacles"]}
    assert {"maintenance-hold", "promote-needs-known-sync"} <= set(lifts)
    assert "--override promote-needs-known-sync" in lifts["promote-needs-known-sync"]
    assert "--override maintenance-hold" in lifts["maintenance-hold"]
    assert form["letter"] == "!"
    assert [one["letter"] for one in form["steps"]] == ["^"]


def test_the_way_down_to_the_first_thing_that_is_wrong(
    pair: Pair, golden: Callable[[Path, str], None]
) -> None:
    failed_over(pair)
    said = why(pair, "mysqld.main", "hastb")
    flat = " ".join(said.split())
    assert "first not in sync: ^ hast.test" in flat
    assert "by way of mount./hast/test, filesystem.test, hast_device.test" in flat
    golden(GOLDEN / "why-waits.txt", said)


def test_the_reason_of_a_wish_comes_from_below(pair: Pair) -> None:
    assert "because carp.vip is MASTER here" in why(pair, "hast.test", "hasta")
    assert "because carp.vip is BACKUP here" in why(pair, "hast.test", "hastb")
    flat = " ".join(why(pair, "mysqld.main", "hastb").split())
    assert "wished not in place here because it needs mount./hast/test" in flat
    assert "(hast.test is not wished primary here)" in flat


def test_each_fact_has_what_was_asked_and_its_age(pair: Pair) -> None:
    form = json.loads(pair("why", "hast.test", "--json", nodes=("hasta",)).out)
    assert (form["format_version"], form["kind"]) == (1, "why")
    (one,) = form["resources"]
    asked = [source["query"] for source in one["sources"]]
    assert asked[:3] == ["hastctl list", "hastctl dump test", "mount -p"]
    assert {fact["name"]: fact["value"] for fact in one["facts"]}["role"] == "primary"
    assert 0.0 < one["age_s"] < 10.0
    assert any(words.startswith("role: ") for words in one["remembered"])


def test_both_nodes_when_both_are_meant(pair: Pair) -> None:
    pair.on("hasta", STOP)
    said = why(pair, "mysqld.main")
    assert "hasta/mysqld.main  + to be changed" in said
    assert "hastb/mysqld.main  = in sync" in said


@pytest.mark.parametrize(
    ("word", "guess"),
    [("hats.test", "hast.test"), ("test", ".test"), ("hasta/hats.test", "hasta/hast.test"),
     ("mount.hast/test", "mount./hast/test"), ("zzz", "")],
)  # fmt: skip
def test_a_slip_needs_no_node(word: str, guess: str) -> None:
    said = converge("why", word, "-c", str(SEED), "--host", "hasta=lab:none.json")
    assert (said.code, said.out) == (64, "")
    assert f"there is no resource {word}" in said.err
    assert guess in said.err
    assert ("Did you mean" in said.err) is bool(guess)


def test_it_writes_nothing(pair: Pair) -> None:
    before = {path: path.read_bytes() for path in folder(pair).iterdir()}
    why(pair, "hast.test")
    assert {path: path.read_bytes() for path in folder(pair).iterdir()} == before
