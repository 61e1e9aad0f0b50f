"""Kind `trigger`: what each brings along, and that nothing of it is left when it goes."""

import re
from collections.abc import Sequence

import pytest
from pydantic import ValidationError

from converge.core.host import Answer, Query
from converge.core.ids import Ref, ResourceId
from converge.core.state import Absent, Present, Unknown
from converge.engine.desired import load
from converge.engine.graph import build
from converge.engine.observe import observe
from converge.freebsd import kinds
from converge.freebsd.trigger import WAKING, Trigger
from converge.freebsd.trigger.scripts import RC
from converge.freebsd.trigger.texts import CRONTAB, FILES, HOOK, ROTATION, WAKER
from converge.hosts.clock import SystemClock
from tests.cli.commands import ROOT
from tests.freebsd.around import Neighbours, Surroundings, made
from tests.looking import see

OPERATED = ROOT / "desired" / "operated-pair.toml"
AROUND = Surroundings()


def brought(name: str, *, installed: bool = True) -> dict[str, dict[str, object]]:
    one = made(Trigger, name, installed=installed)
    return {f"{i.kind}.{i.name}": dict(i.table) for i in one.implied(AROUND)}


def test_only_those_that_there_are() -> None:
    with pytest.raises(ValidationError, match="cron, devd, hast, newsyslog, periodic, rc, wake"):
        made(Trigger, "inetd")


@pytest.mark.parametrize("name", FILES)
def test_its_files_go_with_it(name: str) -> None:
    for installed in (True, False):
        files = {k: t for k, t in brought(name, installed=installed).items() if k[:5] == "file."}
        assert files.keys() == {f"file.{text.path}" for text in FILES[name]}
        for table in files.values():
            assert (table["needs"], table["ours"]) == ((f"trigger.{name}",), True)
            assert table["owner"] == "root:wheel"
    here, gone = made(Trigger, name), made(Trigger, name, installed=False)
    assert here.want(Neighbours()) == see_it(here)
    assert gone.want(Neighbours()) == see_it(gone) == Absent()


class Silent:
    """A machine that is off."""

    def ask(self, queries: Sequence[Query]) -> list[Answer]:
        return [Answer(lost="hastb does not answer") for _ in queries]


def test_a_dead_peer_has_no_triggers() -> None:
    """Whatever were seen of it would be a sign of life, and hold the takeover (S1)."""
    desired = load(OPERATED.read_text(), "x", kinds(), lambda path: None)
    graph, _ = build(desired.pair, desired.resources, kinds())
    assert graph
    seen = observe(graph, {"hastb": Silent()}, SystemClock()).observed
    assert {id.kind for id in seen} >= {"trigger", "file", "service", "hast"}
    assert [id for id, one in seen.items() if not isinstance(one, Unknown)] == []


def see_it(one: Trigger) -> object:
    seen = see(one, AROUND, {"hostname": Answer(0, "hasta\n")})
    assert isinstance(seen, Present | Absent)
    return seen


@pytest.mark.parametrize("name", FILES)
def test_the_script_comes_with_those_that_call_it_and_stays_for_the_others(name: str) -> None:
    assert ("trigger.wake" in brought(name)) is (name in WAKING)
    assert "trigger.wake" not in brought(name, installed=False)
    named = name == "hast" or any(WAKER in text.content for text in FILES[name])
    assert named is (name in WAKING)


def test_devd_is_started_again_for_its_rules_and_not_stopped_for_their_end() -> None:
    rules = FILES["devd"][0].path
    table = brought("devd")["service.devd"]
    assert table["reads"] == ("/usr/local/etc/devd", rules)
    assert table["needs"] == (Ref(f"file.{rules}"),)
    assert brought("devd", installed=False)["service.devd"]["needs"] == ()


def test_the_hook_comes_into_every_block_of_hast_conf_but_where_there_is_another() -> None:
    text = OPERATED.read_text()
    assert blocks(text) == {"test": HOOK}
    own = text.replace("[hast.test]", '[hast.test]\nexec = "/root/own"')
    assert blocks(own) == {"test": "/root/own"}
    assert blocks(text.replace("[trigger.hast]", "")) == {"test": None}
    assert blocks(text.replace("[trigger.hast]", "[trigger.hast]\ninstalled = false")) == {
        "test": None
    }


def blocks(text: str) -> dict[str, str | None]:
    desired = load(text, "x", kinds(), lambda path: None)
    graph, flaws = build(desired.pair, desired.resources, kinds())
    assert graph, flaws
    found = {id: one for id, one in graph.resources.items() if id.kind == "hast_entry"}
    assert {id.node for id in found} == {"hasta", "hastb"}
    return {id.name: getattr(one, "exec") for id, one in found.items()}  # noqa: B009 - typed


def test_the_switch_of_the_rc_script_is_taken_out_with_it() -> None:
    assert brought("rc")["setting.converge_enable"] == {"value": "YES", "needs": ("trigger.rc",)}


def test_rc_runs_it_after_hastd_and_so_stops_it_before() -> None:
    """rc.shutdown goes the list backwards: our stop comes before hastd takes the disks away."""
    keywords = dict(re.findall(r"(?m)^# (PROVIDE|REQUIRE|KEYWORD): (.+)$", RC))
    assert keywords["PROVIDE"] == "converge"
    assert {"hastd", "NETWORKING"} <= set(keywords["REQUIRE"].split())
    assert "shutdown" in keywords["KEYWORD"].split()


def test_cron_has_one_entry_every_minute() -> None:
    (entry,) = re.findall(r"(?m)^[*0-9].*$", CRONTAB)
    assert entry.split() == ["*", "*", "*", "*", "*", "root", WAKER, "cron"]


def test_the_log_is_rotated_without_a_signal() -> None:
    (entry,) = re.findall(r"(?m)^/.*$", ROTATION)
    path, owner, mode, *_, flags = entry.split()
    assert (path, owner, mode) == ("/var/log/converge.log", "root:wheel", "640")
    assert "N" in flags


def test_nobody_else_may_write_what_root_runs() -> None:
    for files in FILES.values():
        for text in files:
            assert int(text.mode, 8) & 0o022 == 0
            assert (int(text.mode, 8) & 0o111 != 0) is text.content.startswith("#!/bin/sh\n")


def test_the_example_declares_them_all_on_both_nodes() -> None:
    desired = load(OPERATED.read_text(), "x", kinds(), lambda path: None)
    for node in ("hasta", "hastb"):
        names = {id.name for id in desired.resources if (id.node, id.kind) == (node, "trigger")}
        assert names == set(FILES) - {"wake"}
        assert ResourceId(node, "trigger", "wake") not in desired.resources
