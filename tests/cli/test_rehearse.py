"""converge rehearse: its exit codes, its text, its JSON; the actor is the article's script."""

import json
from pathlib import Path

import pytest

from tests.cli.commands import converge

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "tests" / "scenarios"
POWER = str(FOLDER / "power" / "primary-off.toml")
SPLIT = str(FOLDER / "hast" / "split-brain-present.toml")
PAIR = f"desired = '{ROOT}/desired/mysql-pair.toml'\n"


def classic(*words: str) -> tuple[int, str, str]:
    said = converge("rehearse", "--actor", "classic", *words)
    return said.code, said.out, said.err


def test_what_comes_out_as_expected_is_0() -> None:
    code, out, err = classic(POWER)
    assert (code, err) == (0, "")
    assert "clients are served" in out
    assert "until hastb serves" in out
    assert "= never: all held" in out
    assert classic(POWER) == (code, out, err)
    assert classic("-q", POWER) == (0, "", "")


def test_what_is_broken_is_7() -> None:
    code, out, _ = classic("-q", POWER, SPLIT)
    assert code == 7
    assert out.startswith(f"{SPLIT}\n! serving: hastb\n! never S3: hastb at ")
    assert POWER not in out


def test_the_story_as_json() -> None:
    code, out, _ = classic("--json", POWER, SPLIT)
    told = json.loads(out)
    assert (code, told["format_version"], told["kind"]) == (7, 1, "rehearsal")
    assert [s["met"] for s in told["scenarios"]] == [True, False]
    assert told["scenarios"][0]["phases"][-1]["name"] == "serving"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("schema = 1\ntitel = 'x'", 'did you mean "title"?'),
        ("schema = 1\ntitle = 'x'\n[override]\nhast.test.timout = 5", 'did you mean "timeout"?'),
        ("schema = 1\ntitle = 'x", "no closing quotes"),
    ],
)
def test_a_bad_file_is_65(text: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "story.toml"
    path.write_text(PAIR + text)
    code, _, err = classic(str(path))
    assert code == 65
    assert said in err
    assert str(path) in err or "with [override]" in err


def test_no_file_is_66(tmp_path: Path) -> None:
    assert classic(str(tmp_path / "none.toml"))[0] == 66
    assert classic(str(tmp_path))[0] == 66
    path = tmp_path / "story.toml"
    path.write_text("schema = 1\ntitle = 'x'\ndesired = 'nowhere.toml'")
    assert classic(str(path))[0] == 66


def test_a_setting_of_the_pair_can_differ(tmp_path: Path) -> None:
    path = tmp_path / "story.toml"
    text = (
        Path(POWER).read_text().replace("[[step]]", "[override]\nhast.test.timeout = 5\n[[step]]")
    )
    path.write_text(PAIR + text)
    told = [json.loads(classic("--json", name)[1])["scenarios"][0] for name in (POWER, str(path))]
    took = [one["phases"][-1]["at_s"] for one in told]
    assert took[1] < took[0] - 10


def test_a_folder_is_all_that_is_in_it(tmp_path: Path) -> None:
    for folder, path in (("power", Path(POWER)), ("hast/deeper", Path(SPLIT))):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / path.name).write_text(PAIR + path.read_text())
    code, out, err = classic(str(tmp_path))
    assert (code, err) == (7, "")
    assert out.endswith("1 of 2 as expected\n")
    assert f"{tmp_path}/hast/deeper/{Path(SPLIT).name}\n" in out
