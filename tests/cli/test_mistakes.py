"""What a person may get wrong on the command line: said in a sentence, and nothing is spoilt."""

import pytest

from tests.cli.commands import ROOT, Pair, converge

MULTI = ROOT / "desired" / "multi-disk.toml"


def test_a_lab_without_the_node_says_which_machines_it_has(fresh: Pair) -> None:
    for command in ("plan", "apply", "observe"):
        said = converge(command, "-c", str(MULTI), "--host", f"alpha=lab:{fresh.state}")
        assert (said.code, said.out) == (64, "")
        assert f"the lab in {fresh.state} has no alpha; it has hasta, hastb" in said.err
        assert "converge lab new -c DESIRED --lab FILE" in said.err


def test_the_lab_may_be_named_before_the_subcommand(
    fresh: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONVERGE_LAB", "missing.json")
    before = converge("lab", "--lab", str(fresh.state), "run", "hasta", "hostname")
    assert (before.code, before.out) == (0, "hasta.example.org\n")
    assert (
        converge("lab", "--lab", "x", "run", "--lab", str(fresh.state), "hasta", "true").code == 0
    )
    assert "missing.json" in converge("lab", "run", "hasta", "true").err


@pytest.mark.parametrize("span", ["99999999d", "367d"])
def test_no_more_than_a_year_passes_at_once(span: str, fresh: Pair) -> None:
    before = fresh.state.read_text()
    said = converge("lab", "advance", "--lab", str(fresh.state), span)
    assert (said.code, said.err) == (64, f"converge: {span}: at most 366d can pass at once\n")
    assert fresh.state.read_text() == before


def test_a_node_is_reached_in_one_way(fresh: Pair) -> None:
    said = fresh("plan", "--host", "hasta=lab:other.json")
    assert (said.code, said.out) == (64, "")
    assert "hasta is reached by lab:" in said.err


@pytest.mark.parametrize("command", ["validate", "plan", "graph"])
def test_no_file_is_named_by_nothing(command: str) -> None:
    said = converge(command, "-c", "")
    assert (said.code, said.out) == (64, "")
    assert "no file is named" in said.err


def test_a_number_below_zero_is_no_option(fresh: Pair) -> None:
    before = fresh.on("hasta", "date +%s")
    fresh.lab("fault", "clock-jump", "hasta", "-90")
    assert int(fresh.on("hasta", "date +%s")) - int(before) in range(-90, -85)
    said = converge("lab", "fault", "--lba", str(fresh.state), "reset", "hasta")
    assert (said.code, "--lab" in said.err) == (64, True)
