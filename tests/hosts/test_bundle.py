"""Bundles: what a node answered, kept and read again."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from converge.core.errors import ConvergeError, NoSuchFile
from converge.core.host import Answer, Query, Read, Run
from converge.core.secret import Secret
from converge.hosts.bundle import BadBundle, BundleReader, write_bundle

TAKEN = datetime(2026, 11, 23, 5, 8, 46, 123456, UTC)
HEARD: list[tuple[Query, Answer]] = [
    (Run(("mount", "-p")), Answer(0, "/dev/ada0p2 / ufs rw 1 1\n")),
    (Run(("hastctl", "list")), Answer(lost="no answer within 10 s (hastctl was killed)")),
    (Run(("ifconfig", "-a"), deadline_s=3.0), Answer(1, "", "grün \udcff\n")),
    (Read("/etc/rc.conf"), Answer(0, 'hastd_enable="YES"\n')),
    (Read("run"), Answer(66)),
]


def test_what_was_heard_is_answered_again() -> None:
    reader = BundleReader(write_bundle("hasta", TAKEN, HEARD))
    assert reader.ask([query for query, _ in HEARD]) == [answer for _, answer in HEARD]
    assert reader.bundle.node == "hasta"
    assert reader.bundle.taken == TAKEN.replace(microsecond=123000)


def test_what_was_not_heard_is_lost_and_not_absent() -> None:
    reader = BundleReader(write_bundle("hasta", TAKEN, HEARD))
    read, run = reader.ask([Read("/etc/fstab"), Run(("mount",))])
    assert read == Answer(lost="the bundle has no answer to: read /etc/fstab")
    assert run == Answer(lost="the bundle has no answer to: mount")


def test_the_same_answers_are_the_same_text() -> None:
    text = write_bundle("hasta", TAKEN, HEARD)
    assert write_bundle("hasta", TAKEN, HEARD[::-1]) == text
    form = json.loads(text)
    assert form["format_version"] == 1
    assert text.isascii()
    assert text.endswith("}\n")
    assert list(form) == sorted(form)


def test_the_deadline_does_not_make_another_question() -> None:
    reader = BundleReader(write_bundle("hasta", TAKEN, HEARD))
    assert reader.ask([Run(("ifconfig", "-a"), deadline_s=9.0)])[0].code == 1


def test_secrets_are_masked_by_value_and_by_pattern() -> None:
    said = "vhid 1 pass sesame advskew 0\nvhid 2 pass tulip\nsesame\n"
    query = Run(("cat", "x"), secrets=(r"pass (\S+)",))
    text = write_bundle(
        *("hasta", TAKEN, [(query, Answer(1, said, "bad: sesame tulip, pass tulip"))]),
        secrets=[Secret("sesame"), Secret("")],
    )
    (answer,) = BundleReader(text).ask([query])
    assert answer.stdout == "vhid 1 pass *** advskew 0\nvhid 2 pass ***\n***\n"
    assert answer.stderr == "bad: *** tulip, pass ***"
    assert "sesame" not in text


def test_a_longer_secret_is_masked_before_the_shorter_in_it() -> None:
    heard = [(Run(("x",)), Answer(0, "open sesame"))]
    text = write_bundle("hasta", TAKEN, heard, [Secret("sesame"), Secret("open sesame")])
    assert BundleReader(text).ask([Run(("x",))])[0].stdout == "***"


def test_a_bundle_is_read_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "hasta.json"
    path.write_text(write_bundle("hasta", TAKEN, HEARD))
    assert BundleReader(path).ask([HEARD[0][0]]) == [HEARD[0][1]]


def test_no_file_is_exit_code_66(tmp_path: Path) -> None:
    for path in (tmp_path / "none", tmp_path):
        with pytest.raises(NoSuchFile, match=str(path)):
            BundleReader(path)


GOOD = write_bundle("hasta", TAKEN, HEARD)


@pytest.mark.parametrize(
    "text",
    [
        *("", "{", "[]", "null", "{}", '"x"', "[" * 100_000, "\0", "schema = 1\n"),
        *(GOOD[: len(GOOD) // 2], GOOD.replace('"format_version": 1', '"format_version": 2')),
        *(GOOD.replace('"hasta"', "7"), GOOD.replace('"entries"', '"entrees"')),
        *(GOOD.replace('"answer"', '"reply"'), GOOD.replace('"code": 66', '"code": "66"')),
        *(GOOD.replace('"mount"', "null"), GOOD.replace("2026-11-23", "yesterday")),
        *(GOOD.replace('"stdout": ""', '"stdout": null'), '{"format_version": 1, "entries": 3}'),
        *(
            GOOD.replace('"hasta"', '"\\ud800"'),
            GOOD.replace('"stdout": ""', '"stdout": "\\ud800"'),
        ),
        GOOD.replace("+00:00", ""),
    ],
)
def test_a_damaged_or_foreign_text_is_exit_code_65(text: str, tmp_path: Path) -> None:
    (tmp_path / "f").write_text(text)
    for source in (text, tmp_path / "f"):
        with pytest.raises(BadBundle) as error:
            BundleReader(source)
        assert isinstance(error.value, ConvergeError)
        assert error.value.exit_code == 65
        assert error.value.hint
