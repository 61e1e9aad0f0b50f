"""Plans from recorded answers: what is planned in seven known states, and that a bundle of a node
leads to the very plan that is made beside it.
"""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.plans.cases import EXAMPLES, Case, read_case
from tests.plans.desk import PASSWORD, Desk, converge


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    return Desk(tmp_path_factory.mktemp("bundles"))


def planned(desk: Desk, name: str) -> dict[str, Any]:
    form: dict[str, Any] = json.loads(desk.plan(read_case(name), "--json").out)
    return form


def keys(form: dict[str, Any]) -> list[str]:
    return [action["key"] for action in form["actions"]]


def codes(form: dict[str, Any]) -> dict[str, str]:
    """Of every action that is not allowed."""
    verdicts = {action["key"]: action["verdict"] for action in form["actions"]}
    return {key: verdict["code"] for key, verdict in verdicts.items() if "code" in verdict}


def waiting(form: dict[str, Any]) -> list[str]:
    return [deferred["id"].partition("/")[2] for deferred in form["deferred"]]


@pytest.mark.parametrize(
    ("case", "actions", "waits", "held"),
    [
        (
            "fresh-boot-master",
            ["hasta/hast.test promote", "hasta/hast_device.test wait"],
            ["filesystem.test", "mount./mysql", "mysqld.main"],
            {
                "hasta/hast.test promote": "promote-needs-known-sync",
                "hasta/hast_device.test wait": "comes-after",
            },
        ),
        ("fresh-boot-backup", ["hastb/hast.test join"], [], {}),
        ("primary-complete", [], [], {}),
        ("secondary-complete", [], [], {}),
        (
            "hastd-down",
            ["hasta/service.hastd start"],
            ["hast.test", "hast_device.test", "filesystem.test", "mount./mysql", "mysqld.main"],
            {},
        ),
        (
            "module-not-loaded",
            ["hasta/kernel_module.carp load", "hasta/carp.vip add"],
            ["hast.test", "hast_device.test", "filesystem.test", "mount./mysql", "mysqld.main"],
            {},
        ),
        (
            "dirty-file-system",
            ["hasta/filesystem.test check", "hasta/mount./mysql mount", "hasta/mysqld.main start"],
            [],
            {},
        ),
    ],
)
def test_what_is_planned(
    desk: Desk, case: str, actions: list[str], waits: list[str], held: dict[str, str]
) -> None:
    form = planned(desk, case)
    assert keys(form) == actions
    assert waiting(form) == waits
    assert codes(form) == held


def test_each_step_comes_after_the_one_that_it_stands_on(desk: Desk) -> None:
    check, mount, start = planned(desk, "dirty-file-system")["actions"]
    assert (check["after"], mount["after"], start["after"]) == (
        [],
        ["hasta/filesystem.test check"],
        ["hasta/mount./mysql mount"],
    )


def test_a_split_brain_is_told_though_the_roles_are_as_wished(desk: Desk) -> None:
    form = planned(desk, "split-brain-both")
    assert keys(form) == []
    assert sorted(form["concerns"]) == ["hasta/hast.test", "hastb/hast.test"]
    assert all(words.startswith("split-brain:") for words in form["concerns"].values())


def test_in_a_split_brain_no_role_changes_when_the_address_moves(desk: Desk) -> None:
    form = planned(desk, "split-brain-address-moves")
    assert keys(form) == [
        "hasta/mysqld.main stop",
        "hasta/mount./mysql unmount",
        "hasta/hast.test demote",
        "hastb/hast.test promote",
        "hastb/hast_device.test wait",
    ]
    assert codes(form) == {
        "hasta/mysqld.main stop": "half-switchover",
        "hasta/mount./mysql unmount": "comes-after",
        "hasta/hast.test demote": "split-brain",
        "hastb/hast.test promote": "split-brain",
        "hastb/hast_device.test wait": "comes-after",
    }


def test_one_node_alone_cannot_know_of_a_split_brain(desk: Desk) -> None:
    for node in ("primary", "secondary"):
        form = planned(desk, f"split-brain-{node}")
        assert keys(form) == []
        (words,) = form["concerns"].values()
        assert "split-brain" not in words


# A bundle and the node that it was taken of

CONVERGED = ("apply", "advance 60s")


@pytest.mark.parametrize(
    ("node", "story"),
    [
        ("hasta", ()),
        ("hasta", ("apply",)),
        ("hasta", CONVERGED),
        ("hastb", CONVERGED),
        ("hasta", (*CONVERGED, "hasta: service mysql-server onestop", "hasta: umount /mysql")),
        ("hasta", (*CONVERGED, "hasta: pkill -9 hastd", "advance 5s")),
        ("hasta", (*CONVERGED, "hasta: ifconfig vtnet1 vhid 1 advskew 7")),
        ("hastb", (*CONVERGED, "fault power-off hasta", "advance 5s")),
        ("hastb", (*CONVERGED, "fault hang hastb hastctl")),
    ],
)
def test_a_bundle_leads_to_the_plan_made_live(
    desk: Desk, node: str, story: tuple[str, ...], tmp_path: Path
) -> None:
    """A bundle is of one node and remembers nothing, so the live plan does not look at the other
    either, and forgets."""
    shy = {"[witness]\n": "[peer]\nask = false\n\n[witness]\n"}
    desired = EXAMPLES / "mysql-pair.toml"
    case = Case(f"alone-{node}", "", desired, (node,), changes=shy, story=story)
    doors = desk.doors(case)
    shutil.rmtree(desk.folder / "lab.json.state", ignore_errors=True)
    live = json.loads(converge("plan", "--json", *doors).out)
    bundle = tmp_path / "node.json"
    assert converge("observe", "--bundle", str(bundle), *desk.doors(case)).code == 0
    assert PASSWORD not in bundle.read_text()
    config = str(desk.config(case))
    shown = converge("plan", "--json", "-c", config, "--host", f"{node}=bundle:{bundle}")
    again = json.loads(shown.out)
    assert again.pop("taken")[:23] == live.pop("taken")[:23]
    assert again == live


def test_a_password_that_the_desired_file_does_not_know_is_not_in_a_bundle(
    desk: Desk, tmp_path: Path
) -> None:
    line = 'ifconfig_vtnet1_alias0="inet vhid 1 pass sesame alias 192.168.1.50/32"'
    story = (*CONVERGED, f"hasta: echo '{line}' >> /etc/rc.conf")
    case = Case("", "", EXAMPLES / "mysql-pair.toml", ("hasta",), story=story)
    bundle = tmp_path / "hasta.json"
    assert converge("observe", "--bundle", str(bundle), *desk.doors(case)).code == 0
    assert "pass *** alias" in bundle.read_text()
    assert "sesame" not in bundle.read_text()
    assert "sesame" not in desk.plan(case, "-v").out


def test_a_bundle_is_of_its_own_time_and_node(desk: Desk) -> None:
    case = read_case("primary-complete")
    taken = json.loads(converge("plan", "--json", *desk.doors(case)).out)["taken"]
    assert taken == "2026-11-23T03:00:00+00:00"
    words = " ".join(desk.doors(case)).replace("hasta=bundle", "hastb=bundle").split()
    refused = converge("plan", *words)
    assert (refused.code, "a bundle of hasta" in refused.err) == (64, True)


def test_only_the_named_node_of_two_bundles_is_planned_for(desk: Desk) -> None:
    case = read_case("split-brain-address-moves")
    words = (*desk.doors(case), "--node", "hastb")
    assert "\nhasta" not in converge("plan", *words).out
