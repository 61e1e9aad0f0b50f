"""Durations: what is read, what is refused, what is shown."""

from typing import Annotated

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from converge.core.duration import Duration, parse_duration, show_duration


class Timed(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    wait: Duration = 3.0
    bounded: Annotated[Duration, Field(ge=1, le=60)] = 5.0
    maybe: Duration | None = None


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("240s", 240),
        ("4m", 240),
        ("1h30m", 5400),
        ("500ms", 0.5),
        ("1.5s", 1.5),
        ("0s", 0),
        ("1d", 86400),
        ("1m500ms", 60.5),
    ],
)
def test_what_people_write_is_read(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds
    assert Timed.model_validate_json(f'{{"wait": "{text}"}}').wait == seconds


@pytest.mark.parametrize(
    "text",
    ["", "s", "240", "-3s", "30m1h", "1s1s", "4 m", "1e3s", "inf", "1h30", "٣s", "9999999999s"],
)
def test_the_rest_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="like 30s, 4m or 1h30m"):
        parse_duration(text)


def test_a_bare_number_in_a_file_has_no_unit_and_is_refused() -> None:
    with pytest.raises(ValidationError):
        Timed.model_validate_json('{"wait": 240}')


def test_python_may_give_seconds() -> None:
    assert Timed(wait=1.5).wait == 1.5
    assert Timed.model_validate({"wait": "2s", "maybe": 3}).maybe == 3
    with pytest.raises(ValidationError):
        Timed(wait=float("nan"))


def test_bounds_hold() -> None:
    assert Timed.model_validate_json('{"bounded": "1m"}').bounded == 60
    with pytest.raises(ValidationError):
        Timed.model_validate_json('{"bounded": "61s"}')


def test_a_schema_for_editors_asks_for_text() -> None:
    schema = Timed.model_json_schema()["properties"]["wait"]
    assert schema["type"] == "string"
    assert schema["examples"] == ["30s", "4m", "1h30m"]


@given(st.floats(min_value=0, max_value=1e8).map(lambda s: round(s, 3)))
def test_json_and_back_is_the_same(seconds: float) -> None:
    kept = Timed(wait=seconds).model_dump_json()
    assert Timed.model_validate_json(kept).wait == pytest.approx(seconds, abs=1e-6)


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "0s"),
        (0.05, "50ms"),
        (0.5, "0.5s"),
        (1.2, "1.2s"),
        (3.0, "3s"),
        (59.96, "1m"),
        (240, "4m"),
        (61.4, "1m1s"),
        (5400, "1h30m"),
        (90061, "1d1h1m1s"),
        (-1.2, "-1.2s"),
    ],
)
def test_what_is_shown(seconds: float, shown: str) -> None:
    assert show_duration(seconds) == shown


@given(st.floats(min_value=0.001, max_value=1e8))
def test_what_is_shown_can_be_read(seconds: float) -> None:
    assert parse_duration(show_duration(seconds)) == pytest.approx(seconds, rel=0.05, abs=0.5)
