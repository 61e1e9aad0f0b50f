"""The page without a browser: contrast, words from the nodes, bounds of the picture."""

from __future__ import annotations

from html.parser import HTMLParser
from itertools import product

import pytest

from converge.core.drift import Between, Cause, Drift, Lack, Past, Row, Standing, Unseen
from converge.core.graph import Graph
from converge.core.pair import Pair
from converge.engine.show.drift.html import drift_html
from converge.engine.show.drift.nagios import drift_nagios
from converge.engine.show.drift.prometheus import drift_metrics
from converge.engine.show.drift.style import COLOURS
from converge.engine.show.drift.text import drift_text
from converge.engine.show.marks import Paint

EVIL = '<img src=x onerror=alert(1)> "quoted" \\ | \x1b[31m\n& é'
WHEN = Between("2026-03-01T10:00:00+00:00", "2026-03-01T10:05:00+00:00")
BY = Cause("unknown", WHEN, why=EVIL)
ROW = Row("hasta", f"file./{EVIL}", "mode", EVIL, EVIL, WHEN, BY)
DRIFT = Drift(
    "mysql", ("hasta",), WHEN, "digest", (ROW,), (Lack("hasta", "hast.test", EVIL, WHEN),),
    (Unseen("hasta", "mount./x", EVIL),), (Past(ROW, WHEN, BY),),
    (Standing("hasta", "hast.test", "different", EVIL, headline=True),), (EVIL,),
)  # fmt: skip
GRAPH = Graph(Pair("mysql"), {}, (), {}, {}, {})


def brightness(colour: str) -> float:
    """Relative luminance (WCAG 2.1)."""
    parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    low, high = sorted((brightness(one), brightness(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", COLOURS)
def test_every_text_can_be_read(scheme: str) -> None:
    colours = COLOURS[scheme]
    pairs = [(colours[n], colours[f"{n}-back"]) for n in ("good", "bad", "other", "blind")]
    pairs += product([colours["text"], colours["quiet"]], [colours["page"], colours["sheet"]])
    assert min(contrast(*pair) for pair in pairs) >= 4.5
    assert contrast("#ffffff", "#000000") == pytest.approx(21)


class Tags(HTMLParser):
    """Whether all that is opened is closed, and which elements there are."""

    EMPTY = ("meta", "br", "path", "rect")

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.seen.add(tag)
        if tag not in self.EMPTY:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_startendtag(self, tag: str, attrs: object) -> None:
        self.seen.add(tag)


def test_what_a_node_said_stays_text() -> None:
    tags = Tags()
    page = drift_html(DRIFT, GRAPH)
    tags.feed(page)
    assert tags.open == []
    assert not tags.seen & {"img", "script", "link", "iframe"}
    assert "&lt;img src=x" in page
    assert "\x1b" not in page


def test_nor_does_it_break_the_other_forms() -> None:
    from prometheus_client.parser import text_string_to_metric_families

    (line,) = drift_nagios(DRIFT).splitlines()
    assert line.count("|") == 1
    text = drift_text(DRIFT, Paint(), verbose=True)
    assert "\x1b" not in text
    assert max(map(len, text.splitlines())) <= 80
    families = {f.name: f for f in text_string_to_metric_families(drift_metrics(DRIFT))}
    (sample,) = families["converge_drift_difference_since_timestamp_seconds"].samples
    assert sample.labels["resource"].startswith('file./<img src=x onerror=alert(1)> "quoted" \\ |')
    assert sample.value == 1772359500
