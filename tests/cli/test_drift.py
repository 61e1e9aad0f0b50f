"""converge drift: exit codes, its memory, and what it says in every form."""

import json
import os
import shutil
import stat
import subprocess
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from prometheus_client.parser import text_string_to_metric_families

from converge.cli.ground.labfile import close_labs, open_lab
from converge.reconcile import comparing
from tests.cli.commands import ROOT, Pair, Said, converge

SCRIPT = "/usr/local/etc/rc.d/mysql-server"
MEDDLE = f"chmod 755 {SCRIPT}"
IGNORE = f"""
[[ignore]]
resource = "hasta/file.{SCRIPT}"
reason = "the port is being upgraded"
until = "%s"
"""


def memory(pair: Pair) -> Path:
    return Path(f"{pair.state}.state") / "drift.json"


def worlds(pair: Pair) -> list[object]:
    """What of the machines an effect could have changed; time passes in a look, too."""
    close_labs()
    machines = open_lab(str(pair.state)).lab.world.machines
    return [(m.files, m.sysctls, m.mounts, m.processes, m.modules) for m in machines.values()]


def form(pair: Pair, *nodes: str) -> dict[str, list[dict[str, object]]]:
    found: dict[str, list[dict[str, object]]] = json.loads(
        pair("drift", "--json", nodes=nodes).out
    )
    return found


def test_0_without_drift_and_2_with(pair: Pair) -> None:
    said = pair("drift")
    assert (said.code, said.err) == (0, "")
    assert said.out.endswith("no drift\n")
    assert pair("drift", "-q") == Said(0, "", "")
    pair.on("hasta", MEDDLE)
    said = pair("drift", "-q")
    assert said.code == 2
    assert f"~ file.{SCRIPT} mode\n      is 0755, desired 0000\n" in said.out
    assert "by somebody else\n" in said.out
    assert "hastb  = as desired" in said.out
    assert max(map(len, said.out.splitlines())) <= 80


def test_lost_redundancy_is_no_0(pair: Pair) -> None:
    pair("drift")
    pair.lab("fault", "hastd-dies", "hastb")
    pair.lab("fault", "power-off", "hastb")
    pair.lab("advance", "60s")
    said = pair("drift", nodes=("hasta",))
    assert said.code == 2
    assert "! neighbour.lan\n      192.168.1.52 does not answer" in said.out
    assert "loss" in said.out.splitlines()[-1]


def test_a_secondary_that_would_not_take_over_is_told(pair: Pair) -> None:
    assert "could not take over" not in pair("drift").out
    ledger = memory(pair).with_name("ledger.json")
    ledger.write_text(ledger.read_text().replace('"synced_pid"', '"forgotten"'))
    said = pair("drift", nodes=("hastb",))
    assert said.code == 2
    assert "hastb could not take over: the primary has not told" in said.out.replace(
        "\n        ", " "
    )


def test_6_when_too_little_can_be_seen(pair: Pair) -> None:
    pair.lab("fault", "hang", "hasta", "sysctl")
    said = pair("drift", nodes=("hasta",))
    assert said.code == 6
    assert "cannot be seen: " in said.out
    assert pair("drift", "--format", "nagios", nodes=("hasta",)).code == 3
    pair.lab("fault", "unhang", "hasta")
    assert pair("drift", nodes=("hasta",)).code == 0


def test_nothing_but_its_memory_is_written(pair: Pair) -> None:
    def files() -> dict[str, bytes]:
        folder = memory(pair).parent
        kept = ("drift.json", "drift.lock")
        return {p.name: p.read_bytes() for p in folder.iterdir() if p.name not in kept}

    pair.on("hasta", MEDDLE)
    machines, before = worlds(pair), files()
    assert pair("drift").code == 2
    assert worlds(pair) == machines
    assert files() == before
    assert stat.S_IMODE(memory(pair).stat().st_mode) == 0o600


def test_what_a_run_did_and_what_somebody_did(pair: Pair) -> None:
    """The whole of it: meddling, a repair, the same again; then a run with an older file."""
    pair("drift")
    pair.on("hasta", MEDDLE)
    pair.lab("advance", "60s")
    assert pair("apply", "--trigger", "cron", nodes=("hasta",)).code == 0
    assert form(pair, "hasta")["rows"] == []
    (past,) = form(pair, "hasta")["past"]
    assert past["row"]["by"]["who"] == "somebody_else"  # type: ignore[index]
    assert past["ended_by"]["who"] == "converge"  # type: ignore[index]
    said = pair("drift", "-v").out
    assert "\nover\n" in said
    assert "by converge (run " in said
    old = pair.config.with_name("old.toml")
    old.write_text(pair.config.read_text().replace('mode = "000"', 'mode = "644"'))
    assert Pair(old, pair.state)("apply", "-y", nodes=("hasta",)).code == 0
    (row,) = form(pair, "hasta")["rows"]
    assert (row["observed"], row["by"]["who"]) == ("0644", "converge")  # type: ignore[index]
    assert row["by"]["run"] in pair("history").out  # type: ignore[index]
    old.write_text(pair.config.read_text().replace("advskew = 100", "advskew = 120"))
    (row,) = form(Pair(old, pair.state), "hastb")["rows"][:1]
    assert (row["resource"], row["by"]["who"]) == ("carp.vip", "desired_file")  # type: ignore[index]


