"""No secret is ever shown (S8): the whole story with a password that is easy to find again.

The only place where it may stand is the nodes' own /etc/rc.conf (and what ifconfig was told),
inside the lab's state: that is where FreeBSD keeps it.
"""

import copy
import json
import pickle
from pathlib import Path

import pytest

from converge.cli.reach.site import graph_of, read_desired
from converge.core.desired import Source
from converge.core.host import Command, Edit, Write
from converge.core.secret import PLAIN_MIN, Secret, join, masked
from converge.engine.desired.toml import Notes
from tests.cli.commands import SEED, Pair, Said, converge

TOKEN = "Zq7xTOKENw3vK9"
"""Letters and digits, as a CARP password must be; in no other text."""


@pytest.fixture(params=["in the file", "in a file of its own"])
def pair(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pair:
    """A fresh pair whose CARP password is the token."""
    for name in ("CONVERGE_CONFIG", "CONVERGE_LAB", "CONVERGE_NODE", "CONVERGE_DEBUG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CONVERGE_LOG", str(tmp_path / "converge.log"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "carp.pass").write_text(f"{TOKEN}\n")
    value = f'"{TOKEN}"'
    if request.param != "in the file":
        value = f'{{ file = "{tmp_path}/secret/carp.pass" }}'
    config = tmp_path / "secret" / "desired.toml"
    text = SEED.read_text()
    assert text.count('"testpass"') == 1
    config.write_text(text.replace('"testpass"', value))
    pair = Pair(config, tmp_path / "secret" / "lab.json")
    pair.lab("new", "-c", str(config))
    return pair


def story(pair: Pair, folder: Path) -> list[Said]:
    """All that can be said about a pair, in every form, from bare machines to a failover."""
    said: list[Said] = []

    def looks(when: str) -> None:
        plan = str(folder / f"{when}-plan.json")
        said.extend(
            [
                pair("plan"), pair("plan", "-vv"), pair("plan", "--json"),
                pair("plan", "-o", plan), pair("status"), pair("status", "--json"),
                pair("why", "carp.vip"), pair("why", "setting.ifconfig_carp0"),
                pair("why", "carp.vip", "--json"),
                pair("why", "setting.ifconfig_carp0", "--json"),
                pair("observe"), pair("observe", "--json"), pair("apply", "-n", "-v"),
                pair("apply"), pair("history"), pair("history", "--json"),
                *(pair("graph", "--state", "--format", form)
                  for form in ("text", "dot", "mermaid", "svg")),
            ]
        )  # fmt: skip
        for node in ("hasta", "hastb"):
            bundle = str(folder / f"{when}-{node}.json")
            said.append(pair("observe", "--node", node, "--bundle", bundle))
            host = f"{node}=bundle:{bundle}"
            said.append(converge("plan", "-v", "-c", str(pair.config), "--host", host))

    said.append(converge("validate", "-c", str(pair.config)))
    looks("fresh")
    said.append(pair("apply", "-y", "-vv", str(folder / "fresh-plan.json")))
    said.append(pair("apply", "-y", "-vv", str(folder / "fresh-plan.json")))
    said.append(pair("apply", "-y", "--json"))
    looks("converged")
    pair.on("hasta", f"echo '# the password was {TOKEN} before' >>/etc/rc.conf")
    looks("noted")
    key = "ifconfig_carp0"
    for change in (f"sysrc -x {key}", f'sysrc {key}="vhid 1 pass {TOKEN} 192.168.1.9/24"'):
        pair.on("hasta", change)
        looks("changed")
        said.append(pair("apply", "-y", "-vv"))
    for fault in (("hang", "hasta", "ifconfig"), ("disk-full", "hasta", "/")):
        pair.on("hasta", f"sysrc -x {key}")
        pair.lab("fault", *fault)
        said.append(pair("apply", "-y", "-vv"))
        looks(fault[0])
    pair.lab("fault", "unhang", "hasta")
    pair.lab("fault", "power-off", "hasta")
    pair.lab("advance", "5s")
    looks("failover")
    said.append(pair("apply", "-y", "-v", "--trigger", "devd", nodes=("hastb",)))
    return said


def test_the_whole_story_shows_no_secret(pair: Pair, tmp_path: Path) -> None:
    said = story(pair, tmp_path)
    assert {s.code for s in said} >= {0, 5, 6, 64}
    assert any("pass ***" in s.out for s in said)
    runs = [run["run"] for run in json.loads(pair("history", "--json").out)["runs"]]
    said += [pair("show", run, *form) for run in runs for form in ((), ("--json",))]
    replayed = [
        pair("replay", run["run"], "-v", *form)
        for run in json.loads(pair("history", "--json").out)["runs"]
        for form in ((), ("--json",), ("--desired", "old"))
    ]
    assert {one.code for one in replayed} == {0, 66}
    said = [*replayed, *said]
    assert sum(s.out.count("\n") for s in said[-2 * len(runs) :]) > 100
    for one in said:
        assert TOKEN not in one.out
        assert TOKEN not in one.err
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {"converge.log", "fresh-plan.json", "converged-hasta.json"} <= {p.name for p in written}
    assert "***" in (tmp_path / "converged-hasta.json").read_text()
    assert {"journal.jsonl", "inputs.jsonl"} <= {p.name for p in written}
    tell_tale = [p.name for p in written if TOKEN in p.read_text()]
    assert set(tell_tale) <= {"carp.pass", "desired.toml", "lab.json"}
    # The test would be worth nothing if the token had never been used.
    assert TOKEN in pair.on("hastb", "cat /etc/rc.conf")


MISTAKES = [
    ('password  = "{}"', 'password  = "{}" oops'),
    ('password  = "{}"', 'password  = "{}'),
    ('password  = "{}"', "password  = {}"),
    ('password  = "{}"', 'pasword  = "{}"'),
    ('password  = "{}"', 'password  = "{}-{}-{}"'),
    ('password  = "{}"', 'password  = ["{}"]'),
    ('password  = "{}"', 'password  = {{ fle = "{}" }}'),
    ('password  = "{}"', 'password  = "{}"\npassword = "{}"'),
    ('password  = "{}"', 'password : "{}"'),
]
"""A line of the desired file, and how a person may get it wrong, the secret being in it."""


@pytest.mark.parametrize(("right", "wrong"), MISTAKES)
def test_no_error_shows_it(right: str, wrong: str, tmp_path: Path) -> None:
    config = tmp_path / "desired.toml"
    line = wrong.format(TOKEN, TOKEN, TOKEN)
    config.write_text(SEED.read_text().replace(right.format("testpass"), line))
    assert TOKEN in config.read_text()
    for command in (("validate",), ("plan", "--host", "hasta=lab:x"), ("graph",)):
        said = converge(*command, "-c", str(config))
        assert said.code == 65
        assert TOKEN not in said.out + said.err


def test_a_bug_of_ours_shows_none(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(graph: object, snapshot: object, *_: object) -> None:
        raise RuntimeError(f"{graph!r} {snapshot!r} {TOKEN}")

    monkeypatch.setattr("converge.reconcile.run.decide", broken)
    said = pair("plan")
    assert said.code == 70
    assert TOKEN not in said.out + said.err


SECRET = Secret(TOKEN)
HOLDERS = {
    "alone": SECRET,
    "joined": join("vhid 1 pass ", SECRET, " up"),
    "in a command": Command(("ifconfig", "carp0", "pass", SECRET), stdin=SECRET),
    "in a file": Write("/etc/x", join("pass=", SECRET)),
    "in an edit": Edit("/etc/x", SECRET, join(SECRET, "\n")),
    "in a list": [{"a": (SECRET,)}],
    "in an exception": ValueError(SECRET, Command((SECRET,))),
    "copied": copy.deepcopy(SECRET),
}


@pytest.mark.parametrize("holder", HOLDERS.values(), ids=HOLDERS)
def test_what_holds_a_secret_does_not_show_it(holder: object) -> None:
    for text in (str(holder), repr(holder), f"{holder}", f"{holder!r}", "%s" % (holder,)):  # noqa: UP031
        assert TOKEN not in text
    assert "***" in repr(holder)


def test_the_resources_do_not_show_it(pair: Pair) -> None:
    desired = read_desired(str(pair.config))
    graph = graph_of(desired)
    for one in (desired, graph, *graph.resources.values()):
        assert TOKEN not in repr(one)
        assert TOKEN not in str(one)
    for resource in graph.resources.values():
        assert TOKEN not in resource.model_dump_json()
    assert [secret.value for secret in desired.secrets] == [TOKEN]
    assert TOKEN not in str(desired.source.lines)


def test_masking_reaches_every_place() -> None:
    text = f"{TOKEN} x{TOKEN}y\n{TOKEN}"
    assert masked(text, [SECRET]) == "*** x***y\n***"
    assert masked("pass abc", [], [r"pass (\w+)"]) == "pass ***"
    assert masked("abc", [Secret("")]) == "abc"


def test_a_short_secret_is_masked_only_where_one_is_written() -> None:
    text = "vhid 1 pass 1 mtu 1500 pass 12345"
    short = [Secret("1"), Secret("12345")]
    assert masked(text, short, plain_min=PLAIN_MIN) == text
    hidden = masked(text, short, [r"pass (\w+)"], PLAIN_MIN)
    assert hidden == "vhid 1 pass *** mtu 1500 pass ***"
    assert masked("pass 123456", [Secret("123456")], plain_min=PLAIN_MIN) == "pass ***"


def test_outside_bundles_a_short_secret_is_masked_too() -> None:
    assert masked("ifconfig em0 vhid 7 pass q7", [Secret("q7")]).endswith("pass ***")


def test_a_message_about_the_desired_file_quotes_no_short_one_either() -> None:
    notes = Notes(Source("x.toml"))
    notes.hush("q7Zx")
    notes.add(("node",), "there is no q7Zx", guess="q7Zx")
    (problem,) = notes.sorted()
    assert (problem.message, problem.guess) == ("there is no ***", "***")


def test_a_bundle_is_of_use_though_the_password_is_short(tmp_path: Path) -> None:
    secret, config = tmp_path / "carp.pass", tmp_path / "desired.toml"
    secret.write_text("1\n")
    config.write_text(SEED.read_text().replace('"testpass"', f'{{ file = "{secret}" }}'))
    pair = Pair(config, tmp_path / "lab.json")
    pair.lab("new", "-c", str(config))
    pair.settle()
    for node in ("hasta", "hastb"):
        bundle = str(tmp_path / f"{node}.json")
        assert pair("observe", "--node", node, "--bundle", bundle).code == 0
        assert "pass ***" in Path(bundle).read_text()
        assert "pass 1" not in Path(bundle).read_text()
        said = converge("plan", "-c", str(config), "--host", f"{node}=bundle:{bundle}")
        assert (said.code, "nothing to do" in said.out) == (0, True), said.out


def test_a_secret_survives_what_python_does_to_values() -> None:
    assert pickle.loads(pickle.dumps(SECRET)) == SECRET
    assert {SECRET: 1}[Secret(TOKEN, "other")] == 1
    assert Secret("a") != Secret("b")
