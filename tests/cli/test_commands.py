"""Each command once: what it is for, seen in what it prints."""

import json
import re
from pathlib import Path

import pytest

from tests.cli.commands import MYSQL, SEED, Pair, Terminal, converge


@pytest.mark.parametrize("example", [SEED])
def test_validate(example: Path) -> None:
    said = converge("validate", "-c", str(example))
    assert said.code == 0
    assert re.fullmatch(r".*seed-pair.toml: right; \d+ resources, \d+ implied\n", said.out)


def test_validate_tells_every_problem_with_its_place(tmp_path: Path) -> None:
    text = SEED.read_text().replace("vhid      = 1 ", "vhid      = 999").replace("[hast.", "[hst.")
    config = tmp_path / "desired.toml"
    config.write_text(text)
    said = converge("validate", "-c", str(config))
    assert (said.code, said.out) == (65, "")
    assert said.err.count(f"{config}:") >= 2
    assert "^^^" in said.err
    assert 'did you mean "hast"?' in said.err


def test_validate_tells_what_is_wrong_between_tables(tmp_path: Path) -> None:
    config = tmp_path / "desired.toml"
    config.write_text(SEED.read_text().replace('follow      = "carp.vip"', 'follow = "carp.vp"'))
    said = converge("validate", "-c", str(config))
    assert said.code == 65
    assert f"{config}:" in said.err
    assert 'did you mean "carp.vip"?' in said.err


def test_validate_makes_no_two_nodes_primary(tmp_path: Path) -> None:
    config = tmp_path / "desired.toml"
    config.write_text(SEED.read_text().replace('follow      = "carp.vip"', 'role = "primary"'))
    said = converge("validate", "-c", str(config))
    assert said.code == 65
    assert "hasta/hast.test and hastb/hast.test both want the role primary of test" in said.err
    other = '\n[node.hastb.hast.test]\nrole = "secondary"\n'
    config.write_text(config.read_text() + other)
    assert converge("validate", "-c", str(config)).code == 0


def test_config_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    assert converge("validate").code == 66
    monkeypatch.setenv("CONVERGE_CONFIG", str(SEED))
    assert converge("validate").code == 0


def test_plan_writes_nothing(fresh: Pair) -> None:
    def machines() -> str:
        return str(json.loads(fresh.state.read_text())["world"]["machines"])

    before = machines()
    said = fresh("plan", "-v")
    assert "hasta\n" in said.out
    assert "ifconfig carp0 create" in said.out
    assert "pass ***" in said.out
    assert re.search(r"\n31 actions \(10\+ 21~\), 12 waiting\n$", said.out)
    assert machines() == before


def test_plan_for_one_node_with_the_other_as_evidence(pair: Pair) -> None:
    pair.on("hastb", "sysrc -x hastd_enable")
    assert "hastb" not in pair("plan", "--node", "hasta").out
    assert "nothing to do" in pair("plan", "--node", "hasta").out
    assert "hastb" in pair("plan", "--node", "hastb").out


def test_apply_acts_on_the_named_node_only(fresh: Pair) -> None:
    said = fresh("apply", "-y", "--node", "hasta")
    assert "hastb/" not in said.err
    assert not fresh.on("hastb", "kldstat -q -m carp; echo $?").startswith("0")


def test_graph(pair: Pair) -> None:
    text = pair("graph").out
    assert re.search(r"mysqld.main +<- .*mount./hast/test", text)
    assert text.index("carp.vip") < text.index("hast.test  ") < text.index("mysqld.main")
    assert pair("graph", "--format", "dot").out.startswith("digraph")
    assert pair("graph", "--format", "mermaid").out.startswith("flowchart")
    assert pair("graph", "--format", "svg").out.startswith("<svg")
    assert "= mysqld.main" in pair("graph", "--state").out
    pair.on("hasta", "sysrc -x hastd_enable")
    assert "~ setting.hastd_enable" in pair("graph", "--state").out


def test_graph_of_one_node(pair: Pair) -> None:
    whole = pair("graph").out
    part = pair("graph", "--node", "hastb").out
    assert part == whole[whole.index("hastb\n") :]
    assert "hasta/" not in pair("graph", "--node", "hastb", "--format", "dot").out
    assert pair("graph", "--node", "hastc").code == 64
    assert not [line for line in whole.splitlines() if line != line.rstrip()]


def test_graph_needs_no_node() -> None:
    assert converge("graph", "-c", str(SEED)).code == 0


