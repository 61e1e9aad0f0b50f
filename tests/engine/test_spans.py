"""Spans of time in words."""

import pytest

from converge.engine.show.spans import span_words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.5, "0.5 s"),
        (119, "119 s"),
        (120, "2 min"),
        (3599, "1 h"),
        (7198.28, "2 h"),
        (7140, "1 h 59 min"),
    ],
)
def test_words(seconds: float, words: str) -> None:
    assert span_words(seconds) == words