def test_the_first_report_counts_from_the_last_run_that_found_all_well(fresh: Pair) -> None:
    fresh.settle()
    fresh.learn()
    last = json.loads(fresh("history", "--json").out)["runs"][-1]["time"]
    fresh.on("hasta", MEDDLE)
    (row,) = form(fresh, "hasta")["rows"]
    assert row["since"]["after"] >= last  # type: ignore[index]
    assert row["by"]["who"] == "somebody_else"  # type: ignore[index]


def test_a_run_that_is_at_work_meanwhile(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it turns under the eyes of the look is not told as somebody's doing."""
    pair("drift", nodes=("hasta",))
    pair.on("hasta", MEDDLE)
    look = comparing.observe

    def observe_while_cron_runs(*words: object) -> object:
        seen = look(*words)  # type: ignore[arg-type]
        monkeypatch.setattr(comparing, "observe", look)
        assert pair("apply", "--trigger", "cron", nodes=("hasta",)).code == 0
        return seen

    monkeypatch.setattr(comparing, "observe", observe_while_cron_runs)
    found = form(pair, "hasta")
    assert found["rows"] == []
    (unseen,) = found["unseen"]
    assert "was at work on it" in str(unseen["why"])
    found = form(pair, "hasta")
    assert (found["rows"], found["unseen"]) == ([], [])
    (past,) = found["past"]
    assert past["row"]["by"]["who"] == "somebody_else"  # type: ignore[index]
    assert past["ended_by"]["who"] == "converge"  # type: ignore[index]


def test_a_damaged_memory_is_told_and_begun_anew(pair: Pair) -> None:
    pair("drift")
    for text in ("{", "[]", '{"format_version": 2, "sights": {}}', "\x00\xff", "[" * 9000):
        memory(pair).write_bytes(text.encode("latin-1"))
        said = pair("drift")
        assert said.code == 0
        assert "it is begun anew" in said.err
        assert "note: " in said.out
        assert pair("drift").err == ""


def test_a_memory_that_cannot_be_written_is_told(pair: Pair) -> None:
    memory(pair).unlink(missing_ok=True)
    memory(pair).mkdir()
    said = pair("drift")
    assert said.code == 0
    assert "no drift" in said.out
    assert "the next report will not know of this one" in said.err


def test_the_memory_stays_small(pair: Pair) -> None:
    for n in range(12):
        pair.on("hasta", f"chmod 7{n % 8}5 {SCRIPT}")
        pair("drift", nodes=("hasta",))
        pair.on("hasta", f"chmod 000 {SCRIPT}")
        pair("drift", nodes=("hasta",))
    sights = json.loads(memory(pair).read_text())["sights"]
    assert len(sights[f"hasta/file.{SCRIPT}"]["past"]) == 8
    assert memory(pair).stat().st_size < 40_000


def test_ignored_until_its_time_is_over(pair: Pair) -> None:
    plain = pair.config.read_text()
    config = pair.config.with_name("ignoring.toml")
    here = Pair(config, pair.state)
    pair.on("hasta", MEDDLE)
    config.write_text(plain + IGNORE % "2026-11-24")
    said = here("drift", "-v")
    assert said.code == 0
    assert "the port is being upgraded (until 2026-11-24)" in said.out.replace("\n    ", " ")
    assert said.out.endswith("no drift, 1 ignored\n")
    assert here("plan").out.splitlines()[1:] == pair("plan").out.splitlines()[1:]
    config.write_text(plain + IGNORE % "2026-11-23")
    said = here("drift")
    assert said.code == 2
    assert "note: ignore hasta/file" in said.out
    assert "so it counts again" in said.out.replace("\n  ", " ")
    config.write_text(plain + IGNORE.replace("reason", 'field = "owner"\nreason') % "2027-01-01")
    assert here("drift").code == 2


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("hasta/file.", "hasta/fil.", "did you mean"),
        ("until = ", "untl = ", 'did you mean "until"'),
        ("2026-11-24", "tomorrow", "write a day like 2026-03-01"),
        ("[[ignore]]", "[ignore]", "expected tables, [[ignore]]"),
        ('"the port is being upgraded"', '""', "ignore.reason"),
    ],
)
def test_a_bad_ignore_is_told_with_its_place(pair: Pair, old: str, new: str, says: str) -> None:
    config = pair.config.with_name("bad.toml")
    config.write_text(pair.config.read_text() + (IGNORE % "2026-11-24").replace(old, new))
    said = converge("validate", "-c", str(config))
    assert said.code == 65
    assert says in said.err
    assert f"{config}:" in said.err


