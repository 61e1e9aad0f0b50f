"""converge schema: right files pass, and what a form can tell of the wrong ones is found."""

import json
import tomllib
from functools import cache
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from tests.cli.commands import ROOT, converge

EXAMPLES = sorted((ROOT / "desired").glob("*.toml"))
CASES = ROOT / "tests" / "desired_errors"

BEYOND = {
    "address-with-mask", "bad-mask", "bad-shared-address", "demotion-sysctl", "file-relative",
    "file-without-anything", "hast-follow-and-role", "hast-name-is-a-keyword",
    "hast-name-is-a-number", "hast-relative-device", "misspelt-reference-kind",
    "mount-relative-path", "node-without-table", "password-file-missing",
    "password-file-too-long", "password-too-long", "password-with-hyphen",
    "peer-user-is-an-option", "release-with-patch-level", "same-address-twice",
    "same-node-twice", "service-with-a-slash", "witness-by-name",
}  # fmt: skip
"""What only `converge validate` finds: it takes two tables, or a kind's own mind."""


@cache
def schema() -> Draft202012Validator:
    said = converge("schema")
    assert (said.code, said.err) == (0, "")
    form = json.loads(said.out)
    Draft202012Validator.check_schema(form)
    return Draft202012Validator(form)


def wrong(text: str) -> list[str]:
    return [one.message for one in schema().iter_errors(tomllib.loads(text))]


def readable() -> dict[str, str]:
    """The broken files that are TOML."""
    found = {}
    for path in sorted(CASES.glob("*/desired.toml")):
        try:
            text = path.read_bytes().decode()
            tomllib.loads(text)
        except (UnicodeDecodeError, tomllib.TOMLDecodeError):
            continue
        found[path.parent.name] = text
    return found


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_examples_are_right(path: Path) -> None:
    assert wrong(path.read_text()) == []


def test_wrong_files_are_found_wrong() -> None:
    assert len(readable()) > 50
    assert {name for name, text in readable().items() if not wrong(text)} == BEYOND


def test_a_key_that_each_node_has_for_itself_is_not_missing() -> None:
    text = (ROOT / "desired" / "seed-pair.toml").read_text()
    apart = text.replace('device      = "/dev/ad6"', "", 1)
    assert wrong(apart) == ["'device' is a required property"]
    for node in ("hasta", "hastb"):
        apart += f'\n[node.{node}.hast.test]\ndevice = "/dev/{node}"\n'
    assert wrong(apart) == []


def test_an_editor_is_told_what_a_key_is_for() -> None:
    form = json.loads(converge("schema").out)["properties"]
    carp = form["carp"]["additionalProperties"]["properties"]
    assert carp["vhid"]["maximum"] == 255
    assert "The number of the group" in carp["vhid"]["description"]
    assert form["guard"]["properties"]["boot_delay"]["default"] == "0s"
    assert "null" not in json.dumps(form)


def test_the_published_one_is_this_one() -> None:
    published = ROOT / "docs" / "reference" / "schema" / "desired.schema.json"
    assert published.read_text() == converge("schema").out