def test_status(pair: Pair) -> None:
    lines = pair("status").out.splitlines()
    assert lines[0].split() == ["article", "hasta", "hastb"]
    rows = {line.split()[0]: line for line in lines[1:] if line}
    assert "primary complete" in rows["hast.test"]
    assert "secondary complete" in rows["hast.test"]
    assert "ready" in rows["mysqld.main"]
    assert lines[-1] == "= nothing to do"


def test_observe(pair: Pair) -> None:
    said = pair("observe")
    seen = dict(line.split(maxsplit=1) for line in said.out.splitlines())
    assert seen["hasta/hast.test"] == "primary complete"
    assert seen["hastb/mysqld.main"] == "absent"


def test_a_bundle_gives_the_same_plan_elsewhere(fresh: Pair, tmp_path: Path) -> None:
    hosts: list[str] = []
    for node in ("hasta", "hastb"):
        bundle = tmp_path / f"{node}.json"
        assert fresh("observe", "--node", node, "--bundle", str(bundle)).code == 0
        hosts += ["--host", f"{node}=bundle:{bundle}"]
    there, here = fresh("plan"), converge("plan", "-c", str(fresh.config), *hosts)
    assert here.code == 0
    assert here.out.splitlines()[1:] == there.out.splitlines()[1:]


def test_a_bundle_is_of_one_node(fresh: Pair) -> None:
    said = fresh("observe", "--bundle", "both.json")
    assert said.code == 64
    assert "name it with --node" in said.err


def test_version() -> None:
    assert re.fullmatch(r"converge \d+\.\d+\.\d+ \(Python 3.*\)\n", converge("version").out)


def test_lab_run_is_like_a_shell_there(fresh: Pair) -> None:
    assert fresh.lab("run", "hasta", "uname", "-r").out == "9.3-RELEASE\n"
    said = converge("lab", "run", "--lab", str(fresh.state), "hasta", "ls", "/nowhere")
    assert said.code not in (0, 69)
    assert "No such file" in said.err
    said = converge("lab", "run", "--lab", str(fresh.state), "hsta", "uname")
    assert said.code == 64
    assert "Did you mean 'hasta'?" in said.err


def test_lab_run_passes_options_on(fresh: Pair) -> None:
    said = converge("lab", "run", "--lab", str(fresh.state), "hasta", "sysrc", "-n", "--help")
    assert "Usage: converge" not in said.out


def test_lab_time_and_faults(fresh: Pair) -> None:
    first = fresh.lab("advance", "1s").out
    assert re.fullmatch(r"it is \d\d:\d\d:\d\d\n", first)
    assert fresh.lab("advance", "1h").out != first
    assert "pull the plug" in converge("lab", "faults").out
    assert fresh.lab("fault", "power-off", "hasta").out == "hasta: pull the plug\n"
    lab = ("--lab", str(fresh.state))
    assert "Did you mean 'power-on'" in converge("lab", "fault", *lab, "power-n", "hasta").err
    assert converge("lab", "fault", *lab, "power-on", "hst").code == 64
    assert converge("lab", "fault", *lab, "hang", "hasta").code == 64
    assert converge("lab", "advance", *lab, "soon").code == 64


def test_the_prompt_of_the_lab(fresh: Pair) -> None:
    lines = (
        "help\nfaults\nhasta uname -r | cat\nadvance 2s\nfault power-off hasta\nnonsense\nquit\n"
    )
    said = converge("lab", "--lab", str(fresh.state), stdin=Terminal(lines))
    assert said.code == 0
    assert "lab> " in said.out
    assert "9.3-RELEASE" in said.out
    assert "no machine and no word of the lab" in said.err
    assert fresh("plan", nodes=("hasta",)).code == 6


def test_the_demo(tmp_path: Path) -> None:
    kept = tmp_path / "kept.json"
    said = converge("lab", "demo", "--keep", str(kept))
    assert said.code == 0, said.err
    assert said.out.count("nothing to do") >= 3
    assert "OK 5" in said.out
    assert "failed" not in said.err
    assert kept.exists()


def test_mysql_pair_is_valid_with_its_password_file(tmp_path: Path) -> None:
    said = converge("validate", "-c", str(MYSQL))
    text = MYSQL.read_text().replace("/usr/local/etc/converge/carp.pass", str(tmp_path / "pw"))
    if said.code == 65:
        assert "carp.pass does not exist" in said.err
    (tmp_path / "pw").write_text("x\n")
    config = tmp_path / "desired.toml"
    config.write_text(text)
    assert converge("validate", "-c", str(config)).code == 0
