"""converge init: what a pair shows becomes a file that wishes for just that."""

import json
import tomllib
from pathlib import Path

import pytest

from converge.cli.talk.questions import QUESTIONS
from tests.cli.commands import MYSQL, ROOT, SEED, Pair, Said, Terminal, converge, new_pair

HERE = Path(__file__).parent / "golden"
MULTI = ROOT / "desired" / "multi-disk.toml"
SECRETS = "/usr/local/etc/converge"
ANSWERS = {
    "node1": "db1.example.org",
    "address1": "10.0.0.1",
    "node2": "db2.example.org",
    "address2": "10.0.0.2",
    "release": "14.1",
    "interface": "em0",
    "vip": "10.0.0.3/32",
    "disk": "/dev/ada1",
}


def names(example: Path) -> tuple[str, str]:
    one, other = tomllib.loads(example.read_text())["pair"]["nodes"]
    return one, other


@pytest.fixture(scope="module", params=[SEED, MYSQL, MULTI], ids=lambda path: path.stem)
def settled(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Pair:
    """A pair set up from an example, which it is not told any more."""
    example: Path = request.param
    pair = new_pair(tmp_path_factory.mktemp(example.stem), example)
    pair.lab("advance", "60s")
    for _ in range(5):
        assert pair("apply", "-y", nodes=names(example)).code in (0, 4, 6)
        pair.lab("advance", "60s")
    assert "nothing to do" in pair("plan", nodes=names(example)).out
    return pair


def hosts(pair: Pair) -> list[str]:
    nodes = names(pair.config)
    return [word for node in nodes for word in ("--host", f"{node}=lab:{pair.state}")]


def with_secret(text: str, folder: Path) -> Path:
    """The file where the operator has put the password, as it says."""
    (folder / "vip.pass").write_text("testpass\n")
    config = folder / "first.toml"
    config.write_text(text.replace(f"{SECRETS}/", f"{folder}/"))
    return config


def test_its_plan_on_that_very_pair_is_empty(settled: Pair, tmp_path: Path, golden) -> None:
    said = converge("init", *hosts(settled))
    assert said.code == 0
    assert said.err == (
        f"converge: first put the password into {SECRETS}/vip.pass: the file says how\n"
    )
    assert "testpass" not in said.out
    golden(HERE / f"init-{settled.config.parent.name.rstrip('0')}.toml", said.out)
    assert max(map(len, said.out.splitlines())) <= 100
    config = with_secret(said.out, tmp_path)
    assert converge("validate", "-c", str(config)).code == 0
    planned = converge("plan", "-c", str(config), *hosts(settled), "--json")
    plan = json.loads(planned.out)
    assert (plan["changes"], plan["deferred"], plan["empty"]) == ([], [], True)


def test_what_it_found_is_what_was_wished(settled: Pair, tmp_path: Path) -> None:
    found = tomllib.loads(converge("init", *hosts(settled)).out)
    wished = tomllib.loads(settled.config.read_text())
    for kind in ("hast", "mount", "mysqld", "carp"):
        assert found[kind].keys() == wished[kind].keys()
    assert found["pair"]["name"] == wished["pair"]["name"]
    for node, table in wished["node"].items():
        for field in ("address", "hostname", "release", "replication_address"):
            assert found["node"][node].get(field) == table.get(field)


def test_a_bundle_is_as_good_as_the_node(settled: Pair, tmp_path: Path) -> None:
    urls = []
    for node in names(settled.config):
        bundle = tmp_path / f"{node}.json"
        doors = settled.doors(node)
        assert converge("observe", *doors, "--bundle", str(bundle)).code == 0
        assert "testpass" not in bundle.read_text()
        urls += ["--host", f"{node}=bundle:{bundle}"]
    assert converge("init", *urls) == converge("init", *hosts(settled))


def test_one_node_tells_what_it_knows_of_the_other(settled: Pair) -> None:
    one, other = names(settled.config)
    said = converge("init", "--host", f"{other}=lab:{settled.state}", "--no-input")
    # Of the node that was not looked at only the address in hast.conf is known; where that is on
    # a cable of its own, somebody has to write the other one.
    two_cables = "10.0.0.1" in said.out
    assert said.code == (65 if two_cables else 0)
    assert ("hastd takes nobody who comes from another address" in said.err) is two_cables
    found = tomllib.loads(said.out)
    assert found["pair"]["nodes"] == sorted([one, other])
    assert found["node"][other]["carp"]["vip"] == {"advskew": 100}
    assert f"# {one} was not looked at" in said.out
    assert "could not be seen, and is a guess" in said.out
    assert "mount" not in found
    assert "the primary shows" in said.out


def test_what_cannot_be_read_stands_there_as_a_comment(settled: Pair, tmp_path: Path) -> None:
    one, _ = names(settled.config)
    pair = settled.copied(tmp_path)
    pair.lab("fault", "hang", one, "mount")
    said = converge("init", *hosts(pair))
    assert said.code == 0
    assert f"# {one} could not be asked everything. mount: mount -p: " in said.out
    assert "mount" not in tomllib.loads(said.out)


def test_without_an_address_to_follow_it_is_not_decided(settled: Pair, tmp_path: Path) -> None:
    one, other = names(settled.config)
    pair = settled.copied(tmp_path)
    for node in (one, other):
        pair.lab("fault", "hang", node, "ifconfig")
    said = converge("init", *hosts(pair))
    found = tomllib.loads(said.out)
    assert not {"carp", "hast", "mount"} & found.keys()
    assert "# Not decided yet; complete it, and take the # away:\n# [hast." in said.out


def test_questions_answered_by_flags(golden) -> None:
    words = [word for key, text in ANSWERS.items() for word in ("--answer", f"{key}={text}")]
    said = converge("init", "--ask", "--no-input", *words)
    assert (said.code, said.err) == (0, "")
    golden(HERE / "init-answers.toml", said.out)
    Path("first.toml").write_text(said.out)
    assert converge("validate", "-c", "first.toml").code == 0


def test_questions_asked_on_a_terminal() -> None:
    typed = Terminal("".join(f"{ANSWERS.get(key, '')}\n" for key in QUESTIONS))
    said = converge("init", "--ask", stdin=typed)
    assert said.code == 0
    assert "Its CARP group" in said.err
    words = [word for key, text in ANSWERS.items() for word in ("--answer", f"{key}={text}")]
    assert said.out == converge("init", "--ask", *words).out


def test_64_when_an_answer_is_missing_or_misspelt() -> None:
    said = converge("init", "--ask", "--no-input", "--answer", "node1=db1")
    assert said.code == 64
    assert "--answer address1=... --answer node2=..." in said.err
    said = converge("init", "--ask", "--answer", "intreface=em0")
    assert said.code == 64
    assert "Did you mean interface=...?" in said.err


def test_65_when_an_answer_is_wrong() -> None:
    wrong = ANSWERS | {"vip": "10.0.0.3/99"}
    words = [word for key, text in wrong.items() for word in ("--answer", f"{key}={text}")]
    said = converge("init", "--ask", "-o", "first.toml", *words)
    assert said.code == 65
    assert "first.toml:" in said.err
    assert "10.0.0.3/99" in said.err


def test_6_when_there_is_nothing(tmp_path: Path) -> None:
    pair = new_pair(tmp_path, MYSQL)
    pair.lab("fault", "power-off", "hasta")
    said = converge("init", "--host", f"hasta=lab:{pair.state}")
    assert said.code == 6
    assert "nothing of a pair was found on hasta" in said.err
    assert "converge init --ask" in said.err


def test_73_a_file_that_is_there_is_not_written_over(tmp_path: Path) -> None:
    there = tmp_path / "there.toml"
    there.write_text("mine\n")
    words = [word for key, text in ANSWERS.items() for word in ("--answer", f"{key}={text}")]
    said: Said = converge("init", "--ask", *words, "-o", str(there))
    assert said.code == 73
    assert there.read_text() == "mine\n"
    assert converge("init", "--ask", *words, "-o", str(tmp_path / "no" / "x.toml")).code == 73
    link = tmp_path / "link.toml"
    link.symlink_to(tmp_path / "nowhere")
    assert converge("init", "--ask", *words, "-o", str(link)).code == 73