def test_the_json_is_as_its_schema_says(pair: Pair) -> None:
    schema = json.loads((ROOT / "docs/reference/schema/drift.schema.json").read_text())
    Draft202012Validator.check_schema(schema)
    valid = Draft202012Validator(schema)
    pair("drift")
    pair.on("hasta", MEDDLE)
    pair.lab("fault", "power-off", "hastb")
    pair.lab("advance", "60s")
    said = pair("drift", "--format", "json")
    whole = json.loads(said.out)
    assert said.out == json.dumps(whole, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    valid.validate(whole)
    assert (whole["format_version"], whole["kind"]) == (1, "drift")
    assert all(whole[name] for name in ("rows", "lacks", "unseen", "resources"))
    assert not valid.is_valid(whole | {"format_version": 2})
    assert not valid.is_valid({**whole, "rows": [{}]})


def test_metrics_are_what_prometheus_reads(pair: Pair, tmp_path: Path) -> None:
    pair("drift")
    pair.on("hasta", MEDDLE)
    pair.lab("fault", "power-off", "hastb")
    pair.lab("advance", "60s")
    out = tmp_path / "converge.prom"
    assert pair("drift", "--format", "prometheus", "-o", str(out)) == Said(2, "", "")
    found = {
        (s.name, s.labels.get("node"), s.labels.get("resource")): s
        for family in text_string_to_metric_families(out.read_text())
        for s in family.samples
    }
    assert found["converge_drift_differences", "hasta", None].value == 1
    silent = found["converge_drift_differences", "hastb", None].value
    assert silent != silent
    look = found["converge_drift_last_look_timestamp_seconds", "hastb", None].value
    taken = json.loads(pair("drift", "--json").out)["seen"]["before"]
    assert taken.startswith("2026-11-23T05:0")
    assert 1795409946 < look < 1795420000
    synced = {k[2]: s.value for k, s in found.items() if k[0].endswith("in_sync")}
    assert synced[f"file.{SCRIPT}"] == 0
    assert not [k for k in found if k[0].endswith("in_sync") and k[1] == "hastb"]
    since = [s for k, s in found.items() if k[0].endswith("difference_since_timestamp_seconds")]
    assert [(s.labels["by"], s.labels["field"]) for s in since] == [("somebody_else", "mode")]
    assert stat.S_IMODE(out.stat().st_mode) == 0o644
    if promtool := shutil.which("promtool"):
        argv = [promtool, "check", "metrics"]
        subprocess.run(argv, input=out.read_text(), text=True, check=True, capture_output=True)


def test_nagios_has_its_own_codes(pair: Pair) -> None:
    said = pair("drift", "--format", "nagios")
    assert (said.code, said.err) == (0, "")
    assert said.out.startswith(
        "CONVERGE OK - no drift | differences=0;0;;0 redundancy_lost=0;;0;0"
    )
    pair.on("hasta", MEDDLE)
    said = pair("drift", "--format", "nagios")
    assert (said.code, said.out.count("\n")) == (1, 1)
    assert said.out.startswith(f"CONVERGE WARNING - 1 difference: hasta/file.{SCRIPT} mode |")
    pair.lab("fault", "power-off", "hastb")
    pair.lab("advance", "60s")
    said = pair("drift", "--format", "nagios")
    assert said.code == 2
    assert said.out.startswith("CONVERGE CRITICAL - ")
    said = converge("drift", "--format", "nagios", "-c", "nothing.toml")
    assert (said.code, said.err) == (3, "")
    assert said.out.startswith("CONVERGE UNKNOWN - nothing.toml")


def test_a_file_that_cannot_be_written(pair: Pair, tmp_path: Path) -> None:
    said = pair("drift", "-o", str(tmp_path / "nowhere" / "x"))
    assert (said.code, said.out) == (73, "")
    assert "nowhere" in said.err


def test_a_bundle_is_one_look(pair: Pair, tmp_path: Path) -> None:
    pair.on("hasta", MEDDLE)
    bundle = tmp_path / "hasta.json"
    pair("observe", "--node", "hasta", "--bundle", str(bundle))
    os.environ.pop("CONVERGE_STATE_DIR", None)
    said = converge("drift", "-c", str(pair.config), "--host", f"hasta=bundle:{bundle}", "--json")
    assert said.code == 2
    (row,) = json.loads(said.out)["rows"]
    assert row["by"]["who"] == "unknown"


def test_a_secret_is_in_no_form(pair: Pair) -> None:
    pair.on("hasta", "sysrc ifconfig_carp0='vhid 1 pass othersecret 192.168.1.50/24'")
    pair.on("hasta", "ifconfig carp0 pass othersecret")
    for form in ("text", "json", "html", "prometheus", "nagios"):
        said = pair("drift", "-v", "--format", form)
        assert said.code in (1, 2)
        assert "testpass" not in said.out + said.err
        assert "othersecret" not in said.out + said.err
    assert "secret" not in memory(pair).read_text()
