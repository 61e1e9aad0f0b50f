"""What all of this is for: a pair from bare machines through a failover and back, by commands."""

import json
from pathlib import Path

import pytest

from tests.cli.commands import MYSQL, SEED, Pair, new_pair, outcomes

UP = ("hast.test promote", "filesystem.test check", "mount.{mount} mount", "mysqld.main start")
"""The order of the article's switch script: role, fsck, mount, database."""


def role(pair: Pair, node: str) -> str:
    """What `hastctl role` was last told, as hastctl itself says it."""
    status = pair.on(node, "hastctl list test")
    return next(line.split(": ")[1] for line in status.splitlines() if "role:" in line)


def field(pair: Pair, node: str, name: str) -> str:
    lines = pair.on(node, "hastctl list test").splitlines()
    return next(line.split(": ")[1] for line in lines if line.strip().startswith(name))


def rows(pair: Pair, node: str, datadir: str) -> list[str]:
    """The rows in the data file, read where it is mounted."""
    return pair.on(node, f"cat {datadir}/ibdata1").splitlines()


def empty(pair: Pair) -> bool:
    said = pair("plan", "--detailed-exitcode", "--json")
    plan = json.loads(said.out)
    assert plan["empty"] == (said.code == 0)
    return bool(plan["empty"])


@pytest.mark.parametrize(
    ("example", "mount", "datadir"),
    [(SEED, "/hast/test", "/hast/test/mysql"), (MYSQL, "/mysql", "/mysql/data")],
    ids=["seed-pair", "mysql-pair"],
)
def test_the_story(example: Path, mount: str, datadir: str, tmp_path: Path) -> None:
    pair = new_pair(tmp_path, example)
    path = [step.format(mount=mount) for step in UP]

    # From two bare machines to a pair that serves.
    told = []
    for _ in range(4):
        said = pair("apply", "-y")
        assert said.code == 0, said.err
        told += [key for key, ending in outcomes(said.err) if ending.startswith("done")]
        if empty(pair):
            break
        pair.lab("advance", "5s")
    assert empty(pair)
    places = [told.index(f"hasta/{step}") for step in path]
    assert places == sorted(places)
    assert not [key for key in told if key.startswith("hastb/") and key[6:] in path]
    assert (role(pair, "hasta"), role(pair, "hastb")) == ("primary", "secondary")
    pair.learn()

    # Rows, acknowledged through the shared address.
    acknowledged = [f"before-{n}" for n in range(5)]
    counts = [pair.put("hasta", row) for row in acknowledged]
    assert counts == [4, 5, 6, 7, 8]

    # Two days later (longer than boot_delay) the plug of hasta is pulled. hastb serves
    # every acknowledged row.
    pair.lab("advance", "2d")
    pair.lab("fault", "power-off", "hasta")
    pair.lab("advance", "5s")
    said = pair("apply", "--wait", "--trigger", "devd", nodes=("hastb",))
    assert said.code == 0, said.err
    told = [key for key, ending in outcomes(said.err) if ending.startswith("done")]
    places = [told.index(f"hastb/{step}") for step in path]
    assert places == sorted(places)
    assert set(acknowledged) <= set(rows(pair, "hastb", datadir))
    more = [f"after-{n}" for n in range(3)]
    assert [pair.put("hastb", row) for row in more] == [9, 10, 11]
    assert field(pair, "hastb", "dirty") != "0 (0B)"

    # hasta returns: it stays secondary and is brought up to date; nothing is lost.
    pair.lab("fault", "power-on", "hasta")
    pair.lab("advance", "90s")
    assert pair("apply", "-y", "--trigger", "boot").code == 0
    pair.learn()  # hastb writes down that it is not alone any more
    pair.learn()  # hasta reads that, and that it has everything
    assert (role(pair, "hasta"), role(pair, "hastb")) == ("secondary", "primary")
    assert field(pair, "hastb", "dirty") == "0 (0B)"
    assert field(pair, "hastb", "status") == "complete"
    stored = rows(pair, "hastb", datadir)
    assert [row for row in stored if row in acknowledged + more] == acknowledged + more
    assert empty(pair)

    # And its copy is good: when hastb dies now, hasta serves all of it.
    pair.lab("fault", "power-off", "hastb")
    pair.lab("advance", "5s")
    assert pair("apply", "--wait", "--trigger", "devd", nodes=("hasta",)).code == 0
    assert rows(pair, "hasta", datadir) == stored
